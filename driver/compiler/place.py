"""The linker: several compiled models resident side by side in disjoint parts of all memories."""

from collections.abc import Sequence

from ...arch.memory import Space
from .errors import ModelError
from .lower import check_room
from .program import Program
from .verify import verify_program


def place(programs: Sequence[Program], *, in_turn: bool = False) -> tuple[Program, ...]:
    """Place programs one after the other in every memory.

    Parameters
        programs : compiled for one geometry
        in_turn : each one's results are read before the next one starts, so that they may share
            the activation buffer
    Returns
        the programs, moved to where they do not touch each other
    Raises
        ModelError: another geometry
        RoomError: a memory that is too small for all of them
    """
    if not programs:
        return ()
    geometry = programs[0].geometry
    for program in programs:
        if program.geometry != geometry:
            raise ModelError(
                f"placing programs together: geometry {program.geometry} differs from {geometry}; "
                "compile all models for the same geometry"
            )
    shared = {Space.ACTIVATION} if in_turn else set()
    need = {
        space: (max if space in shared else sum)(p.extents[space].words for p in programs)
        for space in Space
    }
    check_room(need, geometry, f"the set of {len(programs)} models")
    base = dict.fromkeys(Space, 0)
    placed = []
    for program in programs:
        moved = program.moved(base)
        verify_program(moved)
        placed.append(moved)
        base = {space: 0 if space in shared else moved.extents[space].end for space in Space}
    return tuple(placed)
