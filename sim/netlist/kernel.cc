// An event-driven simulator of gates, flip-flops, multipliers and memories, behind C functions.
//
// Nets are numbers; 0 is constant 0, 1 is constant 1. Logic is levelised: a change reaches every
// node once. A flip-flop costs something only where its input differs from its output, so that
// a design that waits is as fast as what moves in it. Two values, no delays: at a clock edge all
// triggered flip-flops and write ports take what the logic settled to before the edge; only then
// do their outputs change, which may trigger further clocks.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace {

using std::vector;
using Net = uint32_t;

// What a net reaches: the kind in the upper bits.
enum Kind : uint32_t { NODE = 0u << 30, FLOP = 1u << 30, WRITE = 2u << 30, CLOCK = 3u << 30 };
constexpr uint32_t INDEX = (1u << 30) - 1;

struct Node {
    enum Type : uint8_t { LUT, MULTIPLY, READ } type;
    bool queued;
    uint16_t level;
    uint16_t table;             // LUT: bit i is the output for inputs i
    Net in[4], out;             // LUT
    uint32_t other;             // MULTIPLY, READ: which of `wides`
};

// A node with more inputs and outputs.
struct Wide {
    uint32_t is_signed;         // MULTIPLY: bit 0 for the left, bit 1 for the right operand
    uint32_t memory;            // READ
    vector<Net> left, right;    // inputs; READ: address in left
    vector<Net> outputs;
};

struct Flop {
    Net d, q;
    bool armed = false;
    uint32_t clock;
};

struct Write {
    uint32_t memory, clock, on = 0;
    bool active = false;
    vector<Net> address, enable, data;
};

struct Memory {
    uint32_t width, depth;
    vector<uint8_t> bits;
    vector<uint32_t> reads;
};

// Of a net: a fault keeps its value; it has changed since that was last asked.
enum Mark : uint8_t { STUCK = 1, MOVED = 2 };

// One edge of one net.
struct Clock {
    Net net;
    uint8_t rising;
    vector<uint32_t> armed, writes;
};

struct Circuit {
    vector<uint8_t> value;
    vector<vector<uint32_t>> reached;       // by each net, until the start
    vector<uint32_t> first, reach;          // the same, flat
    vector<Node> nodes;
    vector<Wide> wides;
    vector<Flop> flops;
    vector<Write> writes;
    vector<Memory> memories;
    vector<Clock> clocks;
    vector<vector<uint32_t>> queue;
    size_t queued = 0;
    vector<uint32_t> triggered;
    vector<uint8_t> marks;
    uint64_t cycles = 0, changes = 0;       // changes: of flip-flops and memories

    void schedule(uint32_t index) {
        Node &node = nodes[index];
        if (!node.queued) {
            node.queued = true;
            queue[node.level].push_back(index);
            queued++;
        }
    }

    void set(Net net, uint8_t to) {
        if (value[net] == to || marks[net] & STUCK)
            return;
        value[net] = to;
        marks[net] |= MOVED;
        for (uint32_t at = first[net]; at < first[net + 1]; at++) {
            const uint32_t target = reach[at], index = target & INDEX;
            switch (target & ~INDEX) {
            case NODE:
                schedule(index);
                break;
            case FLOP:
                if (!flops[index].armed) {
                    flops[index].armed = true;
                    clocks[flops[index].clock].armed.push_back(index);
                }
                break;
            case WRITE: {
                Write &write = writes[index];
                write.on += to ? 1 : -1;
                if (write.on && !write.active) {
                    write.active = true;
                    clocks[write.clock].writes.push_back(index);
                }
                break;
            }
            case CLOCK:
                if (clocks[index].rising == to)
                    triggered.push_back(index);
                break;
            }
        }
    }

    int64_t number(const vector<Net> &nets, bool is_signed) const {
        uint64_t result = 0;
        for (size_t i = 0; i < nets.size(); i++)
            result |= uint64_t(value[nets[i]]) << i;
        if (is_signed && !nets.empty() && value[nets.back()])
            result |= ~uint64_t(0) << (nets.size() - 1);
        return int64_t(result);
    }

    void evaluate(const Node &node) {
        if (node.type == Node::LUT) {
            const uint32_t index = value[node.in[0]] | value[node.in[1]] << 1 |
                                   value[node.in[2]] << 2 | value[node.in[3]] << 3;
            set(node.out, node.table >> index & 1);
            return;
        }
        const Wide &wide = wides[node.other];
        if (node.type == Node::MULTIPLY) {
            const uint64_t product = uint64_t(number(wide.left, wide.is_signed & 1)) *
                                     uint64_t(number(wide.right, wide.is_signed >> 1 & 1));
            for (size_t i = 0; i < wide.outputs.size(); i++)
                set(wide.outputs[i], product >> i & 1);
        } else {
            const Memory &memory = memories[wide.memory];
            const size_t word = size_t(number(wide.left, false));
            for (size_t i = 0; i < wide.outputs.size(); i++)
                set(wide.outputs[i], word < memory.depth && memory.bits[word * memory.width + i]);
        }
    }

    void settle() {
        for (size_t level = 0; queued && level < queue.size(); level++) {
            // What a node reaches has a higher level.
            for (uint32_t index : queue[level]) {
                nodes[index].queued = false;
                evaluate(nodes[index]);
            }
            queued -= queue[level].size();
            queue[level].clear();
        }
    }

    // Let a change of inputs settle, with every clock edge that it makes.
    void step() {
        settle();
        vector<uint32_t> now;
        vector<std::pair<Net, uint8_t>> values;
        struct Store { uint32_t memory; size_t bit; uint8_t to; };
        vector<Store> stores;
        while (!triggered.empty()) {
            now.swap(triggered);
            triggered.clear();
            values.clear();
            stores.clear();
            for (uint32_t index : now) {
                Clock &clock = clocks[index];
                for (uint32_t each : clock.armed) {
                    Flop &flop = flops[each];
                    flop.armed = false;
                    if (value[flop.d] != value[flop.q])
                        values.push_back({flop.q, value[flop.d]});
                }
                clock.armed.clear();
                size_t kept = 0;
                for (uint32_t each : clock.writes) {
                    Write &write = writes[each];
                    write.active = write.on != 0;
                    if (!write.active)
                        continue;
                    clock.writes[kept++] = each;
                    const Memory &memory = memories[write.memory];
                    const size_t word = size_t(number(write.address, false));
                    for (size_t i = 0; word < memory.depth && i < memory.width; i++)
                        if (value[write.enable[i]])
                            stores.push_back({write.memory, word * memory.width + i,
                                              value[write.data[i]]});
                }
                clock.writes.resize(kept);
            }
            now.clear();
            for (const Store &store : stores) {
                Memory &memory = memories[store.memory];
                if (memory.bits[store.bit] != store.to) {
                    memory.bits[store.bit] = store.to;
                    changes++;
                    for (uint32_t read : memory.reads)
                        schedule(read);
                }
            }
            for (const auto &each : values) {
                changes += !(marks[each.first] & STUCK);
                set(each.first, each.second);
            }
            settle();
        }
    }
};

// A UART at the other end of two pins, eight data bits, sampled once in the middle of a bit.
struct Uart {
    uint64_t divisor = 0;
    uint64_t sending = 0, receiving = 0;    // cycles into the character, from 1; 0: none
    uint32_t character = 0, received = 0;
};

struct Board {
    Circuit circuit;
    Net clock = 0, rx = 0, tx = 0;
    Net rx_valid = 0, rx_ready = 0, tx_valid = 0, tx_ready = 0;
    vector<Net> rx_payload, tx_payload;
    Uart uart;
};

enum Stop : int { LIMIT = 0, FULL = 1, QUIET = 2, STEADY = 3 };

vector<Net> take(const uint32_t *&from, size_t count) {
    vector<Net> nets(from, from + count);
    from += count;
    return nets;
}

}  // namespace

extern "C" {

Board *otus_create(uint32_t nets, uint32_t levels) {
    auto *board = new Board;
    Circuit &circuit = board->circuit;
    circuit.value.assign(nets, 0);
    circuit.value[1] = 1;
    circuit.marks.assign(nets, 0);
    circuit.reached.resize(nets);
    circuit.first.assign(nets + 1, 0);
    circuit.queue.resize(levels);
    return board;
}

void otus_destroy(Board *board) {
    delete board;
}

uint64_t otus_cycles(const Board *board) {
    return board->circuit.cycles;
}

// Each node: type, level, table, is_signed, memory, counts of left, right, outputs; then the nets.
void otus_nodes(Board *board, const uint32_t *from, uint32_t count) {
    Circuit &circuit = board->circuit;
    for (uint32_t index = 0; index < count; index++) {
        const uint32_t left = from[5], right = from[6], outputs = from[7];
        Node node{Node::Type(from[0]), false, uint16_t(from[1]), uint16_t(from[2]), {}, 0,
                  uint32_t(circuit.wides.size())};
        Wide wide{from[3], from[4], {}, {}, {}};
        from += 8;
        wide.left = take(from, left);
        wide.right = take(from, right);
        wide.outputs = take(from, outputs);
        for (const auto *inputs : {&wide.left, &wide.right})
            for (Net net : *inputs)
                circuit.reached[net].push_back(NODE | index);
        if (node.type == Node::READ)
            circuit.memories[wide.memory].reads.push_back(index);
        if (node.type == Node::LUT) {
            for (size_t i = 0; i < wide.left.size(); i++)
                node.in[i] = wide.left[i];
            node.out = wide.outputs[0];
        } else {
            circuit.wides.push_back(std::move(wide));
        }
        circuit.nodes.push_back(node);
    }
}

void otus_memory(Board *board, uint32_t width, uint32_t depth, const uint8_t *bits) {
    board->circuit.memories.push_back(
        {width, depth, vector<uint8_t>(bits, bits + size_t(width) * depth), {}});
}

uint32_t otus_clock(Board *board, Net net, uint32_t rising) {
    Circuit &circuit = board->circuit;
    circuit.reached[net].push_back(CLOCK | uint32_t(circuit.clocks.size()));
    circuit.clocks.push_back({net, uint8_t(rising), {}, {}});
    return uint32_t(circuit.clocks.size() - 1);
}

// Each flip-flop: d, q, clock, initial value.
void otus_flops(Board *board, const uint32_t *from, uint32_t count) {
    Circuit &circuit = board->circuit;
    for (uint32_t index = 0; index < count; index++, from += 4) {
        circuit.reached[from[0]].push_back(FLOP | index);
        circuit.value[from[1]] = uint8_t(from[3]);
        circuit.flops.push_back({from[0], from[1], true, from[2]});
        circuit.clocks[from[2]].armed.push_back(index);
    }
}

// Address bits, then an enable and a data net for each bit of the word.
void otus_write(Board *board, uint32_t memory, uint32_t clock, const uint32_t *from,
                uint32_t address_bits) {
    Circuit &circuit = board->circuit;
    const uint32_t index = uint32_t(circuit.writes.size());
    const uint32_t width = circuit.memories[memory].width;
    Write write{memory, clock, 0, false, take(from, address_bits), {}, {}};
    write.enable = take(from, width);
    write.data = take(from, width);
    for (Net net : write.enable) {
        if (net == 1)
            write.on++;
        else if (net != 0)
            circuit.reached[net].push_back(WRITE | index);
    }
    if (write.on) {
        write.active = true;
        circuit.clocks[clock].writes.push_back(index);
    }
    circuit.writes.push_back(std::move(write));
}

// Name the pins of a UART (divisor not 0), or of two byte streams, once it is started.
void otus_ports(Board *board, const uint32_t *nets, uint64_t divisor) {
    board->uart.divisor = divisor;
    if (divisor) {
        board->rx = nets[0];
        board->tx = nets[1];
        board->circuit.set(board->rx, 1);
    } else {
        board->rx_valid = nets[0];
        board->rx_ready = nets[1];
        board->tx_valid = nets[2];
        board->tx_ready = nets[3];
        board->rx_payload.assign(nets + 4, nets + 12);
        board->tx_payload.assign(nets + 12, nets + 20);
        board->circuit.set(board->tx_ready, 1);
    }
}

void otus_set(Board *board, Net net, uint32_t to) {
    board->circuit.set(net, uint8_t(to));
}

uint32_t otus_get(const Board *board, Net net) {
    return board->circuit.value[net];
}

// A fault: the net keeps a value for ever.
void otus_stick(Board *board, Net net, uint32_t to) {
    board->circuit.set(net, uint8_t(to));
    board->circuit.marks[net] |= STUCK;
}

// Tell of each net whether it has changed since this was last asked.
void otus_moved(Board *board, uint8_t *to) {
    for (uint8_t &mark : board->circuit.marks) {
        *to++ = (mark & MOVED) != 0;
        mark &= uint8_t(~MOVED);
    }
}

// A fault: another truth table.
void otus_table(Board *board, uint32_t node, uint32_t table) {
    board->circuit.nodes[node].table = uint16_t(table);
    board->circuit.schedule(node);
}

// Everything is described: evaluate it once, from the values after configuration. No clock edge that
// this makes counts.
void otus_start(Board *board, Net clock) {
    board->clock = clock;
    Circuit &circuit = board->circuit;
    for (size_t net = 0; net < circuit.value.size(); net++) {
        auto &reached = circuit.reached[net];
        circuit.reach.insert(circuit.reach.end(), reached.begin(), reached.end());
        circuit.first[net + 1] = uint32_t(circuit.reach.size());
    }
    circuit.reached = {};
    for (uint32_t index = 0; index < circuit.nodes.size(); index++)
        circuit.schedule(index);
    circuit.settle();
    circuit.triggered.clear();
}

void otus_settle(Board *board) {
    board->circuit.step();
}

void otus_tick(Board *board, uint64_t count) {
    Circuit &circuit = board->circuit;
    for (uint64_t each = 0; each < count; each++) {
        circuit.set(board->clock, 1);
        circuit.step();
        circuit.set(board->clock, 0);
        circuit.step();
        circuit.cycles++;
    }
}

// Run at most `limit` cycles. Sends rx[0..rx_count) and moves *rx_taken on; collects bytes up to
// tx_room and sets *tx_count. Returns early: FULL at tx_room bytes; QUIET after `quiet` cycles
// (UART: as many bits) without another byte, once there is one; STEADY where nothing can happen.
int otus_run(Board *board, const uint8_t *rx, size_t rx_count, size_t *rx_taken, uint8_t *tx,
             size_t tx_room, size_t *tx_count, uint64_t limit, uint64_t quiet) {
    Circuit &circuit = board->circuit;
    Uart &uart = board->uart;
    const uint64_t bit = uart.divisor;
    size_t taken = 0, count = 0;
    uint64_t silence = 0;
    Stop stop = tx_room ? LIMIT : FULL;
    if (bit)
        quiet *= bit;
    const uint64_t end = circuit.cycles + limit;
    while (circuit.cycles < end && stop == LIMIT) {
        bool received = false, sent = false;
        if (bit) {
            if (!uart.sending && taken < rx_count) {
                uart.character = uint32_t(rx[taken++]) << 1 | 1u << 9;
                uart.sending = 1;
            }
            if (uart.sending) {
                circuit.set(board->rx, uart.character >> ((uart.sending - 1) / bit) & 1);
                uart.sending = uart.sending == 10 * bit ? 0 : uart.sending + 1;
            }
            received = uart.sending != 0;
            circuit.step();
            const bool level = circuit.value[board->tx];
            if (!uart.receiving) {
                if (!level) {
                    uart.receiving = 1;
                    uart.received = 0;
                }
            } else {
                uart.receiving++;
                if (uart.receiving % bit == bit / 2) {
                    const uint64_t position = uart.receiving / bit;
                    uart.received |= uint32_t(level) << position;
                    if (position == 9 || (position == 0 && level)) {
                        uart.receiving = 0;
                        // A character without a stop bit is dropped.
                        sent = position == 9 && level;
                        if (sent)
                            tx[count++] = uint8_t(uart.received >> 1);
                    }
                }
            }
        } else {
            const bool offer = taken < rx_count;
            circuit.set(board->rx_valid, offer);
            for (size_t i = 0; offer && i < 8; i++)
                circuit.set(board->rx_payload[i], rx[taken] >> i & 1);
            circuit.step();
            received = offer && circuit.value[board->rx_ready];
            sent = circuit.value[board->tx_valid];
            if (received)
                taken++;
            if (sent) {
                uint8_t byte = 0;
                for (size_t i = 0; i < 8; i++)
                    byte |= uint8_t(circuit.value[board->tx_payload[i]] << i);
                tx[count++] = byte;
            }
        }
        const uint64_t changes = circuit.changes;
        otus_tick(board, 1);
        silence = sent || uart.receiving ? 0 : silence + 1;
        if (count == tx_room)
            stop = FULL;
        else if (circuit.changes == changes && !received && !sent && !uart.receiving)
            stop = STEADY;
        else if (count && silence >= quiet)
            stop = QUIET;
    }
    *rx_taken = taken;
    *tx_count = count;
    return stop;
}
}
