"""What differs between families of FPGAs when a bitstream is made."""

from dataclasses import dataclass, field

#: A program and its arguments.
Command = list[str]


@dataclass(frozen=True)
class Family:
    """Tools, cells and resources of a family.

    Parameters
        name : as in `Part.family`
        programs : synthesis, place and route, packing
        synthesis : options of yosys' synth command
        netlist : file that synthesis writes
        bitstream : ending of the bitstream's file
        multipliers : types of hard multiplier cells in a netlist
        memories : types of memory cells in a netlist
        resources : what reports call a resource, and the kinds of place that it is in nextpnr's
    """

    name: str
    programs: tuple[str, ...]
    synthesis: str
    netlist: str
    bitstream: str
    multipliers: tuple[str, ...]
    memories: tuple[str, ...]
    resources: dict[str, tuple[str, ...]] = field(hash=False)


# Multipliers are instanced. None is inferred: `synth_ice40 -dsp` of yosys 0.70 merges products and
# rewrites cells (design rule: every cell in the netlist was asked for, see `cells`).
ECP5 = Family(
    name="ecp5",
    programs=("yosys", "nextpnr-ecp5", "ecppack"),
    synthesis="-abc9 -nodsp",
    netlist="top.json",
    bitstream=".bit",
    multipliers=("MULT18X18D", "ALU54B"),
    memories=("DP16KD", "PDPW16KD"),
    resources={
        "LUT": ("TRELLIS_COMB",),
        "FF": ("TRELLIS_FF",),
        "DSP": ("MULT18X18D",),
        "block RAM": ("DP16KD",),
    },
)

ICE40 = Family(
    name="ice40",
    programs=("yosys", "nextpnr-ice40", "icepack"),
    synthesis="-abc9",
    netlist="top.json",
    bitstream=".bin",
    multipliers=("SB_MAC16",),
    memories=(
        *("SB_RAM40_4K", "SB_RAM40_4KNR", "SB_RAM40_4KNW", "SB_RAM40_4KNRNW"),
        "SB_SPRAM256KA",
    ),
    resources={
        "LUT and FF": ("ICESTORM_LC",),
        "DSP": ("ICESTORM_DSP",),
        "block RAM": ("ICESTORM_RAM",),
        "SPRAM": ("ICESTORM_SPRAM",),
    },
)

GOWIN = Family(
    name="gowin",
    programs=("yosys", "nextpnr-himbaechel", "gowin_pack"),
    synthesis="-nodsp",
    netlist="top.syn.json",
    bitstream=".fs",
    multipliers=("MULT9X9", "MULT18X18", "MULT36X36", "MULTALU18X18", "MULTADDALU18X18"),
    memories=("SDPB", "SDPX9B", "DPB", "DPX9B", "SP", "SPX9"),
    resources={
        "LUT": ("LUT4",),
        "FF": ("DFF",),
        "9x9 multipliers": ("MULT9X9",),
        "18x18 multipliers": ("MULT18X18",),
        "block RAM": ("BSRAM",),
    },
)
