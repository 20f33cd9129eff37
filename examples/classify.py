"""Classify a recording's features with a quantised TensorFlow Lite model.

A program as it is written for TensorFlow Lite or an Edge TPU, on an FPGA by its import; with
`from ai_edge_litert.interpreter import ...` in its place the processor computes the same.

    python examples/classify.py model.tflite features.npy --labels labels.txt
    OTUS_DEVICE=/dev/ttyUSB0 python examples/classify.py model.tflite features.npy
"""

import argparse
from pathlib import Path

import numpy as np

from otus.driver.interpreter import Interpreter, OpResolverType


def quantised(values: np.ndarray, details: dict) -> np.ndarray:
    """Turn real values into what the model's input takes."""
    if details["dtype"] == np.float32:
        return values.astype(np.float32)
    scale, zero_point = details["quantization"]
    limits = np.iinfo(details["dtype"])
    steps = np.round(values / scale) + zero_point
    return np.clip(steps, limits.min, limits.max).astype(details["dtype"])


def dequantised(values: np.ndarray, details: dict) -> np.ndarray:
    """Turn what the model's output holds into real values."""
    if details["dtype"] == np.float32:
        return values
    scale, zero_point = details["quantization"]
    return (values.astype(np.float32) - zero_point) * scale


def main(arguments: list[str] | None = None) -> None:
    """Print the most likely classes."""
    parser = argparse.ArgumentParser(description="Classify features with a TensorFlow Lite model.")
    parser.add_argument("model", type=Path, help="a .tflite file with one input and one output")
    parser.add_argument("features", type=Path, help="a .npy array that fits the model's input")
    parser.add_argument("--labels", type=Path, help="a text file with one class a line")
    parser.add_argument("--top", type=int, default=3, help="how many classes to print")
    options = parser.parse_args(arguments)

    # The reference kernels; LiteRT's default ones may differ by 1 in int8.
    interpreter = Interpreter(
        model_path=str(options.model),
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        num_threads=2,
    )
    interpreter.allocate_tensors()
    source = interpreter.get_input_details()[0]
    result = interpreter.get_output_details()[0]

    features = np.load(options.features).reshape(source["shape"])
    interpreter.set_tensor(source["index"], quantised(features, source))
    interpreter.invoke()
    scores = dequantised(interpreter.get_tensor(result["index"]), result).reshape(-1)

    labels = options.labels.read_text().splitlines() if options.labels else []
    for index in np.argsort(-scores, kind="stable")[: options.top]:
        name = labels[index] if index < len(labels) else f"class {index}"
        print(f"{scores[index]:.4f}  {name}")


if __name__ == "__main__":
    main()
