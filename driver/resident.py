"""What a device's memories hold, as far as the host knows."""

import numpy as np
import numpy.typing as npt

from ..arch.geometry import Geometry
from ..arch.memory import Space, depth, word_bytes
from .errors import DeviceError


class Resident:
    """Remember what was written, so that nothing is sent twice.

    Parameters
        geometry : of the device, which holds nothing yet
    """

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        #: For each space bytes [words, width], and whether each word was written.
        self._words: dict[Space, tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]] = {}

    def missing(self, space: Space, address: int, data: bytes) -> list[tuple[int, bytes]]:
        """List the stretches of an image that are not there; take them for written.

        Parameters
            address : first word
            data : whole words
        Returns
            first word and bytes of each stretch
        Raises
            DeviceError: words past the end of the space
        """
        width, deep = word_bytes(space, self._geometry), depth(space, self._geometry)
        if space not in self._words:
            self._words[space] = np.zeros((deep, width), np.uint8), np.zeros(deep, np.bool_)
        image = np.frombuffer(data, np.uint8).reshape(-1, width)
        words, known = (each[address:][: len(image)] for each in self._words[space])
        if len(words) < len(image):
            raise DeviceError(
                f"{space.name}: the program reaches word {address + len(image) - 1}, the device "
                f"has {deep}"
            )
        missing = ~known | (words != image).any(axis=1)
        words[:], known[:] = image, True
        edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False]))))
        return [
            (address + int(start), image[start:end].tobytes())
            for start, end in edges.reshape(-1, 2)
        ]
