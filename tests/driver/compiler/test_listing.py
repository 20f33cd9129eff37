"""The readable form of a program."""

from modelgen import reference_model

from otus.arch.geometry import Geometry
from otus.driver.compiler import compile_model


def test_listing() -> None:
    program = compile_model(reference_model(), Geometry.parse("default"))
    lines = program.listing().splitlines()
    total = program.prediction.total
    assert lines[0] == "geometry 8x8, oracle tflm"
    assert lines[1].startswith(f"171472 MACs, 159184 of them needed, in {total} cycles: ")
    assert "input   1x13x15 int8 'input'" in lines
    rows = {line.split()[0]: line.split() for line in lines if line.strip()}
    assert rows["1"][1:] == [
        *("11x64", "3", "1", "2/2", "4x64", "8", "192", "-128..127"),
        str(program.prediction.layers[1].total),
        *("CONV_2D", "2", "+", "MAX_POOL_2D", "3"),
    ]
    assert rows["tail"][1] == str(program.prediction.tail)
    assert rows["host"][1] == "SOFTMAX"
    assert rows["weight"][1:] == ["721", "2048", "46144"]
    cycles = [int(rows[str(i)][9]) for i in range(4)]
    assert sum(cycles) + program.prediction.tail == total
    assert "entry 1: program word 40, input at activation word 26, output at 57" in lines
