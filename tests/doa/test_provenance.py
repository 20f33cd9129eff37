import platform

import numpy as np

from otus.doa.provenance import processor, versions


def test_versions_are_those_that_run() -> None:
    found = versions(("numpy", "no-such-package"))
    assert found == {"python": platform.python_version(), "numpy": np.__version__}


def test_the_processor_has_a_name_and_an_architecture() -> None:
    assert processor().endswith(f"({platform.machine()})")
    assert len(processor()) > len(platform.machine()) + 3
