"""Finding a compiler, and the cache: one build for each key, nothing left of an interrupted one."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from otus.sim import toolchain
from otus.sim.toolchain import ToolchainError


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path / "cache"))
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


def test_key_depends_on_every_part() -> None:
    keys = {toolchain.content_key(*parts) for parts in [("ab", "c"), ("a", "bc"), ("abc",), ()]}
    assert len(keys) == 4


def test_a_build_happens_once() -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "result").write_text("whole")

    first = toolchain.cached("kind", "key", build)
    assert toolchain.cached("kind", "key", build) == first
    assert (first / "result").read_text() == "whole"
    assert len(built) == 1


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "result").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        toolchain.cached("kind", "key", interrupted)
    assert [path.name for path in (tmp_path / "cache" / "kind").iterdir()] == ["key.lock"]

    def whole(folder: Path) -> None:
        (folder / "result").write_text("whole")

    assert (toolchain.cached("kind", "key", whole) / "result").read_text() == "whole"


def test_concurrent_builds_wait_for_one() -> None:
    built = []

    def build(folder: Path) -> None:
        (folder / "result").write_text("half")
        time.sleep(0.3)
        (folder / "result").write_text("whole")
        built.append(folder)

    def read(_number: int) -> str:
        return (toolchain.cached("kind", "key", build) / "result").read_text()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == ["whole"] * 4
    assert len(built) == 1
