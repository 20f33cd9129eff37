"""The tables of a lowered netlist, as the simulator takes them."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from .lower import Module

#: Truth tables of yosys' gates over the ports A, B, S (input 0 is A).
_GATES = {
    "$_BUF_": ("A", 0b10),
    "$_NOT_": ("A", 0b01),
    "$_AND_": ("AB", 0b1000),
    "$_NAND_": ("AB", 0b0111),
    "$_OR_": ("AB", 0b1110),
    "$_NOR_": ("AB", 0b0001),
    "$_XOR_": ("AB", 0b0110),
    "$_XNOR_": ("AB", 0b1001),
    "$_ANDNOT_": ("AB", 0b0010),
    "$_ORNOT_": ("AB", 0b1011),
    "$_MUX_": ("ABS", 0b11001010),
}

_LUT_INPUTS = 4


class NetlistError(ValueError):
    """A netlist that cannot be simulated; says which cell, and why."""


class NodeType(IntEnum):
    """What a node does."""

    LUT = 0
    MULTIPLY = 1
    READ = 2


@dataclass
class Node:
    """Logic without state.

    Parameters
        type : what it does
        left, right : nets; of a READ the address is in left
        outputs : nets
        table : of a LUT: bit i is the output for inputs i
        is_signed : of a MULTIPLY: bit 0 for left, bit 1 for right
        memory : of a READ
        level : above those of everything that it depends on
    """

    type: NodeType
    left: list[int]
    outputs: list[int]
    right: list[int] = field(default_factory=list)
    table: int = 0
    is_signed: int = 0
    memory: int = 0
    level: int = 0


@dataclass(frozen=True)
class Flop:
    """A flip-flop of one clock edge; nets, and its value after configuration."""

    d: int
    q: int
    clock: tuple[int, bool]
    initial: int


@dataclass(frozen=True)
class Write:
    """A write port: one enable and one datum for each bit of the word."""

    memory: int
    clock: tuple[int, bool]
    address: list[int]
    enable: list[int]
    data: list[int]


@dataclass
class Memory:
    """Words of `width` bits, the first word first, its lowest bit first."""

    width: int
    depth: int
    bits: bytes


class Circuit:
    """A lowered netlist as tables. Net 0 is constant 0, net 1 is constant 1.

    What nothing drives, and what is unknown, is 0.

    Parameters
        module : from `lower`
    Raises
        NetlistError: a cell that is not simulated, two drivers of a net, or a loop of logic
    """

    def __init__(self, module: Module) -> None:
        self.nets = 2
        self._numbers: dict[int | str, int] = {"0": 0, "1": 1, "x": 0, "z": 0}
        self.nodes: list[Node] = []
        self.flops: list[Flop] = []
        self.writes: list[Write] = []
        self.memories: list[Memory] = []
        #: Nets of each port, the lowest bit first.
        self.ports = {name: self._nets(port["bits"]) for name, port in module["ports"].items()}
        self._initial = self._initials(module)
        for name, cell in module["cells"].items():
            self._add(name, cell["type"], cell["parameters"], cell["connections"])
        #: Nets of each name of the netlist.
        self.names = {n: self._nets(value["bits"]) for n, value in module["netnames"].items()}
        self.levels = self._sort()

    def _nets(self, bits: Iterable[int | str]) -> list[int]:
        found = []
        for bit in bits:
            if bit not in self._numbers:
                self._numbers[bit] = self.nets
                self.nets += 1
            found.append(self._numbers[bit])
        return found

    def _initials(self, module: Module) -> dict[int, int]:
        """Values of nets after configuration; what has none is 0."""
        initial = {}
        for value in module["netnames"].values():
            text = value.get("attributes", {}).get("init", "")
            for net, bit in zip(self._nets(value["bits"]), reversed(text), strict=False):
                if bit in "01":
                    initial[net] = int(bit)
        return initial

    def _add(
        self, name: str, kind: str, parameters: dict[str, str], connections: dict[str, list[int]]
    ) -> None:
        pins = {port: self._nets(bits) for port, bits in connections.items()}
        if kind in _GATES:
            ports, table = _GATES[kind]
            self._add_lut([pins[p][0] for p in ports], pins["Y"], table)
        elif kind == "$lut" and len(pins["A"]) <= _LUT_INPUTS:
            self._add_lut(pins["A"], pins["Y"], int(parameters["LUT"], 2))
        elif kind == "$mul" and len(pins["A"]) <= 64 >= len(pins["B"]):
            is_signed = int(parameters["A_SIGNED"], 2) | int(parameters["B_SIGNED"], 2) << 1
            self.nodes.append(
                Node(NodeType.MULTIPLY, pins["A"], pins["Y"], pins["B"], is_signed=is_signed)
            )
        elif kind in ("$_DFF_P_", "$_DFF_N_") or (
            # An asynchronous reset that is never active.
            kind in ("$_DFF_PP0_", "$_DFF_PP1_", "$_DFF_NP0_", "$_DFF_NP1_") and pins["R"] == [0]
        ):
            clock = (pins["C"][0], kind[6] == "P")
            net = pins["Q"][0]
            self.flops.append(Flop(pins["D"][0], net, clock, self._initial.get(net, 0)))
        elif kind == "$mem_v2":
            self._add_memory(name, parameters, pins)
        else:
            raise NetlistError(f"{name}: a cell {kind} is not simulated{_reset_of(pins)}")

    def _add_lut(self, inputs: list[int], outputs: list[int], table: int) -> None:
        """Add a LUT without the inputs that it does not depend on: packing makes loops of those."""
        place = 0
        while place < len(inputs):
            low, high = _cofactors(table, len(inputs), place)
            if inputs[place] < 2 or low == high:
                table = high if inputs[place] == 1 else low
                inputs = inputs[:place] + inputs[place + 1 :]
            else:
                place += 1
        self.nodes.append(Node(NodeType.LUT, inputs, outputs, table=table))

    def _add_memory(
        self, name: str, parameters: dict[str, str], pins: dict[str, list[int]]
    ) -> None:
        number = {
            key: int(value.replace("x", "0"), 2)
            for key, value in parameters.items()
            if set(value) <= set("01x") and value
        }
        width, depth, bits = number["WIDTH"], number["SIZE"], number["ABITS"]
        reads, writes = number["RD_PORTS"], number["WR_PORTS"]
        if (reads and number["RD_CLK_ENABLE"]) or number["OFFSET"]:
            raise NetlistError(f"{name}: registered read ports and offsets are not simulated")
        index = len(self.memories)
        text = parameters["INIT"].replace("x", "0")[::-1].ljust(width * depth, "0")
        self.memories.append(Memory(width, depth, bytes(map(int, text[: width * depth]))))
        for port in range(reads):
            self.nodes.append(
                Node(
                    NodeType.READ,
                    pins["RD_ADDR"][port * bits : (port + 1) * bits],
                    pins["RD_DATA"][port * width : (port + 1) * width],
                    memory=index,
                )
            )
        for port in range(writes):
            word = slice(port * width, (port + 1) * width)
            self.writes.append(
                Write(
                    index,
                    (pins["WR_CLK"][port], bool(number["WR_CLK_POLARITY"] >> port & 1)),
                    pins["WR_ADDR"][port * bits : (port + 1) * bits],
                    pins["WR_EN"][word],
                    pins["WR_DATA"][word],
                )
            )

    def _sort(self) -> int:
        """Give every node its level; return how many levels there are."""
        driver: dict[int, int] = {}
        driven = {flop.q for flop in self.flops}
        for index, node in enumerate(self.nodes):
            for net in node.outputs:
                if net in driver or net in driven or net < 2:
                    raise NetlistError(f"{self.name_of(net)} has two drivers")
                driver[net] = index
        waiting = [0] * len(self.nodes)
        users: list[list[int]] = [[] for _ in self.nodes]
        for index, node in enumerate(self.nodes):
            sources = {driver[n] for n in (*node.left, *node.right) if n in driver}
            waiting[index] = len(sources)
            for source in sources:
                users[source].append(index)
        ready = deque(index for index, count in enumerate(waiting) if not count)
        done = 0
        while ready:
            index = ready.popleft()
            done += 1
            for user in users[index]:
                self.nodes[user].level = max(self.nodes[user].level, self.nodes[index].level + 1)
                waiting[user] -= 1
                if not waiting[user]:
                    ready.append(user)
        if done < len(self.nodes):
            raise NetlistError(
                "logic feeds back into itself: " + ", ".join(self._loop(driver, waiting))
            )
        return max((node.level for node in self.nodes), default=0) + 1

    def _loop(self, driver: dict[int, int], waiting: list[int]) -> list[str]:
        """Name the nets of one loop."""
        index = next(i for i, count in enumerate(waiting) if count)
        path: list[int] = []
        while index not in path:
            path.append(index)
            node = self.nodes[index]
            sources = (driver[net] for net in (*node.left, *node.right) if net in driver)
            index = next(source for source in sources if waiting[source])
        return [self.name_of(self.nodes[i].outputs[0]) for i in path[path.index(index) :]]

    def name_of(self, net: int) -> str:
        """Name a net, in the words of the netlist."""
        for name, nets in getattr(self, "names", {}).items():
            if net in nets:
                return f"{name}[{nets.index(net)}]"
        return f"net {net}"


def _cofactors(table: int, inputs: int, place: int) -> tuple[int, int]:
    """Split a truth table by one input: the tables where it is 0 and where it is 1."""
    halves = [0, 0]
    for index in range(1 << inputs):
        smaller = index & ((1 << place) - 1) | index >> place + 1 << place
        halves[index >> place & 1] |= (table >> index & 1) << smaller
    return halves[0], halves[1]


def _reset_of(pins: Mapping[str, Sequence[int]]) -> str:
    return "; its reset is not constant 0" if "R" in pins else ""
