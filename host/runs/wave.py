"""The waveform of the compiled RTL while it answers a sample of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, open_samples
from axonloop.host.devices import WaveWindow, WindowDevice
from axonloop.host.runs.checkpoint import load_checkpoint
from axonloop.host.runs.restore import foreign_refused, require_origin
from axonloop.host.runs.run import CHECKPOINT
from axonloop.host.training import chip_config, lone_trainer, task_parts
from axonloop.models.checks import require, require_range


def write_waveform(run: str | Path, sample: int, window: WaveWindow) -> dict[str, Any]:
    """Show a sample to the network in the checkpoint of the folder `run`, and write the waveform.

    `sample` counts the part that the run scores, from 0 on; the chip is cleared first, as when it
    is scored, and nothing is learned. `window` are ticks of the sample. Returns what was written:
    file, number of the sample in its data set, its target, ticks and the chip's spikes in them.
    Raises ValueError for a sample or ticks that are not there, or a folder without a checkpoint,
    and what `WindowDevice` does.
    """
    state = load_checkpoint(Path(run) / CHECKPOINT)
    with foreign_refused():
        stored = Configuration.of(state["settings"], f"settings of {CHECKPOINT}").settings
        own = state.get("network")
        require(own is None, "network", "one of settings, which a run keeps", "one of Python")
    with open_samples(stored) as (settings, data):
        final = task_parts(settings, data).final
        require_range("sample", sample, 0, len(final) - 1)
        window.require_within(settings.task.ticks, "a sample")
        with WindowDevice(chip_config(settings), window) as chip:
            trainer = lone_trainer(chip, settings, data)
            with foreign_refused():
                require_origin(trainer, state)
                trainer.restore(state)
            chip.clear()
            spikes = chip.run(trainer.trains(trainer.test, sample))
            target = final.target(sample)
    shown = spikes[window.start : window.end]
    return {
        "file": str(window.path),
        "sample": final.number(sample),
        "ticks": window.text,
        "spikes": sum(len(each) for each in shown),
        "target": target,
    }
