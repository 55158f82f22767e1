"""How much memory an epoch of an HDF5 file takes that is larger than the memory it may use.

    python -m tests.support.memory.epoch --file 5000 --memory 500 --folder /var/tmp

writes a file of so many MiB, 1 MiB at a time, then reads an epoch of its training part in a
process of its own, in the order in which training would. Beside it stands an empty run: the same
process with a file of a few samples. Each line shows the peak of what a process held in memory,
and what it read. Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from axonloop.host.data import DataDescription, Split, generator, open_data

MEBIBYTE = 1 << 20
TICKS, CHANNELS, CHUNK = 32, 1024, 32
"""A sample is 32 KiB, a chunk 1 MiB."""


def write_file(path: Path, mebibytes: int) -> None:
    """Spike rasters of bytes 0 and 1, ten classes in turn."""
    random = np.random.default_rng(1)
    chunk = (random.random((CHUNK, TICKS, CHANNELS)) < 0.1).astype(np.uint8)
    count = mebibytes * CHUNK
    with h5py.File(path, "w") as file:
        shape = (count, TICKS, CHANNELS)
        inputs = file.create_dataset("inputs", shape, np.uint8, chunks=chunk.shape)
        for start in range(0, count, CHUNK):
            inputs[start : start + CHUNK] = np.roll(chunk, start, axis=2)
        file["targets"] = np.arange(count) % 10


def read_epoch(path: Path, memory: int) -> dict[str, Any]:
    """Read the training part once; what it took."""
    start, spikes, before = time.perf_counter(), hashlib.sha256(), mebibytes_read()
    split = Split(train=0.8, validation=0, test=0.2)
    with open_data(DataDescription(str(path), "spikes", split=split, memory=memory)) as data:
        for place in data.train.order(1, 0).tolist():
            raster = data.train.raster(place, generator(1, 0))
            spikes.update(int(raster.sum() + data.train.target(place)).to_bytes(4, "little"))
        samples = len(data.train)
    return {
        "samples": samples,
        "seconds": time.perf_counter() - start,
        "peak_mebibytes": peak_memory(),
        "read_mebibytes": mebibytes_read() - before,
        "hash": spikes.hexdigest(),
    }


def peak_memory() -> float:
    """The most memory that this process ever held, in MiB.

    From Linux itself: `getrusage` of a child begins with what its parent held.
    """
    (line,) = re.findall(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(line) / 1024


def mebibytes_read() -> float:
    """What this process has read so far, from disk or from the system's cache of files."""
    (count,) = re.findall(r"rchar: (\d+)", Path("/proc/self/io").read_text())
    return int(count) / MEBIBYTE


def in_a_process(path: Path, memory: int) -> dict[str, Any]:
    """`read_epoch` in a process of its own."""
    command = [sys.executable, "-m", "tests.support.memory.epoch", "--read", str(path)]
    command += ["--memory", str(memory)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def compare(folder: Path, mebibytes: int, memory: int) -> dict[str, dict[str, Any]]:
    """An empty run and an epoch of a large file."""
    sizes, found = {"empty": 1, "epoch": mebibytes}, {}
    for name, size in sizes.items():
        path = folder / f"{name}.h5"
        write_file(path, size)
        found[name] = in_a_process(path, memory)
        path.unlink()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=int, default=300, help="MiB")
    parser.add_argument("--memory", type=int, default=30, help="MiB")
    parser.add_argument("--folder", type=Path, help="for the files")
    parser.add_argument("--read", type=Path, help="read this file alone")
    asked = parser.parse_args()
    if asked.read:
        print(json.dumps(read_epoch(asked.read, asked.memory)))
        return
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        for name, figures in compare(Path(folder), asked.file, asked.memory).items():
            print(name, json.dumps(figures))


if __name__ == "__main__":
    main()
