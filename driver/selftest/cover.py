"""Choose patterns under which no bit can be stuck unseen.

A memory that cannot be read is tested by what runs from it. A pattern shows a bit if the output
changes when that bit does; a set of patterns is complete if every bit is shown as 0 and as 1.
"""

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]


def cover(bits: Bits, shown: Bits, times: int = 1) -> list[int]:
    """Choose few patterns that show every bit in both values, if the candidates do.

    Parameters
        bits : bool [candidates, bits], the patterns
        shown : bool [candidates, bits], whether a change of the bit changes the output
        times : patterns that show each value of each bit, where there are so many
    Returns
        indices of the chosen candidates
    """
    met = np.concatenate([shown & bits, shown & ~bits], axis=1)
    missing = np.minimum(met.sum(axis=0), times)
    chosen: list[int] = []
    while missing.any():
        gain = (met & (missing > 0)).sum(axis=1)
        gain[chosen] = 0
        best = int(gain.argmax())
        chosen.append(best)
        missing = np.maximum(missing - met[best], 0)
    return chosen


def shown_in_both(bits: Bits, shown: Bits) -> Bits:
    """Tell for each bit whether the patterns show it as 0 and as 1: bool [bits]."""
    return np.asarray((shown & bits).any(axis=0) & (shown & ~bits).any(axis=0))
