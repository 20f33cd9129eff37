"""How a family of FPGAs implements multipliers and memories.

A platform names its part in the attribute `part`; the gateware asks for it where it is elaborated.
Without a platform (simulation) the portable description stands: registers that a family's own block
absorbs one for one, so that every family keeps the same schedule.
"""

from dataclasses import dataclass

#: Families with primitives of their own.
FAMILIES = ("portable", "ecp5", "ice40", "gowin")


@dataclass(frozen=True)
class Part:
    """What the gateware is built from.

    Parameters
        family : one of FAMILIES
        dsp_multipliers : how many of the array's multipliers are DSP blocks, None for all; the
            others are built from LUTs
        single_port_weights : the weights are in RAM that a write shares with the reads
    Raises
        ValueError: unknown family, or a negative number
    """

    family: str
    dsp_multipliers: int | None = None
    single_port_weights: bool = False

    def __post_init__(self) -> None:
        """Refuse what no gateware knows."""
        if self.family not in FAMILIES:
            raise ValueError(
                f"part.family: got {self.family!r}, allowed is one of {', '.join(FAMILIES)}"
            )
        if self.dsp_multipliers is not None and self.dsp_multipliers < 0:
            raise ValueError(
                f"part.dsp_multipliers: got {self.dsp_multipliers}, allowed is None or at least 0"
            )

    def is_dsp(self, number: int) -> bool:
        """Tell whether the array's multiplier `number` (from 0) is a DSP block."""
        return self.dsp_multipliers is None or number < self.dsp_multipliers


PORTABLE = Part("portable")


def part_of(platform: object) -> Part:
    """Return the part of a platform; PORTABLE where it names none."""
    part = getattr(platform, "part", PORTABLE)
    if not isinstance(part, Part):
        raise TypeError(f"platform.part: got {part!r}, expected a Part")
    return part
