# amaranth: UnusedElaboratable=no
# (components that refuse their parameters are never used)

from collections.abc import Callable

import pytest

from otus.arch.geometry import Geometry
from otus.hw.uart import UartReceiver, UartTransmitter

GEOMETRY = Geometry(1, 1)


@pytest.mark.parametrize("divisor", [8, 33])
def test_receiver(run_module: Callable[..., None], divisor: int) -> None:
    run_module(UartReceiver(divisor), "uart_receiver", GEOMETRY, divisor=divisor)


@pytest.mark.parametrize("divisor", [4, 33])
def test_transmitter(run_module: Callable[..., None], divisor: int) -> None:
    run_module(UartTransmitter(divisor), "uart_transmitter", GEOMETRY, divisor=divisor)


@pytest.mark.parametrize("divisor", [3, 65537])
def test_divisor_is_refused(divisor: int) -> None:
    with pytest.raises(ValueError, match=f"got {divisor} clock cycles per bit, allowed is 4 to"):
        UartReceiver(divisor)
