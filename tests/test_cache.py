"""The cache: one build for each key, nothing left of an interrupted one."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from otus import cache


@pytest.fixture(autouse=True)
def _fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTUS_CACHE", str(tmp_path / "cache"))


def test_key_depends_on_every_part() -> None:
    keys = {cache.content_key(*parts) for parts in [("ab", "c"), ("a", "bc"), ("abc",), ()]}
    assert len(keys) == 4


def test_a_build_happens_once() -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        (folder / "result").write_text("whole")

    first = cache.cached("kind", "key", build)
    assert cache.cached("kind", "key", build) == first
    assert (first / "result").read_text() == "whole"
    assert len(built) == 1


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(folder: Path) -> None:
        (folder / "result").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.cached("kind", "key", interrupted)
    assert [path.name for path in (tmp_path / "cache" / "kind").iterdir()] == ["key.lock"]

    def whole(folder: Path) -> None:
        (folder / "result").write_text("whole")

    assert (cache.cached("kind", "key", whole) / "result").read_text() == "whole"


def test_concurrent_builds_wait_for_one() -> None:
    built = []

    def build(folder: Path) -> None:
        (folder / "result").write_text("half")
        time.sleep(0.3)
        (folder / "result").write_text("whole")
        built.append(folder)

    def read(_number: int) -> str:
        return (cache.cached("kind", "key", build) / "result").read_text()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(read, range(4))) == ["whole"] * 4
    assert len(built) == 1


def test_what_a_killed_build_left_is_removed_and_a_running_one_stays(tmp_path: Path) -> None:
    code = (
        "import sys, time; from otus.cache import cached\n"
        "cached('kind', sys.argv[1], lambda folder: (print(folder, flush=True), time.sleep(1000)))"
    )
    builds = [
        subprocess.Popen([sys.executable, "-P", "-c", code, key], stdout=subprocess.PIPE, text=True)
        for key in ("killed", "running")
    ]
    folders = []
    for build in builds:
        assert build.stdout is not None
        folders.append(Path(build.stdout.readline().strip()))
    builds[0].kill()
    builds[0].wait()
    assert all(folder.is_dir() for folder in folders)
    try:
        cache.cached("kind", "other", lambda _folder: None)
        assert [folder.is_dir() for folder in folders] == [False, True]
        # The same one again: the lock that it takes is not its own.
        builds[1].kill()
        builds[1].wait()
        cache.cached("kind", "running", lambda _folder: None)
    finally:
        builds[1].kill()
        for build in builds:
            build.communicate()
    left = sorted(path.name for path in (tmp_path / "cache" / "kind").iterdir())
    assert left == ["killed.lock", "other", "other.lock", "running", "running.lock"]
