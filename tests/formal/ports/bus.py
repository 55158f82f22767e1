"""The chip's ends of two buses: the buses' own rules, and every access made once."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, Mux, ResetSignal, Signal
from amaranth.lib.wiring import In

from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

WISHBONE = "axonloop.hdl.bus.wishbone"
AXI_LITE = "axonloop.hdl.bus.axi_lite"


def free(m, component) -> None:
    """Let every input of a bus be anything in every cycle, and what its registers answer."""
    for name, member in component.signature.members.items():
        if name != "access" and member.flow is In:
            port = getattr(component, name)
            m.d.comb += port.eq(AnySeq(len(port)))
    m.d.comb += [component.access.word.eq(AnySeq(32)), component.access.refused.eq(AnySeq(1))]


class WishboneSpec(Elaboratable):
    """Wishbone between any master that keeps its own rules and any registers."""

    def __init__(self, code: Code, pipelined: bool) -> None:
        self._dut, self._pipelined = code.load(WISHBONE).Wishbone(pipelined), pipelined

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = probe = Probe(self._dut)
        bus, access = self._dut, self._dut.access
        free(m, bus)
        m.d.comb += Assume(~ResetSignal())
        strobe, answer = bus.wb_cyc_i & bus.wb_stb_i, bus.wb_ack_o | bus.wb_err_o
        owed, waited = Signal(), Signal()
        if self._pipelined:
            m.d.comb += Assert(access.ask == strobe)
            m.d.sync += owed.eq(strobe)
            m.d.comb += [Assert(~bus.wb_stall_o), Assert(answer == (owed & bus.wb_cyc_i))]
        else:
            self._hold(m, strobe, answer)
            m.d.comb += Assert(access.ask == (strobe & ~owed))
            m.d.sync += owed.eq(strobe & ~owed)
            m.d.comb += Assert(answer == (strobe & owed))
        m.d.sync += waited.eq(strobe & ~answer)
        m.d.comb += [
            Assert(probe["due"] == owed),
            Assert(~(bus.wb_ack_o & bus.wb_err_o)),
            Assert(~answer | bus.wb_cyc_i),
            Assert(~bus.wb_ack_o | ~access.refused),
            Assert(~bus.wb_err_o | access.refused),
            Assert(bus.wb_dat_o == access.word),
            Cover(bus.wb_ack_o & waited) if not self._pipelined else Cover(bus.wb_ack_o & strobe),
        ]
        with m.If(access.ask):
            m.d.comb += [
                Assert(access.number == bus.wb_adr_i),
                Assert(access.data == bus.wb_dat_i),
                Assert(access.write == bus.wb_we_i),
                Assert(access.whole == (bus.wb_sel_i == 15)),
            ]
        return m

    def _hold(self, m, strobe, answer) -> None:
        """A classic master keeps an access until it is answered."""
        bus, begun = self._dut, Signal()
        kept = (bus.wb_we_i, bus.wb_adr_i, bus.wb_sel_i, bus.wb_dat_i)
        before = [Signal.like(port, name=f"before_{n}") for n, port in enumerate(kept)]
        m.d.sync += [begun.eq(strobe & ~answer)]
        m.d.sync += [register.eq(port) for register, port in zip(before, kept, strict=True)]
        with m.If(begun):
            m.d.comb += Assume(strobe)
            m.d.comb += [
                Assume(port == register) for register, port in zip(before, kept, strict=True)
            ]


class AxiLiteSpec(Elaboratable):
    """AXI4-Lite between any manager that keeps its own rules and any registers.

    Reference: what came on each channel and was not answered; at most one of each is kept ahead.
    """

    def __init__(self, code: Code) -> None:
        self._dut = code.load(AXI_LITE).AxiLite()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._probe = Probe(self._dut)
        free(m, self._dut)
        m.d.comb += Assume(~ResetSignal())
        bus, access = self._dut, self._dut.access
        self._stays(m, "b", ("resp",), Assert)
        self._stays(m, "r", ("data", "resp"), Assert)
        for channel, fields in (("aw", ("addr",)), ("w", ("data", "strb")), ("ar", ("addr",))):
            self._stays(m, channel, fields, Assume)
        passed = {
            channel: getattr(bus, f"s_axi_{channel}valid") & getattr(bus, f"s_axi_{channel}ready")
            for channel in ("aw", "w", "b", "ar", "r")
        }
        self._count(m, passed)
        wrote, read = access.ask & access.write, access.ask & ~access.write
        due, code_due, word_due = Signal(2), Signal(2), Signal(32)
        m.d.sync += due.eq(wrote | read << 1)
        m.d.sync += [code_due.eq(Mux(access.refused, 2, 0)), word_due.eq(access.word)]
        before = Signal(2)
        m.d.sync += before.eq(due)
        with m.If(before[0]):
            m.d.comb += [Assert(bus.s_axi_bvalid), Assert(bus.s_axi_bresp == code_due)]
        with m.If(before[1]):
            m.d.comb += [
                Assert(bus.s_axi_rvalid),
                Assert(bus.s_axi_rresp == code_due),
                Assert(bus.s_axi_rdata == word_due),
            ]
        m.d.comb += [
            Assert((self._probe["write_due"] == due[0]) & (self._probe["read_due"] == due[1])),
            Cover(passed["b"] & passed["r"]),
        ]
        self._check_payload(m, passed, wrote, read)
        return m

    def _stays(self, m, channel: str, fields, rule) -> None:
        """A valid and its payload stay until ready."""
        bus, offered = self._dut, Signal(name=f"offered_{channel}")
        valid, ready = (getattr(bus, f"s_axi_{channel}{name}") for name in ("valid", "ready"))
        m.d.sync += offered.eq(valid & ~ready)
        with m.If(offered):
            m.d.comb += rule(valid)
        for field in fields:
            port = getattr(bus, f"s_axi_{channel}{field}")
            last = Signal.like(port, name=f"last_{channel}{field}")
            m.d.sync += last.eq(port)
            with m.If(offered):
                m.d.comb += rule(port == last)

    def _count(self, m, passed) -> None:
        """Every access is asked for once, made once and answered once; none waits for ever."""
        bus, access, probe = self._dut, self._dut.access, self._probe
        wrote, read = access.ask & access.write, access.ask & ~access.write
        flows = {
            "aw": (passed["aw"], wrote, probe["has_aw"]),
            "w": (passed["w"], wrote, probe["has_w"]),
            "ar": (passed["ar"], read, probe["has_ar"]),
            "b": (wrote, passed["b"], bus.s_axi_bvalid | probe["write_due"]),
            "r": (read, passed["r"], bus.s_axi_rvalid | probe["read_due"]),
        }
        for name, (more, fewer, there) in flows.items():
            count = Signal(2, name=f"count_{name}")
            m.d.sync += count.eq(count + more - fewer)
            m.d.comb += [Assert(count == there), Assert(~fewer | (count != 0))]
        m.d.comb += [
            Assert(~(bus.s_axi_bvalid & probe["write_due"])),
            Assert(~(bus.s_axi_rvalid & probe["read_due"])),
        ]
        waits = {
            "write": (probe["has_aw"] & probe["has_w"] & ~bus.s_axi_bvalid, wrote, "write_due"),
            "read": (probe["has_ar"] & ~bus.s_axi_rvalid, read, "read_due"),
        }
        for name, (ready, made, due) in waits.items():
            waited = Signal(2, name=f"waited_{name}")
            m.d.sync += waited.eq(Mux(ready & ~probe[due] & ~made, waited + 1, 0))
            m.d.comb += Assert(waited <= 1)

    def _check_payload(self, m, passed, wrote, read) -> None:
        """An access is the one that came: address, data, bytes."""
        bus, access = self._dut, self._dut.access
        sources = {
            "aw": [bus.s_axi_awaddr[2:]],
            "w": [bus.s_axi_wdata, bus.s_axi_wstrb],
            "ar": [bus.s_axi_araddr[2:]],
        }
        kept = {}
        for channel, values in sources.items():
            kept[channel] = [Signal(len(v), name=f"{channel}_{n}") for n, v in enumerate(values)]
            with m.If(passed[channel]):
                m.d.sync += [k.eq(v) for k, v in zip(kept[channel], values, strict=True)]
        data, mask = kept["w"]
        registers = {
            "aw": [("to_write", kept["aw"][0])],
            "w": [("data", data), ("mask", mask)],
            "ar": [("to_read", kept["ar"][0])],
        }
        for channel, pairs in registers.items():
            with m.If(self._probe[f"has_{channel}"]):
                m.d.comb += [Assert(self._probe[name] == value) for name, value in pairs]
        with m.If(wrote):
            m.d.comb += [
                Assert(access.number == kept["aw"][0]),
                Assert(access.data == data),
                Assert(access.whole == (mask == 15)),
            ]
        with m.If(read):
            m.d.comb += Assert(access.number == kept["ar"][0])


CLAIMS = [
    Claim(
        "wishbone",
        "classic: one answer to every access, which is made once, behind its first cycle",
        lambda code: WishboneSpec(code, pipelined=False),
        depth=3,
        search=8,
        reach=6,
        mutants=(
            Mutant("makes an access twice", WISHBONE, "asked = asked & ~due", "asked = asked"),
            Mutant("takes a part for the whole", WISHBONE, "sel_i.all()", "sel_i.any()"),
            Mutant(
                "acknowledges what is refused", WISHBONE, "answering & ~access.refused", "answering"
            ),
        ),
    ),
    Claim(
        "wishbone",
        "pipelined: an access in every cycle, and its answer in the one behind, unless CYC falls",
        lambda code: WishboneSpec(code, pipelined=True),
        depth=3,
        search=8,
        reach=6,
        mutants=(
            Mutant("skips every other access", WISHBONE, "if not self._pipelined", "if True"),
            Mutant("answers without a cycle", WISHBONE, "due & self.wb_cyc_i", "due"),
        ),
    ),
    Claim(
        "AXI4-Lite",
        "a valid stays with its payload; every access is made and answered once, with its own "
        "answer; neither kind waits for more than one of the other",
        AxiLiteSpec,
        depth=4,
        search=10,
        reach=10,
        mutants=(
            Mutant("drops an answer", AXI_LITE, "m.Elif(getattr", "m.If(~getattr"),
            Mutant(
                "overwrites an answer that waits",
                AXI_LITE,
                "& ~read_due & ~self.s_axi_rvalid",
                "& ~read_due",
            ),
            Mutant("writes without data", AXI_LITE, "has_address & has_data &", "has_address &"),
            Mutant("loses a read to a write", AXI_LITE, "can_read & ~write", "can_read"),
            Mutant("takes two addresses", AXI_LITE, "ready.eq(~has)", "ready.eq(1)"),
            Mutant("is content with any byte", AXI_LITE, "mask.all()", "mask.any()"),
        ),
    ),
]
