"""What is known not to fit a part before synthesis, which takes minutes to end as badly.

Multipliers and memories are instanced, so the design itself says how many it needs. What only
synthesis knows (LUTs, flip-flops, memories that it infers) is found out by place and route.
"""

import re
from collections import Counter

from ..hw.parts.ice40 import SinglePortMemory
from .board import Board, Setup
from .cells import instanced
from .timing import FitError, Use

#: On Gowin parts, the place of one of 18x18 holds two of 9x9.
_9X9, _18X18 = "9x9 multipliers", "18x18 multipliers"

#: What nextpnr counts of a device, by how its platform's name begins. A device that is not here is
#: not checked before place and route.
_DEVICES = {
    "iCE40UP5K": {"LUT and FF": 5280, "DSP": 8, "block RAM": 30, "SPRAM": 4},
    "iCE40HX8K": {"LUT and FF": 7680, "DSP": 0, "block RAM": 32, "SPRAM": 0},
    "LFE5U(M|M5G)?-85F": {"LUT": 83640, "FF": 83640, "DSP": 156, "block RAM": 208},
    "LFE5U(M|M5G)?-45F": {"LUT": 43848, "FF": 43848, "DSP": 72, "block RAM": 108},
    "LFE5U(M|M5G)?-(12|25)F": {"LUT": 24288, "FF": 24288, "DSP": 28, "block RAM": 56},
    "GW1NR?-..9": {"LUT": 8640, "FF": 6480, _9X9: 40, _18X18: 20, "block RAM": 26},
    "GW2AR?-..18": {"LUT": 20736, "FF": 15552, _9X9: 96, _18X18: 48, "block RAM": 46},
}

#: What reports call what a cell takes; memories that are not here take block RAM.
_RESOURCES = {
    "MULT18X18D": "DSP",
    "SB_MAC16": "DSP",
    "SB_SPRAM256KA": "SPRAM",
    "MULT9X9": _9X9,
    "MULT18X18": _18X18,
}

#: Words of the deepest memory that hw.parts builds, where it leaves deeper ones not to synthesis.
_DEPTHS = {"ice40": 2048, "gowin": 16384}

#: Options of a geometry that are depths of memories.
_MEMORIES = ("weight_words", "activation_words", "parameter_words", "program_words", "link_bytes")


def check_depths(board: Board, setup: Setup) -> None:
    """Look for memories that are deeper than a block RAM, where the family's cannot be.

    Raises
        FitError: names the options of the geometry, need and have
    """
    geometry = setup.array
    use = {name: Use(0, have) for name, have in _available(board).items()}
    for option in _MEMORIES:
        single_port = option == "weight_words" and setup.part.single_port_weights
        name = "SPRAM" if single_port else "block RAM"
        most = SinglePortMemory.words if single_port else _DEPTHS.get(setup.part.family)
        if most and getattr(geometry, option) > most:
            use[f"words in one {name} ({option})"] = Use(getattr(geometry, option), most)
    _refuse(use)


def check_instanced(board: Board, rtlil: str) -> None:
    """Compare what a design instances with what the board's device has.

    Parameters
        rtlil : the design before synthesis
    Raises
        FitError: names each resource, need and have
    """
    available = _available(board)
    names = {**dict.fromkeys(board.family.memories, "block RAM"), **_RESOURCES}
    needed = Counter(names[kind] for kind, _ in instanced(rtlil) if kind in names)
    use = {name: Use(needed[name], have) for name, have in available.items()}
    if needed[_9X9] and needed[_18X18] and _18X18 in available:
        name = "places of 18x18 multipliers, each for one or for two 9x9"
        use[name] = Use(-(-needed[_9X9] // 2) + needed[_18X18], available[_18X18])
    _refuse(use)


def _refuse(use: dict[str, Use]) -> None:
    if any(u.used > u.available for u in use.values()):
        raise FitError(use)


def _available(board: Board) -> dict[str, int]:
    """Say what the board's device has; nothing where it is not known."""
    device = str(board.platform().device)
    return next((have for name, have in _DEVICES.items() if re.match(name, device)), {})
