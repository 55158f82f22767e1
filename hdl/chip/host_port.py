"""The host port of a chip of many cores: hands packets out, brings replies together."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.common import address_bits, header_layout, next_one, select
from axonloop.hdl.core import COUNT_BITS, for_all_cores, payload_words
from axonloop.models.protocol import Kind


class HostPort(wiring.Component):
    """Between the host and cores 0 .. cores - 1 (docs/contract.md, section 6). Rules:

    1. A packet goes, header and payload, to the core that it names; one for the whole chip that
       names core 0 goes to every core, each at its own time; any other goes to core 0, which
       refuses it. Every core sees its packets in order.
    2. READ and TICK are handed out only when all cores are idle, and nothing else is until all are
       idle again: so every reply to what came before is out before theirs, and theirs before every
       reply to what comes after.
    3. `replies` shows the words of one core until it is taken, then turns to the next one that has
       a word: a core waits for at most one word of each other core. There is no buffer between.
    4. It is assumed of the cores that they are idle only when all their replies were taken, that
       `idle` falls in the cycle after a header is taken whose packet is not done in that cycle,
       and that a core sends DATA only after a READ: so the words of a DATA packet stay together.

    Latency: commands pass in the same cycle, one word per cycle; READ and TICK wait two cycles
    more before, and two after. Replies pass in the same cycle; turning to another core costs one
    cycle, unless a word was taken in the one before.

    Members
    -------
    commands, replies : the host's streams of words
    core_commands, core_replies, idle : the cores'
    """

    def __init__(self, cores: int) -> None:
        self._cores = cores
        words = stream.Signature(32)
        super().__init__(
            {
                "commands": In(words),
                "replies": Out(words),
                "core_commands": Out(words).array(cores),
                "core_replies": In(words).array(cores),
                "idle": In(cores),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._hand_out(m)
        self._bring_together(m)
        return m

    def _hand_out(self, m: Module) -> None:
        header = header_layout()(self.commands.payload)
        core, kept = Signal(address_bits(self._cores)), Signal(address_bits(self._cores))
        calm, waits, chip_wide, answered = Signal(), Signal(), Signal(), Signal()
        left = Signal(COUNT_BITS + 1)
        m.d.sync += calm.eq(self.idle.all())
        m.d.comb += [
            waits.eq((header.kind == Kind.TICK) | (header.kind == Kind.READ)),
            chip_wide.eq(for_all_cores(header.kind)),
            core.eq(Mux(~chip_wide & (header.core < self._cores), header.core, 0)),
        ]
        to_all = chip_wide & (header.core == 0)
        with m.FSM():
            with m.State("HEADER"), m.If(self.commands.valid):
                m.d.sync += [answered.eq(waits), kept.eq(core), left.eq(payload_words(header))]
                with m.If(waits):
                    m.next = "QUIET"
                with m.Elif(to_all):
                    m.next = "ALL"
                with m.Else():
                    taken = self._forward(m, core)
                    with m.If(taken & (payload_words(header) != 0)):
                        m.next = "PAYLOAD"
            with m.State("QUIET"), m.If(calm):
                m.next = "ONE"
                with m.If(to_all):
                    m.next = "ALL"
            with m.State("ONE"), m.If(self._forward(m, kept)):
                m.next = "PAYLOAD"
                with m.If(left == 0):
                    m.next = "TAKEN"
            with m.State("PAYLOAD"), m.If(self._forward(m, kept)):
                m.d.sync += left.eq(left - 1)
                with m.If(left == 1):
                    m.next = "HEADER"
                    with m.If(answered):
                        m.next = "TAKEN"
            with m.State("ALL"), m.If(self._broadcast(m)):
                m.next = "HEADER"
                with m.If(answered):
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.next = "ANSWER"
            with m.State("ANSWER"), m.If(calm):
                m.next = "HEADER"

    def _forward(self, m: Module, core: Value) -> Value:
        """Offer the present word to one core; returns whether it goes."""
        for index, words in enumerate(self.core_commands):
            m.d.comb += words.payload.eq(self.commands.payload)
            with m.If(core == index):
                m.d.comb += [
                    words.valid.eq(self.commands.valid),
                    self.commands.ready.eq(words.ready),
                ]
        return self.commands.valid & self.commands.ready

    def _broadcast(self, m: Module) -> Value:
        """Offer the present word to all cores; returns whether the last of them took it."""
        done, taking = Signal(self._cores), Signal(self._cores)
        for index, words in enumerate(self.core_commands):
            m.d.comb += [
                words.payload.eq(self.commands.payload),
                words.valid.eq(~done[index]),
                taking[index].eq(~done[index] & words.ready),
            ]
        m.d.comb += self.commands.ready.eq((done | taking).all())
        m.d.sync += done.eq(Mux(self.commands.ready, 0, done | taking))
        return self.commands.ready

    def _bring_together(self, m: Module) -> None:
        shown = Signal(range(self._cores))
        valid = Signal(self._cores)
        m.d.comb += [
            valid.eq(Cat(words.valid for words in self.core_replies)),
            self.replies.valid.eq(select(list(valid), shown)),
            self.replies.payload.eq(select([words.payload for words in self.core_replies], shown)),
        ]
        for index, words in enumerate(self.core_replies):
            m.d.comb += words.ready.eq(self.replies.ready & (shown == index))
        with m.If(valid.any() & (self.replies.ready | ~self.replies.valid)):
            m.d.sync += shown.eq(next_one(valid, shown))
