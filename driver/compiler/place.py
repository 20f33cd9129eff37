"""The linker: several compiled models resident side by side in disjoint parts of all memories."""

from collections.abc import Sequence

from ...arch.memory import Space
from .errors import ModelError
from .lower import check_room
from .program import Program
from .verify import verify_program


def place(programs: Sequence[Program]) -> tuple[Program, ...]:
    """Place programs one after the other in every memory.

    Parameters
        programs : compiled for one geometry
    Returns
        the programs, moved to where they do not touch each other
    Raises
        ModelError: another geometry, or a memory that is too small for all of them
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
    need = {space: sum(p.extents[space].words for p in programs) for space in Space}
    check_room(need, geometry, f"the set of {len(programs)} models")
    base = dict.fromkeys(Space, 0)
    placed = []
    for program in programs:
        moved = program.moved(base)
        verify_program(moved)
        placed.append(moved)
        base = {space: moved.extents[space].end for space in Space}
    return tuple(placed)
