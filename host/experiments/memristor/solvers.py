"""The crossbar solver beside badcrossbar: the same task, each alone in a process of one thread."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PEER = "badcrossbar"
_COMMON = """
import json, resource, sys, time
import numpy as np
side, wire = int(sys.argv[1]), float(sys.argv[2])
cells = np.random.default_rng(1).uniform(1e-6, 1e-3, (side, side))
def used():
    try:  # Linux keeps what the parent had in ru_maxrss
        lines = open("/proc/self/status").read().split("VmHWM:")
        return int(lines[1].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
"""
_TASKS = {
    "axonloop": """
from axonloop.models.memristor.crossbar import effective
before, start = used(), time.process_time()
found = effective(cells, wire, wire)
""",
    PEER: """
import logging
import badcrossbar
logging.disable()
before, start = used(), time.process_time()
options = {"node_voltages": False, "all_currents": False}
solution = badcrossbar.compute(np.eye(side), 1 / cells[::-1], wire, **options)
found = solution.currents.output[::-1]
""",
}
_END = """
cpu = time.process_time() - start
print(json.dumps([cpu, used() - before, found[0, :4].tolist(), float(found.sum())]))
"""
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Side:
    """What a solver took for all currents of a crossbar, and their sum, in S."""

    solver: str
    side: int
    cpu: float
    megabytes: float
    total: float


def beside(sides: Sequence[int], wire: float) -> list[Side]:
    """Both solvers, the other one where it is installed, on the same random crossbars."""
    solvers = ["axonloop"] + [PEER] * (importlib.util.find_spec(PEER) is not None)
    return [each for side in sides for name in solvers for each in _run(name, side, wire)]


def _run(name: str, side: int, wire: float) -> Iterator[Side]:
    """A solver in a process of its own; nothing where it runs out of memory."""
    code = _COMMON + _TASKS[name] + _END
    one = os.environ | dict.fromkeys(_THREADS, "1")
    command = [sys.executable, "-c", code, str(side), str(wire)]
    done = subprocess.run(command, env=one, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        if name == PEER:
            return
        raise RuntimeError(f"{name} must solve {side} x {side}, not end with: {done.stderr[-300:]}")
    cpu, megabytes, _, total = json.loads(done.stdout.splitlines()[-1])
    yield Side(name, side, cpu, megabytes, total)
