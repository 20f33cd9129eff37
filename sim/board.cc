// A design with two byte streams (rx, tx) behind four C functions. `DESIGN` names the file that
// yosys wrote for the design.
//
// One evaluation a cycle is enough: with the clock's edge forced, `eval` computes outputs from the
// registers before the edge, which is what the edge transfers, and the registers after it. Where
// the parts of a vector depend on one another yosys does not order them: `SETTLE` is defined then,
// and each half of a cycle is evaluated until nothing changes.
//
// `commit` tells whether any register or memory changed. If none did while the inputs stand still,
// none ever will: that cycle is the exact end of everything the design can do.

#include DESIGN

#include <cstddef>
#include <cstdint>

namespace {

struct Board {
    cxxrtl_design::p_top top;
    uint64_t cycles = 0;
};

enum Stop : int { LIMIT = 0, FULL = 1, QUIET = 2, STEADY = 3 };

}  // namespace

extern "C" {

Board *otus_create() {
    return new Board;
}

void otus_destroy(Board *board) {
    delete board;
}

uint64_t otus_cycles(const Board *board) {
    return board->cycles;
}

// Run at most `limit` cycles. Feeds rx[0..rx_count) and moves *rx_taken on; collects tx bytes up to
// tx_room and sets *tx_count. Returns early: FULL at tx_room bytes; QUIET after `quiet` cycles
// without another byte, once there is one; STEADY where nothing can happen any more.
int otus_run(Board *board, const uint8_t *rx, size_t rx_count, size_t *rx_taken, uint8_t *tx,
             size_t tx_room, size_t *tx_count, uint64_t limit, uint64_t quiet) {
    auto &top = board->top;
    size_t taken = 0, count = 0;
    uint64_t silence = 0;
    Stop stop = tx_room ? LIMIT : FULL;
    top.p_tx____ready = cxxrtl::value<1>{1u};
    for (uint64_t cycle = 0; cycle < limit && stop == LIMIT; cycle++) {
        const bool offer = taken < rx_count;
        top.p_rx____valid = cxxrtl::value<1>{offer ? 1u : 0u};
        if (offer)
            top.p_rx____payload = cxxrtl::value<8>{uint32_t(rx[taken])};
#ifdef SETTLE
        top.p_clk = cxxrtl::value<1>{0u};
        top.step();
#else
        top.prev_p_clk = cxxrtl::value<1>{0u};
        top.p_clk = cxxrtl::value<1>{1u};
        top.eval();
#endif
        const bool received = offer && top.p_rx____ready.template get<uint32_t>();
        const bool sent = top.p_tx____valid.template get<uint32_t>();
        if (received)
            taken++;
        if (sent)
            tx[count++] = uint8_t(top.p_tx____payload.template get<uint32_t>());
#ifdef SETTLE
        top.p_clk = cxxrtl::value<1>{1u};
        top.eval();
        const bool changed = top.commit();
        top.step();
#else
        const bool changed = top.commit();
#endif
        board->cycles++;
        silence = sent ? 0 : silence + 1;
        if (count == tx_room)
            stop = FULL;
        else if (!changed && !received && !sent)
            stop = STEADY;
        else if (count && silence >= quiet)
            stop = QUIET;
    }
    *rx_taken = taken;
    *tx_count = count;
    return stop;
}
}
