"""What the folder of a run holds, without a device and without its data."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.configuration import Configuration
from axonloop.host.network import Program
from axonloop.host.runs.checkpoint import load_checkpoint
from axonloop.host.runs.restore import foreign_refused
from axonloop.host.runs.run import CHECKPOINT
from axonloop.host.training import program_of
from axonloop.models.arrays import Int32Array, ranged
from axonloop.models.checks import require


def stored_program(run: str | Path) -> tuple[Program, Int32Array]:
    """The program of a run and the weights in its last checkpoint, int32.

    They are `(axons, neurons of a core)`. ValueError for a folder without a checkpoint, or with one
    of a network of Python, whose program its maker has.
    """
    state = load_checkpoint(Path(run) / CHECKPOINT)
    with foreign_refused():
        settings = Configuration.of(state["settings"], f"settings of {CHECKPOINT}").settings
        own = state.get("network")
        require(own is None, "network", "one of settings, which a run keeps", "one of Python")
        program = program_of(settings)
        high = program.geometry.weight_max
        weights = ranged("weights of the checkpoint", state["device"]["weights"], -high - 1, high)
        shape = program.weights.shape
        require(weights.shape == shape, "weights of the checkpoint", f"of {shape}", weights.shape)
    return program, weights.astype(np.int32)
