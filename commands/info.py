"""`otus info`: what a device is."""

from dataclasses import asdict

from ..arch.geometry import Geometry
from ..driver.device import Device
from ..driver.link import open_link
from .report import geometry_of, show


def main(device: str, geometry: str | None, as_json: bool) -> None:
    """Read the identity and print it."""
    asked = Geometry.parse(geometry) if geometry else None
    with Device(open_link(device, geometry_of(geometry)), geometry=asked) as opened:
        identity = opened.identity
    values = {
        "device": device,
        "contract": identity.contract,
        "build": f"{identity.build:08x}",
        "clock_hz": identity.clock_hz,
        "geometry": identity.geometry.name,
        "macs_per_cycle": identity.geometry.macs_per_cycle,
        **asdict(identity.geometry),
    }
    show(as_json, values, lambda: "\n".join(f"{k:18} {v}" for k, v in values.items()))
