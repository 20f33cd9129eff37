"""Errors of the contract. Each says what, got, allowed, and what to do."""


class ContractError(ValueError):
    """A value that the contract does not allow."""


class GeometryError(ContractError):
    """A geometry that cannot be built."""


class DescriptorError(ContractError):
    """A layer descriptor that cannot be encoded."""
