"""The training loop over a board's line: the same bits, never idle, as many bytes as predicted."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from axonloop.host.building import chip_config
from axonloop.host.data.digits import split_digits
from axonloop.host.device import Device
from axonloop.host.golden import GoldenDevice
from axonloop.host.hashes import weight_hash
from axonloop.host.link_use import LinkUse
from axonloop.host.runs import Run
from axonloop.host.serial import BoardDevice, SerialDevice
from axonloop.host.settings import Settings
from axonloop.host.simulated import SimulatedLine, SimulatedTransport
from axonloop.host.telemetry import SampleCost
from axonloop.host.training import Trainer
from axonloop.models.link import LinkConfig
from axonloop.sim.board import Board, Misbehaviour
from axonloop.sim.faults import FaultRates
from axonloop.sim.top import RtlTop

DIGITS = split_digits()
TINY = Settings(
    epochs=1, limit=4, ticks=14, burn_in=4, tune=True, layers=(16,), lanes=4, threshold=0.25
)
LINK = LinkConfig(4_000_000, 1_000_000)
DELAY = 1e-3
"""Seconds that answers take beside line and board."""


def top(settings: Settings) -> RtlTop:
    chip = chip_config(settings)
    return RtlTop(LINK, chip.geometry, chip.mesh, 1)


def simulated(settings: Settings, delay: float = DELAY) -> BoardDevice:
    line = SimulatedLine(top(settings), LINK, delay)
    return BoardDevice(SimulatedTransport(line, LINK.baud), chip_config(settings))


def hashes(trainer: Trainer) -> tuple[str, str]:
    weights = trainer.device.read_weights()
    return weight_hash(weights, trainer.device.config.geometry), trainer.scorer.chain.hexdigest()


def golden_hashes(settings: Settings) -> tuple[str, str]:
    trainer = Trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    trainer.run()
    return hashes(trainer)


class Marks:
    """Cycles, idle cycles and the link's use of a board, after every sample."""

    def __init__(self, device: BoardDevice) -> None:
        assert isinstance(device.transport, SimulatedTransport)
        self._line, self._device = device.transport.line, device
        self.cycles, self.idle, self.uses = [], [], []
        self()

    def __call__(self) -> None:
        self.cycles.append(self._line.cycles)
        self.idle.append(self._line.idle)
        self.uses.append(self._device.link_use)

    def share(self, first: int, last: int) -> float:
        """Of the cycles between two marks, those that were idle."""
        return (self.idle[last] - self.idle[first]) / (self.cycles[last] - self.cycles[first])


def trained(settings: Settings, delay: float = DELAY) -> tuple[Trainer, Marks]:
    device = simulated(settings, delay)
    trainer = Trainer(device, settings, DIGITS)
    marks = Marks(device)
    trainer.run(marks, lambda: False)
    return trainer, marks


def test_at_error_latency_2_the_link_is_never_idle() -> None:
    """Not for a cycle, until the chip rests at the end; the bits are those of golden."""
    settings = replace(TINY, latency=2)
    trainer, marks = trained(settings)
    with trainer.device:
        assert hashes(trainer) == golden_hashes(settings)
    assert marks.share(0, 3) == 0
    assert (marks.uses[3] - marks.uses[0]).round_trips == 0
    assert (marks.uses[4] - marks.uses[3]).round_trips == 1
    assert marks.share(3, 4) > 0


def test_without_error_latency_every_tick_is_a_round_trip() -> None:
    trainer, marks = trained(TINY)
    with trainer.device:
        assert hashes(trainer) == golden_hashes(TINY)
    assert (marks.uses[4] - marks.uses[0]).round_trips == 4 * TINY.ticks
    idle = marks.idle[4] - marks.idle[0]
    # Every answer is late by the delay; cycles are counted in steps of a byte.
    assert abs(idle / (4 * TINY.ticks) - DELAY * LINK.clock) <= 2 * 40


@pytest.mark.parametrize("latency", [0, 1, 2])
def test_bytes_are_those_of_the_formula(latency: int) -> None:
    """Words and frames counted from what the network does, not from what the link was given."""
    settings = replace(TINY, latency=latency)
    trainer, marks = trained(settings)
    trainer.device.close()
    with GoldenDevice(chip_config(settings)) as golden:
        down, up = formula(golden, settings)
    use = marks.uses[4] - marks.uses[0]
    assert (use.predicted_down, use.predicted_up) == (down, up)
    assert (use.bytes_down, use.bytes_up) == (down, up)


def formula(golden: Device, settings: Settings) -> tuple[int, int]:
    """Bytes both ways by docs/link.md, 7, for a loop that sends at once what it can."""

    def cost(words: int) -> int:
        return 4 * words + 14 * -(-words // 64)

    trainer = Trainer(golden, settings, DIGITS)
    words, down, up = 0, [], []
    plain = {name: getattr(golden, name) for name in ("send_tick", "send_errors", "learn", "clear")}

    def post(count: int) -> None:
        nonlocal words
        words += count

    def send_tick(axons, learn=False):
        nonlocal words
        down.append(cost(words + len(axons) + 1))
        words = 0
        plain["send_tick"](axons, learn)

    def send_errors(neurons, values):
        post(len(neurons))
        plain["send_errors"](neurons, values)

    golden.send_tick, golden.send_errors = send_tick, send_errors
    golden.learn = lambda: (post(1), plain["learn"]())
    golden.clear = lambda: (post(1), plain["clear"]())
    trainer.scorer.chain.add = lambda trains: up.extend(cost(len(spikes) + 1) for spikes in trains)
    trainer.run(rest=lambda: False) if settings.latency else trainer.run()
    ticks = settings.limit * settings.ticks
    return sum(down[:ticks]), sum(up[:ticks])
