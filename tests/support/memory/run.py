"""What a run takes whose data are larger than the memory it may use, and whether a kill matters.

    python -m tests.support.memory.run --file 5000 --memory 500 --folder /var/tmp

writes an HDF5 file of so many MiB, then trains it by `axonloop train FILE.toml`, each time in a
process of its own: once to the end; once killed, by SIGKILL, at the first checkpoint behind a
quarter of the samples, and resumed. Beside them stands an empty run, of a file of a few samples.
Each line shows the peak of what a process held in memory and what it read; all runs of the large
file must end with the same hash. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from axonloop.host.runs import load_checkpoint
from tests.support.board_process import PROGRAM

TICKS, CHANNELS, CHUNK, CLASSES = 4, 1984, 16, 4
CHUNK_KIB = CHUNK * TICKS * CHANNELS * 8 >> 10
"""Samples are rasters of int64, 62 KiB each; a chunk has 992 KiB."""
LEAST = 4
"""Chunks of the empty run's file."""
TOML = """
[network]
layers = [16]
[objective]
burn_in = 1
[run]
epochs = {epochs}
[data]
path = "{path}"
kind = "spikes"
memory = {memory}
"""


def chunks_of(mebibytes: int) -> int:
    """Chunks in a file of that size."""
    return (mebibytes << 10) // CHUNK_KIB


def write_file(path: Path, mebibytes: int) -> None:
    """Spike rasters of 0 and 1 of four classes, each with channels of its own that spike more."""
    random = np.random.default_rng(1)
    labels = np.arange(CHUNK) % CLASSES
    often = (np.arange(CHANNELS) * CLASSES // CHANNELS) == labels[:, None]
    rates = np.where(often, 0.1, 0.02)[:, None]
    with h5py.File(path, "w") as file:
        shape = (chunks_of(mebibytes) * CHUNK, TICKS, CHANNELS)
        inputs = file.create_dataset("inputs", shape, np.int64, chunks=(CHUNK, TICKS, CHANNELS))
        for start in range(0, len(inputs), CHUNK):
            inputs[start : start + CHUNK] = random.random((CHUNK, TICKS, CHANNELS)) < rates
        file["targets"] = np.tile(labels, chunks_of(mebibytes))


class TrainingProcess:
    """`axonloop train` of a file, watched until it ends or is killed."""

    def __init__(self, file: Path, out: Path, *more: str) -> None:
        self.out, self._start = out, time.perf_counter()
        words = ["train", str(file), "--device", "golden", "--out", str(out), *more]
        self._process = subprocess.Popen(
            [*PROGRAM, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.figures: dict[str, Any] = {}

    def watch(self, due: Callable[[], bool] = lambda: False) -> dict[str, Any]:
        """The figures of the process, which is killed as soon as that is `due`."""
        while self._process.poll() is None:
            self._look()
            if due():
                self._process.kill()
            time.sleep(0.1)
        _, errors = self._process.communicate()
        assert self._process.returncode in (0, -9), errors
        self.figures["killed"] = self._process.returncode == -9
        self.figures["seconds"] = round(time.perf_counter() - self._start, 1)
        return self.figures

    def _look(self) -> None:
        """Read what the system counts for the process; both numbers only grow."""
        folder = Path(f"/proc/{self._process.pid}")
        for name, file, unit in (("VmHWM", "status", 1024), ("rchar", "io", 1 << 20)):
            try:
                found = re.search(rf"{name}:\s*(\d+)", (folder / file).read_text())
            except (OSError, ValueError):
                return  # it has just ended
            if found:
                self.figures[{"VmHWM": "peak_mib", "rchar": "read_mib"}[name]] = round(
                    int(found[1]) / unit, 1
                )

    def saved(self, epoch: int) -> float:
        """The epochs, of so many samples, that the checkpoint stands behind."""
        path = self.out / "checkpoint.npz"
        if not path.exists():
            return 0.0
        position = load_checkpoint(path)["position"]
        return float(position["epoch"] + position["sample"] / epoch)


def results(out: Path) -> dict[str, Any]:
    """What must be equal of runs that differ in nothing but kills."""
    metrics = json.loads((out / "metrics.json").read_text())
    return {n: metrics[n] for n in ("weight_hash", "spike_hash", "test_accuracy", "samples")}


def compare(folder: Path, mebibytes: int, memory: int, epochs: int = 1) -> dict[str, Any]:
    """Figures of the empty, the whole, the killed and the resumed run; hashes of the two ends."""
    found: dict[str, Any] = {}
    for name, size in (("empty", LEAST), ("large", mebibytes)):
        write_file(folder / f"{name}.h5", size)
        text = TOML.format(path=f"{name}.h5", memory=memory, epochs=epochs)
        (folder / f"{name}.toml").write_text(text)
    file = folder / "large.toml"
    found["empty"] = TrainingProcess(folder / "empty.toml", folder / "empty").watch()
    found["whole"] = TrainingProcess(file, folder / "whole").watch()
    run = TrainingProcess(file, folder / "run")
    epoch = int(chunks_of(mebibytes) * CHUNK * 0.7)
    found["killed"] = run.watch(lambda: run.saved(epoch) >= epochs / 4)
    found["resumed"] = TrainingProcess(file, folder / "run", "--resume").watch()
    found["results"] = {name: results(folder / name) for name in ("whole", "run")}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=int, default=300, help="MiB")
    parser.add_argument("--memory", type=int, default=30, help="MiB")
    parser.add_argument("--folder", type=Path, help="for the files")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = compare(Path(folder), asked.file, asked.memory)
    for name, figures in found.items():
        print(name, json.dumps(figures), flush=True)
    whole, resumed = found["results"].values()
    sys.exit(os.EX_OK if whole == resumed else os.EX_SOFTWARE)


if __name__ == "__main__":
    main()
