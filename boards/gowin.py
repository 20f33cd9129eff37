"""Amaranth's Gowin platforms with today's place and route: nextpnr-himbaechel."""

from amaranth.vendor import GowinPlatform

from ..hw.parts import Part


class GowinHimbaechel(GowinPlatform):
    """Mixed in before a platform of amaranth-boards: the open tools in their present form.

    Amaranth 0.5 calls nextpnr-gowin, which nextpnr no longer has. Constrain the clock with
    `nextpnr_opts="--freq 54"`: it holds for every clock of the design.

        class Platform(GowinHimbaechel, TangNano9kPlatform): ...

    Files: `top.syn.json` (netlist), `top.pnr.json`, `top.fs` (bitstream). The overrides
    `synth_opts`, `nextpnr_opts` and `gowin_pack_opts` are those of Amaranth's platform.
    """

    part: str | Part
    required_tools = ["yosys", "nextpnr-himbaechel", "gowin_pack"]

    def __init__(self) -> None:
        super().__init__(toolchain="Apicula")
        #: The order code, such as GW1NR-LV9QN88PC6/I5. Amaranth calls it `part`, which is where the
        #: gateware looks for what it is built from.
        self.device = self.part
        self.part = Part("gowin")

    @property
    def command_templates(self) -> list[str]:
        """Call yosys and gowin_pack as Amaranth does, and place and route with himbaechel."""
        yosys, _, pack = super().command_templates
        place_and_route = r"""
            {{invoke_tool("nextpnr-himbaechel")}}
                {{quiet("--quiet")}}
                {{get_override("nextpnr_opts")|options}}
                --log {{name}}.tim
                --device {{platform.device}}
                --vopt family={{platform._chipdb_device}}
                --vopt cst={{name}}.cst
                --json {{name}}.syn.json
                --write {{name}}.pnr.json
        """
        return [yosys, place_and_route, pack]
