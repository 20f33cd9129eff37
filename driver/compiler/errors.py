"""Errors of the compiler. Each says what, got, allowed, and what to do."""


class ModelError(ValueError):
    """A model that is damaged, not supported, not exact, or too big for the geometry."""


class RoomError(ModelError):
    """Models that the memories do not hold together, or one that they do not hold at once."""


class InternalError(RuntimeError):
    """A pass broke an invariant of the next one: a defect of the compiler, not of the model."""
