"""The cycle model on programs that can be counted by hand; benches hold it to the gateware."""

from dataclasses import replace

from otus.arch import timing
from otus.arch.descriptor import Descriptor
from otus.arch.geometry import Geometry

#: Four lanes deep adder tree (8 rows), two requantise lanes: a full tile drains in 4 steps.
ARRAY = Geometry(8, 8, requantise_lanes=2)
#: From a release to the first step: memory 2, padding 1, multiplier 3, adders 3, accumulator 2.
DRAIN = 2 + 1 + 3 + 3 + 2
#: From a step to its write: selection 2, requantise lane 15.
WRITE = 2 + 15

LAYER = Descriptor(
    source=0,
    source_end=100,
    origin=0,
    group_stride=1,
    window_stride=1,
    reduction=4,
    groups=1,
    tiles=1,
    weights=0,
    parameters=0,
    destination=200,
    row_words=1,
    pad=0,
    zero_point=0,
    act_min=-128,
    act_max=127,
    windows=1,
    last_steps=4,
    last=1,
)


#: Before a layer's first word: fetch 11, load 3.
FETCH = 11 + 3
#: The last of LAYER's 4 words is released in cycle LAST; the last of its 4 steps is 3 later.
LAST = FETCH + 4
END = LAST + DRAIN + WRITE + 3


def test_latencies() -> None:
    assert timing.drain(ARRAY) == DRAIN
    assert timing.write_back(ARRAY) == WRITE
    assert timing.requantise(replace(ARRAY, requantise_bits=8)) == 2 * 4 + 4
    assert timing.dot_product(Geometry(1, 1)) == 3
    assert timing.dot_product(Geometry(5, 3)) == 3 + 3
    assert timing.dot_product(Geometry(16, 8)) == 3 + 1 + 4


def test_one_tile() -> None:
    found = timing.predict([LAYER], ARRAY)
    assert found.layers == (timing.LayerCycles(busy=4, stall_drain=0, stall_data=0, fetch=FETCH),)
    assert found.total == END
    assert found.tail == END - LAST
    assert sum(found.counters().values()) == 2 * found.total


def test_short_tiles_wait_for_the_lanes() -> None:
    # Tiles of 1 word whose outputs take 4 steps: the second and third end 3 cycles late.
    found = timing.predict([replace(LAYER, reduction=1, tiles=3)], ARRAY)
    assert found.layers[0] == timing.LayerCycles(busy=3, stall_drain=6, stall_data=0, fetch=FETCH)
    # An iterative lane of 8 bits takes 4 cycles a step: 16 a tile.
    slow = timing.predict([replace(LAYER, reduction=1, tiles=3)], replace(ARRAY, requantise_bits=8))
    assert slow.layers[0].stall_drain == 30


def test_pooled_positions_drain_once() -> None:
    # The first of the second row's three positions ends 2 cycles after the first row, which drains
    # for 4; the other positions only raise the maximum.
    found = timing.predict([replace(LAYER, reduction=2, windows=3, groups=2)], ARRAY)
    assert found.layers[0] == timing.LayerCycles(busy=12, stall_drain=2, stall_data=0, fetch=FETCH)


def test_the_next_layer_waits_for_what_it_reads() -> None:
    first = replace(LAYER, last=0)
    second = replace(
        LAYER, source=200, source_end=201, origin=200, reduction=1, destination=300, last_steps=1
    )
    found = timing.predict([first, second], ARRAY)
    # Released from there on where it were written, which it is in END: released a cycle later.
    begin = LAST + FETCH + 1
    assert found.layers[1] == timing.LayerCycles(
        busy=1, stall_drain=0, stall_data=END + 1 - begin, fetch=FETCH
    )
    assert found.total == END + 1 + DRAIN + WRITE
    # The same word again and again waits once.
    again = timing.predict([first, replace(second, reduction=3, word_stride=0)], ARRAY)
    assert again.layers[1] == found.layers[1]._replace(busy=3)
    # Padding and older tensors are there at once.
    for other in (
        replace(second, source=0, source_end=1, origin=0),
        replace(second, origin=199, source_end=200),
    ):
        assert timing.predict([first, other], ARRAY).layers[1].stall_data == 0


def test_two_positions_share_a_word() -> None:
    pair = Geometry(8, 8, 2, requantise_lanes=2)
    found = timing.predict([replace(LAYER, reduction=8, groups=5)], pair)
    # Three pairs, the last one half; a full pair drains in 8 steps.
    assert found.layers[0] == timing.LayerCycles(busy=24, stall_drain=0, stall_data=0, fetch=FETCH)
    # The wires from 128 multipliers and to the activation buffer have a register each.
    assert found.total == FETCH + 24 + 2 + DRAIN + WRITE + 3
