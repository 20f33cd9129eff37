// ECP5's pads and clocks, the cells that nextpnr writes after place and route, and the LUT in a form
// that a netlist's simulator evaluates fast; for yosys, by way of sim/netlist/lower.py. Memories and multipliers are those of
// ecp5.v; the others (CCU2C, PFUMX, L6MUX21, TRELLIS_DPR16X4) those of yosys,
// techlibs/lattice/cells_sim_ecp5.v. Nothing here was compared with a device.

// Source: yosys, techlibs/lattice/common_sim.vh.
module LUT4 (input A, B, C, D, output Z);
    parameter [15:0] INIT = 16'd0;
    \$lut #(.WIDTH(4), .LUT(INIT)) lut (.A({D, C, B, A}), .Y(Z));
endmodule

// Half a slice: a LUT, or one bit of an adder, and the multiplexer behind two LUTs.
// LUT is the output of its truth table, OWN that of the table's lower quarter for A and B: `lower`
// makes them of INITVAL.
// Source: yosys, common_sim.vh, TRELLIS_COMB and ccu2c_sim.vh; nextpnr, ecp5/pack.cc.
module TRELLIS_COMB (
    input LUT, OWN,
    input A, B, C, D, M, FCI, F1, FXA, FXB, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
    output F, FCO, OFX
);
    parameter MODE = "LOGIC";
    parameter CCU2_INJECT1 = "NO";
    parameter WREMUX = "WRE";
    parameter IS_Z1 = 1'b0;

    generate
        if (MODE == "LOGIC") begin : logic_
            assign F = LUT;
            assign FCO = 1'b0;
        end else if (MODE == "CCU2") begin : adder
            // The LUT is the sum without carry, its lower quarter what makes a carry of its own.
            wire inject = CCU2_INJECT1 == "YES";
            assign F = LUT ^ (FCI & !inject);
            assign FCO = LUT ? FCI : OWN & !inject;
        end else begin : other
            refused_TRELLIS_COMB_MODE_must_be_LOGIC_or_CCU2 refused ();
        end
    endgenerate
    assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
endmodule

// A flip-flop, before place and route (input DI) and after it (DI from the LUT, or M).
// Source: yosys, common_sim.vh; nextpnr, ecp5/pack.cc (SD: 1 takes DI, 0 takes M).
// Assumed: the global set and reset is not used.
module TRELLIS_FF (input CLK, LSR, CE, DI, M, output reg Q);
    parameter GSR = "ENABLED";
    parameter CEMUX = "1";
    parameter CLKMUX = "CLK";
    parameter LSRMUX = "LSR";
    parameter SRMODE = "LSR_OVER_CE";
    parameter REGSET = "RESET";
    parameter LSRMODE = "LSR";
    parameter SD = "1";

    wire clk = CLKMUX == "INV" ? ~CLK : CLK;
    wire ce = CEMUX == "1" ? 1'b1 : CEMUX == "0" ? 1'b0 : CEMUX == "INV" ? ~CE : CE;
    wire reset = LSRMUX == "INV" ? ~LSR : LSR;
    wire d = SD == "0" ? M : DI;
    wire value = REGSET == "SET";
    initial Q = REGSET == "SET";
    generate
        if (LSRMODE != "LSR") begin : load
            refused_TRELLIS_FF_LSRMODE_must_be_LSR refused ();
        end else if (SRMODE == "ASYNC") begin : asynchronous
            always @(posedge clk, posedge reset)
                if (reset) Q <= value;
                else if (ce) Q <= d;
        end else if (SRMODE == "CE_OVER_LSR") begin : enable_first
            always @(posedge clk)
                if (ce) Q <= reset ? value : d;
        end else begin : reset_first
            always @(posedge clk)
                if (reset) Q <= value;
                else if (ce) Q <= d;
        end
    endgenerate
endmodule

// A pad that is an input or an output; one that is not driven reads 1.
// Source: yosys, common_sim.vh.
module TRELLIS_IO (inout B, input I, T, output O);
    parameter DIR = "INPUT";
    generate
        if (DIR == "OUTPUT" || DIR == "BIDIR") begin : driven
            assign B = I | T;
        end else if (DIR != "INPUT") begin : other
            refused_TRELLIS_IO_DIR_must_be_INPUT_OUTPUT_or_BIDIR refused ();
        end
    endgenerate
    assign O = B;
endmodule

// A buffer onto a clock network.
module DCCA (input CLKI, CE, output CLKO);
    assign CLKO = CLKI;
endmodule

// A PLL, as a wire: the simulation's clock is the one that it makes. Its frequency is checked where
// the board's parameters are chosen, not here: `netlist.load` drops the parameters. Assumed: it is
// locked from the first edge on.
module EHXPLLL (
    input CLKI, CLKFB, PHASESEL1, PHASESEL0, PHASEDIR, PHASESTEP, PHASELOADREG, STDBY, PLLWAKESYNC,
    input RST, ENCLKOP, ENCLKOS, ENCLKOS2, ENCLKOS3,
    output CLKOP, CLKOS, CLKOS2, CLKOS3, LOCK, INTLOCK, REFCLK, CLKINTFB
);
    assign CLKOP = CLKI;
    assign {CLKOS, CLKOS2, CLKOS3, CLKINTFB} = 4'd0;
    assign REFCLK = CLKI;
    assign LOCK = 1'b1;
    assign INTLOCK = 1'b1;
endmodule
