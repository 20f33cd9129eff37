"""What can be wrong with the inputs of this package: each error says what, got, allowed, remedy."""


class DefinitionError(ValueError):
    """An array, a feature definition or a class layout is not usable."""


class RecordingError(ValueError):
    """A recording cannot be read, or does not fit the feature definition."""


class DatasetError(ValueError):
    """A data set cannot be made or read, or does not fit the feature definition."""


class ModelError(ValueError):
    """A network, its .tflite file or its output does not fit the task."""
