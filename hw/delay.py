"""Delay lines."""

from typing import Any

from amaranth.hdl import Module, Signal


def delayed(m: Module, value: Any, cycles: int, name: str) -> Any:
    """Return `value` of `cycles` cycles ago, through registers added to `m`."""
    for cycle in range(cycles):
        register = Signal(value.shape(), name=f"{name}_delay_{cycle + 1}")
        m.d.sync += register.eq(value)
        value = register
    return value
