"""The package as a whole: nothing left out of the wheel, reasons, layers, no machine's paths."""

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CONFIG = tomllib.loads(PYPROJECT)

#: Folders that are no packages.
APART = {"tests", "docs", "examples", "build", "dist", "out"}
#: Folders that commands make.
MADE = {"__pycache__", "build", "dist", "out"}


@cache
def files() -> list[Path]:
    """List the repository's own files."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        # Environments and caches hold more files than all the rest: they are not entered.
        folders[:] = [
            name
            for name in folders
            if (not name.startswith(".") or name == ".ci")
            and name not in MADE
            and not name.endswith(".egg-info")
        ]
        found += [Path(folder, n) for n in names if not n.startswith(".") or n == ".gitignore"]
    return sorted(found)


def test_every_package_is_listed() -> None:
    tree = {
        ".".join(("otus", *path.parent.relative_to(ROOT).parts))
        for path in files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] not in APART
    }
    assert set(CONFIG["tool"]["setuptools"]["packages"]) == tree


def test_every_data_file_is_packaged() -> None:
    patterns = CONFIG["tool"]["setuptools"]["package-data"]
    for package in CONFIG["tool"]["setuptools"]["packages"]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        for path in folder.iterdir() if folder != ROOT else ():
            if path.is_file() and path in files() and path.suffix != ".py":
                assert any(path.match(pattern) for pattern in patterns.get(package, ())), (
                    f"{path.relative_to(ROOT)} is left out of the wheel: list it in package-data"
                )


def test_every_dependency_has_a_reason() -> None:
    lists = PYPROJECT[PYPROJECT.index("\ndependencies = [") : PYPROJECT.index("[project.scripts]")]
    named = [line.strip() for line in lists.splitlines() if re.match(r'\s+"', line)]
    assert len(named) > 20
    for line in named:
        assert line.startswith('"otus[') or re.search(r"# \w+", line), f"no reason: {line}"


def test_pages_install_from_a_checkout() -> None:
    """As long as the package is not published."""
    text = "\n".join(p.read_text(encoding="utf-8") for p in files() if p.suffix == ".md")
    assert len(re.findall(r"pip install '\.\[[a-z,]+\]'", text)) > 10
    assert not re.search(r"pip install (?:[\"']?otus|\"|\.\[)", text)
    extras = CONFIG["project"]["optional-dependencies"]
    for named in re.findall(r"(?:otus|\.)\[([a-z,]+)\]", text):
        assert set(named.split(",")) <= set(extras), named


def test_version_is_the_newest_of_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, flags=re.MULTILINE)
    assert CONFIG["project"]["version"] == released[0]


def test_entry_points_exist() -> None:
    for value in (
        *CONFIG["project"]["scripts"].values(),
        *CONFIG["project"]["entry-points"]["otus.devices"].values(),
    ):
        module, _, name = value.partition(":")
        source = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text("utf-8")
        assert re.search(rf"^def {name}\b", source, flags=re.MULTILINE), value


@pytest.mark.parametrize(
    "pattern",
    [
        r"/home/\w+",
        r"/root\b",
        "/" + r"work/\w+",
        r"\bopt/pypi",
        "/" + r"tmp/\w+",
        r"https?://(?:[\w.-]*\.)?(?:pypi\.org|pythonhosted\.org)",
        r"--(?:extra-)?index-url",
    ],
)
def test_no_file_names_a_machine_or_a_registry(pattern: str) -> None:
    for path in files():
        if path == Path(__file__) or path.suffix in {".tflite", ".flac", ".npz", ".npy", ".png"}:
            continue
        found = re.search(pattern, path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found.group()}"


def test_python_files_are_of_a_size_to_read() -> None:
    for path in files():
        if path.suffix == ".py":
            lines = len(path.read_text(encoding="utf-8").splitlines())
            assert lines <= 450, f"{path.relative_to(ROOT)} has {lines} lines: split it"


def test_layers() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_driver_needs_no_gateware() -> None:
    code = (
        "import sys, otus.driver.interpreter, otus.driver.compiler\n"
        "assert 'amaranth' not in sys.modules and 'otus.hw' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
