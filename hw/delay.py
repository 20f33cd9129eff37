"""Delay lines."""

from typing import Any

from amaranth.hdl import Module, Signal


def delayed(m: Module, value: Any, cycles: int, name: str, *, reset_less: bool = False) -> Any:
    """Return `value` of `cycles` cycles ago, through registers added to `m`.

    Data are `reset_less`, where something else tells whether they are valid: a reset that all
    registers obey would be the slowest signal of the design.
    """
    for cycle in range(cycles):
        register = Signal(value.shape(), name=f"{name}_delay_{cycle + 1}", reset_less=reset_less)
        m.d.sync += register.eq(value)
        value = register
    return value
