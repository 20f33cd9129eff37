"""What runs where."""

from typing import cast

import numpy as np
import pytest
from modelgen import Builder, reference_model
from random_graphs import branch, random_graph
from zoo_models import ZOO, azimuth_360

from otus.arch.geometry import Geometry
from otus.arch.memory import Space
from otus.driver.compiler import ModelError, Oracle, compile_model
from otus.driver.compiler.importer import import_model
from otus.driver.compiler.listing import link
from otus.driver.plan import Plan, compile_graph

GEOMETRY = Geometry.parse("8x8")
#: Holds the residual network, but not the activations of all of its parts side by side.
ROOMY = "8x8,activation_words=8192,weight_words=4096,parameter_words=2048,program_words=4096"


def places(plan: Plan) -> list[str]:
    return [f"{operator.kind} {where}" for operator, where in plan.places()]


def test_a_chain_is_one_part_the_same_as_the_compiler_makes() -> None:
    model = reference_model(36)
    plan = compile_graph(model, GEOMETRY)
    (program,) = plan.programs
    assert program.images == compile_model(model, GEOMETRY).images
    assert len(plan.parts) == 1
    assert places(plan)[-1] == "SOFTMAX host"
    assert set(places(plan)[:-1]) == {
        f"{kind} accelerator 0" for kind in ("CONV_2D", "FULLY_CONNECTED", "MAX_POOL_2D", "RESHAPE")
    }


@pytest.mark.parametrize("form", ["float32", "uint8"])
def test_the_large_model_is_one_chain_between_conversions(form: str) -> None:
    plan = compile_graph(azimuth_360(form), GEOMETRY)
    ends = ("QUANTIZE host", "DEQUANTIZE host" if form == "float32" else "QUANTIZE host")
    found = places(plan)
    assert (found[0], found[-1]) == ends
    assert {where.split()[-1] for where in found[1:-2]} == {"0"}
    tensors = plan.graph.tensors
    constants = [
        t.data.size for t in tensors if t.name in ("weights", "bias") and t.data is not None
    ]
    assert sum(constants) == 1_373_712


def test_a_tensor_that_others_read_ends_its_part() -> None:
    plan = compile_graph(branch(), GEOMETRY)
    assert places(plan) == [
        "CONV_2D accelerator 0",
        "CONV_2D accelerator 1",
        "CONV_2D accelerator 2",
        "ADD host",
    ]
    assert plan.resident
    assert len({program.images[0].address for program in plan.programs}) == 3


def test_parts_share_the_activations_and_nothing_else() -> None:
    plan = compile_graph(ZOO["residual"]("int8"), Geometry.parse(ROOMY))
    assert plan.resident
    assert len(plan.programs) == 7
    for space in Space:
        extents = [program.extents[space] for program in plan.programs]
        begins = [extent.address for extent in extents]
        if space is Space.ACTIVATION:
            assert begins == [0] * 7
        else:
            assert sorted(begins) == [0, *sorted(extent.end for extent in extents)[:-1]]


def test_an_output_of_the_model_ends_its_part() -> None:
    b = Builder()
    x = b.input([1, 1, 6, 3], 0.1, 0)
    first = b.conv(x, np.ones((4, 1, 3, 3), np.int8), None, 0.1, (0.5, 0))
    second = b.conv(first, np.ones((4, 1, 1, 4), np.int8), None, 0.1, (0.5, 0))
    plan = compile_graph(b.build(second, first), GEOMETRY)
    assert places(plan) == ["CONV_2D accelerator 0", "CONV_2D accelerator 1"]


def test_each_operator_alone_where_every_tensor_is_wanted() -> None:
    plan = compile_graph(reference_model(36), GEOMETRY, every_tensor=True)
    assert places(plan) == [
        "RESHAPE host",
        "CONV_2D accelerator 0",
        "CONV_2D accelerator 1",
        "MAX_POOL_2D accelerator 2",
        "RESHAPE host",
        "FULLY_CONNECTED accelerator 3",
        "FULLY_CONNECTED accelerator 4",
        "SOFTMAX host",
    ]


def test_what_the_accelerator_refuses_runs_on_the_host_with_the_reason() -> None:
    b = Builder()
    x = b.input([1, 5, 5, 2], 0.1, 0)
    y = b.conv(x, np.ones((3, 2, 2, 2), np.int8), None, 0.1, (0.5, 0), dilation=2)
    plan = compile_graph(b.build(y), GEOMETRY)
    assert places(plan) == ["CONV_2D host"]
    text = plan.listing()
    assert "on the host, since the accelerator refuses:" in text
    assert "dilation 2x2 is not supported (only 1x1)" in text


def test_listing() -> None:
    text = compile_graph(ZOO["micro-dense"]("float32"), GEOMETRY).listing()
    assert text.startswith("input   1x1 float32 'input'\noutput  1x1 float32 'dequantize'\n")
    assert "\nhost           QUANTIZE (operator 0, 'quantize')\n" in text
    assert "\naccelerator 0  FULLY_CONNECTED (operator 1, 'dense')\n" in text
    assert "\naccelerator 0\ngeometry 8x8, oracle tflm\n" in text
    assert "refuses" not in text


def test_listing_of_several_parts_counts_what_they_move_together() -> None:
    plan = compile_graph(ZOO["residual"]("int8"), GEOMETRY)
    text = plan.listing()
    assert text.count("\nlink: an inference sends ") == 1
    assert link(plan.programs) in text
    assert text.count("\nstreamed in ") == 6
    assert "\naccelerator parts do not fit together: what does not stay is sent again\n" in text
    roomy = compile_graph(ZOO["residual"]("int8"), Geometry.parse(ROOMY)).listing()
    assert roomy.count("\nlink: ") == 1
    assert "together" not in roomy


def test_signatures_are_kept() -> None:
    plan = compile_graph(ZOO["micro-dense"]("int8"), GEOMETRY)
    (signature,) = plan.graph.signatures.values()
    assert dict(signature.inputs) == {"features": plan.inputs[0].index}
    assert dict(signature.outputs) == {"scores": plan.outputs[0].index}


def unknown(b: Builder) -> int:
    x = b.input([1, 4], 0.1, 0)
    y = b.tensor([1, 4], 0.1, 0, name="y")
    b.operator("TANH", [x], [y])
    return y


@pytest.mark.parametrize(
    ("role", "dtype", "shape", "text"),
    [
        ("input", 6, [1, 4], r"input 'input' is BOOL, allowed is one of INT8, UINT8, INT16, INT32"),
        ("output", 6, [1, 4], r"output 'dequantize' is BOOL, allowed is one of INT8, UINT8"),
        ("input", 9, [1, 0], r"input 'input' has the dynamic or empty shape \[1, 0\], allowed are"),
    ],
)
def test_ends_that_no_array_holds(role: str, dtype: int, shape: list[int], text: str) -> None:
    b = Builder()
    x = b.input([1, 4], 0.1, 0)
    y = b.dequantize(x)
    tensor = b.graph.tensors[x if role == "input" else y]
    tensor.type, tensor.shape = dtype, shape
    with pytest.raises(ModelError, match=text):
        compile_graph(b.build(y), GEOMETRY)


def test_damaged_files_are_refused_or_compiled() -> None:
    rng = np.random.default_rng(0)
    whole = [random_graph(seed)[0].model for seed in range(8)]
    outcomes: set[bool] = set()
    for i in range(120):
        model = bytearray(whole[i % len(whole)])
        for at in rng.integers(0, len(model), 3):
            model[at] = int(rng.choice([0, 1, 128, 255]))
        try:
            compile_graph(bytes(model), GEOMETRY, ("tflm", "litert")[i % 2])
            outcomes.add(True)
        except ModelError:
            outcomes.add(False)
    assert outcomes == {True, False}


def test_refusals() -> None:
    b = Builder()
    with pytest.raises(ModelError, match=r"TANH \(operator 0, 'y'\): not supported \(only ADD"):
        compile_graph(b.build(unknown(b)), GEOMETRY)
    with pytest.raises(ModelError, match="oracle: got 'xnnpack', allowed is one of tflm, litert"):
        compile_graph(reference_model(36), GEOMETRY, cast(Oracle, "xnnpack"))
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        compile_graph(b"nothing at all", GEOMETRY)


def test_several_inputs_and_outputs_are_imported() -> None:
    b = Builder()
    x, y = b.input([1, 4], 0.1, 0), b.input([1, 4], 0.1, 0)
    graph = import_model(b.build(b.sum(x, y, (0.1, 0)), x))
    assert graph.inputs == (0, 1)
    assert graph.outputs == (2, 0)
