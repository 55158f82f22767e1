"""All drawing functions: what they return, what they leave alone, and what covers what."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from itertools import combinations, product
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from numpy.typing import NDArray

from axonloop.host.bench import mesh as mesh_bench
from axonloop.host.bench.mesh import LoadPoint
from axonloop.host.cli.data.picture import draw_recording
from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.data.formats import Recording
from axonloop.host.devices import GoldenDevice, LinkUse
from axonloop.host.experiments import (
    ann_snn,
    changing_tasks,
    equilibrium_digits,
    gradient_cost,
    latency_digits,
    liquid,
    memristor_pairs,
    store_recall,
    yin_yang,
)
from axonloop.host.experiments.capacity import latencies, perceptron, tempotron
from axonloop.host.experiments.contrastive import experiment as contrastive
from axonloop.host.experiments.contrastive import stochastic_neuron
from axonloop.host.experiments.decolle import digits as decolle_digits
from axonloop.host.experiments.decolle import regression_experiment
from axonloop.host.experiments.decolle.regression import targets_of
from axonloop.host.experiments.decolle.regression_runs import Curve
from axonloop.host.experiments.decolle_events import picture as decolle_events
from axonloop.host.experiments.depth import picture as depth_picture
from axonloop.host.experiments.erbp import digits as erbp_digits
from axonloop.host.experiments.erbp import operations
from axonloop.host.experiments.memristor import (
    crossbar_digits,
    crossbar_picture,
    device_picture,
    digits_picture,
    fit_picture,
    ica_picture,
    matched_picture,
)
from axonloop.host.experiments.memristor_wear import picture as wear_picture
from axonloop.host.experiments.obstacles import experiment as obstacles
from axonloop.host.experiments.recurrence import chip as recurrence_chip
from axonloop.host.experiments.recurrence import float as recurrence
from axonloop.host.experiments.recurrence import readouts
from axonloop.host.experiments.reward import experiment as reward
from axonloop.host.experiments.software_updates import experiment as software_updates
from axonloop.host.experiments.spike_timing import experiment as spike_timing
from axonloop.host.experiments.spike_timing import resume
from axonloop.host.experiments.spike_timing.chip import wanted_of
from axonloop.host.experiments.spike_timing.loop import LoopTiming
from axonloop.host.experiments.spoken_digits import picture as spoken_digits
from axonloop.host.experiments.stdp import digits_picture as stdp_digits
from axonloop.host.experiments.stdp import hybrid
from axonloop.host.experiments.stdp import trains as stdp_trains
from axonloop.host.experiments.stdp import window as stdp_window
from axonloop.host.fpga.utilisation import KINDS, draw_utilisation
from axonloop.host.inference import draw_profile, profile
from axonloop.host.network import (
    Program,
    draw_channel,
    draw_mesh,
    learning_channel,
    predicted_traffic,
)
from axonloop.host.pictures import Picture, save
from axonloop.host.recorder import draw_record, run_program
from axonloop.host.runs import pictures as runs
from axonloop.host.studies import area as area_study
from axonloop.host.studies import layer_pictures, weight_pictures
from axonloop.host.sweep import draw_sweep
from axonloop.host.training import SampleCost, chip_config, lone_trainer, program_of
from axonloop.host.wear import draw_writes
from axonloop.models.memristor import Curve as PulseCurve
from axonloop.models.memristor import Fit, find_memristor
from tests.support.events.words import made_words
from tests.support.outlines.boxes import legends_of, numbers_of, overlap
from tests.support.outlines.figures import outline
from tests.support.outlines.recorded import Recorded

ROOT = Path(__file__).parents[2]
RANDOM = np.random.default_rng(1)
START = RANDOM.bit_generator.state
MESH = Settings(
    NetworkSettings(layers=(64, 64), mesh="2x2"),
    TaskSettings(limit=3, ticks=30),
    ObjectiveSettings(burn_in=10),
)


def results(name: str) -> dict[str, Any]:
    return dict(json.loads((ROOT / f"docs/results/{name}.json").read_text()))


def spoken() -> Picture:
    word = made_words(each=(1, 0, 0))["spikes"][7]
    return spoken_digits.draw(results("spoken-digits") | {"shown": np.argwhere(word)})


def learning_curve() -> Picture:
    history = [
        {
            "layer_accuracies": [0.7 + 0.05 * epoch, 0.6 + 0.08 * epoch],
            "errors": 10_000 + 3000 * epoch,
            "updates": 80_000 * epoch,
        }
        for epoch in (1, 2, 3)
    ]
    return runs.draw_learning_curve(history, False, [0.83, 0.81])


def raster() -> Picture:
    trainer = lone_trainer(GoldenDevice(chip_config(MESH)), MESH, split_digits())
    trains = trainer.trains(trainer.test, 0)
    recording = runs.record(trainer.device, trainer.layers, trains, trainer.test.target(0))
    return runs.draw_raster(recording, "A digit 3, read as 5")


def outputs() -> Picture:
    walk = RANDOM.normal(0, 0.1, (40, 6)).cumsum(0)
    return runs.draw_outputs(walk, walk.mean(0), 12, "Sample 3, with the largest error")


def weights() -> Picture:
    return runs.draw_weights(RANDOM.integers(-60, 60, (64, 256)).astype(np.int32), (8, 8), 127)


def link() -> Picture:
    use = LinkUse(
        baud=1_000_000,
        bytes_down=2000,
        bytes_up=1000,
        predicted_down=1900,
        predicted_up=990,
        round_trips=40,
        repaired=0,
    )
    return runs.draw_link([SampleCost(40, 1e-3, 2e-3, (5 + k % 3) * 1e-3, use) for k in range(200)])


def mesh() -> Picture:
    program = program_of(MESH)
    traffic = predicted_traffic(program, {"layer1": 0.2, "layer2": 0.1})
    return draw_mesh(program, {"predicted": traffic, "measured": 0.9 * traffic})


def channel() -> Picture:
    network = program_of(MESH).plan.network
    rates = {"layer1": 0.2, "layer2": 0.1}
    return draw_channel(network, learning_channel(network, "local", rates, rates), "mse")


def utilisation() -> Picture:
    names = ("board", "buffers", "deframer", "host_port", "learning", "neuron_traces", "weights")
    modules = {name: {kind: 11 * len(name) for kind in KINDS} for name in names}
    resources = {kind: {"used": 7611, "there": 83640} for kind in KINDS if kind != "carry"}
    about = {"title": "ULX3S, ECP5-85F", "fmax_mhz": 70.9}
    return draw_utilisation(about | {"modules": modules, "resources": resources})


def area() -> Picture:
    return area_study.draw(json.loads((ROOT / "docs/area.json").read_text()))


def load() -> Picture:
    offered = np.linspace(0.05, 1, 20)
    points = [LoadPoint(x, min(x, 0.6), 10 / (1.05 - min(x, 1))) for x in offered]
    return mesh_bench.draw({"load": [asdict(point) for point in points]})


def seeds(centre: float) -> list[float]:
    return [centre - 0.01, centre, centre + 0.005]


def layers() -> Picture:
    names = (("one layer", 1), ("two layers", 1), ("two layers", 2))
    rows = [
        {"network": network, "layer": layer, "accuracy": 0.97, "accuracies": seeds(0.97)}
        for network, layer in names
    ]
    return layer_pictures.draw_layers({"rows": rows})


def bits() -> Picture:
    rows = [
        {"bits": count, "rounding": rounding, "accuracies": seeds(0.9 + count / 200)}
        for count in (4, 6, 8, 16)
        for rounding in ("stochastic", "nearest")
    ]
    return weight_pictures.draw_bits({"rows": rows})


def rates() -> Picture:
    return weight_pictures.draw_rates({"rows": results("decolle-digits")["curve"]})


def deploy() -> Picture:
    names = ("float", "8 bits, off chip", "8 bits, on the chip", "8 bits, in its loop")
    rows = [{"stage": name, "accuracies": seeds(0.97)} for name in names]
    return weight_pictures.draw_deploy({"rows": rows, "bar": 0.966})


def regression() -> Picture:
    targets = targets_of(500)

    def curve() -> Curve:
        falling = np.geomspace(1, 0.02, 20)[:, None] * RANDOM.uniform(0.8, 1.2, (20, 3))
        noisy = targets + RANDOM.normal(0, 0.1, np.shape(targets))
        return Curve(list(range(20)), falling.tolist(), 0.1 * noisy, noisy, [], {})

    shown = {"targets": targets, "chip": [curve(), curve()], "reference": [curve()]}
    return regression_experiment.draw({"shown": shown})


def timing() -> Picture:
    task = spike_timing.TASK
    wanted, distances = wanted_of(task), [*np.geomspace(200, 1, 60).tolist(), 0.0]
    timings = [
        LoopTiming(task, threshold, distances, [9] * 60, wanted[::-1], wanted, "", "", {})
        for threshold in spike_timing.FULL_THRESHOLDS
    ]
    reference = {rule: [distances, distances] for rule in spike_timing.RULES}
    return spike_timing.draw({"shown": {"timings": timings, "float": reference}})


def resumed() -> Picture:
    task, faults = resume.TASK, [40, 21, 9, 0]
    wanted = wanted_of(task)
    run = LoopTiming(task, resume.EXACT, [], [], wanted[::-1], wanted, "", "", {})
    runs = {"chip": [{"faults": faults}] * 3, "float": [faults] * 3}
    return resume.draw({**runs, "shown": {"timings": [run]}})


def stdp() -> Picture:
    shown = {
        "weights": RANDOM.integers(0, 127, (96, 64)).tolist(),
        "names": RANDOM.integers(0, 10, 96).tolist(),
        "accuracy": 0.9,
    }
    return stdp_digits.draw({"shown": shown})


def memristor_device() -> Picture:
    several = [RANDOM.normal(centre, 30, 200) for centre in (200, 400, 500, 600)]
    return device_picture.draw({"shown": {"up": several, "down": several[::-1]}})


def crossbar() -> Picture:
    cells = RANDOM.uniform(1e-6, 1e-3, (512, 512))
    shown = {"cells": cells, "read": 0.1 * cells, "parts": 0.9 * cells}
    return crossbar_picture.draw(results("crossbar") | {"shown": shown})


def ica() -> Picture:
    found, signals = results("ica"), RANDOM.laplace(0, 1, (100, 2))
    outputs = dict.fromkeys(found["variants"], signals)
    shown = {"sources": signals, "mixed": signals, "outputs": outputs}
    return ica_picture.draw(found | {"shown": shown})


def fit() -> Picture:
    kind = find_memristor("mo-tiox-tin")
    pulses = np.arange(1.0, 95)
    branches = {"up": kind.up, "down": kind.down}
    missed = 3 * np.sin(pulses)  # not a fit's own, which differ from machine to machine
    curves = {
        name: PulseCurve(pulses, branch.after(pulses) + missed) for name, branch in branches.items()
    }
    fits = {name: Fit(branch, 2.12, 40.0) for name, branch in branches.items()}
    return fit_picture.draw_fit(curves, fits)


def shown_program() -> tuple[Program, NDArray[np.bool_]]:
    """Two layers, and three samples of inputs."""
    program = program_of(MESH)
    return program, RANDOM.random((3, 30, MESH.task.inputs)) < 0.2


def record() -> Picture:
    program, inputs = shown_program()
    return draw_record(run_program(program, inputs[0]))


def profiled() -> Picture:
    return draw_profile(profile(*shown_program()))


def updated() -> Picture:
    names = ("digits, twin", "digits, loop", "long tick, deployed", "long tick, loop")
    return software_updates.draw({"accuracies": dict.fromkeys(names, [0.96, 0.97])})


def pretrained() -> Picture:
    ways = [
        vars(hybrid.Pretrained(start, learning, labels, 1, 0.9, ""))
        for start in (hybrid.STDP, hybrid.RANDOM)
        for learning in (hybrid.WHOLE, hybrid.TOP)
        for labels in hybrid.EPOCHS
    ]
    return hybrid.draw({"ways": ways})


def tempotrons() -> Picture:
    runs = [
        vars(latencies.Classified(bits, load, 1, [0.5, 0.9], 0.9, 0.5))
        for bits in (tempotron.FLOAT, *latencies.COARSER)
        for load in tempotron.LOADS
    ]
    return tempotron.draw({"runs": runs, "cover": [[load, 0.5] for load in tempotron.LOADS]})


def sweep() -> Picture:
    """18 trials: two settings, and three seeds of each combination."""
    rows = [
        {
            "part": "search",
            "combination": number,
            "network.layers": layers,
            "objective.threshold": threshold,
            "validation_accuracy": 0.5 + float(RANDOM.random()) / 4,
        }
        for number, (layers, threshold) in enumerate(product(([16], [32]), (2.0, 4.0, 8.0)))
        for _ in range(3)
    ]
    results = {"measure": "validation_accuracy", "chosen": {"combination": 4}}
    return draw_sweep(rows, results, ["network.layers", "objective.threshold"])


def writes() -> Picture:
    """Two populations, of which one is near its endurance."""
    counts = [RANDOM.poisson(most, 500).astype(np.int32) for most in (20, 70)]
    return draw_writes(dict(zip(("layer1", "layer2"), counts, strict=True)), 100)


def recorded_events() -> Picture:
    """A bright edge that moves to the right."""
    t = np.arange(4000) * 100
    x = (t // 5000 + np.arange(4000) % 3) % 34
    p = (np.arange(4000) % 3 > 0).astype(int)
    return draw_recording(Recording((2, 34, 34), t, x, np.arange(4000) % 34, p))


DRAWINGS: dict[str, Callable[[], Picture]] = {
    "runs.pictures.draw_learning_curve": learning_curve,
    "runs.pictures.draw_raster": raster,
    "runs.pictures.draw_outputs": outputs,
    "runs.pictures.draw_weights": weights,
    "runs.pictures.draw_link": link,
    "cli.data.picture.draw_recording": recorded_events,
    "inference.picture.draw_profile": profiled,
    "network.channel_picture.draw_channel": channel,
    "network.mesh_picture.draw_mesh": mesh,
    "recorder.picture.draw_record": record,
    "fpga.utilisation.draw_utilisation": utilisation,
    "studies.area.draw": area,
    "studies.layer_pictures.draw_layers": layers,
    "sweep.picture.draw_sweep": sweep,
    "studies.weight_pictures.draw_bits": bits,
    "studies.weight_pictures.draw_rates": rates,
    "studies.weight_pictures.draw_deploy": deploy,
    "bench.mesh.draw": load,
    "experiments.capacity.perceptron.draw": lambda: perceptron.draw(results("perceptron-limit")),
    "experiments.capacity.tempotron.draw": tempotrons,
    "experiments.changing_tasks.draw": lambda: changing_tasks.draw(results("changing-tasks")),
    "experiments.ann_snn.draw": lambda: ann_snn.draw(results("ann-snn")),
    "experiments.contrastive.experiment.draw": lambda: contrastive.draw(results("contrastive")),
    "experiments.decolle.digits.draw": lambda: decolle_digits.draw(results("decolle-digits")),
    "experiments.decolle.regression_picture.draw": regression,
    "experiments.decolle_events.picture.draw": lambda: decolle_events.draw(
        results("decolle-events")
    ),
    "experiments.depth.picture.draw": lambda: depth_picture.draw(results("depth")),
    "experiments.equilibrium_digits.draw": lambda: equilibrium_digits.draw(
        results("equilibrium-digits")
    ),
    "experiments.erbp.digits.draw": lambda: erbp_digits.draw(results("erbp-digits")),
    "experiments.erbp.operations.draw": lambda: operations.draw(results("erbp-operations")),
    "experiments.gradient_cost.draw": lambda: gradient_cost.draw(results("memory")),
    "experiments.latency_digits.draw": lambda: latency_digits.draw(results("latency-digits")),
    "experiments.contrastive.stochastic_neuron.draw": lambda: stochastic_neuron.draw(
        results("stochastic-neuron")
    ),
    "experiments.memristor.crossbar_digits.draw": lambda: crossbar_digits.draw(
        results("crossbar-digits")
    ),
    "experiments.memristor.crossbar_picture.draw": crossbar,
    "experiments.memristor.device_picture.draw": memristor_device,
    "experiments.memristor.digits_picture.draw": lambda: digits_picture.draw(
        results("memristor-digits")
    ),
    "experiments.memristor.fit_picture.draw_fit": fit,
    "experiments.memristor.ica_picture.draw": ica,
    "experiments.memristor.matched_picture.draw": lambda: matched_picture.draw(
        results("matched-neuron")
    ),
    "experiments.memristor_pairs.draw": lambda: memristor_pairs.draw(results("memristor-pairs")),
    "experiments.memristor_wear.picture.draw": lambda: wear_picture.draw(results("memristor-wear")),
    "wear.picture.draw_writes": writes,
    "experiments.liquid.draw": lambda: liquid.draw(results("liquid")),
    "experiments.obstacles.experiment.draw": lambda: obstacles.draw(results("obstacles")),
    "experiments.recurrence.chip.draw": lambda: recurrence_chip.draw(results("recurrence-chip")),
    "experiments.recurrence.picture.draw": lambda: recurrence.draw(results("recurrence")),
    "experiments.recurrence.readouts.draw": lambda: readouts.draw(results("readouts")),
    "experiments.reward.experiment.draw": lambda: reward.draw(results("reward")),
    "experiments.software_updates.experiment.draw": updated,
    "experiments.spike_timing.experiment.draw": timing,
    "experiments.spike_timing.resume.draw": resumed,
    "experiments.spoken_digits.picture.draw": spoken,
    "experiments.stdp.digits_picture.draw": stdp,
    "experiments.stdp.hybrid.draw": pretrained,
    "experiments.stdp.trains.draw": lambda: stdp_trains.draw(results("stdp-trains")),
    "experiments.stdp.window.draw": lambda: stdp_window.draw(results("stdp-window")),
    "experiments.store_recall.draw": lambda: store_recall.draw(results("store-recall")),
    "experiments.yin_yang.draw": lambda: yin_yang.draw(results("yin-yang")),
}
"""Every drawing function of the project, with something to draw."""
FILES = sorted((ROOT / "host").rglob("*.py"))


def test_the_table_names_all_drawing_functions() -> None:
    found = {
        ".".join([*path.relative_to(ROOT / "host").with_suffix("").parts, node.name])
        for path in FILES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and ast.unparse(node.returns or node.args) == "Picture"
    }
    assert found == set(DRAWINGS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_pyplot(path: Path) -> None:
    assert "pyplot" not in path.read_text()


def test_importing_runs_and_experiments_loads_no_pyplot() -> None:
    code = (
        "import sys, axonloop.host.runs.run, axonloop.host.runs.pictures\n"
        "from axonloop.host.catalogue import CATALOGUE\n"
        "for each in (entry for kind in CATALOGUE.values() for entry in kind.values()):\n"
        "    each.load()\n"
        "import matplotlib\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing(name: str, recorded: Recorded, tmp_path: Path) -> None:
    """It is returned, alone in the world, says what is recorded of it, and can be read."""
    backend, settings = mpl.get_backend(), dict(mpl.rcParams)
    RANDOM.bit_generator.state = START
    picture = DRAWINGS[name]()
    assert isinstance(picture, Figure)
    recorded.check(name, outline(picture))
    assert (mpl.get_backend(), dict(mpl.rcParams)) == (backend, settings)
    assert pyplot.get_fignums() == []
    save(picture, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    legends, axes = legends_of(picture), [axes.get_window_extent() for axes in picture.axes]
    assert not any(overlap(own, other) for own in legends for other in axes)
    assert not any(overlap(*pair) for pair in combinations(legends, 2))
    for box in (*legends, *(axes.get_tightbbox() for axes in picture.axes)):
        assert -1 <= box.x0 <= box.x1 <= picture.bbox.x1 + 1, box
        assert -1 <= box.y0 <= box.y1 <= picture.bbox.y1 + 1, box
    for axis in (axis for axes in picture.axes for axis in (axes.xaxis, axes.yaxis)):
        assert not any(overlap(*pair) for pair in combinations(numbers_of(axis), 2)), axis
