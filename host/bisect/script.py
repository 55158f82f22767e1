"""What a host does with a chip, tick by tick: to be played again, from any tick on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from axonloop.host.devices import Device
from axonloop.host.verification import Operation, RandomUse, TrafficStep
from axonloop.models.checks import require, require_range
from axonloop.models.config import ONE_CORE, ChipConfig, Mesh
from axonloop.models.protocol import writable
from axonloop.sim.stimulus import GEOMETRIES, random_chip

ENDS_ERRORS = {"learn", "clear", "restore"}
"""Operations behind which no error event waits."""


@dataclass(frozen=True)
class Place:
    """A place in a script: `tick` ticks are done, and this is the chip's configuration and state.

    `snapshot` is None for the state after power-up.
    """

    tick: int
    config: ChipConfig
    snapshot: dict[str, Any] | None = None


@dataclass(frozen=True)
class Script:
    """Steps of one tick each, and the place at which they begin.

    An `exchange` of a step means that a device takes up its own snapshot.
    """

    start: Place
    steps: Sequence[TrafficStep]

    def resting(self) -> list[int]:
        """The ticks before which no error waits, so that a snapshot can be taken; the end too."""
        places, open_errors = [self.start.tick], False
        for number, step in enumerate(self.steps, self.start.tick + 1):
            for operation in step.before:
                open_errors = _open(open_errors, operation)
            open_errors &= not step.learn
            for operation in step.after:
                open_errors = _open(open_errors, operation)
            if not open_errors:
                places.append(number)
        return places

    def part(self, start: Place, end: int) -> Script:
        """The steps from a place of this script to that before tick `end`."""
        return Script(start, self.steps[start.tick - self.start.tick : end - self.start.tick])


def _open(before: bool, operation: Operation) -> bool:
    return operation.method == "send_errors" or (before and operation.method not in ENDS_ERRORS)


def registers_of(snapshot: dict[str, Any], config: ChipConfig) -> list[str]:
    """The names of the single numbers in a snapshot, as the tick."""
    arrays = {region.key for region in writable(config.geometry)}
    return sorted(set(snapshot) - arrays - {"weights", "counters", "geometry"})


def random_script(
    geometry: str, ticks: int, seed: int = 0, run: int = 0, mesh: Mesh = ONE_CORE
) -> Script:
    """The random configuration and traffic of `axonloop verify`, of its run number `run`.

    Raises ValueError for an unknown geometry or a number out of range.
    """
    require(geometry in GEOMETRIES, "geometry", f"one of {', '.join(GEOMETRIES)}", geometry)
    require_range("ticks", ticks, 1, 10**7)
    require_range("seed", seed, 0, 2**63 - 1)
    require_range("run", run, 0, 10**6)
    random = np.random.default_rng((seed, run))
    config = random_chip(random, GEOMETRIES[geometry], mesh)
    return random_use_script(config, int(random.integers(2**63)), ticks)


def random_use_script(config: ChipConfig, seed: int, ticks: int) -> Script:
    """The traffic of a lockstep on devices that hold `config`."""
    use = RandomUse(config, seed)
    load = Operation("load_weights", (use.weights(),))
    steps = [use.step() for _ in range(ticks)]
    first = replace(steps[0], before=[load, *steps[0].before])
    return Script(Place(0, config), [first, *steps[1:]])


def apply(device: Device, operation: Operation) -> None:
    """Do one operation."""
    getattr(device, operation.method)(*operation.arguments)


def exchange(device: Device, moved_tick: int | None) -> None:
    """Take up the device's own snapshot, at another value of the tick register if one is given."""
    snapshot = device.snapshot()
    tick = snapshot["tick"] if moved_tick is None else moved_tick
    device.restore(snapshot | {"tick": tick})


def perform(device: Device, step: TrafficStep) -> None:
    """Do all of a step."""
    for operation in step.before:
        apply(device, operation)
    device.tick(step.axons, step.learn)
    for operation in step.after:
        apply(device, operation)
    if step.exchange:
        exchange(device, step.moved_tick)
