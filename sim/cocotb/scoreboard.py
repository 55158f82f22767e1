"""The golden model as a scoreboard: hears the words to a chip, and checks what the chip answers."""

from __future__ import annotations

from collections import Counter as Tally
from collections import deque
from dataclasses import dataclass

import numpy as np

from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.golden import Chip
from axonloop.models.protocol import (
    Control,
    Kind,
    Region,
    argument_of,
    core_of,
    header,
    kind_of,
    neuron_of_error,
)
from axonloop.sim.cocotb.core_words import words_of, write_words

PAYLOAD = {Kind.WRITE: 1, Kind.READ: 1}
"""Words behind a header of these kinds, beside the words that are written: an address."""


@dataclass(frozen=True)
class _Answer:
    """What must come next: `head`, behind `spikes` in any order, with the `data` known or None."""

    head: int
    spikes: Tally[int]
    data: tuple[int | None, ...] = ()


class Scoreboard:
    """Give `command` every word that the chip takes, and `reply` every word that it says.

    Registers and tables are those of `config`, whatever is written to them, until another is
    expected; weights, state, tick, seed, modulation it follows from power-up on. It checks the
    spikes and the answer of every tick, and every word of weights and state that is read; of other
    reads the length alone. `ticks` and `words` count what was checked. AssertionError at the first
    difference; `end` asks that nothing is missing.
    """

    def __init__(self, config: ChipConfig | CoreConfig) -> None:
        self._config = ChipConfig.of(config)
        self._chip = Chip(self._config)
        self._packet: list[int] = []
        self._answers: deque[_Answer] = deque()
        self._spikes: Tally[int] = Tally()
        self._data: deque[int | None] = deque()
        self._coming: deque[ChipConfig] = deque()
        self.ticks = self.words = 0

    def expect(self, config: ChipConfig | CoreConfig) -> None:
        """Take over `config` when its registers are written: with its first word of parameters.

        Call it before they are sent. Geometry, mesh and core numbers must stay.
        """
        self._coming.append(ChipConfig.of(config))

    def command(self, word: int) -> None:
        """A word that the chip takes."""
        self._packet.append(word)
        kind, count = kind_of(self._packet[0]), argument_of(self._packet[0]) & 0xFFFF
        length = 1 + PAYLOAD.get(Kind(kind), 0) + (count if kind == Kind.WRITE else 0)
        if len(self._packet) == length:
            packet, self._packet = self._packet, []
            self._take(Kind(kind), packet)

    def _take(self, kind: Kind, packet: list[int]) -> None:
        chip, geometry, argument = self._chip, self._config.geometry, argument_of(packet[0])
        index = core_of(packet[0]) - self._config.first
        if kind == Kind.SPIKE:
            axon = index * geometry.axons + (argument & 0xFFFF)
            chip.send_spikes(np.array([axon]), argument >> 16)
        elif kind in (Kind.ERROR, Kind.FAR_ERROR):
            neuron = index * geometry.neurons + neuron_of_error(packet[0])
            value = (argument & 0xFF) - (argument << 1 & 0x100)
            chip.send_errors(np.array([neuron]), np.array([value]), bool(argument >> 19))
        elif kind == Kind.TICK:
            self._tick(bool(argument & 1))
        elif kind == Kind.LEARN:
            chip.learn()
        elif kind == Kind.CLEAR:
            chip.clear()
        elif kind == Kind.WRITE:
            self._write(index, Region(packet[1] >> 24), packet[1] & 0xFFFFFF, packet[2:])
        else:
            self._read(index, packet[1], argument & 0xFFFF)

    def _tick(self, learn: bool) -> None:
        tick, neurons = self._chip.tick_register, self._config.geometry.neurons
        first = self._config.first
        spikes = [
            header(Kind.SPIKE, first + neuron // neurons, neuron % neurons)
            for neuron in self._chip.tick().tolist()
        ]
        self._answers.append(_Answer(header(Kind.TICK, first, tick & 0xFFFFF), Tally(spikes)))
        if learn:
            self._chip.learn()

    def _write(self, index: int, region: Region, start: int, words: list[int]) -> None:
        chip = self._chip
        if region is Region.PARAMETERS and index == start == 0 and self._coming:
            self._config = self._coming.popleft()
            chip.configure(self._config)
        if region is not Region.CONTROL:
            geometry, values = self._config.geometry, np.array(words, np.int64)
            write_words(chip.cores[index], geometry, region, start, values)
            return
        for offset, word in enumerate(words, start):
            if offset == Control.TICK:
                chip.tick_register = word
            elif offset == Control.SEED:
                chip.seed = word
            elif offset == Control.LEARNED:
                chip.learned = bool(word)
            elif offset == Control.MODULATION:
                chip.cores[index].learning.modulation = word - (word << 1 & 1 << 32)

    def _read(self, index: int, address: int, count: int) -> None:
        region, start = Region(address >> 24), address & 0xFFFFFF
        words = words_of(self._chip.cores[index], self._config.geometry, region)
        data = [None] * count if words is None else words[start : start + count].tolist()
        head = header(Kind.DATA, self._config.first + index, count)
        self._answers.append(_Answer(head, Tally(), tuple(data)))

    def reply(self, word: int) -> None:
        """A word that the chip says."""
        if self._data:
            wanted = self._data.popleft()
            good = wanted in (None, word)
            assert good, f"word {self.words} that is read must be {wanted}, not {word}"
            self.words += 1
        elif kind_of(word) == Kind.SPIKE:
            self._spikes[word] += 1
        else:
            assert self._answers, f"chip must not speak unasked, as {word:#010x}"
            self._check(word, self._answers.popleft())

    def _check(self, word: int, answer: _Answer) -> None:
        """Check an answer's header and the spikes before it."""
        missing, foreign = answer.spikes - self._spikes, self._spikes - answer.spikes
        where, self._spikes = f"tick {self.ticks} heard", Tally()
        assert not missing, f"{where} must report {_named(missing)}, not leave it out"
        assert not foreign, f"{where} must not report {_named(foreign)}"
        assert word == answer.head, f"answer must be {answer.head:#010x}, not {word:#010x}"
        self._data.extend(answer.data)
        self.ticks += kind_of(word) == Kind.TICK

    def end(self) -> None:
        """AssertionError if the chip owes an answer, or spikes came behind the last one."""
        owed = len(self._answers) + bool(self._data)
        assert not owed, f"chip must answer all, not owe {owed} answers"
        assert not self._spikes, f"spikes must come before their tick's answer, not {self._spikes}"


def _named(spikes: Tally[int]) -> str:
    """Spikes as core and neuron."""
    return ", ".join(f"neuron {argument_of(word)} of core {core_of(word)}" for word in spikes)
