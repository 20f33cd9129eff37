"""The tables of hand-made netlists."""

import netlists
import pytest

from otus.sim.netlist.circuit import Circuit, NetlistError, NodeType


def test_inputs_that_do_not_matter_are_left_out() -> None:
    # 0x0055 with inputs 0 and 3 at 0 is 1 whatever the others are, so it is no loop.
    pins = {"A": "0 a z 0", "Y": "z"}
    module = netlists.module_of(
        {"lut": ("$lut", {"LUT": f"{0x0055:016b}"}, pins)}, {"a": 1}, {"z": 1}
    )
    (node,) = Circuit(module).nodes
    assert (node.left, node.table) == ([], 1)


def test_levels_follow_the_logic() -> None:
    cells = {
        "second": ("$_NOT_", {}, {"A": "w", "Y": "z"}),
        "first": ("$_MUX_", {}, {"A": "a", "B": "1", "S": "b", "Y": "w"}),
    }
    circuit = Circuit(netlists.module_of(cells, {"a": 1, "b": 1}, {"z": 1}))
    assert circuit.levels == 2
    first = next(n for n in circuit.nodes if n.level == 0)
    # a where b is 0, else 1.
    assert (first.left, first.table) == (circuit.ports["a"] + circuit.ports["b"], 0b1110)
    assert [node.type for node in circuit.nodes] == [NodeType.LUT] * 2


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"x": ("$_NOT_", {}, {"A": "z", "Y": "z"})},
            r"logic feeds back into itself: z\[0\]",
        ),
        (
            {
                "x": ("$_NOT_", {}, {"A": "a", "Y": "z"}),
                "y": ("$_NOT_", {}, {"A": "a", "Y": "z"}),
            },
            r"z\[0\] has two drivers",
        ),
        (
            {"ff": ("$_DFF_PP0_", {}, {"C": "a", "R": "a", "D": "a", "Q": "z"})},
            r"ff: a cell \$_DFF_PP0_ is not simulated; its reset is not constant 0",
        ),
        ({"mac": ("SB_MAC", {}, {"O": "z"})}, "mac: a cell SB_MAC is not simulated"),
    ],
)
def test_what_cannot_be_simulated_is_named(cells: dict, message: str) -> None:
    with pytest.raises(NetlistError, match=message):
        Circuit(netlists.module_of(cells, {"a": 1}, {"z": 1}))
