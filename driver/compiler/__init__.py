"""From an int8 .tflite file to a program for one geometry.

importer    bytes -> Graph: tensors and operators of the file
shapes      computed shapes -> constants
normalise   Graph -> Chain: steps in [time][channel] order; shape operators folded away
steps       one operator -> one step, with its checks
quantise    real scales -> one Record a channel, with the proof that sums fit
fit         records that repeat a kernel which scales in floating point
offset      the ADD of a constant, as a layer
rounding    integer scaling on arrays
fuse        pooling into the layer before it; Chain -> layers
lower       layers -> descriptors, weight and parameter words, places for activations
tasks       a layer to be streamed: its words, and bands of its output
stream      layers that exceed the memories -> steps that the driver streams
prefix      the beginning of a streamed model, to measure it
place       several programs side by side
verify      invariants between the passes
tail        softmax and logistic on the host
"""

from pathlib import Path

from ...arch.geometry import Geometry
from .errors import InternalError, ModelError, RoomError
from .fuse import fuse
from .graph import Graph, Tensor
from .importer import import_model
from .lower import everything, lower
from .normalise import normalise
from .place import place, place_in_turn
from .program import Entry, Extent, Image, Program, Step, TensorSpec
from .quantise import ORACLES, Oracle
from .stream import schedule
from .tail import check
from .verify import verify_chain, verify_layers, verify_program

__all__ = [
    "ORACLES",
    "Entry",
    "Extent",
    "Image",
    "InternalError",
    "ModelError",
    "Oracle",
    "Program",
    "RoomError",
    "Step",
    "TensorSpec",
    "compile_chain",
    "compile_model",
    "load_model",
    "place",
    "place_in_turn",
]


def compile_model(
    source: Path | str | bytes, geometry: Geometry, oracle: Oracle = "tflm"
) -> Program:
    """Compile a model that is one chain of operators, all of them for the accelerator.

    Parameters
        source : a .tflite file, or its bytes
        oracle : the runtime whose results are reproduced bit for bit
    Raises
        ModelError: a file that cannot be read, or a model that is damaged, not supported, not
            exact or too big: what, where, what is allowed and what to do
    """
    return compile_chain(load_model(source), geometry, oracle)


def load_model(source: Path | str | bytes) -> Graph:
    """Read a model.

    Parameters
        source : a .tflite file, or its bytes
    Raises
        ModelError: a file that cannot be read, or is damaged
    """
    if isinstance(source, bytes):
        return import_model(source)
    try:
        data = Path(source).read_bytes()
    except OSError as error:
        raise ModelError(f"{source}: {error.strerror}; give a readable .tflite file") from error
    return import_model(data)


def compile_chain(graph: Graph, geometry: Geometry, oracle: Oracle) -> Program:
    """Compile a graph that is one chain of operators.

    Raises
        RoomError: it is too big for the geometry
        ModelError: it is not supported, or not exact
    """
    if oracle not in ORACLES:
        raise ModelError(f"oracle: got {oracle!r}, allowed is one of {', '.join(ORACLES)}")
    chain = normalise(graph)
    verify_chain(chain)
    if chain.tail is not None:
        check(chain.tail, oracle)
    layers = fuse(chain, oracle, geometry)
    verify_layers(layers)
    try:
        lowered = lower(layers, geometry)
        steps: tuple[Step, ...] = ()
    except RoomError:
        lowered, (steps,) = everything(geometry), schedule([layers], geometry)
    program = Program(
        geometry=geometry,
        oracle=oracle,
        input=_spec(chain.source),
        logits=_spec(chain.logits),
        output=_spec(chain.result),
        tail=chain.tail,
        layers=layers,
        descriptors=lowered.descriptors,
        entries=lowered.entries,
        rows_in=layers[0].source,
        rows_out=layers[-1].result,
        weights=lowered.weights,
        parameters=lowered.parameters,
        extents=lowered.extents,
        steps=steps,
    )
    verify_program(program)
    return program


def _spec(tensor: Tensor) -> TensorSpec:
    q = tensor.quantisation
    assert q is not None
    # A dense layer over several rows has them in its first axis: they are not a batch.
    shape = tensor.shape if tensor.shape[0] == 1 else (1, *tensor.shape)
    return TensorSpec(tensor.name, shape, q.scale, q.zero_point)
