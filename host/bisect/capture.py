"""What a training run does with its chip, as a script that the golden model writes down."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.bisect.script import Place, Script
from axonloop.host.configuration import Configuration, open_samples
from axonloop.host.devices import GoldenDevice
from axonloop.host.runs import CONFIG
from axonloop.host.training import chip_config, lone_trainer
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Region


class _EnoughTicks(Exception):
    """So many ticks were asked for."""


class ScriptedDevice(GoldenDevice):
    """The golden model, which writes down what is asked of it; `most` ticks at most."""

    def __init__(self, config: ChipConfig | CoreConfig, most: int) -> None:
        super().__init__(config)
        self._start, self._most = Place(0, self.config), most
        self._steps: list[TrafficStep] = []
        self._before: list[Operation] = []

    @property
    def script(self) -> Script:
        """What was written down: all ticks that were run."""
        return Script(self._start, self._steps)

    def _note(self, method: str, *arguments: Any) -> None:
        kept = tuple(each.copy() if isinstance(each, np.ndarray) else each for each in arguments)
        self._before.append(Operation(method, kept))

    def configure(self, config: ChipConfig | CoreConfig) -> None:
        """See `Device.configure`."""
        self._note("configure", ChipConfig.of(config))
        super().configure(config)

    def load_weights(self, weights: Int32Array) -> None:
        """See `Device.load_weights`."""
        self._note("load_weights", weights)
        super().load_weights(weights)

    def write(self, region: Region, values: Int32Array) -> None:
        """See `Device.write`."""
        self._note("write", region, values)
        super().write(region, values)

    def send_spikes(self, axons: Int32Array, delay: int = 0) -> None:
        """See `Device.send_spikes`."""
        self._note("send_spikes", axons, delay)
        super().send_spikes(axons, delay)

    def send_errors(self, neurons: Int32Array, values: Int32Array, ungated: bool = False) -> None:
        """See `Device.send_errors`."""
        self._note("send_errors", neurons, values, ungated)
        super().send_errors(neurons, values, ungated)

    def modulate(self, value: int) -> None:
        """See `Device.modulate`."""
        self._note("modulate", value)
        super().modulate(value)

    def learn(self) -> None:
        """See `Device.learn`; it belongs to the tick before."""
        self._steps[-1].after.extend([*self._before, Operation("learn")])
        self._before.clear()
        super().learn()

    def clear(self) -> None:
        """See `Device.clear`."""
        self._note("clear")
        super().clear()

    def tick(self, axons: Int32Array, learn: bool = False) -> Int32Array:
        """See `Device.tick`."""
        if len(self._steps) == self._most:
            raise _EnoughTicks
        reported = super().tick(axons, learn)
        self._steps.append(TrafficStep(self._before, np.array(axons, np.int32), learn))
        self._before = []
        return reported

    def run(self, trains: Any) -> list[Int32Array]:
        """See `Device.run`."""
        return [self.tick(axons) for axons in trains]


def script_of_run(run: Path, ticks: int) -> Script:
    """The first ticks of the training of a run, anew on the golden model; fewer if it is shorter.

    ValueError for a folder without a run of settings.
    """
    require_range("ticks", ticks, 1, 10**7)
    require((run / CONFIG).is_file(), "run", f"a folder with a {CONFIG}", str(run))
    settings = Configuration.read(run / CONFIG).settings
    with open_samples(settings) as (fit, data):
        device = ScriptedDevice(chip_config(fit), ticks)
        trainer = lone_trainer(device, fit, data)
        with suppress(_EnoughTicks):
            trainer.run()
    return device.script
