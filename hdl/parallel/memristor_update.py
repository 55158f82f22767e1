"""The walk over the synapses of a core whose terms may see the weights that they change."""

from collections.abc import Callable, Sequence

from amaranth.hdl import Cat, EnableInserter, Module, Mux, Signal, Value

from axonloop.hdl.common import (
    Fields,
    delay,
    magnitude,
    weight_latency,
)
from axonloop.hdl.parallel.memristor_lane import (
    REACH_BITS,
    MemristorLane,
    magnitude_rounding_layout,
    memristor_latency,
)
from axonloop.hdl.parallel.memristor_tables import MemristorTables
from axonloop.hdl.parallel.update import Update, counted
from axonloop.models.config import Geometry

At = Callable[[str, int], Value]
"""What a walk tells its lanes, by name, as they take it at a stage."""


class MemristorUpdate(Update):
    """The same walk as that of `Update`, with lanes that see their weight.

    Members
    -------
    tables : gains and shares, which the register map sees
    pulses : with pulses: the writes in this cycle
    """

    def __init__(self, geometry: Geometry) -> None:
        self.tables = MemristorTables(geometry)
        super().__init__(geometry)

    def _count(self, m: Module, done: Value, lanes: Sequence[Fields]) -> None:
        super()._count(m, done, lanes)
        if self._geometry.memristor == 2:
            written = Cat(lane.pulses.written for lane in lanes)
            m.d.comb += self.pulses.eq(counted(m, done, written, "written"))

    def _lanes(
        self, m: Module, valid: list[Value], axon: Value, target: Fields, platform: object
    ) -> list[MemristorLane]:
        """As in `Update`, with all three hashes, and the table words of every lane."""
        geometry, later = self._geometry, weight_latency(self._geometry) - 2
        m.submodules.tables = self.tables
        axon, factors = self._fetch(m, valid[later], axon, target, later)
        enable = self._enable(m, valid[later:-1], platform)
        at = self._told(m, target, later + 2)
        names = ("word", "pulse_word", "pattern_word")[: 1 if geometry.memristor == 1 else 3]
        hashes = {}
        for name in names:
            word = self._word(m, target[name], axon, later, name)
            hashes[name] = delay(m, word, 1, f"shared_{name}")[-1]
        rounding, reach = self._magnitude_rounding(m, at)
        lanes = []
        for k in range(geometry.multipliers):
            lane = MemristorLane(geometry, k)
            m.submodules[f"lane_{k}"] = EnableInserter(enable)(lane)
            with m.If(enable):
                m.d.sync += lane.factor.eq(factors[k])
            m.d.comb += [
                lane.word.eq(hashes["word"]),
                lane.weight.eq(self.reads.data[k]),
                lane.size.eq(at("size", 0)),
                lane.up.eq(Cat(at("up", stage) for stage in range(len(lane.up)))),
                lane.weighted.eq(at("weighted", 2)),
                lane.rounding.eq(rounding),
                lane.shift.eq(at("shift", 5)),
                lane.reach.eq(reach),
                self.tables.gain_address[k].eq(lane.gain_address),
                lane.gain.eq(self.tables.gains[k]),
            ]
            if geometry.memristor == 2:
                m.d.comb += [
                    lane.pulses.word.eq(hashes["pulse_word"]),
                    lane.pulses.pattern.eq(hashes["pattern_word"]),
                ]
                self._pulse(m, k, lane, at)
            lanes.append(lane)
        return lanes

    def _pulse(self, m: Module, k: int, lane: MemristorLane, at: At) -> None:
        """What only a lane with pulses takes, beside its hashes."""
        pulses, tables = lane.pulses, self.tables.pulses
        m.d.comb += [
            pulses.cycle_to_cycle.eq(at("cycle_to_cycle", 4)),
            pulses.device_to_device.eq(at("device_to_device", 4)),
            pulses.nearest.eq(at("nearest", 4)),
            pulses.pulsed.eq(at("pulsed", 11)),
            tables.address[k].eq(pulses.share_address),
            pulses.share.eq(tables.shares[k]),
        ]

    def _told(self, m: Module, target: Fields, first: int) -> At:
        """What the target tells the lanes, delayed once for all; stage 0 is `first` later."""
        up = target.error[-1]
        gain_shift = Mux(up, self.tables.up_shift, self.tables.down_shift)
        shift = Signal.like(target.eta_shift, name="whole_shift")
        m.d.comb += shift.eq(target.eta_shift + Mux(target.weighted, gain_shift, 0))
        told: dict[str, tuple[Value, int]] = {
            "up": (up, memristor_latency(self._geometry) - 1),
            "size": (magnitude(target.error)[: len(target.error) - 1], 0),
            "weighted": (target.weighted, 2),
            "shift": (shift, 5),
            "nearest": (target.rounding, 4),
        }
        if self._geometry.memristor == 2:
            told |= {name: (target[name], 4) for name in ("cycle_to_cycle", "device_to_device")}
            told["pulsed"] = (target.pulsed, 11)
        taps = {name: delay(m, value, first + last, name) for name, (value, last) in told.items()}
        return lambda name, stage: taps[name][first + stage]

    def _magnitude_rounding(self, m: Module, at: At) -> tuple[Fields, Value]:
        """How the lanes round, at stage 4, and which bits come to |m|, at stage 5."""
        rounding: Fields = Signal(magnitude_rounding_layout(), reset_less=True)
        one = (1 << at("shift", 3))[: len(rounding.mask) + 1]
        below = one - 1
        half = Mux(at("up", 3), below, one) >> 1
        m.d.sync += [
            rounding.mask.eq(Mux(at("nearest", 3), 0, below)),
            rounding.half.eq(Mux(at("nearest", 3), half, 0)),
            rounding.flip.eq(at("up", 3)),
        ]
        reach = Signal(REACH_BITS, reset_less=True)
        m.d.sync += reach.eq(((1 << self._geometry.weight_bits) << at("shift", 4)) - 1)
        return rounding, reach
