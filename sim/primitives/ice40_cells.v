// iCE40's pads and clocks, the cells that nextpnr writes after place and route, for
// yosys, by way of sim/netlist/lower.py. Memories and multipliers are those of
// ice40.v; the others (SB_CARRY, SB_DFF*, SB_GB) those of yosys, techlibs/ice40/cells_sim.v. What is
// not modelled is refused at elaboration: a module is instanced that does not exist, and its name
// says what is wrong. Nothing here was compared with a device.

// A pad that is an input or an output without registers; one that is not driven reads 1.
// Source: yosys, cells_sim.v (PIN_TYPE: bits 5 to 2 are 0110 for an output, 1010 for one with an
// enable, 0000 for none; bits 1 and 0 are 01 for an input).
module SB_IO (
    inout PACKAGE_PIN,
    input LATCH_INPUT_VALUE, CLOCK_ENABLE, INPUT_CLK, OUTPUT_CLK, OUTPUT_ENABLE, D_OUT_0, D_OUT_1,
    output D_IN_0, D_IN_1
);
    parameter [5:0] PIN_TYPE = 6'b000001;
    parameter [0:0] PULLUP = 1'b0;
    parameter [0:0] NEG_TRIGGER = 1'b0;
    parameter IO_STANDARD = "SB_LVCMOS";
    generate
        if (PIN_TYPE == 6'b011001) begin : driven
            assign PACKAGE_PIN = D_OUT_0;
        end else if (PIN_TYPE == 6'b101001) begin : enabled
            assign PACKAGE_PIN = D_OUT_0 | ~OUTPUT_ENABLE;
        end else if (PIN_TYPE != 6'b000001) begin : other
            refused_SB_IO_PIN_TYPE_must_be_an_input_or_an_output_without_registers refused ();
        end
    endgenerate
    assign D_IN_0 = PACKAGE_PIN;
    assign D_IN_1 = 1'b0;
endmodule

// A pad with a global buffer behind it. Source: yosys, cells_sim.v.
module SB_GB_IO (
    inout PACKAGE_PIN,
    output GLOBAL_BUFFER_OUTPUT,
    input LATCH_INPUT_VALUE, CLOCK_ENABLE, INPUT_CLK, OUTPUT_CLK, OUTPUT_ENABLE, D_OUT_0, D_OUT_1,
    output D_IN_0, D_IN_1
);
    parameter [5:0] PIN_TYPE = 6'b000001;
    parameter [0:0] PULLUP = 1'b0;
    parameter [0:0] NEG_TRIGGER = 1'b0;
    parameter IO_STANDARD = "SB_LVCMOS";
    SB_IO #(.PIN_TYPE(PIN_TYPE)) io (
        .PACKAGE_PIN(PACKAGE_PIN), .OUTPUT_ENABLE(OUTPUT_ENABLE), .D_OUT_0(D_OUT_0),
        .D_IN_0(D_IN_0), .D_IN_1(D_IN_1)
    );
    assign GLOBAL_BUFFER_OUTPUT = PACKAGE_PIN;
endmodule

// A PLL, as a wire: the simulation's clock is the one that it makes. Its frequency is checked where
// the board's parameters are chosen, not here: `netlist.load` drops the parameters. Assumed: it is locked from the first edge on.
module otus_ice40_pll (input reference, output clock, locked);
    assign clock = reference;
    assign locked = 1'b1;
endmodule

module SB_PLL40_CORE (
    input REFERENCECLK, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
    input [7:0] DYNAMICDELAY,
    output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
    otus_ice40_pll pll (REFERENCECLK, PLLOUTCORE, LOCK);
    assign PLLOUTGLOBAL = PLLOUTCORE;
endmodule

module SB_PLL40_PAD (
    input PACKAGEPIN, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
    input [7:0] DYNAMICDELAY,
    output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
    otus_ice40_pll pll (PACKAGEPIN, PLLOUTCORE, LOCK);
    assign PLLOUTGLOBAL = PLLOUTCORE;
endmodule

// The PLL after packing: A is PLLOUTCORE or PLLOUTGLOBAL, from a pad or from the fabric.
// Source: nextpnr, ice40/cells.cc.
module ICESTORM_PLL (
    input REFERENCECLK, PACKAGEPIN, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
    input DYNAMICDELAY_7, DYNAMICDELAY_6, DYNAMICDELAY_5, DYNAMICDELAY_4, DYNAMICDELAY_3,
          DYNAMICDELAY_2, DYNAMICDELAY_1, DYNAMICDELAY_0,
    output PLLOUT_A, PLLOUT_B, PLLOUT_A_GLOBAL, PLLOUT_B_GLOBAL, LOCK, SDO
);
    otus_ice40_pll pll (REFERENCECLK | PACKAGEPIN, PLLOUT_A, LOCK);
    assign PLLOUT_A_GLOBAL = PLLOUT_A;
    assign PLLOUT_B = PLLOUT_A;
    assign PLLOUT_B_GLOBAL = PLLOUT_A;
endmodule

// A logic cell: LUT, carry and flip-flop. LUT is the output of its truth table: `lower` makes it of
// LUT_INIT.
// Source: yosys, cells_sim.v, ICESTORM_LC; nextpnr, ice40/cells.cc (parameters).
// Assumed: the flip-flop is 0 after configuration. Asynchronous set and reset are refused.
module ICESTORM_LC (
    input LUT, I0, I1, I2, I3, CIN, CLK, CEN, SR,
    output LO, O, COUT
);
    parameter [0:0] NEG_CLK = 1'b0;
    parameter [0:0] CARRY_ENABLE = 1'b0;
    parameter [0:0] DFF_ENABLE = 1'b0;
    parameter [0:0] SET_NORESET = 1'b0;
    parameter [0:0] ASYNC_SR = 1'b0;
    parameter [0:0] CIN_CONST = 1'b0;
    parameter [0:0] CIN_SET = 1'b0;

    wire carry = CIN_CONST ? CIN_SET : CIN;
    assign COUT = CARRY_ENABLE ? (I1 & I2) | (carry & (I1 | I2)) : 1'b0;
    assign LO = LUT;
    generate
        if (!DFF_ENABLE) begin : combinational
            assign O = LUT;
        end else if (ASYNC_SR) begin : asynchronous
            refused_ICESTORM_LC_ASYNC_SR_must_be_0 refused ();
        end else begin : registered
            reg value = 1'b0;
            wire clk = CLK ^ NEG_CLK;
            always @(posedge clk)
                if (CEN) value <= SR ? SET_NORESET : LUT;
            assign O = value;
        end
    endgenerate
endmodule

// The block RAM after packing.
// Source: yosys, cells_sim.v, ICESTORM_RAM and SB_RAM40_4K; nextpnr, ice40/pack.cc (names).
module ICESTORM_RAM (
    output RDATA_15, RDATA_14, RDATA_13, RDATA_12, RDATA_11, RDATA_10, RDATA_9, RDATA_8, RDATA_7,
           RDATA_6, RDATA_5, RDATA_4, RDATA_3, RDATA_2, RDATA_1, RDATA_0,
    input RCLK, RCLKE, RE,
    input RADDR_10, RADDR_9, RADDR_8, RADDR_7, RADDR_6, RADDR_5, RADDR_4, RADDR_3, RADDR_2,
          RADDR_1, RADDR_0,
    input WCLK, WCLKE, WE,
    input WADDR_10, WADDR_9, WADDR_8, WADDR_7, WADDR_6, WADDR_5, WADDR_4, WADDR_3, WADDR_2,
          WADDR_1, WADDR_0,
    input MASK_15, MASK_14, MASK_13, MASK_12, MASK_11, MASK_10, MASK_9, MASK_8, MASK_7, MASK_6,
          MASK_5, MASK_4, MASK_3, MASK_2, MASK_1, MASK_0,
    input WDATA_15, WDATA_14, WDATA_13, WDATA_12, WDATA_11, WDATA_10, WDATA_9, WDATA_8, WDATA_7,
          WDATA_6, WDATA_5, WDATA_4, WDATA_3, WDATA_2, WDATA_1, WDATA_0
);
    parameter WRITE_MODE = 0;
    parameter READ_MODE = 0;
    parameter [0:0] NEG_CLK_R = 1'b0;
    parameter [0:0] NEG_CLK_W = 1'b0;
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
    SB_RAM40_4K #(
        .WRITE_MODE(WRITE_MODE), .READ_MODE(READ_MODE),
        .INIT_0(INIT_0), .INIT_1(INIT_1), .INIT_2(INIT_2), .INIT_3(INIT_3), .INIT_4(INIT_4),
            .INIT_5(INIT_5), .INIT_6(INIT_6), .INIT_7(INIT_7), .INIT_8(INIT_8), .INIT_9(INIT_9),
            .INIT_A(INIT_A), .INIT_B(INIT_B), .INIT_C(INIT_C), .INIT_D(INIT_D), .INIT_E(INIT_E),
            .INIT_F(INIT_F)
    ) ram (
        .RCLK(RCLK ^ NEG_CLK_R), .RCLKE(RCLKE), .RE(RE),
        .WCLK(WCLK ^ NEG_CLK_W), .WCLKE(WCLKE), .WE(WE),
        .RADDR({RADDR_10, RADDR_9, RADDR_8, RADDR_7, RADDR_6, RADDR_5, RADDR_4, RADDR_3, RADDR_2,
            RADDR_1, RADDR_0}),
        .WADDR({WADDR_10, WADDR_9, WADDR_8, WADDR_7, WADDR_6, WADDR_5, WADDR_4, WADDR_3, WADDR_2,
            WADDR_1, WADDR_0}),
        .MASK({MASK_15, MASK_14, MASK_13, MASK_12, MASK_11, MASK_10, MASK_9, MASK_8, MASK_7,
            MASK_6, MASK_5, MASK_4, MASK_3, MASK_2, MASK_1, MASK_0}),
        .WDATA({WDATA_15, WDATA_14, WDATA_13, WDATA_12, WDATA_11, WDATA_10, WDATA_9, WDATA_8,
            WDATA_7, WDATA_6, WDATA_5, WDATA_4, WDATA_3, WDATA_2, WDATA_1, WDATA_0}),
        .RDATA({RDATA_15, RDATA_14, RDATA_13, RDATA_12, RDATA_11, RDATA_10, RDATA_9, RDATA_8,
            RDATA_7, RDATA_6, RDATA_5, RDATA_4, RDATA_3, RDATA_2, RDATA_1, RDATA_0})
    );
endmodule

// The DSP block after packing: SB_MAC16 with its buses bit by bit.
// Source: nextpnr, ice40/cells.cc; yosys, cells_sim.v, SB_MAC16 (after Lattice TN1295, DSP Function
// Usage Guide for iCE40 Devices).
module ICESTORM_DSP (
    input CLK, CE, AHOLD, BHOLD, CHOLD, DHOLD, IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT, OLOADTOP,
          OLOADBOT, ADDSUBTOP, ADDSUBBOT, OHOLDTOP, OHOLDBOT, CI, ACCUMCI, SIGNEXTIN,
    input A_15, A_14, A_13, A_12, A_11, A_10, A_9, A_8, A_7, A_6, A_5, A_4, A_3, A_2, A_1, A_0,
    input B_15, B_14, B_13, B_12, B_11, B_10, B_9, B_8, B_7, B_6, B_5, B_4, B_3, B_2, B_1, B_0,
    input C_15, C_14, C_13, C_12, C_11, C_10, C_9, C_8, C_7, C_6, C_5, C_4, C_3, C_2, C_1, C_0,
    input D_15, D_14, D_13, D_12, D_11, D_10, D_9, D_8, D_7, D_6, D_5, D_4, D_3, D_2, D_1, D_0,
    output O_31, O_30, O_29, O_28, O_27, O_26, O_25, O_24, O_23, O_22, O_21, O_20, O_19, O_18,
           O_17, O_16, O_15, O_14, O_13, O_12, O_11, O_10, O_9, O_8, O_7, O_6, O_5, O_4, O_3,
           O_2, O_1, O_0, CO, ACCUMCO, SIGNEXTOUT
);
    parameter [0:0] NEG_TRIGGER = 1'd0;
    parameter [0:0] C_REG = 1'd0;
    parameter [0:0] A_REG = 1'd0;
    parameter [0:0] B_REG = 1'd0;
    parameter [0:0] D_REG = 1'd0;
    parameter [0:0] TOP_8x8_MULT_REG = 1'd0;
    parameter [0:0] BOT_8x8_MULT_REG = 1'd0;
    parameter [0:0] PIPELINE_16x16_MULT_REG1 = 1'd0;
    parameter [0:0] PIPELINE_16x16_MULT_REG2 = 1'd0;
    parameter [1:0] TOPOUTPUT_SELECT = 2'd0;
    parameter [1:0] TOPADDSUB_LOWERINPUT = 2'd0;
    parameter [0:0] TOPADDSUB_UPPERINPUT = 1'd0;
    parameter [1:0] TOPADDSUB_CARRYSELECT = 2'd0;
    parameter [1:0] BOTOUTPUT_SELECT = 2'd0;
    parameter [1:0] BOTADDSUB_LOWERINPUT = 2'd0;
    parameter [0:0] BOTADDSUB_UPPERINPUT = 1'd0;
    parameter [1:0] BOTADDSUB_CARRYSELECT = 2'd0;
    parameter [0:0] MODE_8x8 = 1'd0;
    parameter [0:0] A_SIGNED = 1'd0;
    parameter [0:0] B_SIGNED = 1'd0;
    SB_MAC16 #(
        .NEG_TRIGGER(NEG_TRIGGER), .C_REG(C_REG), .A_REG(A_REG), .B_REG(B_REG), .D_REG(D_REG),
            .TOP_8x8_MULT_REG(TOP_8x8_MULT_REG), .BOT_8x8_MULT_REG(BOT_8x8_MULT_REG),
            .PIPELINE_16x16_MULT_REG1(PIPELINE_16x16_MULT_REG1),
            .PIPELINE_16x16_MULT_REG2(PIPELINE_16x16_MULT_REG2),
            .TOPOUTPUT_SELECT(TOPOUTPUT_SELECT), .TOPADDSUB_LOWERINPUT(TOPADDSUB_LOWERINPUT),
            .TOPADDSUB_UPPERINPUT(TOPADDSUB_UPPERINPUT),
            .TOPADDSUB_CARRYSELECT(TOPADDSUB_CARRYSELECT), .BOTOUTPUT_SELECT(BOTOUTPUT_SELECT),
            .BOTADDSUB_LOWERINPUT(BOTADDSUB_LOWERINPUT),
            .BOTADDSUB_UPPERINPUT(BOTADDSUB_UPPERINPUT),
            .BOTADDSUB_CARRYSELECT(BOTADDSUB_CARRYSELECT), .MODE_8x8(MODE_8x8),
            .A_SIGNED(A_SIGNED), .B_SIGNED(B_SIGNED)
    ) mac (
        .CLK(CLK), .CE(CE), .AHOLD(AHOLD), .BHOLD(BHOLD), .CHOLD(CHOLD), .DHOLD(DHOLD),
            .IRSTTOP(IRSTTOP), .IRSTBOT(IRSTBOT), .ORSTTOP(ORSTTOP), .ORSTBOT(ORSTBOT),
            .OLOADTOP(OLOADTOP), .OLOADBOT(OLOADBOT), .ADDSUBTOP(ADDSUBTOP), .ADDSUBBOT(ADDSUBBOT),
            .OHOLDTOP(OHOLDTOP), .OHOLDBOT(OHOLDBOT), .CI(CI), .ACCUMCI(ACCUMCI),
            .SIGNEXTIN(SIGNEXTIN), .A({A_15, A_14, A_13, A_12, A_11, A_10, A_9, A_8, A_7, A_6, A_5,
            A_4, A_3, A_2, A_1, A_0}), .B({B_15, B_14, B_13, B_12, B_11, B_10, B_9, B_8, B_7, B_6,
            B_5, B_4, B_3, B_2, B_1, B_0}), .C({C_15, C_14, C_13, C_12, C_11, C_10, C_9, C_8, C_7,
            C_6, C_5, C_4, C_3, C_2, C_1, C_0}), .D({D_15, D_14, D_13, D_12, D_11, D_10, D_9, D_8,
            D_7, D_6, D_5, D_4, D_3, D_2, D_1, D_0}), .O({O_31, O_30, O_29, O_28, O_27, O_26, O_25,
            O_24, O_23, O_22, O_21, O_20, O_19, O_18, O_17, O_16, O_15, O_14, O_13, O_12, O_11,
            O_10, O_9, O_8, O_7, O_6, O_5, O_4, O_3, O_2, O_1, O_0}), .CO(CO), .ACCUMCO(ACCUMCO),
            .SIGNEXTOUT(SIGNEXTOUT)
    );
endmodule

// The single-port RAM after packing. Source: nextpnr, ice40/pack.cc.
module ICESTORM_SPRAM (
    input WREN, CHIPSELECT, CLOCK, STANDBY, SLEEP, POWEROFF,
    input ADDRESS_13, ADDRESS_12, ADDRESS_11, ADDRESS_10, ADDRESS_9, ADDRESS_8, ADDRESS_7,
          ADDRESS_6, ADDRESS_5, ADDRESS_4, ADDRESS_3, ADDRESS_2, ADDRESS_1, ADDRESS_0,
    input DATAIN_15, DATAIN_14, DATAIN_13, DATAIN_12, DATAIN_11, DATAIN_10, DATAIN_9, DATAIN_8,
          DATAIN_7, DATAIN_6, DATAIN_5, DATAIN_4, DATAIN_3, DATAIN_2, DATAIN_1, DATAIN_0,
    input MASKWREN_3, MASKWREN_2, MASKWREN_1, MASKWREN_0,
    output DATAOUT_15, DATAOUT_14, DATAOUT_13, DATAOUT_12, DATAOUT_11, DATAOUT_10, DATAOUT_9,
           DATAOUT_8, DATAOUT_7, DATAOUT_6, DATAOUT_5, DATAOUT_4, DATAOUT_3, DATAOUT_2,
           DATAOUT_1, DATAOUT_0
);
    SB_SPRAM256KA ram (
        .WREN(WREN), .CHIPSELECT(CHIPSELECT), .CLOCK(CLOCK), .STANDBY(STANDBY), .SLEEP(SLEEP),
        .POWEROFF(POWEROFF),
        .ADDRESS({ADDRESS_13, ADDRESS_12, ADDRESS_11, ADDRESS_10, ADDRESS_9, ADDRESS_8, ADDRESS_7,
            ADDRESS_6, ADDRESS_5, ADDRESS_4, ADDRESS_3, ADDRESS_2, ADDRESS_1, ADDRESS_0}),
            .DATAIN({DATAIN_15, DATAIN_14, DATAIN_13, DATAIN_12, DATAIN_11, DATAIN_10, DATAIN_9,
            DATAIN_8, DATAIN_7, DATAIN_6, DATAIN_5, DATAIN_4, DATAIN_3, DATAIN_2, DATAIN_1,
            DATAIN_0}), .MASKWREN({MASKWREN_3, MASKWREN_2, MASKWREN_1, MASKWREN_0}),
            .DATAOUT({DATAOUT_15, DATAOUT_14, DATAOUT_13, DATAOUT_12, DATAOUT_11, DATAOUT_10,
            DATAOUT_9, DATAOUT_8, DATAOUT_7, DATAOUT_6, DATAOUT_5, DATAOUT_4, DATAOUT_3, DATAOUT_2,
            DATAOUT_1, DATAOUT_0})
    );
endmodule
