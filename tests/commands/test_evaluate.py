"""`otus evaluate` as its users meet it: golden model, gateware, float32, classical methods."""

import json
import re
from pathlib import Path

import pytest
from toys import toy_set

from otus.doa.dataset import Dataset

from .conftest import otus

# Keras 3 converts its variables in a way that NumPy 2 is going to change.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_a_model_is_judged_beside_float32_and_the_classical_methods(
    learned: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "scores.png"
    result = otus(
        "evaluate", learned / "small.tflite", learned / "test.npz", "--gateware", 3,
        "--float", learned / "small.keras", "--classical", 4, "--plot", picture, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    values = json.loads(result.stdout)
    assert values["gateware"] == {"frames": 3, "identical": 3}
    assert values["frames"] == 72
    assert set(values["scores"]) == {"int8", "float32"}
    whole = values["scores"]["int8"][0]
    assert (whole["name"], whole["frames"], whole["rooms"]) == ("easy", 72, 36)
    assert whole["exact"][0] > 30  # chance: 3
    assert values["compared_frames"] == 4
    assert list(values["compared"]) == [
        "int8", "float32", "SRP-PHAT", "MUSIC", "NormMUSIC", "GCC-PHAT",
    ]  # fmt: skip
    names = [s["name"] for s in values["compared"]["SRP-PHAT"]]
    assert {"easy", "easy, distance 1 to 2 m", "easy, SNR 0 to 10 dB"} <= set(names)
    assert [s["name"] for s in values["compared"]["float32"]] == names
    (near,) = values["by"]["MUSIC"]["distance"]
    assert (near["name"], near["frames"]) == ("distance 1 to 2 m", 4)
    assert near["exact"][1] <= near["exact"][0] <= near["exact"][2]
    assert set(values["by"]) == set(values["compared"])
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_the_text_has_a_row_a_group(learned: Path) -> None:
    result = otus(
        "evaluate", learned / "small.tflite", learned / "test.npz", "--gateware", 0, "--average", 2
    )
    assert result.exit_code == 0, result.output
    assert "(azimuth) on" in result.output
    assert "averages of 2" in result.output
    assert "easy, elevation 0 to 30" in result.output
    (whole,) = re.findall(r"^ +easy +72 (.*)$", result.output, re.MULTILINE)
    assert len(re.findall(r"[\d.]+ \([\d.]+-[\d.]+\)", whole)) == 5
    assert re.search(r"^distance 1 to 2 m +72 +[\d.]+ \(", result.output, re.MULTILINE)
    assert "gross: more than 20 degrees off; intervals: 95 %, rooms and source" in result.output


def test_frames_are_heard_in_all_turns_if_wanted(learned: Path) -> None:
    arguments = ("evaluate", learned / "small.tflite", learned / "test.npz", "--gateware", 2)
    result = otus(*arguments, "--turns", "--json")
    assert result.exit_code == 0, result.output
    values, alone = json.loads(result.stdout), json.loads(otus(*arguments, "--json").stdout)
    assert (values["turns"], alone["turns"]) == (True, False)
    assert values["gateware"] == {"frames": 2, "identical": 2}
    assert values["scores"]["int8"] != alone["scores"]["int8"]
    assert "every one heard in all turns" in otus(*arguments, "--turns").output


def test_what_cannot_be_judged_is_refused(learned: Path, tmp_path: Path) -> None:
    model, data = learned / "small.tflite", learned / "test.npz"
    two, silent = tmp_path / "two.npz", tmp_path / "silent.npz"
    toy_set(frames=1, sources=2).save(two)
    toy = toy_set(frames=1)
    Dataset(toy.features, toy.fields, toy.meta).save(silent)
    for arguments, message in (
        (
            ["none", data],
            "none: no such model; give a .tflite file, or one of azimuth",
        ),
        ([model, tmp_path / "none.npz"], "none.npz: no such file"),
        ([model, two], "no frame with the 1 known source"),
        ([model, data, "--average", 4, "--classical", 4], "leave it out for --average"),
        ([model, silent, "--classical", 4], "the data set holds no audio"),
        ([model, data, "--float", learned / "none.keras"], "none.keras: no such file"),
        ([model, data, "--plot", tmp_path / "x.jpg"], "pictures are PNG files"),
    ):
        result = otus("evaluate", *arguments, "--gateware", 0)
        assert result.exit_code == 1, result.output
        assert message in result.output
        assert "Traceback" not in result.output
