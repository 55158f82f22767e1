"""The scheduler whose scan for events runs ahead: what is proved of the other, and its order."""

from dataclasses import replace

from amaranth.hdl import Assert, Assume, Cat, Cover, Module, Mux, Signal

from axonloop.models.protocol import Region
from tests.formal.code import Code, Mutant
from tests.formal.core.scheduler import GEOMETRY, LANES, SLOTS, SchedulerSpec
from tests.formal.engine import Claim

SPLIT = "axonloop.hdl.core.split_scheduler"
WIDER = replace(GEOMETRY, axons=12)
"""Two words of four blocks, of which the last has two."""


class SplitSpec(SchedulerSpec):
    """As `SchedulerSpec`; the bus writes rows that there are."""

    def __init__(self, code: Code) -> None:
        module = code.load(SPLIT)
        self._follows(module.SplitScheduler(WIDER), WIDER, module.TOGETHER)
        self._timed, self._words = False, -(-self._blocks // module.TOGETHER)

    def elaborate(self, platform) -> Module:
        m = super().elaborate(platform)
        address = self._dut.bus.address
        m.d.comb += Assume((address[24:] != Region.ROW) | (address[:24] < self._axons))
        self._tie_rests(m)
        return m

    def _cover(self, m, ended, emitted) -> None:
        first, last = emitted[: self._together * LANES], emitted[self._together * LANES :]
        m.d.comb += Cover(ended & self._scans & first.any() & last.any())
        m.d.comb += Cover(self._clears & (self._seen.all()))

    def _taken(self, word: int):
        return self._reached > word

    def _shown(self, number: int):
        return self._dut._show.data.word_select(number % self._together, LANES)

    def _tie_events(self, m, base, bits) -> None:
        probe, width = self._probe, self._together * LANES
        unread, fetched, word, behind = (
            probe[name] for name in ("unread", "fetched", "word", "fetched_word")
        )
        self._reached = reached = Signal(range(self._words + 1))
        m.d.comb += reached.eq(Mux(fetched, behind, Mux(unread, word, self._words)))
        super()._tie_events(m, base, bits)
        scan = unread | fetched
        m.d.comb += [
            Assert(~scan | (self._scans & (probe["scan_slot"] == self._scanned))),
            Assert(~unread | (word < self._words)),
            Assert(~fetched | (behind < self._words)),
            Assert(~(unread & fetched) | (word == behind + 1)),
            Assert(~(fetched & ~unread) | (behind == self._words - 1)),
            *(
                Assert(~(self._scans & self._seen[block]) | self._taken(block // self._together))
                for block in range(self._blocks)
            ),
        ]
        always = Cat(row.always_on for row in self._dut._always.read_data)
        read = self._dut._scan.data | always
        for number in range(self._words):
            expected = self._expected[number * width : (number + 1) * width]
            m.d.comb += Assert(~(fetched & (behind == number)) | (read == expected))
        over = self._words * width - self._axons
        m.d.comb += Assert((base != self._words - 1) | (bits[width - over :] == 0))

    def _tie_rests(self, m) -> None:
        """At all times: the copy of `always_on` is one, and nothing lies behind the last axon."""
        probe, width = self._probe, self._together * LANES
        copies = Cat(probe.rows("always.store"))
        always = Cat(self._always(block) for block in range(self._blocks))
        m.d.comb += Assert(copies == always)
        for slot in range(SLOTS):
            for block in range(self._blocks, self._words * self._together):
                m.d.comb += Assert(self._stored(slot * self._stride + block) == 0)
        works = probe["unread"] | probe["fetched"]
        m.d.comb += Assert(~works | self._scans)
        last = probe["address"][: self._word_bits] == self._words - 1
        behind = probe["bit"][self._axons - (self._words - 1) * width :]
        m.d.comb += Assert(~(probe["writing"] & last) | (behind == 0))


CLAIMS = [
    Claim(
        "scheduler",
        "the same where the scan runs ahead of the blocks; `scanning` falls when all events are "
        "given",
        SplitSpec,
        depth=2,
        search=10,
        reach=16,
        mutants=(
            Mutant(
                "blocks do not wait for the scan",
                SPLIT,
                "walk.shown & ~writing & passed & ~self.pause",
                "walk.shown & ~writing & ~self.pause",
            ),
            Mutant(
                "empties the other blocks of the word",
                SPLIT,
                "self._write.en.eq(1 << walk.shown_block[:bits])",
                "self._write.en.eq(~0)",
            ),
            Mutant(
                "leaves a word out", SPLIT, "word != self._words - 1", "word != self._words - 2"
            ),
            Mutant(
                "forgets axons that are always on",
                SPLIT,
                "self._scan.data | always",
                "self._scan.data",
            ),
            Mutant(
                "block and spike write at once",
                SPLIT,
                "walk.shown & ~writing & passed",
                "walk.shown & passed",
            ),
            Mutant(
                "says too early that all is scanned",
                SPLIT,
                "unread | fetched | ~drained",
                "unread | ~drained",
            ),
        ),
    ),
]
