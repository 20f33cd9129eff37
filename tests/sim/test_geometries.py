"""Every geometry through its simulated board: bit-exact, and the counters as predicted."""

import numpy as np
import pytest
from execute import golden

from otus import models
from otus.arch import timing
from otus.arch.geometry import Geometry
from otus.arch.memory import Space, word_bytes
from otus.arch.packet import COUNTERS_BYTES, Counters, Opcode, max_write_bytes
from otus.driver.client import Client
from otus.driver.compiler import Oracle, compile_model
from otus.driver.device import Device
from otus.sim.benches.programs import RandomProgram, random_program
from otus.sim.board import SimLink
from otus.sim.cocotb_runner import seed
from otus.sim.golden import Machine

GEOMETRIES = [
    "1x1",
    "2x2",
    "4x4",
    "3x5",
    "8x8",
    "8x16",
    "16x16",
    "4x2x2",
    "8x8x2",
    "8x4,requantise_bits=4",
]


@pytest.fixture(params=GEOMETRIES, scope="module")
def geometry(request: pytest.FixtureRequest) -> Geometry:
    return Geometry.parse(request.param)


def load(client: Client, machine: Machine, program: RandomProgram) -> None:
    """Write a program into the board and into the golden model."""
    for space, image in program.images.items():
        width = word_bytes(space, program.geometry)
        chunk = max_write_bytes(program.geometry) // width
        machine.write(space, program.origins[space], image)
        for word in range(0, len(image) // width, chunk):
            data = image[word * width : (word + chunk) * width]
            client.request(Opcode.WRITE, space, program.origins[space] + word, data=data)


def test_random_programs(geometry: Geometry) -> None:
    number = seed()
    print(f"OTUS_SEED={number}")
    link, machine = SimLink(geometry, "cxxrtl"), Machine(geometry)
    client = Client(link)
    client.reset()
    for run in range(20):
        program = random_program(geometry, 1000 * number + run, layers=1 + run % 4)
        load(client, machine, program)
        client.request(Opcode.RUN, 0)
        machine.run(0)
        end = program.ends[Space.ACTIVATION]
        reply = client.request(Opcode.RESULT, Space.ACTIVATION, 0, end)
        counters = Counters.unpack(reply[:COUNTERS_BYTES])._asdict()
        assert counters.pop("runs") == run + 1
        assert counters == timing.predict(program.descriptors, geometry).counters()
        assert reply[COUNTERS_BYTES:] == machine.read(Space.ACTIVATION, 0, end)
    link.close()


@pytest.mark.parametrize("oracle", ["tflm", "litert"])
def test_azimuth(geometry: Geometry, oracle: Oracle) -> None:
    program = compile_model(models.find("azimuth"), geometry, oracle)
    frames = 2 if geometry.macs_per_cycle < 16 else 8
    inputs = np.random.default_rng(seed()).integers(
        -128, 128, (frames, *program.input.shape[1:]), dtype=np.int8
    )
    with Device(SimLink(geometry, "cxxrtl"), geometry) as device:
        outputs, counters = device.run(program, inputs)
    np.testing.assert_array_equal(program.finish(outputs), golden(program, inputs))
    expected = program.prediction.counters()
    for found in counters:
        assert {name: getattr(found, name) for name in expected} == expected
