"""Run a netlist: machine code that knows gates, and tables that say which there are."""

import ctypes
import importlib.resources
import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ... import cache
from .. import toolchain
from ..cxxrtl import Stop
from .circuit import Circuit, NetlistError

_FLAGS = ("-std=c++17", "-O2", "-fPIC", "-shared", "-w")
_LIBRARY = "kernel.so"

#: A reply is read to its end: after its last byte the device stays silent for longer than this,
#: in cycles, behind a UART in bits.
QUIET = 64

_u32, _u64, _size, _void = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_size_t, ctypes.c_void_p


def compile_kernel(report: Callable[[str], None] | None = None) -> Path:
    """Return the simulator's shared library, compiled unless the cache holds it.

    Raises
        ToolchainError: no compiler, or it failed
    """
    compiler = toolchain.find_compiler()
    source = (importlib.resources.files(__package__) / "kernel.cc").read_text(encoding="utf-8")

    def build(folder: Path) -> None:
        if report:
            report(f"compiling the netlist simulator (once, with {compiler.version})")
        (folder / "kernel.cc").write_text(source, encoding="utf-8")
        compiler.run(*_FLAGS, "kernel.cc", "-o", _LIBRARY, cwd=folder)

    key = cache.content_key(source, *_FLAGS, compiler.version, sys.platform)
    return cache.cached("netlist-kernel", key, build) / _LIBRARY


class Simulation:
    """One running netlist.

    Parameters
        circuit : its tables
        clock : port with the clock; the other inputs are 0 until they are set
    Raises
        ToolchainError: no compiler, or it failed
    """

    def __init__(self, circuit: Circuit, clock: str) -> None:
        self.circuit = circuit
        self._library = _load(str(compile_kernel()))
        self._board: int | None = self._library.otus_create(circuit.nets, circuit.levels)
        call = self._call
        for memory in circuit.memories:
            call("memory", memory.width, memory.depth, memory.bits)
        call("nodes", *_table(_node_words(circuit)))
        edges = {flop.clock for flop in circuit.flops} | {write.clock for write in circuit.writes}
        # Of a constant there is no edge.
        clocks = {edge: call("clock", *edge) for edge in sorted(edges)}
        words = [(flop.d, flop.q, clocks[flop.clock], flop.initial) for flop in circuit.flops]
        call("flops", _words(itertools.chain(*words)), len(words))
        for write in circuit.writes:
            nets = _words([*write.address, *write.enable, *write.data])
            call("write", write.memory, clocks[write.clock], nets, len(write.address))
        call("start", self._port(clock)[0])

    def _call(self, name: str, *arguments: object) -> int:
        if self._board is None:
            raise ValueError("the simulation is closed")
        return int(getattr(self._library, f"otus_{name}")(self._board, *arguments) or 0)

    def _port(self, name: str, width: int = 1) -> list[int]:
        nets = self.circuit.ports.get(name)
        if nets is None or len(nets) != width:
            raise NetlistError(
                f"the netlist has no port {name} of {width} bits, but {sorted(self.circuit.ports)}"
            )
        return nets

    def streams(self) -> None:
        """Speak to the byte streams `rx` and `tx`."""
        nets = [self._port(f"{name}__{part}")[0] for name in ("rx", "tx") for part in _HANDSHAKE]
        nets += self._port("rx__payload", 8) + self._port("tx__payload", 8)
        self._call("ports", _words(nets), 0)

    def uart(self, rx: str, tx: str, divisor: int) -> None:
        """Speak to the UART behind two pins, with `divisor` clock cycles a bit."""
        nets = [self._port(rx)[0], self._port(tx)[0]]
        self._call("ports", _words(nets), divisor)

    def set(self, port: str, value: int) -> None:
        """Set an input."""
        for bit, net in enumerate(self.circuit.ports[port]):
            self._call("set", net, value >> bit & 1)

    def get(self, port: str) -> int:
        """Read a port."""
        bits = (self._call("get", net) << i for i, net in enumerate(self.circuit.ports[port]))
        return sum(bits)

    def settle(self) -> None:
        """Let what was set reach the outputs."""
        self._call("settle")

    def tick(self, cycles: int = 1) -> None:
        """Run some cycles."""
        self._call("tick", cycles)

    def stick(self, net: int, value: int) -> None:
        """Inject a fault: a net keeps a value."""
        self._call("stick", net, value)

    def rewrite(self, node: int, table: int) -> None:
        """Inject a fault: a node gets another truth table."""
        self._call("table", node, table)

    def moved(self) -> frozenset[int]:
        """Return the nets that have changed since this was last asked."""
        marks = ctypes.create_string_buffer(self.circuit.nets)
        self._call("moved", marks)
        return frozenset(net for net, mark in enumerate(marks.raw) if mark)

    @property
    def cycles(self) -> int:
        """Cycles since the simulation began."""
        return self._call("cycles")

    def run(self, rx: bytes, limit: int, cycles: int) -> tuple[int, bytes, Stop]:
        """Run until `limit` bytes came, the device falls silent or steady, or `cycles` are over.

        Parameters
            rx : bytes to send
            limit : most bytes to collect
            cycles : most cycles to run
        Returns
            how many of the bytes were sent, the bytes that came, and why it ended
        """
        taken, count = _size(), _size()
        tx = ctypes.create_string_buffer(limit)
        stop = self._call(
            "run", rx, len(rx), ctypes.byref(taken), tx, limit, ctypes.byref(count), cycles, QUIET
        )
        return taken.value, tx.raw[: count.value], Stop(stop)

    def close(self) -> None:
        """Free the simulation."""
        if self._board is not None:
            self._library.otus_destroy(self._board)
            self._board = None


_HANDSHAKE = ("valid", "ready")


def _load(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    words = ctypes.POINTER(_u32)
    counter = ctypes.POINTER(_size)
    data = ctypes.c_char_p
    signatures: dict[str, tuple[object, list[object]]] = {
        "create": (_void, [_u32, _u32]),
        "destroy": (None, [_void]),
        "cycles": (_u64, [_void]),
        "nodes": (None, [_void, words, _u32]),
        "memory": (None, [_void, _u32, _u32, data]),
        "clock": (_u32, [_void, _u32, _u32]),
        "flops": (None, [_void, words, _u32]),
        "write": (None, [_void, _u32, _u32, words, _u32]),
        "ports": (None, [_void, words, _u64]),
        "set": (None, [_void, _u32, _u32]),
        "get": (_u32, [_void, _u32]),
        "stick": (None, [_void, _u32, _u32]),
        "moved": (None, [_void, data]),
        "table": (None, [_void, _u32, _u32]),
        "start": (None, [_void, _u32]),
        "settle": (None, [_void]),
        "tick": (None, [_void, _u64]),
        "run": (
            ctypes.c_int,
            [_void, data, _size, counter, data, _size, counter, _u64, _u64],
        ),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, f"otus_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def _words(numbers: Iterable[int]) -> ctypes.Array[ctypes.c_uint32]:
    values = list(numbers)
    return (_u32 * len(values))(*values)


def _node_words(circuit: Circuit) -> list[list[int]]:
    return [
        [
            *(node.type, node.level, node.table, node.is_signed, node.memory),
            *(len(node.left), len(node.right), len(node.outputs)),
            *(*node.left, *node.right, *node.outputs),
        ]
        for node in circuit.nodes
    ]


def _table(rows: Sequence[Sequence[int]]) -> tuple[ctypes.Array[ctypes.c_uint32], int]:
    return _words(itertools.chain(*rows)), len(rows)
