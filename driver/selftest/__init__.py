"""The self-test of a device: does this board do what the gateware says?

Steps rest on those before them, so the first that fails names the part at fault, and the rest is
not run.

identity     something answers, and says what it is
activation   march through the activation memory, over the link
link         payloads of all sizes; nothing lost, nothing damaged; how fast
parameter    every bit of every record, seen through what it makes of an accumulator of 0
weight       march through the weight memories of all columns, read back through the array
program      every word of the program memory as every word of a descriptor
multipliers  corner values in every multiplier, to the last bit of the product
sums         long reductions, to the last bit of the accumulator
answers      whole networks against outputs of another runtime, and their cycles
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ...arch.geometry import Geometry
from ...arch.packet import Identity
from ..device import check_geometry
from ..errors import DeviceError, DriverError, LinkError
from ..link import Link
from .answers import KnownAnswer, check_answers
from .arithmetic import check_multipliers, check_sums
from .bench import LOWER_CLOCK, Bench, Progress, SelftestError
from .march import march
from .memories import ActivationMemory, WeightMemory
from .parameters import check_parameters
from .program import check_program
from .soak import soak

__all__ = ["STEPS", "KnownAnswer", "Report", "Step", "selftest"]

#: Of each step, its title.
STEPS = {
    "identity": "who answers",
    "activation": "activation memory, march",
    "link": "link, payloads of all sizes",
    "parameter": "parameter memory, every bit of every record",
    "weight": "weight memories of all columns, march",
    "program": "program memory, every word",
    "multipliers": "every multiplier at its corners",
    "sums": "long sums, to the last bit",
    "answers": "whole networks, known answers",
}

_SILENT = (
    "nothing at all came back. In this order: another serial port than this one (unplug the board "
    "and see which one goes); the board holds no otus bitstream, or lost it with its power (`otus "
    "flash BOARD`); rx and tx are swapped or not wired (the board's page in docs/boards/ names the "
    "pins); its reset button or pin is held; it is built for a baud rate so different that it sees "
    "no frame (name the right one: PORT@BAUD)"
)
_NOISE = (
    "bytes come, but no frame of otus among them: the port's baud rate is not the one that the "
    "bitstream was built for (name it: PORT@BAUD), or the board runs another design (`otus flash "
    "BOARD`)"
)
_STALLED = (
    "the device answered before and is silent now: the link broke (cable, power), or its sequencer "
    "or its endpoint hangs, which timing that fails can do: " + LOWER_CLOCK
)
_VERSION = "build the bitstream with this version of otus (`otus build BOARD`), and flash it again"
_LOST = (
    "the board was reset or configured again meanwhile (power, reset button, another program on "
    "the port); keep it quiet and test again"
)


@dataclass
class Step:
    """One step: passed, failed (`ok` is False) or not run (None)."""

    name: str
    ok: bool | None = None
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)
    #: What was found, and what it is likely to come from.
    failure: str = ""
    cause: str = ""

    @property
    def title(self) -> str:
        """What the step looks at."""
        return STEPS[self.name]


@dataclass
class Report:
    """What the self-test found."""

    identity: Identity | None
    steps: list[Step]

    @property
    def ok(self) -> bool:
        """Whether every step passed."""
        return all(step.ok for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """Collect everything for JSON."""
        identity = None
        if self.identity is not None:
            identity = {
                "contract": self.identity.contract,
                "build": f"{self.identity.build:08x}",
                "clock_hz": self.identity.clock_hz,
                "geometry": asdict(self.identity.geometry),
            }
        return {"ok": self.ok, "identity": identity, "steps": [asdict(s) for s in self.steps]}


class _Counted:
    """A link that counts what comes."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.received = 0
        self.write = link.write
        self.close = link.close

    def read(self, limit: int, timeout: float) -> bytes:
        data = self._link.read(limit, timeout)
        self.received += len(data)
        return data


def selftest(
    link: Link,
    answers: Sequence[KnownAnswer] = (),
    soak_seconds: float = 3.0,
    timeout: float = 10.0,
    retry: float = 1.0,
    progress: Callable[[str, int, int], None] | None = None,
    geometry: Geometry | None = None,
) -> Report:
    """Test a device; never raise for what the device does wrong.

    Parameters
        link : to the device; stays open
        answers : networks to run at the end
        soak_seconds : for which the link is under load
        timeout : seconds without any progress after which a wait ends and the step has failed
        retry : seconds after which requests without reply are repeated
        progress : is told the step, how much of it is done, and out of how much
        geometry : that it must have; None takes any
    """
    counted = _Counted(link)
    report = Report(None, [Step(name) for name in STEPS])
    bench: Bench | None = None

    def opened() -> Bench:
        assert bench is not None
        return bench

    def identity(_progress: Progress) -> dict[str, Any]:
        nonlocal bench
        bench = Bench(counted, timeout, retry)
        report.identity = bench.identity
        if geometry is not None:
            check_geometry(bench.geometry, geometry, "asked for")
        return {}

    works: dict[str, Callable[[Progress], dict[str, Any]]] = {
        "identity": identity,
        "activation": lambda tell: dict(march(ActivationMemory(opened()), tell)),
        "link": lambda tell: dict(soak(opened(), tell, soak_seconds)),
        "parameter": lambda tell: dict(check_parameters(opened(), tell)),
        "weight": lambda tell: dict(march(WeightMemory(opened()), tell)),
        "program": lambda tell: dict(check_program(opened(), tell)),
        "multipliers": lambda tell: dict(check_multipliers(opened(), tell)),
        "sums": lambda tell: dict(check_sums(opened(), tell)),
        "answers": lambda tell: dict(check_answers(counted, answers, timeout, tell)),
    }
    for step in report.steps:
        begin = time.monotonic()
        try:
            step.figures = works[step.name](_teller(step.name, progress))
            step.ok = True
        except DriverError as error:
            step.ok = False
            step.failure, step.cause = _explain(error, counted.received, step.name)
        step.seconds = round(time.monotonic() - begin, 3)
        if not step.ok:
            break
    return report


def _teller(name: str, progress: Callable[[str, int, int], None] | None) -> Progress:
    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(name, done, total)

    return tell


def _explain(error: DriverError, received: int, step: str) -> tuple[str, str]:
    """Say what was found, and what is likely behind it."""
    if isinstance(error, SelftestError):
        return error.what, error.cause
    if isinstance(error, LinkError):
        if step == "identity":
            return str(error), _NOISE if received else _SILENT
        return str(error), _STALLED
    if isinstance(error, DeviceError):
        return str(error), _VERSION if step == "identity" else _LOST
    return str(error), "a defect of this program; please report it with the command that shows it"
