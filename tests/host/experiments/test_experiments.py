"""A short run of each experiment that has no test file of its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import TRAINING, Digits, split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.experiments import gradient_cost as memory
from axonloop.host.experiments import latency_digits, yin_yang
from axonloop.host.experiments.recurrence import chip as recurrence_chip
from axonloop.host.experiments.recurrence import float as recurrence
from axonloop.host.experiments.recurrence import readouts
from axonloop.host.experiments.rows import percent
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import (
    POPULATION,
    Descent,
    LocalTrainer,
    encoder_of,
    learn_in_loop,
    lone_trainer,
    population_trainer,
    program_of,
)

PNG = b"\x89PNG"


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_percent() -> None:
    assert percent([0.5]) == "50.0 %"
    assert percent([0.5, 0.6, 0.75]) == "61.7 % (50.0, 60.0, 75.0)"


def test_memory_from_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(memory, "TICKS", (4, 8, 16))
    monkeypatch.setattr(memory, "NEURONS", (4, 8))
    out, file = tmp_path / "run", tmp_path / "memory.json"
    assert run(["experiment", "memory", "--out", str(out), "--json", str(file)]) == 0
    metrics = json.loads(file.read_text())
    assert metrics == json.loads((out / "memory.json").read_text())
    assert (out / "memory.png").read_bytes().startswith(PNG)
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2 * len(memory.RULES)
    growth = {rule: found["ticks"]["kept"] for rule, found in metrics["exponents"].items()}
    assert growth["BPTT"] == pytest.approx(1, abs=0.1)
    assert all(abs(growth[rule]) < 1e-9 for rule in list(memory.RULES)[1:])
    growth = {rule: found["neurons"]["kept"] for rule, found in metrics["exponents"].items()}
    assert [round(value, 9) for value in growth.values()][1:] == [3, 2, 1]
    assert run(["experiment", "memory", "--out", str(out)]) == MISTAKE
    assert "experiment folder must be new" in capsys.readouterr().err


def test_multiplies_are_counted() -> None:
    left, right = torch.ones(3, 4), torch.ones(4, 5)
    with memory.Multiplies() as found:
        _ = left @ right
        assert found.count == 60
        _ = left * 2 + left
        assert found.count == 72
        _ = right @ torch.ones(5)
        assert found.count == 92
        _ = left.pow(-2)
        assert found.count == 116


def test_what_is_charged_for_is_a_gradient() -> None:
    """By unrolling and forward in time it is the same; the others leave something out."""
    network, raster = memory.network_of(6, 12)
    found = {rule: memory.gradient(rule, network, raster) for rule in memory.RULES}
    assert {tuple(each.shape) for each in found.values()} == {(12, 6)}
    exact = found.pop("BPTT")
    assert torch.allclose(found.pop("RTRL"), exact, rtol=1e-4, atol=1e-5)
    for rule, each in found.items():
        assert torch.cosine_similarity(each.flatten(), exact.flatten(), 0) > 0.3, rule


def test_recurrence_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"classes": 2, "each": 60, "ticks": 12, "neurons": 10, "epochs": 3, "channels": 8}
    short |= {"validation": 10, "test": 10, "last": 4, "smoothness": 2.0}
    monkeypatch.setattr(
        recurrence, "Recurrence", lambda seed=1: replace(recurrence_of(seed), **short)
    )
    metrics = recurrence.measure(Order(), quiet)
    assert {kind: len(runs[0]) for kind, runs in metrics["validation"].items()} == dict.fromkeys(
        recurrence.KINDS, 3
    )
    save(recurrence.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


recurrence_of = recurrence.Recurrence


def test_readouts_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = {"each": 20, "validation": 4, "test": 4, "ticks": 12, "neurons": 10, "smoothness": 2.0}
    monkeypatch.setattr(
        readouts, "Recurrence", lambda seed, **own: recurrence_of(seed, **{**own, **short})
    )
    monkeypatch.setattr(readouts, "EPOCHS", {"randman": 1, "digits": 1})
    whole = split_digits()
    few = Digits(*(part.first(40) for part in (whole.train, whole.validation, whole.test)))
    monkeypatch.setattr(recurrence, "split_digits", lambda: few)
    metrics = readouts.measure(Order(seeds=(1, 2)), quiet)
    assert len(metrics["rows"]) == 12
    assert metrics["rows"][0].float.endswith(" %")
    assert " +- " in metrics["rows"][0].float
    save(readouts.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


def test_the_error_of_a_mean() -> None:
    """Of 80, 90 and 100 %: the spread is 10 points, and its error 10 / sqrt 3."""
    assert readouts.mean_and_sem([0.8, 0.9, 1.0]) == "90.0 +- 5.8 %"
    assert readouts.mean_and_sem([0.8]) == "80.0 %"


def test_readouts_by_hand() -> None:
    """A neuron that spikes in the ticks 1 and 3: y is 1, alpha, 1 + alpha^2 and then alpha less."""
    heard = {}
    for readout in ("last", "sum", "max"):
        task = replace(recurrence_of(), readout=readout, neurons=1, channels=1, classes=1, last=2)
        network = recurrence.RecurrentNetwork(task, "feed-forward")
        network.readout.data.fill_(1.0)
        network.parameters[0].data.fill_(10.0)
        constants = replace(task.constants, alpha=0.0, beta=0.0, reset=0.0)
        network.hidden.constants = constants
        raster = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.0])[:, None, None]
        heard[readout] = float(network.logits(raster).detach())
    alpha = recurrence_of().constants.alpha
    assert heard == pytest.approx({"last": 1, "sum": 2, "max": 1 + alpha**2})


def test_kinds_of_recurrence_differ_in_their_gradients_only() -> None:
    task = replace(recurrence_of(1), classes=3, each=20, neurons=12, ticks=20, smoothness=2.0)
    samples, _, _ = recurrence.samples_of(task)
    gradients = {}
    for kind in ("detached", "full"):
        network = recurrence.RecurrentNetwork(task, kind)
        logits = network.logits(samples.raster)
        loss = torch.nn.functional.cross_entropy(logits, samples.labels)
        gradients[kind] = loss.item(), torch.autograd.grad(loss, network.parameters)
    assert gradients["detached"][0] == gradients["full"][0]
    assert not torch.equal(gradients["detached"][1][0], gradients["full"][1][0])
    assert torch.equal(gradients["detached"][1][1], gradients["full"][1][1])


@pytest.mark.slow
def test_recurrent_networks_pass_feed_forward_ones_where_memory_is_needed() -> None:
    """Two classes of one early spike: the answer is asked when a leak has forgotten it."""
    task = replace(recurrence_of(1), classes=2, ticks=20, last=3, neurons=40, rate=1e-2)
    raster = torch.zeros(20, 40, task.channels)
    labels = torch.arange(40) % 2
    raster[0, torch.arange(40), labels] = 1
    losses = {}
    for kind in recurrence.KINDS:
        network = recurrence.RecurrentNetwork(task, kind)
        adam = network.optimiser()
        for _ in range(60):
            adam.zero_grad()
            loss = torch.nn.functional.cross_entropy(network.logits(raster), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
        losses[kind] = loss.item()
    assert losses["full"] < 0.1
    assert losses["feed-forward"] > 0.5


def test_parts_of_randman_are_apart() -> None:
    task = replace(recurrence_of(3), classes=3, each=7, validation=2, test=4, smoothness=2.0)
    sizes = [len(part.labels) for part in recurrence.samples_of(task)]
    assert sizes == [21, 6, 12]


@pytest.fixture
def small_task(monkeypatch: pytest.MonkeyPatch) -> recurrence.Recurrence:
    """Smooth manifolds and few samples: drawn in no time."""
    task = replace(recurrence_of(), each=10, validation=2, test=2, smoothness=2.0)
    monkeypatch.setattr(recurrence_chip, "TASK", task)
    return task


def test_the_chip_gets_the_spikes_of_the_float_networks(small_task: recurrence.Recurrence) -> None:
    encoder = encoder_of(recurrence_chip.settings_of(2, 1))
    floats = recurrence.samples_of(replace(small_task, seed=2))
    parts = vars(recurrence_chip.data_of(2)).values()
    for samples, part in zip(floats, parts, strict=True):
        assert (samples.labels.numpy() == part.labels).all()
        raster = encoder.raster(part.images[5], np.random.default_rng(0))
        assert (raster == samples.raster[:, 5].bool().numpy()).all()


@pytest.mark.usefixtures("small_task")
def test_recurrence_on_the_chip_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence_chip, "DESCENT", Descent(1, exact=False))
    monkeypatch.setattr(recurrence_chip, "LOOP_EPOCHS", 1)
    metrics = recurrence_chip.measure(Order(POPULATION, limit=6), quiet)
    golden = recurrence_chip.measure(Order("golden", limit=6), quiet)
    ways = ("loop", "tuned", "feed-forward", "12 bits", "8 bits")
    assert [golden[way] for way in ways] == [metrics[way] for way in ways]
    assert len({metrics[way][0]["weight_hash"] for way in ways}) == len(ways)
    save(recurrence_chip.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.usefixtures("small_task")
def test_narrow_recurrent_networks_begin_and_learn_alike() -> None:
    """A threshold is as many first weights, and an error moves a weight as far, in volts."""
    wide = recurrence_chip.settings_of(5, 1, 4).network
    for bits, steps in recurrence_chip.NARROW.items():
        own = recurrence_chip.narrowed(recurrence_chip.settings_of(5, 1, 4), bits).network
        assert own.weight_bits == bits
        assert own.weight_span << steps == wide.weight_span
        assert (own.recurrent_span or 0) << steps == wide.recurrent_span
        assert own.weight_span < 1 << (bits - 1)
        assert own.parameters.w_exp == steps
        assert own.parameters.eta_shift - steps == wide.parameters.eta_shift


@pytest.mark.usefixtures("small_task")
def test_recurrent_axons_have_traces_of_their_own() -> None:
    settings = recurrence_chip.settings_of(5, 1, 4)
    (core,) = program_of(settings).config.cores
    own, heard = core.parameter_sets
    assert (own.q_inc, own.pq_shift) == (recurrence_chip.NEURON.q_inc, 1)
    assert (heard.q_inc, heard.pq_shift) == (recurrence_chip.TRACES.q_inc, 8)
    shared = replace(settings, network=replace(settings.network, recurrent_traces=None))
    assert len(program_of(shared).config.cores[0].parameter_sets) == 1


@pytest.mark.usefixtures("small_task")
def test_a_recurrent_layer_hears_itself_and_learns_there() -> None:
    settings = recurrence_chip.settings_of(5, 1, 4).changed(
        {"network": {"layers": (16,), "lanes": 4}}
    )
    program = program_of(settings)
    recurrent = program.plan.network.projection("layer1", "layer1")
    feedback = program.weights_of(recurrent, program.weights)
    assert feedback.shape == (16, 16)
    with GoldenDevice(program.config) as device:
        lone_trainer(device, settings, recurrence_chip.data_of(5)).run()
        learned = device.read_weights()
    assert (program.weights_of(recurrent, learned) != feedback).any()


@pytest.mark.usefixtures("small_task")
def test_every_layer_of_a_recurrent_network_hears_itself_and_learns_there() -> None:
    settings = recurrence_chip.settings_of(5, 1, 4).changed(
        {"network": {"layers": (16, 8), "lanes": 4, "deep_span": 288, "deep": {"theta": 64}}}
    )
    program, ends = program_of(settings), []
    with GoldenDevice(program.config) as device:
        trainer = lone_trainer(device, settings, recurrence_chip.data_of(5))
        trainer.run()
        learned = device.read_weights()
        ends.append((trainer.weight_hashes(), trainer.spike_hashes()))
    for layer in ("layer1", "layer2"):
        projection = program.plan.network.projection(layer, layer)
        assert projection.traces == recurrence_chip.TRACES
        first = program.weights_of(projection, program.weights)
        assert (program.weights_of(projection, learned) != first).any()
    population = population_trainer([settings], recurrence_chip.data_of(5))
    population.run()
    ends.append((population.weight_hashes(), population.spike_hashes()))
    assert ends[0] == ends[1]


TINY = Settings(
    network=NetworkSettings(layers=(16,)),
    task=TaskSettings(limit=12, ticks=16, tune=True),
    objective=ObjectiveSettings(burn_in=3),
    run=RunSettings(epochs=1),
)


def test_local_gradients_are_autograds_where_surrogates_are_boxes() -> None:
    """By hand for one sample: sum over ticks of d B P, from the twin's own spikes."""
    digits, settings = split_digits(), TINY.changed({"network": {"weight_span": 60}})
    trainer = LocalTrainer(settings, digits, 1.0)
    part = digits.train.first(1)
    found = trainer.gradient(part, TRAINING, 0).numpy()
    raster = trainer.raster(part, TRAINING, 0)[:, 0].numpy()
    weights = trainer.chip.weights.detach().numpy()
    own, readout = settings.network.parameters, trainer._readout.numpy()
    bias = np.array([row.always_on for row in trainer.program.config.cores[0].rows])
    current = potential = np.zeros(weights.shape[1])
    trace_q = trace_p = np.zeros(len(weights))
    level, wanted = np.zeros(10), np.zeros_like(weights)
    target = np.eye(10)[part.labels[0]]
    for tick, arriving in enumerate(raster):
        current = own.beta_n / 4096 * current + 2**own.w_exp * ((arriving + bias) @ weights)
        potential = own.alpha_n / 4096 * potential + current
        trace_q = own.beta_p / 4096 * trace_q + own.q_inc * arriving
        trace_p = own.alpha_p / 4096 * trace_p + trace_q / 2**own.p_shift
        learned = np.where(bias, own.pq_on * 2**own.pq_shift, trace_p)
        spikes = potential >= own.theta
        level = settings.objective.readout_leak / 4096 * level + spikes @ readout
        likely = np.exp(settings.objective.logit_scale * level)
        wrong = likely / likely.sum() - target
        box = np.abs(potential - own.theta) < own.box
        potential = np.where(spikes, 0, potential)
        if tick >= settings.objective.burn_in:
            wanted += np.outer(learned, (readout @ wrong) * box)
    assert wanted[:64].any()
    assert wanted[64].any()
    assert np.abs(found - wanted).max() < 1e-9 * np.abs(wanted).max()


def test_local_learning_learns() -> None:
    digits = split_digits()
    trainer = LocalTrainer(
        TINY.changed({"network": {"layers": (64,)}, "task": {"limit": 200}}), digits, 2.0
    )
    before = trainer.accuracy(trainer.test)
    trainer.run(4)
    assert trainer.accuracy(trainer.test) > max(0.6, before + 0.2)


@pytest.mark.slow
def test_yin_yang_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOCAL_EPOCHS", 1), ("LOOP_EPOCHS", 1)):
        monkeypatch.setattr(yin_yang, name, value)
    metrics = yin_yang.measure(Order(POPULATION, limit=15), quiet)
    assert metrics["loop"][0]["weight_hash"] != metrics["tuned"][0]["weight_hash"]
    golden = yin_yang.measure(Order("golden", limit=15), quiet)
    assert (golden["loop"], golden["tuned"]) == (metrics["loop"], metrics["tuned"])
    save(yin_yang.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


def test_latency_digits_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("LOCAL_EPOCHS", 1), ("LOOP_EPOCHS", 1), ("DESCENT", Descent(1))):
        monkeypatch.setattr(latency_digits, name, value)
    metrics = latency_digits.measure(Order(POPULATION, limit=10), quiet)
    assert list(metrics["codes"]) == list(latency_digits.CODES)
    save(latency_digits.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("code", ["latency", "rank"])
def test_codes_of_one_spike_end_alike_on_golden_and_in_a_population(code: str) -> None:
    digits, settings = (
        split_digits(),
        TINY.changed(
            {"task": {"encoding": code}, "objective": {"threshold": 2.0}, "run": {"seed": 7}}
        ),
    )
    both = [
        learn_in_loop(device, [settings], None, digits, quiet) for device in (POPULATION, "golden")
    ]
    assert both[0] == both[1]


def test_inputs_must_fit_the_data() -> None:
    with pytest.raises(ValueError, match="^task.inputs must be 5, as the data has, not 64"):
        LocalTrainer(TINY, yin_yang.data(), 1.0)


def test_linear_neurons_run_all_ticks_at_once() -> None:
    """They spike as the twin's do tick by tick, but where roundings meet the threshold."""
    settings = yin_yang.settings_of(3, 1, 20)
    trainer = LocalTrainer(settings, yin_yang.data(), 1.0)
    raster = trainer.raster(trainer.train, TRAINING, 0)
    with torch.no_grad():
        spikes, box = trainer._forward(raster)
        slow = trainer.chip(raster)[:, :, trainer._neurons]
    assert 0.1 < float(slow.mean()) < 0.9
    assert (spikes == slow).double().mean() > 0.999
    assert 0 < float(box.mean()) < 1


@pytest.mark.slow
@pytest.mark.usefixtures("small_task")
@pytest.mark.parametrize("name", ["recurrence-chip", "yin-yang", "latency", "rank"])
def test_runs_end_alike_on_rtl(name: str) -> None:
    if name == "recurrence-chip":
        settings, data = recurrence_chip.settings_of(4, 1, 4), recurrence_chip.data_of(4)
    elif name == "yin-yang":
        settings, data = yin_yang.settings_of(4, 1, 4), yin_yang.data()
    else:
        settings, data = latency_digits.settings_of(name, 4, 1, 4), split_digits()
    small = settings.changed({"network": {"layers": (16,), "lanes": 4}})
    ends = [learn_in_loop(d, [small], None, data, quiet) for d in (POPULATION, "golden", "rtl")]
    assert ends[0] == ends[1] == ends[2]
