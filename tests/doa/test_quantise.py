import re
from pathlib import Path

import numpy as np
import pytest
import tflite

from otus.doa.errors import ModelError
from otus.doa.litert import reference
from otus.doa.network import load
from otus.doa.quantise import quantise, quiet

from .conftest import toy_set

pytest.importorskip("tensorflow", reason="the extra 'train' is not installed")
# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_the_file_is_full_integer_with_a_clean_graph(trained: Path) -> None:
    model = tflite.Model.GetRootAs((trained / "azimuth.tflite").read_bytes())
    graph = model.Subgraphs(0)
    names = {n: name for name, n in vars(tflite.BuiltinOperator).items() if isinstance(n, int)}
    ops = [
        names[model.OperatorCodes(graph.Operators(k).OpcodeIndex()).BuiltinCode()]
        for k in range(graph.OperatorsLength())
    ]
    pattern = (
        r"(RESHAPE|EXPAND_DIMS) CONV_2D( RESHAPE)?( EXPAND_DIMS)? CONV_2D( RESHAPE)?"
        r"( EXPAND_DIMS)? MAX_POOL_2D RESHAPE FULLY_CONNECTED FULLY_CONNECTED SOFTMAX"
    )
    assert re.fullmatch(pattern, " ".join(ops)), ops
    tensors = [graph.Tensors(k) for k in range(graph.TensorsLength())]
    assert {t.Type() for t in tensors} == {tflite.TensorType.INT8, tflite.TensorType.INT32}
    for k in (graph.Inputs(0), graph.Outputs(0)):
        assert graph.Tensors(k).Type() == tflite.TensorType.INT8
        assert graph.Tensors(k).Shape(0) == 1


def test_a_saved_model_quantises_like_the_one_in_memory(trained: Path) -> None:
    again = quantise(load(trained / "azimuth.keras")[0], toy_set().features)
    x = toy_set(seed=6).features
    np.testing.assert_array_equal(reference(again)(x), reference(trained / "azimuth.tflite")(x))


def test_quantising_refuses_what_does_not_fit(trained: Path) -> None:
    with pytest.raises(ModelError, match=r"got shape \(3, 13, 21\), the model takes"):
        quantise(load(trained / "azimuth.keras")[0], np.zeros((3, 13, 21), dtype=np.float32))


def test_a_failing_conversion_says_what_the_converter_said() -> None:
    with pytest.raises(ModelError, match="the converter failed: nothing to convert"), quiet():
        raise RuntimeError("nothing to convert")
