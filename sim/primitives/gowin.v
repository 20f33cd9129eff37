// Behaviour of Gowin's multipliers and block RAM, for simulation of what instances them. Verilator,
// Icarus and yosys read it. What is not modelled is refused at elaboration: a module is instanced
// that does not exist, and its name says what is wrong.
//
// Sources
//   yosys, techlibs/gowin: cells_xtra_gw1n.v (ports, parameters, defaults), brams_map.v (byte
//     enables in the low bits of the address, order of bytes).
//   Gowin UG285 (BSRAM), UG287 (DSP).
// Nothing here was compared with a device.

// Multiply through up to three registers.
// Assumed: the sign of an operand travels through its register (the designs keep it constant);
// resets win over clock enables; registers are 0 after configuration.
module otus_gowin_multiplier #(
    parameter WIDTH = 9,
    parameter AREG = 0,
    parameter BREG = 0,
    parameter PIPE_REG = 0,
    parameter OUT_REG = 0
) (
    input clk, ce, reset,
    input signed [WIDTH:0] a, b,
    output [2*WIDTH-1:0] product
);
    reg signed [WIDTH:0] a_register = 0, b_register = 0;
    wire signed [WIDTH:0] left = AREG ? a_register : a;
    wire signed [WIDTH:0] right = BREG ? b_register : b;
    wire signed [2*WIDTH+1:0] full = left * right;
    reg [2*WIDTH-1:0] pipe_register = 0, out_register = 0;
    wire [2*WIDTH-1:0] piped = PIPE_REG ? pipe_register : full[2*WIDTH-1:0];
    always @(posedge clk)
        if (reset) begin
            a_register <= 0;
            b_register <= 0;
            pipe_register <= 0;
            out_register <= 0;
        end else if (ce) begin
            a_register <= a;
            b_register <= b;
            pipe_register <= full[2*WIDTH-1:0];
            out_register <= piped;
        end
    assign product = OUT_REG ? out_register : piped;
endmodule

module MULT9X9 (
    input [8:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [17:0] DOUT,
    output [8:0] SOA, SOB
);
    parameter AREG = 1'b0;
    parameter BREG = 1'b0;
    parameter OUT_REG = 1'b0;
    parameter PIPE_REG = 1'b0;
    parameter ASIGN_REG = 1'b0;
    parameter BSIGN_REG = 1'b0;
    parameter SOA_REG = 1'b0;
    parameter MULT_RESET_MODE = "SYNC";
    generate
        if (ASIGN_REG || BSIGN_REG || SOA_REG || MULT_RESET_MODE != "SYNC")
            refused_MULT9X9_mode_is_not_modelled refused ();
    endgenerate
    otus_gowin_multiplier #(
        .WIDTH(9), .AREG(AREG), .BREG(BREG), .PIPE_REG(PIPE_REG), .OUT_REG(OUT_REG)
    ) multiplier (
        .clk(CLK), .ce(CE), .reset(RESET), .product(DOUT),
        .a(ASEL ? {ASIGN & SIA[8], SIA} : {ASIGN & A[8], A}),
        .b(BSEL ? {BSIGN & SIB[8], SIB} : {BSIGN & B[8], B})
    );
    // The cascade to a neighbour is not modelled.
    assign SOA = 9'bx;
    assign SOB = 9'bx;
endmodule

module MULT18X18 (
    input [17:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT,
    output [17:0] SOA, SOB
);
    parameter AREG = 1'b0;
    parameter BREG = 1'b0;
    parameter OUT_REG = 1'b0;
    parameter PIPE_REG = 1'b0;
    parameter ASIGN_REG = 1'b0;
    parameter BSIGN_REG = 1'b0;
    parameter SOA_REG = 1'b0;
    parameter MULT_RESET_MODE = "SYNC";
    generate
        if (ASIGN_REG || BSIGN_REG || SOA_REG || MULT_RESET_MODE != "SYNC")
            refused_MULT18X18_mode_is_not_modelled refused ();
    endgenerate
    otus_gowin_multiplier #(
        .WIDTH(18), .AREG(AREG), .BREG(BREG), .PIPE_REG(PIPE_REG), .OUT_REG(OUT_REG)
    ) multiplier (
        .clk(CLK), .ce(CE), .reset(RESET), .product(DOUT),
        .a(ASEL ? {ASIGN & SIA[17], SIA} : {ASIGN & A[17], A}),
        .b(BSEL ? {BSIGN & SIB[17], SIB} : {BSIGN & B[17], B})
    );
    // The cascade to a neighbour is not modelled.
    assign SOA = 18'bx;
    assign SOB = 18'bx;
endmodule

// Block RAM of 512 rows of four bytes (of 8 or 9 bits), one port to write and one to read. In words
// of four bytes ADA0 to ADA3 enable its bytes, in words of two ADA0 and ADA1.
// Assumed: the read register obeys CEB, the output register OCE; a reset clears both; both are 0
// after configuration. What is read while it is written is inverted: nothing may depend on it.
module otus_gowin_ram #(
    parameter BYTE = 8,
    parameter WIDTH_A = 32,
    parameter WIDTH_B = 32,
    parameter REGISTERED = 0
) (
    input clka, cea, clkb, ceb, oce, resetb,
    input [13:0] ada, adb,
    input [4*BYTE-1:0] di,
    output [4*BYTE-1:0] q
);
    localparam ROW = 4 * BYTE;
    // Bit of the row at which the addressed word begins.
    function [5:0] place(input [4:0] address, input integer width);
        place = width == ROW ? 0 : width == 2 * BYTE ? address[4] * 2 * BYTE
              : width == BYTE ? address[4:3] * BYTE : address & ~(width - 1);
    endfunction

    wire [3:0] enables = WIDTH_A == ROW ? ada[3:0] : WIDTH_A == 2 * BYTE ? {2'b00, ada[1:0]}
                       : 4'b0001;
    wire [ROW-1:0] bits = {{BYTE{enables[3]}}, {BYTE{enables[2]}}, {BYTE{enables[1]}},
                           {BYTE{enables[0]}}};
    wire [ROW-1:0] low = WIDTH_A == ROW ? {ROW{1'b1}} : (1 << WIDTH_A) - 1;
    wire [ROW-1:0] mask = cea ? (bits & low) << place(ada[4:0], WIDTH_A) : 0;
    wire [ROW-1:0] data = di << place(ada[4:0], WIDTH_A);

    reg [ROW-1:0] rows [0:511];
    integer row;
    initial for (row = 0; row < 512; row = row + 1) rows[row] = 0;
    always @(posedge clka) rows[ada[13:5]] <= rows[ada[13:5]] & ~mask | data & mask;

    wire [ROW-1:0] clash = ada[13:5] == adb[13:5] ? mask : 0;
    wire [ROW-1:0] word = (rows[adb[13:5]] ^ clash) >> place(adb[4:0], WIDTH_B);
    reg [ROW-1:0] latch = 0, second = 0;
    always @(posedge clkb) begin
        if (resetb) latch <= 0;
        else if (ceb) latch <= WIDTH_B == ROW ? word : word & ((1 << WIDTH_B) - 1);
        if (resetb) second <= 0;
        else if (oce) second <= latch;
    end
    assign q = REGISTERED ? second : latch;
endmodule

module SDPB (
    input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
    input [13:0] ADA, ADB,
    input [31:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    output [31:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter BIT_WIDTH_0 = 32;
    parameter BIT_WIDTH_1 = 32;
    parameter BLK_SEL_0 = 3'b000;
    parameter BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    generate
        if (RESET_MODE != "SYNC")
            refused_SDPB_mode_is_not_modelled refused ();
        if (READ_MODE && BIT_WIDTH_1 != 32)
            refused_SDPB_READ_MODE_1_works_in_words_of_32_bits_only refused ();
        if (BIT_WIDTH_0 > 32 || BIT_WIDTH_1 > 32 || BIT_WIDTH_0 < 1 || BIT_WIDTH_1 < 1
            || (BIT_WIDTH_0 & (BIT_WIDTH_0 - 1)) || (BIT_WIDTH_1 & (BIT_WIDTH_1 - 1)))
            refused_SDPB_widths_must_be_1_2_4_8_16_or_32 refused ();
    endgenerate
    otus_gowin_ram #(.BYTE(8), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .REGISTERED(READ_MODE)) ram (
        .clka(CLKA), .cea(CEA & BLKSELA == BLK_SEL_0), .clkb(CLKB),
        .ceb(CEB & BLKSELB == BLK_SEL_1), .oce(OCE), .resetb(RESETB), .ada(ADA), .adb(ADB),
        .di(DI), .q(DO)
    );
endmodule

module SDPX9B (
    input CLKA, CEA, CLKB, CEB, OCE, RESETA, RESETB,
    input [13:0] ADA, ADB,
    input [35:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    output [35:0] DO
);
    parameter READ_MODE = 1'b0;
    parameter BIT_WIDTH_0 = 36;
    parameter BIT_WIDTH_1 = 36;
    parameter BLK_SEL_0 = 3'b000;
    parameter BLK_SEL_1 = 3'b000;
    parameter RESET_MODE = "SYNC";
    generate
        if (RESET_MODE != "SYNC")
            refused_SDPX9B_mode_is_not_modelled refused ();
        if (READ_MODE && BIT_WIDTH_1 != 36)
            refused_SDPX9B_READ_MODE_1_works_in_words_of_36_bits_only refused ();
        if ((BIT_WIDTH_0 != 9 && BIT_WIDTH_0 != 18 && BIT_WIDTH_0 != 36)
            || (BIT_WIDTH_1 != 9 && BIT_WIDTH_1 != 18 && BIT_WIDTH_1 != 36))
            refused_SDPX9B_widths_must_be_9_18_or_36 refused ();
    endgenerate
    otus_gowin_ram #(.BYTE(9), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1), .REGISTERED(READ_MODE)) ram (
        .clka(CLKA), .cea(CEA & BLKSELA == BLK_SEL_0), .clkb(CLKB),
        .ceb(CEB & BLKSELB == BLK_SEL_1), .oce(OCE), .resetb(RESETB), .ada(ADA), .adb(ADB),
        .di(DI), .q(DO)
    );
endmodule
