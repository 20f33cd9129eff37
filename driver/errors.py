"""Errors of the host's side. Each says what, got, allowed, and what to do."""


class DriverError(Exception):
    """Anything that keeps the driver from giving a result."""


class LinkError(DriverError):
    """The link cannot be opened, broke, or stays silent."""


class DeviceError(DriverError):
    """The device refused a request, is not the one expected, or lost what was loaded."""
