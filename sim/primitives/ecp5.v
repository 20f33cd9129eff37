// Behaviour of ECP5's multiplier and block RAM, for simulation of netlists before and after place
// and route. Verilator, Icarus and yosys read it. What is not modelled is refused at elaboration: a
// module is instanced that does not exist, and its name says what is wrong.
//
// Sources
//   yosys, techlibs/lattice: cells_bb_ecp5.v (ports, parameters, defaults), brams_16kd.txt (what
//     write modes and resets do), brams_map_16kd.v (order of bytes, words and INITVAL).
//   nextpnr, ecp5/pack.cc (PDPW16KD as DP16KD), ecp5/bitstream.cc (what reaches the bitstream).
//   Lattice, LatticeECP2/M Family Data Sheet, sysDSP: every register takes one of four clocks,
//     clock enables and resets, as the parameters of ECP5's slice say too.
// Nothing here was compared with a device.

// A register of the DSP slice: one of four clocks, clock enables and resets, or none at all.
module otus_ecp5_dsp_register #(
    parameter WIDTH = 1,
    parameter CLK = "NONE",
    parameter CE = "CE0",
    parameter RST = "RST0"
) (
    input [3:0] clks, ces, rsts,
    input [WIDTH-1:0] d,
    output [WIDTH-1:0] q
);
    generate
        if (CLK == "NONE") begin : bypassed
            assign q = d;
        end else begin : registered
            wire clk = CLK == "CLK0" ? clks[0] : CLK == "CLK1" ? clks[1]
                     : CLK == "CLK2" ? clks[2] : clks[3];
            wire ce = CE == "CE0" ? ces[0] : CE == "CE1" ? ces[1] : CE == "CE2" ? ces[2] : ces[3];
            wire rst = RST == "RST0" ? rsts[0] : RST == "RST1" ? rsts[1]
                     : RST == "RST2" ? rsts[2] : rsts[3];
            reg [WIDTH-1:0] value = 0;
            always @(posedge clk)
                if (rst) value <= 0;
                else if (ce) value <= d;
            assign q = value;
        end
    endgenerate
endmodule

// Multiply 18 by 18 bits, each operand signed or unsigned, through up to three registers.
// Assumed: the sign of an operand travels through the registers of the operand; resets win over
// clock enables; registers are 0 after configuration; the global reset is not used. The register
// of the output takes CE0 and RST0, since nextpnr-ecp5 writes no other choice. ROA, ROB, SROA and
// SROB are the operands after their registers; the cascade is not routed by nextpnr. C belongs to
// the modes that are refused.
module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SRIA17, SRIA16, SRIA15, SRIA14, SRIA13, SRIA12, SRIA11, SRIA10, SRIA9, SRIA8, SRIA7,
          SRIA6, SRIA5, SRIA4, SRIA3, SRIA2, SRIA1, SRIA0,
    input SRIB17, SRIB16, SRIB15, SRIB14, SRIB13, SRIB12, SRIB11, SRIB10, SRIB9, SRIB8, SRIB7,
          SRIB6, SRIB5, SRIB4, SRIB3, SRIB2, SRIB1, SRIB0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK3, CLK2, CLK1, CLK0, CE3, CE2, CE1, CE0, RST3, RST2, RST1, RST0,
    output SROA17, SROA16, SROA15, SROA14, SROA13, SROA12, SROA11, SROA10, SROA9, SROA8, SROA7,
           SROA6, SROA5, SROA4, SROA3, SROA2, SROA1, SROA0,
    output SROB17, SROB16, SROB15, SROB14, SROB13, SROB12, SROB11, SROB10, SROB9, SROB8, SROB7,
           SROB6, SROB5, SROB4, SROB3, SROB2, SROB1, SROB0,
    output ROA17, ROA16, ROA15, ROA14, ROA13, ROA12, ROA11, ROA10, ROA9, ROA8, ROA7, ROA6, ROA5,
           ROA4, ROA3, ROA2, ROA1, ROA0,
    output ROB17, ROB16, ROB15, ROB14, ROB13, ROB12, ROB11, ROB10, ROB9, ROB8, ROB7, ROB6, ROB5,
           ROB4, ROB3, ROB2, ROB1, ROB0,
    output ROC17, ROC16, ROC15, ROC14, ROC13, ROC12, ROC11, ROC10, ROC9, ROC8, ROC7, ROC6, ROC5,
           ROC4, ROC3, ROC2, ROC1, ROC0,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19,
           P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0,
           SIGNEDP
);
    parameter REG_INPUTA_CLK = "NONE";
    parameter REG_INPUTA_CE = "CE0";
    parameter REG_INPUTA_RST = "RST0";
    parameter REG_INPUTB_CLK = "NONE";
    parameter REG_INPUTB_CE = "CE0";
    parameter REG_INPUTB_RST = "RST0";
    parameter REG_INPUTC_CLK = "NONE";
    parameter REG_INPUTC_CE = "CE0";
    parameter REG_INPUTC_RST = "RST0";
    parameter REG_PIPELINE_CLK = "NONE";
    parameter REG_PIPELINE_CE = "CE0";
    parameter REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK = "NONE";
    parameter REG_OUTPUT_CE = "CE0";
    parameter REG_OUTPUT_RST = "RST0";
    parameter CLK0_DIV = "ENABLED";
    parameter CLK1_DIV = "ENABLED";
    parameter CLK2_DIV = "ENABLED";
    parameter CLK3_DIV = "ENABLED";
    parameter HIGHSPEED_CLK = "NONE";
    parameter GSR = "ENABLED";
    parameter CAS_MATCH_REG = "FALSE";
    parameter SOURCEB_MODE = "B_SHIFT";
    parameter MULT_BYPASS = "DISABLED";
    parameter RESETMODE = "SYNC";

    generate
        if (REG_INPUTC_CLK != "NONE" || HIGHSPEED_CLK != "NONE" || CAS_MATCH_REG != "FALSE"
            || SOURCEB_MODE != "B_SHIFT" || MULT_BYPASS != "DISABLED" || RESETMODE != "SYNC")
            refused_MULT18X18D_mode_is_not_modelled refused ();
        if (REG_OUTPUT_CLK != "NONE" && (REG_OUTPUT_CE != "CE0" || REG_OUTPUT_RST != "RST0"))
            refused_MULT18X18D_output_register_must_use_CE0_and_RST0 refused ();
    endgenerate

    wire [3:0] clks = {CLK3, CLK2, CLK1, CLK0};
    wire [3:0] ces = {CE3, CE2, CE1, CE0};
    wire [3:0] rsts = {RST3, RST2, RST1, RST0};
    wire [18:0] a_in, b_in, a, b;
    assign a_in[18] = SIGNEDA;
    assign b_in[18] = SIGNEDB;
    assign a_in[17:0] = SOURCEA ? {SRIA17, SRIA16, SRIA15, SRIA14, SRIA13, SRIA12, SRIA11,
        SRIA10, SRIA9, SRIA8, SRIA7, SRIA6, SRIA5, SRIA4, SRIA3, SRIA2, SRIA1, SRIA0}
        : {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
    assign b_in[17:0] = SOURCEB ? {SRIB17, SRIB16, SRIB15, SRIB14, SRIB13, SRIB12, SRIB11,
        SRIB10, SRIB9, SRIB8, SRIB7, SRIB6, SRIB5, SRIB4, SRIB3, SRIB2, SRIB1, SRIB0}
        : {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};

    otus_ecp5_dsp_register #(
        .WIDTH(19), .CLK(REG_INPUTA_CLK), .CE(REG_INPUTA_CE), .RST(REG_INPUTA_RST)
    ) input_a (clks, ces, rsts, a_in, a);
    otus_ecp5_dsp_register #(
        .WIDTH(19), .CLK(REG_INPUTB_CLK), .CE(REG_INPUTB_CE), .RST(REG_INPUTB_RST)
    ) input_b (clks, ces, rsts, b_in, b);

    wire signed [18:0] left = {a[18] & a[17], a[17:0]};
    wire signed [18:0] right = {b[18] & b[17], b[17:0]};
    wire signed [37:0] product = left * right;
    wire [36:0] pipeline, result;
    otus_ecp5_dsp_register #(
        .WIDTH(37), .CLK(REG_PIPELINE_CLK), .CE(REG_PIPELINE_CE), .RST(REG_PIPELINE_RST)
    ) pipeline_register (clks, ces, rsts, {a[18] | b[18], product[35:0]}, pipeline);
    otus_ecp5_dsp_register #(
        .WIDTH(37), .CLK(REG_OUTPUT_CLK), .CE(REG_OUTPUT_CE), .RST(REG_OUTPUT_RST)
    ) output_register (clks, ces, rsts, pipeline, result);
    assign {SIGNEDP, P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21,
        P20, P19, P18, P17, P16, P15, P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2,
        P1, P0} = result;
    assign {ROA17, ROA16, ROA15, ROA14, ROA13, ROA12, ROA11, ROA10, ROA9, ROA8, ROA7, ROA6,
        ROA5, ROA4, ROA3, ROA2, ROA1, ROA0} = a[17:0];
    assign {ROB17, ROB16, ROB15, ROB14, ROB13, ROB12, ROB11, ROB10, ROB9, ROB8, ROB7, ROB6,
        ROB5, ROB4, ROB3, ROB2, ROB1, ROB0} = b[17:0];
    assign {ROC17, ROC16, ROC15, ROC14, ROC13, ROC12, ROC11, ROC10, ROC9, ROC8, ROC7, ROC6,
        ROC5, ROC4, ROC3, ROC2, ROC1, ROC0}
        = {C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0};
    assign {SROA17, SROA16, SROA15, SROA14, SROA13, SROA12, SROA11, SROA10, SROA9, SROA8, SROA7,
        SROA6, SROA5, SROA4, SROA3, SROA2, SROA1, SROA0} = a[17:0];
    assign {SROB17, SROB16, SROB15, SROB14, SROB13, SROB12, SROB11, SROB10, SROB9, SROB8, SROB7,
        SROB6, SROB5, SROB4, SROB3, SROB2, SROB1, SROB0} = b[17:0];
endmodule

// One port of a block RAM: what it selects of a row of four 9-bit bytes, and its read registers.
module otus_ecp5_ram_port #(
    parameter WIDTH = 18,
    parameter REGMODE = "NOREG",
    parameter WRITEMODE = "NORMAL",
    parameter RESETMODE = "SYNC"
) (
    input clk, ce, oce, we, rst, selected,
    input [13:0] address,
    input [35:0] stored, // the row as it is before the clock's edge
    input [35:0] data, // what would be written: the enabled bytes of it
    input [3:0] collides, // bytes of the row that the other port writes at this edge
    output [8:0] row,
    output [3:0] write, // bytes of the row that this port writes
    output [35:0] q
);
    wire enabled = ce & selected;
    wire [3:0] addressed = WIDTH == 36 ? 4'b1111 : WIDTH == 18 ? 4'b0011 << {address[4], 1'b0}
                         : 4'b0001 << address[4:3];
    wire [3:0] enables = WIDTH == 36 ? address[3:0] : WIDTH == 18 ? {2{address[1:0]}} : 4'b1111;
    assign row = address[13:5];
    assign write = {4{enabled & we & ~rst}} & addressed & enables;

    wire [35:0] mask = {{9{write[3]}}, {9{write[2]}}, {9{write[1]}}, {9{write[0]}}};
    // The other port writes what this one reads: what it reads is undefined. Inverted, an error
    // that depends on it shows.
    wire [35:0] clash = {{9{collides[3]}}, {9{collides[2]}}, {9{collides[1]}}, {9{collides[0]}}};
    wire [35:0] seen = clash
        ^ (WRITEMODE == "WRITETHROUGH" ? (data & mask) | (stored & ~mask) : stored);
    wire [17:0] half = address[4] ? seen[35:18] : seen[17:0];
    wire [35:0] word = WIDTH == 36 ? seen : WIDTH == 18 ? half
                     : address[3] ? half[17:9] : half[8:0];
    reg [35:0] latch = 0, second = 0;
    wire next = enabled & (WRITEMODE != "NORMAL" | !we);
    generate
        if (RESETMODE == "ASYNC") begin : asynchronous
            always @(posedge clk, posedge rst)
                if (rst) latch <= 0;
                else if (next) latch <= word;
            always @(posedge clk, posedge rst)
                if (rst) second <= 0;
                else if (oce) second <= latch;
        end else begin : synchronous
            always @(posedge clk)
                if (rst) latch <= 0;
                else if (next) latch <= word;
            always @(posedge clk)
                if (rst) second <= 0;
                else if (oce) second <= latch;
        end
    endgenerate
    assign q = REGMODE == "OUTREG" ? second : latch;
endmodule

// Block RAM of 1,024 words of 18 bits with two ports, each 9 or 18 bits wide, or (DATA_WIDTH_A 36)
// with a 36-bit port to write and one of 9, 18 or 36 bits to read.
// In a port of 18 bits AD0 and AD1 enable its bytes, in one of 36 bits AD0 to AD3. A 36-bit word is
// two words of 18: DIA and DOA the lower, DIB and DOB the upper. Assumed: WEA is not used where the
// port is 36 bits wide; the first read register obeys CE and the chip select, the second OCE alone;
// a reset clears both and keeps its port from writing; both are 0 after configuration. What one
// port reads while the other writes it is inverted: nothing may depend on it. Two ports that
// write the same byte at once are not modelled.
module DP16KD (
    input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5,
          DIA4, DIA3, DIA2, DIA1, DIA0,
    input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
    input CLKA, CEA, OCEA, WEA, RSTA, CSA2, CSA1, CSA0,
    output DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6, DOA5,
           DOA4, DOA3, DOA2, DOA1, DOA0,
    input DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7, DIB6, DIB5,
          DIB4, DIB3, DIB2, DIB1, DIB0,
    input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
    input CLKB, CEB, OCEB, WEB, RSTB, CSB2, CSB1, CSB0,
    output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
           DOB4, DOB3, DOB2, DOB1, DOB0
);
    parameter DATA_WIDTH_A = 18;
    parameter DATA_WIDTH_B = 18;
    parameter REGMODE_A = "NOREG";
    parameter REGMODE_B = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_A = "0b000";
    parameter CSDECODE_B = "0b000";
    parameter WRITEMODE_A = "NORMAL";
    parameter WRITEMODE_B = "NORMAL";
    parameter CLKAMUX = "CLKA";
    parameter CLKBMUX = "CLKB";
    parameter GSR = "ENABLED";
    parameter INIT_DATA = "STATIC";
    parameter [319:0] INITVAL_00 = 320'd0;
    parameter [319:0] INITVAL_01 = 320'd0;
    parameter [319:0] INITVAL_02 = 320'd0;
    parameter [319:0] INITVAL_03 = 320'd0;
    parameter [319:0] INITVAL_04 = 320'd0;
    parameter [319:0] INITVAL_05 = 320'd0;
    parameter [319:0] INITVAL_06 = 320'd0;
    parameter [319:0] INITVAL_07 = 320'd0;
    parameter [319:0] INITVAL_08 = 320'd0;
    parameter [319:0] INITVAL_09 = 320'd0;
    parameter [319:0] INITVAL_0A = 320'd0;
    parameter [319:0] INITVAL_0B = 320'd0;
    parameter [319:0] INITVAL_0C = 320'd0;
    parameter [319:0] INITVAL_0D = 320'd0;
    parameter [319:0] INITVAL_0E = 320'd0;
    parameter [319:0] INITVAL_0F = 320'd0;
    parameter [319:0] INITVAL_10 = 320'd0;
    parameter [319:0] INITVAL_11 = 320'd0;
    parameter [319:0] INITVAL_12 = 320'd0;
    parameter [319:0] INITVAL_13 = 320'd0;
    parameter [319:0] INITVAL_14 = 320'd0;
    parameter [319:0] INITVAL_15 = 320'd0;
    parameter [319:0] INITVAL_16 = 320'd0;
    parameter [319:0] INITVAL_17 = 320'd0;
    parameter [319:0] INITVAL_18 = 320'd0;
    parameter [319:0] INITVAL_19 = 320'd0;
    parameter [319:0] INITVAL_1A = 320'd0;
    parameter [319:0] INITVAL_1B = 320'd0;
    parameter [319:0] INITVAL_1C = 320'd0;
    parameter [319:0] INITVAL_1D = 320'd0;
    parameter [319:0] INITVAL_1E = 320'd0;
    parameter [319:0] INITVAL_1F = 320'd0;
    parameter [319:0] INITVAL_20 = 320'd0;
    parameter [319:0] INITVAL_21 = 320'd0;
    parameter [319:0] INITVAL_22 = 320'd0;
    parameter [319:0] INITVAL_23 = 320'd0;
    parameter [319:0] INITVAL_24 = 320'd0;
    parameter [319:0] INITVAL_25 = 320'd0;
    parameter [319:0] INITVAL_26 = 320'd0;
    parameter [319:0] INITVAL_27 = 320'd0;
    parameter [319:0] INITVAL_28 = 320'd0;
    parameter [319:0] INITVAL_29 = 320'd0;
    parameter [319:0] INITVAL_2A = 320'd0;
    parameter [319:0] INITVAL_2B = 320'd0;
    parameter [319:0] INITVAL_2C = 320'd0;
    parameter [319:0] INITVAL_2D = 320'd0;
    parameter [319:0] INITVAL_2E = 320'd0;
    parameter [319:0] INITVAL_2F = 320'd0;
    parameter [319:0] INITVAL_30 = 320'd0;
    parameter [319:0] INITVAL_31 = 320'd0;
    parameter [319:0] INITVAL_32 = 320'd0;
    parameter [319:0] INITVAL_33 = 320'd0;
    parameter [319:0] INITVAL_34 = 320'd0;
    parameter [319:0] INITVAL_35 = 320'd0;
    parameter [319:0] INITVAL_36 = 320'd0;
    parameter [319:0] INITVAL_37 = 320'd0;
    parameter [319:0] INITVAL_38 = 320'd0;
    parameter [319:0] INITVAL_39 = 320'd0;
    parameter [319:0] INITVAL_3A = 320'd0;
    parameter [319:0] INITVAL_3B = 320'd0;
    parameter [319:0] INITVAL_3C = 320'd0;
    parameter [319:0] INITVAL_3D = 320'd0;
    parameter [319:0] INITVAL_3E = 320'd0;
    parameter [319:0] INITVAL_3F = 320'd0;

    generate
        if (DATA_WIDTH_A != 9 && DATA_WIDTH_A != 18 && DATA_WIDTH_A != 36)
            refused_DP16KD_DATA_WIDTH_A_must_be_9_18_or_36 refused ();
        if (DATA_WIDTH_B != 9 && DATA_WIDTH_B != 18 && (DATA_WIDTH_B != 36 || DATA_WIDTH_A != 36))
            refused_DP16KD_DATA_WIDTH_B_must_be_9_or_18_or_beside_36_also_36 refused ();
    endgenerate

    wire clka = CLKAMUX == "INV" ? ~CLKA : CLKA;
    wire clkb = CLKBMUX == "INV" ? ~CLKB : CLKB;
    // The last bit of an ASCII digit is its value.
    localparam [39:0] DECODE_A = CSDECODE_A;
    localparam [39:0] DECODE_B = CSDECODE_B;
    wire selected_a = {CSA2, CSA1, CSA0} == {DECODE_A[16], DECODE_A[8], DECODE_A[0]};
    wire selected_b = {CSB2, CSB1, CSB0} == {DECODE_B[16], DECODE_B[8], DECODE_B[0]};

    localparam WIDE = DATA_WIDTH_A == 36;
    wire [17:0] di_a = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8,
        DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1, DIA0};
    wire [17:0] di_b = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8,
        DIB7, DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0};
    wire [13:0] ad_a = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3,
        ADA2, ADA1, ADA0};
    wire [13:0] ad_b = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3,
        ADB2, ADB1, ADB0};
    wire [35:0] data_a = WIDE ? {di_b, di_a} : DATA_WIDTH_A == 18 ? {2{di_a}} : {4{di_a[8:0]}};
    wire [35:0] data_b = DATA_WIDTH_B == 18 ? {2{di_b}} : {4{di_b[8:0]}};

    localparam [20479:0] INIT = {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B,
        INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
        INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D,
        INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26,
        INITVAL_25, INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F,
        INITVAL_1E, INITVAL_1D, INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11,
        INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
        INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03,
        INITVAL_02, INITVAL_01, INITVAL_00};
    reg [35:0] rows [0:511];
    integer i;
    initial
        for (i = 0; i < 512; i = i + 1)
            rows[i] = {INIT[40 * i + 20 +: 18], INIT[40 * i +: 18]};

    wire [8:0] row_a, row_b;
    wire [3:0] write_a, write_b;
    wire [35:0] q_a, q_b;
    wire [3:0] same = {4{row_a == row_b}};
    otus_ecp5_ram_port #(
        .WIDTH(DATA_WIDTH_A), .REGMODE(REGMODE_A), .WRITEMODE(WRITEMODE_A),
        .RESETMODE(RESETMODE)
    ) port_a (
        clka, CEA, OCEA, WEA | WIDE, RSTA, selected_a, ad_a, rows[row_a], data_a, write_b & same,
        row_a, write_a, q_a
    );
    otus_ecp5_ram_port #(
        .WIDTH(DATA_WIDTH_B), .REGMODE(REGMODE_B), .WRITEMODE(WRITEMODE_B),
        .RESETMODE(RESETMODE)
    ) port_b (
        clkb, CEB, OCEB, WEB & !WIDE, RSTB, selected_b, ad_b, rows[row_b], data_b, write_a & same,
        row_b, write_b, q_b
    );
    always @(posedge clka) begin
        if (write_a[0]) rows[row_a][8:0] <= data_a[8:0];
        if (write_a[1]) rows[row_a][17:9] <= data_a[17:9];
        if (write_a[2]) rows[row_a][26:18] <= data_a[26:18];
        if (write_a[3]) rows[row_a][35:27] <= data_a[35:27];
    end
    always @(posedge clkb) begin
        if (write_b[0]) rows[row_b][8:0] <= data_b[8:0];
        if (write_b[1]) rows[row_b][17:9] <= data_b[17:9];
        if (write_b[2]) rows[row_b][26:18] <= data_b[26:18];
        if (write_b[3]) rows[row_b][35:27] <= data_b[35:27];
    end
    // A narrow word read beside a wide port that writes comes out of port B.
    assign {DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8, DOA7, DOA6,
        DOA5, DOA4, DOA3, DOA2, DOA1, DOA0} = WIDE ? q_b[17:0] : q_a[17:0];
    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6,
        DOB5, DOB4, DOB3, DOB2, DOB1, DOB0} = WIDE && DATA_WIDTH_B == 36 ? q_b[35:18] : q_b[17:0];
endmodule

// The block RAM as one port to write 36 bits and one to read 9, 18 or 36, in the vendor's order: of
// a 36-bit word DO35 to DO18 are the lower half, DO17 to DO0 the upper one.
module PDPW16KD (
    input DI35, DI34, DI33, DI32, DI31, DI30, DI29, DI28, DI27, DI26, DI25, DI24, DI23, DI22, DI21,
          DI20, DI19, DI18, DI17, DI16, DI15, DI14, DI13, DI12, DI11, DI10, DI9, DI8, DI7, DI6,
          DI5, DI4, DI3, DI2, DI1, DI0,
    input ADW8, ADW7, ADW6, ADW5, ADW4, ADW3, ADW2, ADW1, ADW0, BE3, BE2, BE1, BE0,
    input CLKW, CEW, CSW2, CSW1, CSW0,
    input ADR13, ADR12, ADR11, ADR10, ADR9, ADR8, ADR7, ADR6, ADR5, ADR4, ADR3, ADR2, ADR1, ADR0,
    input CLKR, CER, OCER, RST, CSR2, CSR1, CSR0,
    output DO35, DO34, DO33, DO32, DO31, DO30, DO29, DO28, DO27, DO26, DO25, DO24, DO23, DO22,
           DO21, DO20, DO19, DO18, DO17, DO16, DO15, DO14, DO13, DO12, DO11, DO10, DO9, DO8, DO7,
           DO6, DO5, DO4, DO3, DO2, DO1, DO0
);
    parameter CLKRMUX = "CLKR";
    parameter CLKWMUX = "CLKW";
    parameter DATA_WIDTH_W = 36;
    parameter DATA_WIDTH_R = 36;
    parameter GSR = "ENABLED";
    parameter REGMODE = "NOREG";
    parameter RESETMODE = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter CSDECODE_W = "0b000";
    parameter CSDECODE_R = "0b000";
    parameter INIT_DATA = "STATIC";
    parameter [319:0] INITVAL_00 = 320'd0;
    parameter [319:0] INITVAL_01 = 320'd0;
    parameter [319:0] INITVAL_02 = 320'd0;
    parameter [319:0] INITVAL_03 = 320'd0;
    parameter [319:0] INITVAL_04 = 320'd0;
    parameter [319:0] INITVAL_05 = 320'd0;
    parameter [319:0] INITVAL_06 = 320'd0;
    parameter [319:0] INITVAL_07 = 320'd0;
    parameter [319:0] INITVAL_08 = 320'd0;
    parameter [319:0] INITVAL_09 = 320'd0;
    parameter [319:0] INITVAL_0A = 320'd0;
    parameter [319:0] INITVAL_0B = 320'd0;
    parameter [319:0] INITVAL_0C = 320'd0;
    parameter [319:0] INITVAL_0D = 320'd0;
    parameter [319:0] INITVAL_0E = 320'd0;
    parameter [319:0] INITVAL_0F = 320'd0;
    parameter [319:0] INITVAL_10 = 320'd0;
    parameter [319:0] INITVAL_11 = 320'd0;
    parameter [319:0] INITVAL_12 = 320'd0;
    parameter [319:0] INITVAL_13 = 320'd0;
    parameter [319:0] INITVAL_14 = 320'd0;
    parameter [319:0] INITVAL_15 = 320'd0;
    parameter [319:0] INITVAL_16 = 320'd0;
    parameter [319:0] INITVAL_17 = 320'd0;
    parameter [319:0] INITVAL_18 = 320'd0;
    parameter [319:0] INITVAL_19 = 320'd0;
    parameter [319:0] INITVAL_1A = 320'd0;
    parameter [319:0] INITVAL_1B = 320'd0;
    parameter [319:0] INITVAL_1C = 320'd0;
    parameter [319:0] INITVAL_1D = 320'd0;
    parameter [319:0] INITVAL_1E = 320'd0;
    parameter [319:0] INITVAL_1F = 320'd0;
    parameter [319:0] INITVAL_20 = 320'd0;
    parameter [319:0] INITVAL_21 = 320'd0;
    parameter [319:0] INITVAL_22 = 320'd0;
    parameter [319:0] INITVAL_23 = 320'd0;
    parameter [319:0] INITVAL_24 = 320'd0;
    parameter [319:0] INITVAL_25 = 320'd0;
    parameter [319:0] INITVAL_26 = 320'd0;
    parameter [319:0] INITVAL_27 = 320'd0;
    parameter [319:0] INITVAL_28 = 320'd0;
    parameter [319:0] INITVAL_29 = 320'd0;
    parameter [319:0] INITVAL_2A = 320'd0;
    parameter [319:0] INITVAL_2B = 320'd0;
    parameter [319:0] INITVAL_2C = 320'd0;
    parameter [319:0] INITVAL_2D = 320'd0;
    parameter [319:0] INITVAL_2E = 320'd0;
    parameter [319:0] INITVAL_2F = 320'd0;
    parameter [319:0] INITVAL_30 = 320'd0;
    parameter [319:0] INITVAL_31 = 320'd0;
    parameter [319:0] INITVAL_32 = 320'd0;
    parameter [319:0] INITVAL_33 = 320'd0;
    parameter [319:0] INITVAL_34 = 320'd0;
    parameter [319:0] INITVAL_35 = 320'd0;
    parameter [319:0] INITVAL_36 = 320'd0;
    parameter [319:0] INITVAL_37 = 320'd0;
    parameter [319:0] INITVAL_38 = 320'd0;
    parameter [319:0] INITVAL_39 = 320'd0;
    parameter [319:0] INITVAL_3A = 320'd0;
    parameter [319:0] INITVAL_3B = 320'd0;
    parameter [319:0] INITVAL_3C = 320'd0;
    parameter [319:0] INITVAL_3D = 320'd0;
    parameter [319:0] INITVAL_3E = 320'd0;
    parameter [319:0] INITVAL_3F = 320'd0;

    generate
        if (DATA_WIDTH_W != 36)
            refused_PDPW16KD_DATA_WIDTH_W_must_be_36 refused ();
    endgenerate

    DP16KD #(
        .DATA_WIDTH_A(36), .DATA_WIDTH_B(DATA_WIDTH_R), .REGMODE_A(REGMODE), .REGMODE_B(REGMODE),
        .RESETMODE(RESETMODE), .CSDECODE_A(CSDECODE_W), .CSDECODE_B(CSDECODE_R),
        .CLKAMUX(CLKWMUX == "INV" ? "INV" : "CLKA"), .CLKBMUX(CLKRMUX == "INV" ? "INV" : "CLKB"),
        .INITVAL_00(INITVAL_00), .INITVAL_01(INITVAL_01), .INITVAL_02(INITVAL_02),
        .INITVAL_03(INITVAL_03), .INITVAL_04(INITVAL_04), .INITVAL_05(INITVAL_05),
        .INITVAL_06(INITVAL_06), .INITVAL_07(INITVAL_07), .INITVAL_08(INITVAL_08),
        .INITVAL_09(INITVAL_09), .INITVAL_0A(INITVAL_0A), .INITVAL_0B(INITVAL_0B),
        .INITVAL_0C(INITVAL_0C), .INITVAL_0D(INITVAL_0D), .INITVAL_0E(INITVAL_0E),
        .INITVAL_0F(INITVAL_0F), .INITVAL_10(INITVAL_10), .INITVAL_11(INITVAL_11),
        .INITVAL_12(INITVAL_12), .INITVAL_13(INITVAL_13), .INITVAL_14(INITVAL_14),
        .INITVAL_15(INITVAL_15), .INITVAL_16(INITVAL_16), .INITVAL_17(INITVAL_17),
        .INITVAL_18(INITVAL_18), .INITVAL_19(INITVAL_19), .INITVAL_1A(INITVAL_1A),
        .INITVAL_1B(INITVAL_1B), .INITVAL_1C(INITVAL_1C), .INITVAL_1D(INITVAL_1D),
        .INITVAL_1E(INITVAL_1E), .INITVAL_1F(INITVAL_1F), .INITVAL_20(INITVAL_20),
        .INITVAL_21(INITVAL_21), .INITVAL_22(INITVAL_22), .INITVAL_23(INITVAL_23),
        .INITVAL_24(INITVAL_24), .INITVAL_25(INITVAL_25), .INITVAL_26(INITVAL_26),
        .INITVAL_27(INITVAL_27), .INITVAL_28(INITVAL_28), .INITVAL_29(INITVAL_29),
        .INITVAL_2A(INITVAL_2A), .INITVAL_2B(INITVAL_2B), .INITVAL_2C(INITVAL_2C),
        .INITVAL_2D(INITVAL_2D), .INITVAL_2E(INITVAL_2E), .INITVAL_2F(INITVAL_2F),
        .INITVAL_30(INITVAL_30), .INITVAL_31(INITVAL_31), .INITVAL_32(INITVAL_32),
        .INITVAL_33(INITVAL_33), .INITVAL_34(INITVAL_34), .INITVAL_35(INITVAL_35),
        .INITVAL_36(INITVAL_36), .INITVAL_37(INITVAL_37), .INITVAL_38(INITVAL_38),
        .INITVAL_39(INITVAL_39), .INITVAL_3A(INITVAL_3A), .INITVAL_3B(INITVAL_3B),
        .INITVAL_3C(INITVAL_3C), .INITVAL_3D(INITVAL_3D), .INITVAL_3E(INITVAL_3E),
        .INITVAL_3F(INITVAL_3F),
        .GSR(GSR)
    ) ram (
        .DIA0(DI0), .DIB0(DI18), .DOA0(DO18), .DOB0(DO0), .DIA1(DI1), .DIB1(DI19), .DOA1(DO19),
        .DOB1(DO1), .DIA2(DI2), .DIB2(DI20), .DOA2(DO20), .DOB2(DO2), .DIA3(DI3), .DIB3(DI21),
        .DOA3(DO21), .DOB3(DO3), .DIA4(DI4), .DIB4(DI22), .DOA4(DO22), .DOB4(DO4), .DIA5(DI5),
        .DIB5(DI23), .DOA5(DO23), .DOB5(DO5), .DIA6(DI6), .DIB6(DI24), .DOA6(DO24), .DOB6(DO6),
        .DIA7(DI7), .DIB7(DI25), .DOA7(DO25), .DOB7(DO7), .DIA8(DI8), .DIB8(DI26), .DOA8(DO26),
        .DOB8(DO8), .DIA9(DI9), .DIB9(DI27), .DOA9(DO27), .DOB9(DO9), .DIA10(DI10),
        .DIB10(DI28), .DOA10(DO28), .DOB10(DO10), .DIA11(DI11), .DIB11(DI29), .DOA11(DO29),
        .DOB11(DO11), .DIA12(DI12), .DIB12(DI30), .DOA12(DO30), .DOB12(DO12), .DIA13(DI13),
        .DIB13(DI31), .DOA13(DO31), .DOB13(DO13), .DIA14(DI14), .DIB14(DI32), .DOA14(DO32),
        .DOB14(DO14), .DIA15(DI15), .DIB15(DI33), .DOA15(DO33), .DOB15(DO15), .DIA16(DI16),
        .DIB16(DI34), .DOA16(DO34), .DOB16(DO16), .DIA17(DI17), .DIB17(DI35), .DOA17(DO35),
        .DOB17(DO17), .ADA0(BE0), .ADA1(BE1), .ADA2(BE2), .ADA3(BE3), .ADA4(1'b0), .ADA5(ADW0),
        .ADA6(ADW1), .ADA7(ADW2), .ADA8(ADW3), .ADA9(ADW4), .ADA10(ADW5), .ADA11(ADW6),
        .ADA12(ADW7), .ADA13(ADW8), .ADB0(ADR0), .ADB1(ADR1), .ADB2(ADR2), .ADB3(ADR3),
        .ADB4(ADR4), .ADB5(ADR5), .ADB6(ADR6), .ADB7(ADR7), .ADB8(ADR8), .ADB9(ADR9),
        .ADB10(ADR10), .ADB11(ADR11), .ADB12(ADR12), .ADB13(ADR13), .CSA0(CSW0), .CSB0(CSR0),
        .CSA1(CSW1), .CSB1(CSR1), .CSA2(CSW2), .CSB2(CSR2), .CLKA(CLKW), .CEA(CEW), .OCEA(1'b1),
        .WEA(1'b0), .RSTA(RST), .CLKB(CLKR), .CEB(CER), .OCEB(OCER), .WEB(1'b0), .RSTB(RST)
    );
endmodule
