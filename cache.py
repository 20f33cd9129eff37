"""A cache for what takes long to make, which interruptions cannot spoil."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

if sys.platform != "win32":
    import fcntl


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


def cached(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder that `build` fills, built at most once for each key.

    The build happens in a folder beside the final one and takes its name in one step, so that an
    interrupted build leaves nothing that a later run could mistake for a whole one.

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
    with _locked(root / f"{key}.lock"):
        if not final.is_dir():
            with tempfile.TemporaryDirectory(dir=root, prefix="building-") as name:
                work = Path(name) / "work"
                work.mkdir()
                build(work)
                work.rename(final)
    return final
