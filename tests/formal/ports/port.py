"""The host port: every word reaches the cores it is for, once; nothing overtakes an answer."""

from amaranth.asserts import AnySeq
from amaranth.hdl import Assert, Assume, Cat, Cover, Elaboratable, Module, Mux, ResetSignal, Signal

from axonloop.hdl.common import header_layout, popcount
from axonloop.models.protocol import Kind
from tests.formal.code import Code, Mutant
from tests.formal.engine import Claim
from tests.formal.probe import Probe

PORT = "axonloop.hdl.chip.host_port"
CORES = 3
HEADER, QUIET, ALL, PAYLOAD, ONE, TAKEN, ANSWER = range(7)
"""The states of the port, in the order in which `HostPort` mentions them first."""


class PortSpec(Elaboratable):
    """The port between any host and abstract cores that keep rule 4 of `HostPort`.

    The reference reads the host's words by itself: which is a header, and for whom. A core takes
    words when it likes, is idle again when it likes (not before its payload came), and replies
    when it likes while it is not idle.
    """

    def __init__(self, code: Code) -> None:
        self._port = code.load(PORT).HostPort(CORES)

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.dut = self._probe = Probe(self._port)
        m.d.comb += Assume(~ResetSignal())
        self._drive(m)
        self._read(m)
        for core in range(CORES):
            self._core(m, core)
        self._check_words(m)
        self._check_answers(m)
        self._check_replies(m)
        self._tie(m)
        return m

    def _drive(self, m) -> None:
        """Words from the host stay until they are taken."""
        commands, replies = self._port.commands, self._port.replies
        m.d.comb += [
            commands.valid.eq(AnySeq(1)),
            commands.payload.eq(AnySeq(32)),
            replies.ready.eq(AnySeq(1)),
        ]
        self._stays(m, commands, "command")
        self._waits = self._stuck
        self._taken = commands.valid & commands.ready

    def _stays(self, m, stream, name: str, what=Assume) -> None:
        stuck, before = Signal(name=f"{name}_stuck"), Signal(32, name=f"{name}_before")
        self._stuck = stuck
        m.d.sync += [stuck.eq(stream.valid & ~stream.ready), before.eq(stream.payload)]
        m.d.comb += what(~stuck | (stream.valid & (stream.payload == before)))

    def _read(self, m) -> None:
        """The reference: is this word a header, whose is it, and is the packet answered?"""
        header = header_layout()(self._port.commands.payload)
        self._left = Signal(17)
        self._header, self._kept = self._left == 0, Signal(CORES)
        kept = self._kept
        count = header.argument[:16]
        words = Mux(header.kind == Kind.WRITE, count + 1, header.kind == Kind.READ)
        wide = (
            (header.kind == Kind.TICK) | (header.kind == Kind.LEARN) | (header.kind == Kind.CLEAR)
        )
        one = Mux(~wide & (header.core < CORES), 1 << header.core[:2], 1)
        named = Mux(wide & (header.core == 0), (1 << CORES) - 1, one)
        self._targets, self._answered, self._words = Signal(CORES), Signal(), words
        m.d.comb += self._targets.eq(Mux(self._header, named, kept))
        m.d.comb += self._answered.eq((header.kind == Kind.TICK) | (header.kind == Kind.READ))
        with m.If(self._taken & self._header):
            m.d.sync += [kept.eq(self._targets), self._left.eq(words)]
        with m.Elif(self._taken):
            m.d.sync += self._left.eq(self._left - 1)

    def _core(self, m, core: int) -> None:
        """Idle until a header comes that is not done at once."""
        port, words = self._port, self._port.core_commands[core]
        replies, works = port.core_replies[core], Signal(name=f"works_{core}")
        payload, stop = Signal(name=f"payload_{core}"), Signal(name=f"stop_{core}")
        m.d.comb += [
            words.ready.eq(AnySeq(1)),
            replies.valid.eq(AnySeq(1)),
            replies.payload.eq(AnySeq(32)),
            stop.eq(AnySeq(1)),
            port.idle[core].eq(~works),
            Assume(works | ~replies.valid),
            Assume(~(works & words.ready & ~payload)),
        ]
        taken, idle = words.valid & words.ready, stop & ~replies.valid
        m.d.comb += Assert(~payload | (works & (self._left != 0) & self._kept[core]))
        with m.If(taken & self._header):
            m.d.sync += payload.eq(self._words != 0)
            m.d.sync += works.eq(self._answered | (self._words != 0) | ~stop)
        with m.Elif(taken & (self._left == 1)):
            m.d.sync += [payload.eq(0), works.eq(AnySeq(1))]
        with m.Elif(~payload & idle):
            m.d.sync += works.eq(0)
        self._stays(m, replies, f"reply_{core}")

    def _check_words(self, m) -> None:
        """A word goes once to each core that it is for, and to no other."""
        commands, streams = self._port.commands, self._port.core_commands
        got, now = Signal(CORES), Signal(CORES)
        m.d.comb += now.eq(Cat(words.valid & words.ready for words in streams))
        m.d.sync += got.eq(Mux(self._taken, 0, got | now))
        self._got, self._now = got, now
        for words in streams:
            m.d.comb += Assert(
                ~words.valid | (commands.valid & (words.payload == commands.payload))
            )
        m.d.comb += [
            Assert(~(now & ~self._targets).any()),
            Assert(~(now & got).any()),
            Assert(~self._taken | ((got | now) == self._targets)),
            Cover(self._taken & (self._left == 1)),
            Cover(self._taken & self._answered & self._header & (self._targets == 7)),
        ]

    def _check_answers(self, m) -> None:
        """TICK and READ find all cores idle, and so does what follows."""
        port, owed, calm = self._port, Signal(CORES), Signal(3)
        self._owed, self._calm = owed, calm
        header = self._now.any() & self._header
        busy = Signal(CORES)
        m.d.comb += busy.eq(~port.idle)
        with m.If(header & self._answered):
            m.d.comb += Assert(~(busy & ~self._got).any())
        with m.If(header):
            m.d.comb += Assert(~(owed & ~self._got).any())
            m.d.sync += owed.eq((owed | self._now) & Mux(self._answered, 7, 0))
        with m.Else():
            m.d.sync += owed.eq(owed & busy)
        with m.If(header & ~self._got.any() & (owed != 0)):
            m.d.comb += Assert(0)
        can = port.commands.valid & ~busy.any() & Cat(w.ready for w in port.core_commands).all()
        m.d.sync += calm.eq(Mux(can & ~self._taken & self._header, calm + 1, 0))
        m.d.comb += Assert(calm <= 4)

    def _check_replies(self, m) -> None:
        """A word from one core at a time, unchanged, in turn."""
        replies, streams = self._port.replies, self._port.core_replies
        goes = Signal(CORES)
        m.d.comb += goes.eq(Cat(words.valid & words.ready for words in streams))
        m.d.comb += Assert(popcount(goes) == (replies.valid & replies.ready))
        self._stays(m, replies, "replies", Assert)
        for core, words in enumerate(streams):
            with m.If(goes[core]):
                m.d.comb += Assert(replies.payload == words.payload)
            for other in range(CORES):
                if other != core:
                    once = Signal(name=f"{other}_before_{core}")
                    waits = words.valid & ~goes[core]
                    m.d.sync += once.eq(waits & (once | goes[other]))
                    m.d.comb += Assert(~(once & waits & goes[other]))
                    m.d.comb += Assert(~once | (words.valid & self._is_before(core, other)))

    def _is_before(self, core: int, other: int):
        """Does the turn come to `core` before it comes to `other`?"""
        shown = self._probe["shown"]
        behind = [Mux(shown <= c, c, c + CORES) - shown for c in (core, other)]
        return behind[0] < behind[1]

    def _tie(self, m) -> None:
        """Invariants: what the port's registers mean in the words of the reference."""
        state, got, busy = self._probe["fsm_state"], self._got, ~self._port.idle
        answered, left, calm = (self._probe[name] for name in ("answered", "left", "calm"))
        one = 1 << self._probe["kept"]
        waiting = (state == QUIET) | (state == ONE) | (state == ALL)
        m.d.comb += [
            Assert((state <= ANSWER) & (self._probe["shown"] < CORES)),
            Assert((state == PAYLOAD) == (self._left != 0)),
            Assert(self._probe["done"] == got),
            Assert((state == ALL) | (got == 0)),
        ]
        with m.If(waiting):
            m.d.comb += [
                Assert(self._waits & (answered == self._answered) & (left == self._words)),
                Assert((state == ALL) | answered),
                Assert((state != ALL) | (self._targets == 7)),
                Assert((state != ONE) | (self._targets == one)),
                Assert((self._targets == 7) | (self._targets == one)),
            ]
        with m.If(state == PAYLOAD):
            m.d.comb += Assert((self._kept == one) & (left == self._left))
            m.d.comb += Assert((self._owed == 0) | answered)
        with m.If((state == HEADER) | (state == QUIET) | (state == ONE)):
            m.d.comb += Assert(self._owed == 0)
        with m.If(state == ALL):
            m.d.comb += Assert(~(self._owed & ~Mux(answered, got, 0)).any())
            m.d.comb += Assert(~answered | ~(busy & ~got).any())
        with m.If(calm & (state == ANSWER)):
            m.d.comb += Assert(self._owed == 0)
        with m.If((state == ONE) | (calm & (state == QUIET))):
            m.d.comb += Assert(~busy.any())
        steps = self._calm
        m.d.comb += Assert((steps == 0) | calm)
        for bound, known in enumerate((TAKEN, ANSWER, HEADER, QUIET, ONE)):
            m.d.comb += Assert((state != known) | (steps <= bound))


CLAIMS = [
    Claim(
        "port",
        "every word reaches the cores it is for, once; READ and TICK wait for idle before and "
        "after; replies are merged one by one, in turn",
        PortSpec,
        depth=2,
        search=7,
        reach=9,
        mutants=(
            Mutant(
                "serves the next core",
                PORT,
                "with m.If(core == index):",
                "with m.If(core + 1 == index):",
            ),
            Mutant(
                "broadcast leaves out who is slow",
                PORT,
                "(done | taking).all()",
                "(done | taking).any()",
            ),
            Mutant(
                "broadcast forgets who took it",
                PORT,
                "Mux(self.commands.ready, 0, done | taking)",
                "0",
            ),
            Mutant(
                "does not wait before",
                PORT,
                'm.State("QUIET"), m.If(calm)',
                'm.State("QUIET"), m.If(1)',
            ),
            Mutant(
                "does not wait after",
                PORT,
                'm.State("ANSWER"), m.If(calm)',
                'm.State("ANSWER"), m.If(1)',
            ),
            Mutant(
                "payload one word short", PORT, "with m.If(left == 1):", "with m.If(left <= 2):"
            ),
            Mutant(
                "drops replies", PORT, "self.replies.ready & (shown == index)", "self.replies.ready"
            ),
            Mutant(
                "turns away too early",
                PORT,
                "valid.any() & (self.replies.ready | ~self.replies.valid)",
                "valid.any()",
            ),
            Mutant("prefers the first core", PORT, "next_one(valid, shown)", "next_one(valid, 2)"),
        ),
    )
]
