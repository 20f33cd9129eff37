"""Finding a compiler, and running it."""

import sys
from pathlib import Path

import pytest

from otus.sim import toolchain
from otus.sim.toolchain import ToolchainError


@pytest.fixture(autouse=True)
def _fresh() -> None:
    toolchain.find_compiler.cache_clear()


def test_cxx_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "my-compiler"
    script.write_text(f"#!{sys.executable}\nprint('my compiler 1.0')\n")
    script.chmod(0o755)
    monkeypatch.setenv("CXX", f"{script} -m64")
    found = toolchain.find_compiler()
    assert found.command == (str(script), "-m64")
    assert found.version == "my compiler 1.0"


def test_a_wrong_cxx_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(ToolchainError, match="CXX: 'no-such-compiler' does not run; set CXX to"):
        toolchain.find_compiler()


def test_without_a_compiler_the_packaged_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    found = toolchain.find_compiler()
    assert found.bundled
    assert "ziglang" in found.command


def test_no_compiler_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ToolchainError, match=r"no C\+\+ compiler found .*pip install ziglang"):
        toolchain.find_compiler()


def test_a_failing_tool_shows_its_last_lines(tmp_path: Path) -> None:
    code = "print('line one'); print('line two'); raise SystemExit(3)"
    with pytest.raises(ToolchainError, match=r"exit code 3:\nline one\nline two"):
        toolchain.run([sys.executable, "-c", code], cwd=tmp_path)


def test_a_tool_that_does_not_come_to_an_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "_PATIENCE", 1.5)
    with pytest.raises(ToolchainError, match=r"^sleep did not come to an end within 0\.025 min"):
        toolchain.run(["sleep", "1000"], cwd=tmp_path)
