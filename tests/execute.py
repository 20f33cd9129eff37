"""Run compiled programs on the golden model."""

import numpy as np
import numpy.typing as npt

from otus.driver.compiler import Program
from otus.sim.golden import Machine

Int8Array = npt.NDArray[np.int8]


def load(program: Program, machine: Machine) -> None:
    """Write a program's images."""
    for image in program.images:
        machine.write(image.space, image.address, image.data)


def golden(program: Program, inputs: Int8Array, machine: Machine | None = None) -> Int8Array:
    """Run every input through both entries, which have to agree; return the model's outputs.

    Parameters
        inputs : int8 [n, ...]
        machine : that holds the program already, with a batch of n
    """
    if machine is None:
        machine = Machine(program.geometry, len(inputs))
        # Memory that nothing wrote holds anything: make a use of it visible.
        noise = np.random.default_rng(0).integers(
            -128, 128, (len(inputs), program.geometry.activation_words, program.geometry.rows)
        )
        machine.write_activations(0, noise.astype(np.int8))
        load(program, machine)
    if program.steps:
        return program.finish(program.unpack_output(_streamed(program, inputs, machine)))
    outputs = []
    for entry in program.entries:
        machine.write_activations(entry.input, program.pack_input(inputs))
        machine.run(entry.address)
        words = machine.read_activations(entry.output, program.output_words)
        outputs.append(program.finish(program.unpack_output(words)))
    for other in outputs[1:]:
        np.testing.assert_array_equal(outputs[0], other)
    return outputs[0]


def _streamed(program: Program, inputs: Int8Array, machine: Machine) -> Int8Array:
    """Run the steps of a model that exceeds the memories."""
    tensors = {0: program.pack_input(inputs)}
    for step in program.steps:
        for image in step.images:
            machine.write(image.space, image.address, image.data)
        if step.inputs is not None:
            words = tensors[step.inputs.tensor][:, step.inputs.slice]
            machine.write_activations(step.inputs.address, words)
        machine.run(step.entry)
        if step.outputs is not None:
            moved = step.outputs
            empty = program.empty_result(moved.tensor - 1)
            whole = tensors.setdefault(moved.tensor, np.stack([empty] * len(inputs)))
            whole[:, moved.slice] = machine.read_activations(moved.address, moved.words)
    return tensors[len(program.layers)]
