"""A program as readable text."""

from ...arch.memory import depth, word_bytes
from .graph import Layer
from .program import Program


def listing(program: Program) -> str:
    """Print layers, tiles, buffer use and the host's part."""
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
    rows = zip(program.layers, program.descriptors[0], prediction.layers, strict=True)
    for i, (layer, d, cycles) in enumerate(rows):
        lines.append(
            f"{i:5}  {layer.source!s:<9}  {layer.kernel:6}  {layer.stride:6}  {_pool(layer):>4}  "
            f"{layer.result!s:<9}  {d.tiles:5}  {d.tiles * d.reduction:5}  "
            f"{f'{layer.act_min}..{layer.act_max}':<9}  {cycles.total:6}  {layer.name}"
        )
    lines.append(f"{'tail':>5}  {'':<62}  {prediction.tail:6}  last outputs on their way")
    if program.tail is not None:
        lines.append(f"{'host':>5}  {'':<62}  {'':6}  {program.tail.kind}")
    lines += ["", "memory      words  of        bytes"]
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


def _pool(layer: Layer) -> str:
    return f"{layer.windows}/{layer.step}" if layer.windows > 1 or layer.step > 1 else "-"


def _tensor(name: str, shape: tuple[int, ...]) -> str:
    return f"{'x'.join(map(str, shape))} int8 '{name}'"
