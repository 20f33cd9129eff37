"""Known answers: whole networks against outputs that another runtime has computed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..compiler import ModelError, Oracle, Program, compile_model
from ..device import Device
from ..link import Link
from .bench import LOWER_CLOCK, Int8Array, Progress, SelftestError

#: Why a network is left out: over a slow link it takes minutes, and shows nothing of the array
#: that the others do not.
_STREAMED = "larger than this geometry's memories, would be streamed"


@dataclass(frozen=True, eq=False)
class KnownAnswer:
    """A network, inputs, and what `oracle` makes of them.

    Parameters
        model : bytes of a .tflite file
        inputs, outputs : int8 [n, ...]
    """

    name: str
    model: bytes
    inputs: Int8Array
    outputs: Int8Array
    oracle: Oracle = "tflm"


def check_answers(
    link: Link, answers: Sequence[KnownAnswer], timeout: float, progress: Progress
) -> dict[str, str]:
    """Run every network that the device's memories hold; where they hold none, stream the first.

    Parameters
        link : to the device, which is reset
    Returns
        figures: for each network what was compared, or why it was not run
    Raises
        SelftestError: an output or a cycle count differs, or no network fits
    """
    figures: dict[str, str] = {}
    device = Device(link, timeout=timeout)
    streamed: list[tuple[KnownAnswer, Program]] = []
    compared = False
    refused: ModelError | None = None
    for number, answer in enumerate(answers):
        try:
            program = compile_model(answer.model, device.geometry, answer.oracle)
        except ModelError as error:
            refused = error
            figures[answer.name] = "does not fit, not even streamed"
        else:
            if program.steps:
                streamed.append((answer, program))
                figures[answer.name] = _STREAMED
            else:
                figures[answer.name] = _compare(device, program, answer)
                compared = True
        progress(number + 1, len(answers))
    if streamed and not compared:
        answer, program = streamed[0]
        figures[answer.name] = f"streamed, {_compare(device, program, answer)}"
    elif refused is not None and not compared:
        raise SelftestError(
            f"known answers: none of {len(answers)} networks fits; the last: {refused}",
            "a geometry smaller than any that is shipped; compare a model of your own with "
            "`otus run MODEL --device golden`",
        )
    return figures


def _compare(device: Device, program: Program, answer: KnownAnswer) -> str:
    """Run one network and compare outputs and cycles."""
    result = device.run(program, answer.inputs)
    outputs = program.finish(result.logits)
    wrong = np.flatnonzero((outputs != answer.outputs).reshape(len(outputs), -1).any(axis=1))
    if len(wrong):
        raise SelftestError(
            f"{answer.name}: {len(wrong)} of {len(outputs)} outputs differ from {answer.oracle}'s; "
            f"the first is input {wrong[0]}: expected {answer.outputs[wrong[0]].ravel().tolist()}, "
            f"got {outputs[wrong[0]].ravel().tolist()}",
            "memories and single layers are right, so it fails at full activity: timing of "
            f"multipliers and adders, or a supply that drops under load: {LOWER_CLOCK}",
        )
    counted = {counters.total - counters.link_wait for counters in result.counters}
    predicted = program.prediction.total
    if counted == {0}:
        return f"{len(outputs)} of {len(outputs)} outputs equal"
    if counted != {predicted}:
        raise SelftestError(
            f"{answer.name}: took {sorted(counted)} cycles, predicted are {predicted}",
            "the bitstream was built from other sources than this driver, or timing fails in the "
            f"sequencer: {LOWER_CLOCK}",
        )
    return f"{len(outputs)} of {len(outputs)} outputs equal, {predicted} cycles each as predicted"
