"""The chip, broken on purpose in its Verilog, and where that must show."""

from __future__ import annotations

import re
from dataclasses import dataclass


def mutate(verilog: str, module: str, pattern: str, replacement: str) -> str:
    """Replace `pattern` in the module whose name ends as given; it must be there."""
    head, start, rest = re.split(rf"(?m)(^module \S*\.{module} )", verilog)
    body, end, tail = rest.partition("endmodule")
    changed, count = re.subn(pattern, replacement, body)
    assert count > 0, f"the Verilog must hold {pattern!r} in {module}"
    return head + start + changed + end + tail


@dataclass(frozen=True)
class Mutant:
    """What is replaced by what in which module, and the `units` in which it may show first.

    `lane` is the lane of the words in which it shows, if it is in the logic of one.
    """

    module: str
    pattern: str
    replacement: str
    units: frozenset[str]
    lane: int | None = None

    def of(self, verilog: str) -> str:
        """The Verilog of the broken chip."""
        return mutate(verilog, self.module, self.pattern, self.replacement)


def _in_lane(part: str, pattern: str, replacement: str, *units: str) -> Mutant:
    return Mutant(rf"{part}\.lane_1", pattern, replacement, frozenset(units), 1)


NEURONS, TRACES, UPDATE = "neurons", "traces", r"learning\.update"
SPIKING = ("membrane", "reset", "countdown", "spike")
TINY_MUTANTS = {
    "sum-inverted": _in_lane(
        NEURONS, r"\$signed\((accumulator\w*)\) <<", r"$signed(~\1) <<", "current"
    ),
    "countdown-by-two": _in_lane(NEURONS, r"countdown_5 - 1'h1", "countdown_5 - 2'h2", "countdown"),
    "spike-above-threshold-only": _in_lane(
        NEURONS, r"(\$signed\(distance\)) >= ", r"\1 > ", *SPIKING
    ),
    "box-bit": _in_lane(
        NEURONS, r"(?<!\w)box <= (\S+) ;", r"box <= \1  & (membrane_2[2:0] != 3'h5);", "box"
    ),
    "membrane-bit": _in_lane(
        NEURONS, r"membrane_1 <= (\w+);", r"membrane_1 <= \1 ^ (held_3[5:0] == 6'h2a);", *SPIKING
    ),
    "bias-of-the-next-neuron": _in_lane(NEURONS, r"bias_3 <= bias_2", "bias_3 <= bias_1", *SPIKING),
    "clip-not-counted": _in_lane(NEURONS, r"clip_v_1 <= \w+;", "clip_v_1 <= 1'h0;", "saturations"),
    "reset-by-another-sign": _in_lane(
        NEURONS, r"(\$signed\(membrane_1\)) - (\$signed\(reset_4\))", r"\1 + \2", "box", *SPIKING
    ),
    "trace-ceiling": _in_lane(TRACES, r"12'hfff\b", "12'hffe", "trace_q", "trace_p", "trace_pq"),
    "trace-bit-lost": _in_lane(TRACES, r"new_p <= (\w+);", r"new_p <= \1 & 12'h7ff;", "trace_p"),
    "always-on-forgotten": _in_lane(
        TRACES, r"always_on_4 \? pq_on_4", "1'h0 ? pq_on_4", "trace_pq"
    ),
    "spike-of-the-next-axon": _in_lane(TRACES, r"spike_2 \?", "spike_1 ?", "trace_q"),
    "saturation-not-counted": _in_lane(TRACES, r"= clipped \+ \w+;", "= clipped;", "saturations"),
    "weight-rail": _in_lane(
        UPDATE, r"new_weight <= (\w+);", r"new_weight <= (\1 == 8'h81) ? 8'h82 : \1;", "weight"
    ),
    "hash-rotation": _in_lane(
        UPDATE, r"word\[8:0\], word\[15:9\]", "word[9:0], word[15:10]", "weight"
    ),
    "negative-change": _in_lane(UPDATE, r"\$signed\(noisy\) >>> shift", "noisy >> shift", "weight"),
    "update-not-counted": Mutant(
        r"learning\.update\.lane_1",
        r"changed <= (\w+);",
        r"changed <= \1 & (weight_6[2:0] != 3'h5);",
        frozenset({"updates", "weight"}),
    ),
    "delay-of-two": Mutant(
        "scheduler",
        r"tick_slot \+ spikes__payload\[3:2\]",
        "tick_slot + (spikes__payload[3:2] & 2'h1)",
        frozenset({"pending"}),
    ),
    "fan-out-without-delay": Mutant(
        "fanout", r"read_data\[17:16\], ", "2'h0, ", frozenset({"pending"})
    ),
    "ungated-error-counts-as-gated": Mutant(
        r"learning\.errors", r"\[10\] \? 8'h00 :", "[10] ? 8'h01 :", frozenset({"gated"})
    ),
}
"""Twenty mutants of a chip of `tiny_chips.TINY`."""
