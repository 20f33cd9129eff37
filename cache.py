"""A cache for what takes long to make, which interruptions cannot spoil."""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

if sys.platform != "win32":
    import fcntl


#: Begins the names of folders that are being filled; the key follows, then a word of their own.
_BUILDING = "building-"


def cache_folder() -> Path:
    """Return the folder of everything cached: OTUS_CACHE, or the user's cache folder."""
    named = os.environ.get("OTUS_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("otus")


def content_key(*parts: str) -> str:
    """Hash the texts that decide what a build contains."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.encode()
        digest.update(len(text).to_bytes(8, "little") + text)
    return digest.hexdigest()[:32]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock between programs; the system releases it should this one be killed."""
    with path.open("w") as file:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sweep(root: Path) -> None:
    """Remove what builds left that were killed: those whose lock nobody holds."""
    if sys.platform == "win32":
        return
    for folder in root.glob(f"{_BUILDING}*-*"):
        key = folder.name.removeprefix(_BUILDING).rpartition("-")[0]
        with (root / f"{key}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            # A tool that was not ended yet may write to it: then the next build removes it.
            shutil.rmtree(folder, ignore_errors=True)


def kept(kind: str, key: str) -> Path | None:
    """Return the folder that `cached` has built, None where it has not."""
    folder = cache_folder() / kind / key
    return folder if folder.is_dir() else None


def cached(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder that `build` fills, built at most once for each key.

    The build happens in a folder beside the final one and takes its name in one step, so that an
    interrupted build leaves nothing that a later run could mistake for a whole one. What a killed
    one leaves, the next build of the same kind removes.

    Parameters
        kind : names the sort of build
        key : `content_key` of everything that the result depends on
        build : fills the empty folder that it is given
    """
    root = cache_folder() / kind
    final = root / key
    if final.is_dir():
        return final
    root.mkdir(parents=True, exist_ok=True)
    _sweep(root)
    with _locked(root / f"{key}.lock"):
        if not final.is_dir():
            with tempfile.TemporaryDirectory(dir=root, prefix=f"{_BUILDING}{key}-") as name:
                work = Path(name) / "work"
                work.mkdir()
                build(work)
                work.rename(final)
    return final
