"""Options that commands share."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import click
import pytest

from otus.commands.options import EXTRAS, call, common


def test_shared_options_come_in_the_order_given() -> None:
    @click.command()
    @common("geometry", "oracle", "json")
    def command(**_: object) -> None:
        """Do nothing."""

    assert [p.name for p in command.params] == ["geometry", "oracle", "as_json"]


ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMANDS = [p.stem for p in (ROOT / "commands").glob("*.py") if "def main(" in p.read_text()]

#: Lets packages be as if they were not installed.
BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def packages(extras: str) -> set[str]:
    """Name the modules that extras bring."""
    found = set()
    for extra in extras.split(","):
        for requirement in PROJECT["optional-dependencies"][extra]:
            name, _, more = re.fullmatch(r"([\w-]+)(\[([\w,-]+)\])?.*", requirement).groups()
            found |= packages(more) if name == "otus" else {name.replace("-", "_").lower()}
    return found


def missing(blocked: Iterable[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run Python where some packages are not installed."""
    blocker = BLOCKER.format(blocked=sorted(blocked))
    return subprocess.run(
        [sys.executable, "-c", blocker + code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("extras", sorted({EXTRAS.get(name, "demo") for name in COMMANDS}))
def test_the_extra_that_is_named_is_enough(extras: str) -> None:
    """Import all that a command imports, without the packages that its extra does not bring."""
    names = [name for name in COMMANDS if EXTRAS.get(name, "demo") == extras]
    blocked = packages("test") - packages(extras)
    code = f"import otus.commands.{', otus.commands.'.join(names)}\n"
    if extras == "boards":
        code += "import otus.boards; otus.boards.all_boards()"
    done = missing(blocked, code)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "line", "extra"),
    [
        ("amaranth_boards", "boards", "boards"),
        ("amaranth_boards", "build icebreaker", "boards"),
        ("amaranth_boards", "build own.py", "boards"),
        ("amaranth", "flash icebreaker", "boards"),
        ("platformdirs", "build icebreaker", "boards"),
        ("scipy", "dataset out.npz", "train"),
        ("scipy", "evaluate azimuth test.npz", "train,demo"),
        ("scipy", "locate talk.wav", "demo"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    package: str, line: str, extra: str, tmp_path: Path
) -> None:
    own = tmp_path / "own.py"
    own.write_text((ROOT / "boards" / "icebreaker.py").read_text())
    words = line.replace("own.py", str(own)).split()
    done = missing([package], f"from otus.cli import main; main({words})")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"Error: {words[0]} needs the package {package}, which is not installed; run: pip install "
        f'"otus[{extra}]"'
    )
    assert "Traceback" not in done.stderr


def test_a_missing_module_of_ours_is_a_defect_not_a_missing_package() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"otus\.commands\.nothing"):
        call("nothing")
