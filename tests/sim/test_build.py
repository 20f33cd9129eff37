"""Compiling the simulated board ahead of its first use."""

import pytest

from otus.sim import build

SMALL = (
    "2x2,requantise_lanes=1,weight_words=16,activation_words=16,parameter_words=8,"
    "program_words=16,link_bytes=512"
)


def test_a_geometry_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([SMALL]) == 0
    assert f"simulator of {SMALL}: " in capsys.readouterr().out


def test_a_wrong_geometry_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["8y8"]) == 1
    assert capsys.readouterr().err.startswith("otus.sim.build: geometry: got '8y8', expected ")


def test_a_missing_compiler_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    build.toolchain.find_compiler.cache_clear()
    try:
        assert build.main([SMALL]) == 1
    finally:
        build.toolchain.find_compiler.cache_clear()
    assert "CXX: 'no-such-compiler' does not run" in capsys.readouterr().err
