"""The gateware's end of the link in Amaranth's simulator, between a line of bytes and a chip."""

from __future__ import annotations

from collections.abc import Callable

from amaranth.hdl import Cat, Elaboratable, Module, Signal
from amaranth.sim import Simulator

from axonloop.hdl.link import Link
from axonloop.models.protocol import IDENTITY_WORDS, LinkConfig

IDENTITY = [0x41584C4C, 2, 0, 128, 128, *range(100, 95 + IDENTITY_WORDS)]
CYCLES_PER_BYTE = 12


class EchoChip:
    """Answers every word w by a DATA packet of w & 0xFF words w; bit 31: by FAULT; 0: not at all.

    It takes `work` cycles for a word.
    """

    def __init__(self, work: int = 3) -> None:
        self.commands: list[int] = []
        self.replies: list[int] = []
        self.resets = 0
        self._work, self._left = work, 0

    @staticmethod
    def answer(word: int) -> list[int]:
        if word >> 31:
            return [0x9000_0001]
        return [0x8000_0000 | word & 0xFF, *[word] * (word & 0xFF)] if word else []

    def ready(self) -> bool:
        self._left = max(0, self._left - 1)
        return not self._left and not self.replies

    def take(self, word: int) -> None:
        self.commands.append(word)
        self.replies += self.answer(word)
        self._left = self._work

    def reset(self) -> None:
        self.resets += 1
        self.commands.clear()
        self.replies.clear()


def run_link(
    cycles: int,
    line_in: Callable[[int], int | None],
    line_out: Callable[[int, int], None],
    chip: EchoChip,
    done: Callable[[int], bool] = lambda cycle: False,
    watchdog_bits: int = 28,
) -> int:
    """Run at most `cycles`; returns how many ran.

    Every `CYCLES_PER_BYTE` cycles `line_in` gives a byte or None, and `line_out` hears one, if
    there is one; both take the cycle.
    """
    link = LinkConfig(command_depth=128, reply_depth=128, watchdog_bits=watchdog_bits)
    dut = _Bundled(Link(link, IDENTITY))
    ran, held = 0, False

    async def bench(ctx):
        nonlocal ran, held
        for ran in range(cycles):
            turn = ran % CYCLES_PER_BYTE == 0
            byte = line_in(ran) if turn else None
            ready, reply = chip.ready() and not held, chip.replies[0] if chip.replies else None
            line = (byte is not None) | (byte or 0) << 1 | turn << 9
            ctx.set(dut.inputs, line | ready << 10 | (reply is not None) << 11 | (reply or 0) << 12)
            outputs = ctx.get(dut.outputs)
            if turn and outputs & 1:
                line_out(ran, outputs >> 1 & 0xFF)
            if outputs >> 9 & 1 and not held:
                chip.reset()
            held = bool(outputs >> 9 & 1)
            if outputs >> 10 & 1 and reply is not None and not held:
                chip.replies.pop(0)
            if outputs >> 11 & 1 and ready:
                chip.take(outputs >> 12)
            await ctx.tick()
            if turn and done(ran):
                return

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return ran


class _Bundled(Elaboratable):
    """A link whose ports are one input and one output: quick to simulate."""

    def __init__(self, link: Link) -> None:
        self._link, self.inputs, self.outputs = link, Signal(44), Signal(44)

    def elaborate(self, platform) -> Module:
        m, link = Module(), self._link
        m.submodules.link = link
        received, sent, commands, replies = link.received, link.sent, link.commands, link.replies
        m.d.comb += [
            Cat(received.valid, received.payload, sent.ready).eq(self.inputs[:10]),
            Cat(commands.ready, replies.valid, replies.payload).eq(self.inputs[10:]),
            self.outputs[:10].eq(Cat(sent.valid, sent.payload, link.chip_reset)),
            self.outputs[10:].eq(Cat(replies.ready, commands.valid, commands.payload)),
        ]
        return m
