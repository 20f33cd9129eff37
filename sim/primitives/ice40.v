// Behaviour of iCE40's block RAM, and of UltraPlus' multiplier and single-port RAM. Verilator, Icarus
// and yosys read it. What is not modelled is refused at elaboration: a module is instanced that does
// not exist, and its name says what is wrong.
//
// Sources
//   Lattice, iCE40 SBT Technology Library (SB_RAM40_4K, SB_MAC16, SB_SPRAM256KA).
//   Lattice TN1295, DSP Function Usage Guide for iCE40 Devices.
//   yosys, techlibs/ice40: cells_sim.v (ports, parameters, defaults), brams_map.v (which bits of the
//     ports hold a narrow word).
// Nothing here was compared with a device.

// Block RAM of 256 words of 16 bits, or 512 of 8 (bits 0, 2, ... of the ports), 1,024 of 4 (bits 1,
// 5, 9, 13) or 2,048 of 2 (bits 3, 11), for each port. A narrow address is the row (8 bits) and above
// it the word's place in the row. Assumed: what is read while it is written is undefined (here: the
// bits written are inverted), MASK is used by 16-bit words only, 0 after configuration.
module SB_RAM40_4K (
    output [15:0] RDATA,
    input RCLK, RCLKE, RE,
    input [10:0] RADDR,
    input WCLK, WCLKE, WE,
    input [10:0] WADDR,
    input [15:0] MASK, WDATA
);
    parameter WRITE_MODE = 0;
    parameter READ_MODE = 0;
    parameter [255:0] INIT_0 = 256'd0;
    parameter [255:0] INIT_1 = 256'd0;
    parameter [255:0] INIT_2 = 256'd0;
    parameter [255:0] INIT_3 = 256'd0;
    parameter [255:0] INIT_4 = 256'd0;
    parameter [255:0] INIT_5 = 256'd0;
    parameter [255:0] INIT_6 = 256'd0;
    parameter [255:0] INIT_7 = 256'd0;
    parameter [255:0] INIT_8 = 256'd0;
    parameter [255:0] INIT_9 = 256'd0;
    parameter [255:0] INIT_A = 256'd0;
    parameter [255:0] INIT_B = 256'd0;
    parameter [255:0] INIT_C = 256'd0;
    parameter [255:0] INIT_D = 256'd0;
    parameter [255:0] INIT_E = 256'd0;
    parameter [255:0] INIT_F = 256'd0;
    localparam [4095:0] INIT = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
        INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};

    // Bits of a row that a narrow word takes: every 2nd, 4th or 8th, from its place on.
    function [15:0] bits(input [1:0] mode, input [2:0] place);
        bits = mode == 0 ? 16'hffff : mode == 1 ? 16'h5555 << place[0]
             : mode == 2 ? 16'h1111 << place[1:0] : 16'h0101 << place;
    endfunction

    // Bits of the port, one for each bit of the word.
    function [15:0] port(input [1:0] mode);
        port = mode == 0 ? 16'hffff : mode == 1 ? 16'h5555 : mode == 2 ? 16'h2222 : 16'h0808;
    endfunction

    reg [15:0] rows [0:255];
    integer i;
    initial for (i = 0; i < 256; i = i + 1) rows[i] = INIT[16 * i +: 16];

    // A word's bits spread over all places of the row, and gathered from one of them.
    reg [15:0] spread, gathered;
    reg [15:0] seen;
    integer bit_at, group;
    always @* begin
        spread = 0;
        for (bit_at = 0; bit_at < 16; bit_at = bit_at + 1) begin
            group = bit_at >> WRITE_MODE;
            spread[bit_at] = WRITE_MODE == 0 ? WDATA[bit_at] : WRITE_MODE == 1 ? WDATA[2 * group]
                           : WRITE_MODE == 2 ? WDATA[4 * group + 1] : WDATA[8 * group + 3];
        end
    end
    wire [15:0] write = {16{WCLKE & WE}} & bits(WRITE_MODE, WADDR[10:8])
                      & ~(WRITE_MODE == 0 ? MASK : 16'd0);
    wire [15:0] stored = rows[RADDR[7:0]]
                       ^ (RADDR[7:0] == WADDR[7:0] ? write : 16'd0);
    wire [15:0] chosen = stored & bits(READ_MODE, RADDR[10:8]);
    integer out_at;
    always @* begin
        gathered = 0;
        for (out_at = 0; out_at < 16; out_at = out_at + 1)
            gathered[out_at] = READ_MODE == 0 ? chosen[out_at]
                : READ_MODE == 1 ? |chosen[(out_at & 14) +: 2]
                : READ_MODE == 2 ? |chosen[(out_at & 12) +: 4] : |chosen[(out_at & 8) +: 8];
    end
    initial seen = 0;
    always @(posedge RCLK) if (RCLKE & RE) seen <= gathered & port(READ_MODE);
    always @(posedge WCLK)
        rows[WADDR[7:0]] <= (rows[WADDR[7:0]] & ~write) | (spread & write);
    assign RDATA = seen;
endmodule

// Two signed 8x8 products, each through the register of its operands, of its product and of the
// adder behind it. Other modes are refused. Assumed: the registers are 0 after configuration; the
// adder's other operand is C (upper product) and D (lower), the carry input 0.
module SB_MAC16 (
    input CLK, CE,
    input [15:0] C, A, B, D,
    input AHOLD, BHOLD, CHOLD, DHOLD, IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT, OLOADTOP, OLOADBOT,
    input ADDSUBTOP, ADDSUBBOT, OHOLDTOP, OHOLDBOT, CI, ACCUMCI, SIGNEXTIN,
    output [31:0] O,
    output CO, ACCUMCO, SIGNEXTOUT
);
    parameter [0:0] NEG_TRIGGER = 0;
    parameter [0:0] C_REG = 0;
    parameter [0:0] A_REG = 0;
    parameter [0:0] B_REG = 0;
    parameter [0:0] D_REG = 0;
    parameter [0:0] TOP_8x8_MULT_REG = 0;
    parameter [0:0] BOT_8x8_MULT_REG = 0;
    parameter [0:0] PIPELINE_16x16_MULT_REG1 = 0;
    parameter [0:0] PIPELINE_16x16_MULT_REG2 = 0;
    parameter [1:0] TOPOUTPUT_SELECT = 0;
    parameter [1:0] TOPADDSUB_LOWERINPUT = 0;
    parameter [0:0] TOPADDSUB_UPPERINPUT = 0;
    parameter [1:0] TOPADDSUB_CARRYSELECT = 0;
    parameter [1:0] BOTOUTPUT_SELECT = 0;
    parameter [1:0] BOTADDSUB_LOWERINPUT = 0;
    parameter [0:0] BOTADDSUB_UPPERINPUT = 0;
    parameter [1:0] BOTADDSUB_CARRYSELECT = 0;
    parameter [0:0] MODE_8x8 = 0;
    parameter [0:0] A_SIGNED = 0;
    parameter [0:0] B_SIGNED = 0;

    generate
        if (!(MODE_8x8 && A_SIGNED && B_SIGNED && A_REG && B_REG && TOP_8x8_MULT_REG
              && BOT_8x8_MULT_REG && TOPOUTPUT_SELECT == 1 && BOTOUTPUT_SELECT == 1
              && TOPADDSUB_LOWERINPUT == 1 && BOTADDSUB_LOWERINPUT == 1 && TOPADDSUB_UPPERINPUT
              && BOTADDSUB_UPPERINPUT && !C_REG && !D_REG && !NEG_TRIGGER
              && TOPADDSUB_CARRYSELECT == 0 && BOTADDSUB_CARRYSELECT == 0))
            refused_SB_MAC16_mode_is_not_modelled refused ();
    endgenerate

    reg signed [7:0] a_high = 0, a_low = 0, b_high = 0, b_low = 0;
    reg signed [15:0] high = 0, low = 0;
    reg [15:0] top = 0, bottom = 0;
    always @(posedge CLK) if (CE) begin
        {a_high, a_low} <= A;
        {b_high, b_low} <= B;
        high <= a_high * b_high;
        low <= a_low * b_low;
        top <= high + C;
        bottom <= low + D;
    end
    assign O = {top, bottom};
    assign {CO, ACCUMCO, SIGNEXTOUT} = 0;
endmodule

// RAM of 16,384 words of 16 bits with one port. MASKWREN enables each four bits of a word. Assumed:
// what is read in the cycle of a write is undefined (here: the word inverted), and so is what was
// never written (here: 0).
module SB_SPRAM256KA (
    input [13:0] ADDRESS,
    input [15:0] DATAIN,
    input [3:0] MASKWREN,
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    output reg [15:0] DATAOUT
);
    reg [15:0] words [0:16383];
    wire [15:0] mask = {{4{MASKWREN[3]}}, {4{MASKWREN[2]}}, {4{MASKWREN[1]}}, {4{MASKWREN[0]}}};
    wire works = CHIPSELECT & ~STANDBY & ~SLEEP & POWEROFF; // POWEROFF low switches it off
    initial DATAOUT = 0;
`ifndef YOSYS // for which words without a value are 0, and so many with one are slow
    integer i;
    initial for (i = 0; i < 16384; i = i + 1) words[i] = 0;
`endif
    always @(posedge CLOCK) if (works) begin
        DATAOUT <= WREN ? ~words[ADDRESS] : words[ADDRESS];
        if (WREN) words[ADDRESS] <= (words[ADDRESS] & ~mask) | (DATAIN & mask);
    end
endmodule
