"""A program as readable text."""

from collections.abc import Sequence

from ...arch.memory import Space, depth, word_bytes
from ..traffic import traffic
from .graph import Layer
from .lower import weight_words
from .program import Program

#: Rates of the link that times are told for.
BAUDS = (3_000_000, 12_000_000)


def listing(program: Program, *, alone: bool = True) -> str:
    """Print layers, tiles, buffer use and the host's part.

    Parameters
        alone : no other program runs in turn with it: say what an inference moves
    """
    geometry = program.geometry
    prediction = program.prediction
    used = program.performed / (prediction.total * geometry.macs_per_cycle)
    lines = [
        f"geometry {geometry.name}, oracle {program.oracle}",
        f"{program.macs} MACs, {program.performed} of them needed, in {prediction.total} cycles: "
        f"{used:.1%} of {geometry.macs_per_cycle} MACs a cycle",
        f"input   {_tensor(program.input.name, program.input.shape)}",
        f"output  {_tensor(program.output.name, program.output.shape)}",
        "",
        "layer  in         kernel  stride  pool  out        tiles  words  clamp      cycles  "
        "operator",
    ]
    for i, (layer, cycles) in enumerate(zip(program.layers, program.layer_cycles, strict=True)):
        tiles = -(-layer.result.channels // geometry.columns)
        words = len(weight_words(layer, geometry)) // word_bytes(Space.WEIGHT, geometry)
        lines.append(
            f"{i:5}  {layer.source!s:<9}  {_kernel(layer):>6}  {_stride(layer):>6}  "
            f"{_pool(layer):>4}  {layer.result!s:<9}  {tiles:5}  {words:5}  "
            f"{f'{layer.act_min}..{layer.act_max}':<9}  {cycles:6}  {layer.name}"
        )
    lines.append(f"{'tail':>5}  {'':<62}  {prediction.tail:6}  last outputs on their way")
    if program.tail is not None:
        lines.append(f"{'host':>5}  {'':<62}  {'':6}  {program.tail.kind}")
    lines.append("")
    if program.steps:
        lines.append(
            f"streamed in {len(program.steps)} steps: the model exceeds the memories of geometry "
            f"{geometry.name}"
        )
    if alone:
        lines.append(link([program]))
    if program.steps:
        return "\n".join(lines) + "\n"
    lines += [*([""] * alone), "memory      words  of        bytes"]
    for space, extent in program.extents.items():
        lines.append(
            f"{space.name.lower():<10}  {extent.words:5}  {depth(space, geometry):<8}  "
            f"{extent.words * word_bytes(space, geometry)}"
        )
    for i, entry in enumerate(program.entries):
        lines.append(
            f"entry {i}: program word {entry.address}, input at activation word {entry.input}, "
            f"output at {entry.output}"
        )
    return "\n".join(lines) + "\n"


def link(programs: Sequence[Program]) -> str:
    """Say what an inference moves, and what that takes, before it hurts.

    Parameters
        programs : of one model, in the order in which they run
    """
    first, each = traffic(*programs, inferences=1), traffic(*programs)
    times = ", ".join(f"{each.seconds(baud):.3g} s at {baud // 10**6} Mbaud" for baud in BAUDS)
    return (
        f"link: an inference sends {each.sent:,} bytes and receives {each.received:,}, which takes "
        f"at least {times}; the first one sends {first.sent:,}"
    )


def _kernel(layer: Layer) -> str:
    return f"{layer.down.kernel}x{layer.kernel}" if layer.down.kernel > 1 else str(layer.kernel)


def _stride(layer: Layer) -> str:
    return f"{layer.down.stride}x{layer.stride}" if layer.down.stride > 1 else str(layer.stride)


def _pool(layer: Layer) -> str:
    windows, step = layer.windows * layer.down.windows, max(layer.step, layer.down.step)
    return f"{windows}/{step}" if windows > 1 or step > 1 else "-"


def _tensor(name: str, shape: tuple[int, ...]) -> str:
    return f"{'x'.join(map(str, shape))} int8 '{name}'"
