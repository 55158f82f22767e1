"""What the package leaves alone in the process of its user."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import locale, logging, os, random, signal, sys, warnings
import matplotlib
import numpy as np
import torch

torch.set_num_threads(3)
matplotlib.use("svg")


def state():
    return {
        "threads": torch.get_num_threads(),
        "torch random": torch.get_rng_state().tolist(),
        "numpy random": [np.asarray(part).tolist() for part in np.random.get_state()],
        "random": random.getstate(),
        "dtype": torch.get_default_dtype(),
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "errors of numpy": np.geterr(),
        "printing of numpy": str(np.get_printoptions()),
        "backend": matplotlib.get_backend(),
        "style": dict(matplotlib.rcParams),
        "figures": len(sys.modules["matplotlib.pyplot"].get_fignums())
        if "matplotlib.pyplot" in sys.modules else 0,
        "warnings": list(warnings.filters),
        "signals": [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "locale": locale.setlocale(locale.LC_ALL),
        "logging": (logging.root.level, len(logging.root.handlers)),
        "hooks": (sys.excepthook, sys.displayhook),
    }


before = state()


def compare(what):
    for name, value in state().items():
        if value != before[name]:
            print(what, "changed", name)


import axonloop
for name in axonloop.__all__:
    getattr(axonloop, name)
compare("import")
settings = axonloop.Settings().changed(
    {"network": {"layers": [16]}, "task": {"limit": 4, "ticks": 14}, "run": {"epochs": 1}}
)
axonloop.train(settings, out="run", callbacks=[axonloop.Callback()])
axonloop.train(settings, device="batched")
compare("training")
program = axonloop.compile_network(
    axonloop.Network(
        (axonloop.Source("p", 4),),
        (axonloop.Population("c", 3, axonloop.ParameterSet(theta=9)),),
        (axonloop.Projection("p", "c", np.ones((4, 3), int)),),
    ),
    axonloop.Geometry(axons=16, neurons=16),
)
inputs = np.ones((20, 4), int)
axonloop.run_program(program, inputs).draw()
axonloop.profile(program, inputs).draw()
compare("recording")
print("compared")
"""


@pytest.mark.slow
def test_importing_training_and_drawing_change_nothing(tmp_path: Path) -> None:
    """Threads, random numbers, warnings, style and back end of pictures, signals, environment."""
    command = [sys.executable, "-c", CODE]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.stdout.split("\n")[:-1] == ["compared"], found.stderr
    assert (tmp_path / "run" / "raster.png").exists()
