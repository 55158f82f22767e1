"""Brian 2 beside the benches of networks: its standalone C++, where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from axonloop.host.bench.peers.float_networks import FloatNetwork

BRIAN2 = "brian2, standalone C++"


def brian2_runs(
    network: FloatNetwork, spikes: Tensor, runs: int, report: Callable[[str], None]
) -> tuple[float, tuple[float, ...]] | None:
    """Run one copy of a network in a program that Brian writes and compiles.

    `spikes`: bool `(ticks, channels)`; they and those of neurons reach the next layer a tick later.
    Returns the median CPU seconds that the program counts for its ticks alone, in float32 and one
    thread, and the share of each layer's neurons that spike per tick. None where Brian is not
    installed, or does not load or compile, of which `report` is told (2.9 needs NumPy before 2.4).
    """
    if importlib.util.find_spec("brian2") is None:
        return None
    try:
        brian: Any = importlib.import_module("brian2")
    except (ImportError, AttributeError) as error:
        report(f"brian2 does not load: {error}")
        return None
    report("brian2 compiles")
    tick, width = brian.defaultclock.dt, brian.prefs["core.default_float_dtype"]
    with TemporaryDirectory() as folder:
        brian.set_device("cpp_standalone", directory=folder, build_on_run=False)
        brian.prefs["core.default_float_dtype"] = np.float32
        try:
            monitors = _write(brian, network, spikes.numpy())
            brian.device.build(directory=folder, compile=True, run=False)
            seconds = []
            for _ in range(1 + runs):
                brian.device.run()
                seconds.append(float(brian.device._last_run_time))
            counts = [int(monitor.num_spikes) for monitor in monitors]
        except (OSError, RuntimeError) as error:
            report(f"brian2 does not compile: {error}")
            return None
        finally:
            brian.device.reinit()
            importlib.import_module("brian2.devices.device").reset_device()
            brian.prefs["core.default_float_dtype"], brian.defaultclock.dt = width, tick
    neurons = (len(spikes) * size for size in network.sizes)
    rates = (count / most for count, most in zip(counts, neurons, strict=True))
    return median(seconds[1:]), tuple(rates)


def _write(brian: Any, network: FloatNetwork, spikes: NDArray[np.bool_]) -> list[Any]:
    """Describe the network to Brian and run it; the monitors of the layers' spikes."""
    step = brian.defaultclock.dt = brian.ms
    when, channel = np.nonzero(spikes)
    before = brian.SpikeGeneratorGroup(spikes.shape[1], channel, when * step)
    parts, monitors = [before], []
    for weights in network.weights:
        layer = brian.NeuronGroup(
            weights.shape[1],
            "drive : 1\nmembrane : 1",
            threshold="membrane >= 1",
            reset="membrane = 0",
            namespace={"alpha": network.alpha, "beta": network.beta},
        )
        # First in a tick, then thresholds, synapses, resets: a spike arrives a tick later.
        layer.run_regularly("membrane = alpha * membrane + drive\ndrive = beta * drive")
        synapses = brian.Synapses(before, layer, "w : 1", on_pre="drive += w")
        synapses.connect()
        synapses.w = weights.numpy().ravel()
        monitors.append(brian.SpikeMonitor(layer, record=False))
        parts += [layer, synapses, monitors[-1]]
        before = layer
    brian.Network(*parts).run(len(spikes) * step)
    return monitors
