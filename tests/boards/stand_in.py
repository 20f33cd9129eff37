"""Programs that stand in for yosys, nextpnr and icepack: they leave what the real ones left once.

Called as `python stand_in.py PROGRAM ARGUMENTS...`, in the folder where they write. The file `plan`
beside `calls` says what nextpnr does with a seed: how fast it is, or how it fails; and whether
yosys fails.
"""

import json
import os
import sys
import time
from pathlib import Path

from otus.boards.cells import instanced

DATA = Path(__file__).with_name("data")
#: Where the test looks, named in the environment.
BENCH = Path(os.environ["STAND_IN"])


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def nextpnr() -> int:
    seed = option("--seed")
    wanted = json.loads((BENCH / "plan").read_text())[seed]
    log = Path(option("--log"))
    if wanted == "slow":
        time.sleep(120)
    if wanted == "crash":
        log.write_text("Info: Routing..\nERROR: Failed to route arc 0 of net 'x'\n")
        return 1
    if wanted == "large":
        log.write_text((DATA / "up5k-too-large.log").read_text())
        return 125
    report = json.loads((DATA / "hx8k-report.json").read_text())
    (clock,) = report["fmax"].values()
    clock.update(achieved=wanted, constraint=float(option("--freq")))
    Path(option("--report")).write_text(json.dumps(report))
    Path(option("--asc")).write_text(f"configuration of seed {seed}")
    if wanted < clock["constraint"]:
        log.write_text("ERROR: Max frequency for clock 'accelerator.clock': (FAIL at 36.00 MHz)\n")
        return 1
    log.write_text("Info: Program finished normally.\n")
    return 0


def main() -> int:
    program = sys.argv[1]
    with (BENCH / "calls").open("a") as calls:
        calls.write(program + (f" {option('--seed')}" if "--seed" in sys.argv else "") + "\n")
    if program == "yosys":
        if json.loads((BENCH / "plan").read_text()).get("yosys") == "crash":
            print("-- Running command `script top.ys' --")
            text = "".join(f"{n}. Executing pass.\n" for n in range(30))
            Path(option("-l")).write_text(f"{text}ERROR: Module `\\X' is not part of the design.\n")
            return 1
        cells = {
            str(number): {"type": kind, "parameters": dict(parameters)}
            for number, (kind, parameters) in enumerate(instanced(Path("top.il").read_text()))
        }
        Path("top.json").write_text(json.dumps({"modules": {"top": {"cells": cells}}}))
        return 0
    if program == "icepack":
        source, target = sys.argv[2:]
        Path(target).write_bytes(b"bits of " + Path(source).read_bytes())
        return 0
    return nextpnr()


if __name__ == "__main__":
    sys.exit(main())
