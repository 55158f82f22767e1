"""A recording as a script: what was done with its chip, to be done with others."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from axonloop.host.bisect.difference import ANSWER, REPORTED, Difference, located
from axonloop.host.bisect.pair import FAILURES, Opener
from axonloop.host.bisect.recordings import neurons_of, questions
from axonloop.host.bisect.script import Place, Script, apply
from axonloop.host.devices import read_recording
from axonloop.host.devices.packets import Words, table_words, unpack_weights
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import (
    Control,
    Kind,
    Region,
    argument_of,
    core_of,
    kind_of,
    neuron_of_error,
    region_words,
)

NO_STATE = "a run from its beginning, without state or other parameters written on the way"


@dataclass
class _Decoder:
    """Makes steps of packets."""

    chip: ChipConfig
    steps: list[TrafficStep] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    weights: dict[int, Words] = field(default_factory=dict)

    def take(self, packet: list[int]) -> None:
        """A packet without an answer."""
        kind = Kind(kind_of(packet[0]))
        if kind == Kind.SPIKE:
            self._add("send_spikes", self._axon(packet[0]), argument_of(packet[0]) >> 16)
        elif kind in (Kind.ERROR, Kind.FAR_ERROR):
            word = packet[0]
            neurons = self.chip.geometry.neurons
            neuron = (core_of(word) - self.chip.first) * neurons + neuron_of_error(word)
            value = (word & 0xFF) - (word << 1 & 0x100)
            self._add("send_errors", neuron, value, bool(word >> 19 & 1))
        elif kind == Kind.WRITE:
            self._write(core_of(packet[0]), packet[1], packet[2:])
        elif kind == Kind.CLEAR:
            self.operations.append(Operation("clear"))
        elif self.steps:  # LEARN belongs to the tick before
            self.steps[-1].after.extend([*self.operations, Operation("learn")])
            self.operations.clear()

    def _axon(self, word: int) -> int:
        return (core_of(word) - self.chip.first) * self.chip.geometry.axons + (word & 0xFFFF)

    def _add(self, method: str, *event: int) -> None:
        """One more event; those of a kind that follow each other make one operation."""
        arrays = 1 if method == "send_spikes" else 2
        columns, rest = event[:arrays], event[arrays:]
        before = self.operations[-1] if self.operations else None
        if before and before.method == method and before.arguments[arrays:] == tuple(rest):
            joined = [
                np.append(old, new).astype(np.int32)
                for old, new in zip(before.arguments, columns, strict=False)
            ]
            self.operations[-1] = Operation(method, (*joined, *rest))
        else:
            made = [np.array([each], np.int32) for each in columns]
            self.operations.append(Operation(method, (*made, *rest)))

    def _write(self, core: int, address: int, words: list[int]) -> None:
        region, start = Region(address >> 24), address & 0xFFFFFF
        if region == Region.WEIGHT:
            self._write_weights(core, start, words)
        elif region == Region.CONTROL and start == Control.MODULATION:
            if core == self.chip.first:
                value = words[0] - (words[0] << 1 & 1 << 32)
                self.operations.append(Operation("modulate", (value,)))
        elif region == Region.CONTROL:
            seeded = start == Control.SEED and words == [self.chip.seed]
            fresh = not self.steps  # a chip that is not fresh is made so
            require(seeded or fresh, "recording", f"of {NO_STATE}", "one of a chip set back")
        else:
            tables = table_words(self.chip.cores[core - self.chip.first])
            same = region in tables and words == tables[region][start : start + len(words)].tolist()
            require(same, "recording", f"of {NO_STATE}", f"one that writes {region.key}")

    def _write_weights(self, core: int, start: int, words: list[int]) -> None:
        """Words of a core's weights; behind the last of all cores they make one operation."""
        geometry = self.chip.geometry
        share = self.weights.setdefault(
            core, np.zeros(region_words(geometry)[Region.WEIGHT], np.uint32)
        )
        share[start : start + len(words)] = words
        ends = start + len(words) == share.size
        if ends and core == self.chip.cores[-1].core:
            shares = [unpack_weights(geometry, self.weights[each.core]) for each in self.chip.cores]
            self.operations.append(Operation("load_weights", (np.concatenate(shares),)))

    def tick(self, learn: bool) -> None:
        """A TICK."""
        none = np.zeros(0, np.int32)
        self.steps.append(TrafficStep(self.operations, none, learn))
        self.operations = []


def script_of_recording(path: Path) -> tuple[Script, list[Int32Array]]:
    """What was done with the chip of a recording, and the neurons that it reported in each tick.

    ValueError for what is no recording, or of a run that did not begin with a fresh chip.
    """
    contents = read_recording(path)
    decoder, reported = _Decoder(contents.configuration), []
    for question in questions(contents):
        for packet in question.posted:
            decoder.take(packet)
        if kind_of(question.packet[0]) == Kind.TICK:
            decoder.tick(bool(question.packet[0] & 1))
            reported.append(np.sort(neurons_of(contents.configuration, question.spikes)))
    require(len(reported) > 0, "recording", "of at least one tick", str(path))
    return Script(Place(0, contents.configuration), decoder.steps), reported


def compare_with_recording(path: Path, opener: Opener) -> Difference | None:
    """Play what was recorded on a device: the first tick in which it reports other neurons."""
    script, reported = script_of_recording(path)
    config = script.start.config
    with opener(config) as device:
        for tick, (step, wanted) in enumerate(zip(script.steps, reported, strict=True)):
            try:
                for operation in step.before:
                    apply(device, operation)
                found = device.tick(step.axons, step.learn)
                for operation in step.after:
                    apply(device, operation)
            except FAILURES as error:
                return Difference(tick, ANSWER, (), None, ("an answer", str(error)))
            if difference := located(config, tick, REPORTED, [wanted, found]):
                return difference
    return None
