"""Short runs of the experiments on memristors, and what they rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.experiments.memristor import (
    crossbar,
    crossbar_digits,
    device,
    digits,
    ica,
    matched_neuron,
    solvers,
)
from axonloop.host.experiments.memristor_wear import experiment as wear
from axonloop.host.experiments.memristor_wear import ways
from axonloop.host.order import Order
from axonloop.host.runs import train
from axonloop.host.training import population_trainer
from axonloop.models.memristor import MemristorArray, Spread, find_memristor

KIND = find_memristor("mo-tiox-tin")


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


def test_the_device_is_the_papers(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = np.random.default_rng(1).normal(0, 5, 500), 127
    monkeypatch.setattr(device, "digits_weights", lambda samples: weights)
    found = device.measure(Order(), quiet)
    assert found["refitted"] < 0.01
    assert found["inverse"] < 1e-9
    assert found["misses"]["rate of depression, printed"] == pytest.approx(0.62, abs=0.005)
    assert found["misses"]["rate of depression, ours"] < 0.002
    assert found["reached"]["up"] == pytest.approx([0.0488, 0.0952, 0.1813, 0.3935], abs=5e-5)
    assert found["mapping"]["read current, least power over centred"] < 0.15
    assert found["mapping"]["writes per changed weight"] == 1
    assert found["verify"]["error"] < 1.01 / 127 < found["verify"]["error of one write"]
    assert found["verify"]["error"] > 0.9 / 127, "of the device that is farthest off"
    readings = found["readings"]
    assert readings["sd over mean"][1] > 2 * readings["variance over mean"][1]
    assert found["ageing"]["hfox"][1] < 0.1 < found["ageing"]["pcm"][1]


def test_the_chips_weights_are_small_beside_their_range() -> None:
    weights, limit = device.digits_weights(10)
    assert limit == 127
    assert 0 < np.abs(weights).mean() < 20


def test_a_small_crossbar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossbar, "SIDE", 128)
    monkeypatch.setattr(crossbar, "BLOCK", 16)
    monkeypatch.setattr(crossbar, "DELAYS", (128, 64))
    monkeypatch.setattr(crossbar, "beside", lambda sides, wire: [])
    found = crossbar.measure(Order(), quiet)
    arrays = found["arrays"]
    assert arrays["128 in parts of 64"]["mean"] == pytest.approx(0.878, rel=0.01)
    assert arrays["128 in parts of 16"]["error"] == pytest.approx(0.0059, rel=0.02)
    assert found["mask"]["error"] < 0.05
    assert found["checks"]["residue"] < 1e-9
    assert found["checks"]["both solvers"] < 1e-9


def test_the_solvers_are_run_alone() -> None:
    found = crossbar.beside([16], 0.1)
    assert found[0].solver == "axonloop"
    assert found[0].total > 0
    for other in found[1:]:  # badcrossbar, where it is installed
        assert other.total == pytest.approx(found[0].total, rel=1e-9)


@pytest.mark.parametrize("there", [True, False])
def test_the_other_solver_is_run_where_it_is_installed(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solvers.importlib.util, "find_spec", lambda name: name if there else None)
    monkeypatch.setattr(solvers, "_run", lambda name, side, wire: [(name, side, wire)])
    names = ["axonloop", solvers.PEER][: 1 + there]
    wanted = [(name, side, 0.1) for side in (16, 32) for name in names]
    assert solvers.beside([16, 32], 0.1) == wanted


def test_what_is_read_is_compared_with_what_was_wanted() -> None:
    """A line through the mean: 0.5 of what varies, and 0.1 more."""
    wanted = np.array([[1.0, 2.0], [3.0, 6.0]])
    found = crossbar.compared(wanted, 0.5 * wanted + 0.1)
    assert found["slope"] == pytest.approx(0.5)
    assert found["mean"] == pytest.approx(1.6 / 3)
    assert found["correlation"] == pytest.approx(1)
    error = np.sqrt(np.mean([0.16, 0.81, 1.96, 8.41]))
    assert found["error"] == pytest.approx(error * crossbar.ON)


def test_amaris_distance() -> None:
    assert ica.amari(np.array([[0, -3.0], [0.2, 0]])) == 0
    assert ica.amari(np.ones((4, 2, 2))) == pytest.approx(1)


def test_gains_are_measured() -> None:
    kind = replace(KIND, spread=Spread(rate=0.25))
    array = MemristorArray(kind, (200,), np.random.default_rng(1))
    up, down = ica.gains(array, kind, 3)
    for sign, gain in ((1, up), (-1, down)):
        array.verify(350.0, 0.5, 200)
        before = array.conductance.copy()
        array.pulse(sign * 0.5 / gain)
        moved = array.conductance - before
        assert moved == pytest.approx(kind.step(before, sign * 0.5), rel=1e-6)
        assert gain.std() == pytest.approx(0.25, rel=0.2)


@pytest.mark.parametrize("pulses", [0, 5])
def test_calibrated_devices_move_as_wanted(pulses: int) -> None:
    spread = Spread(rate=0.25)
    variant = ica.PulseVariant("", "linear", spread=spread, calibration=pulses)
    weights = ica.Weights(variant, KIND, np.full((30, 2, 2), 0.3), 1)
    before = weights.values
    weights.change(np.where(np.arange(2) == 0, 0.01, -0.01) * np.ones((30, 2, 2)))
    gain = (weights.values - before) / [0.01, -0.01]
    assert gain.mean() == pytest.approx(1, abs=0.1)
    assert (gain.std() < 0.02) == (pulses > 0)


def test_sources_are_unmixed_by_compensation_only() -> None:
    """Two seeds, half of the samples: near the end with compensation, far without."""
    variants = {each.name: each for each in ica.VARIANTS}
    far, near = {}, {}
    for name, found in (
        ("compensated, linear", near),
        ("ideal", near),
        ("the same pulses up and down", far),
        ("a gain per polarity, Wmax 1.2", far),
    ):
        result = ica.learned(variants[name], KIND, range(1, 3), 5000)
        found[name] = np.mean(result["amari"])
        assert len(result["curve"]) == 5000 // ica.EVERY
    assert max(near.values()) < 0.25 < 0.3 < min(far.values())


@pytest.mark.parametrize("kind", ["matched", "backpropagation"])
def test_updates_are_the_gradient(kind: str) -> None:
    """By differences of the cross-entropy, weight by weight."""
    random = np.random.default_rng(1)
    images, labels = random.random((7, 64)), random.integers(0, 10, 7)
    network = matched_neuron.TwoLayers(matched_neuron.Synapse(kind, 6, 3), images.mean(0), 1)

    def loss() -> float:
        chances = network.signals(images)[1]
        return float(-np.log(chances[np.arange(7), labels]).mean())

    layers = (network.hidden, network.output)
    places = [(0, (3, 5)), (0, (40, 9)), (1, (2, 4)), (1, (77, 0))]
    slopes = []
    for layer, place in places:
        change = 1e-6
        layers[layer].weights[place] += change
        above = loss()
        layers[layer].weights[place] -= 2 * change
        slopes.append((above - loss()) / (2 * change))
        layers[layer].weights[place] += change
    before = [layers[layer].weights[place] for layer, place in places]
    network.learn(images, labels, 1.0)
    after = [layers[layer].weights[place] for layer, place in places]
    steps = np.subtract(after, before)
    assert np.negative(steps) == pytest.approx(slopes, rel=1e-5, abs=1e-9)


def test_the_plain_neuron_does_not_learn_by_the_matched_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matched_neuron, "EPOCHS", 5)
    tests = {
        kind: matched_neuron.learned(matched_neuron.Synapse(kind, 6, 3), 1.0, 1)[1]
        for kind in matched_neuron.KINDS
    }
    assert tests["unmatched"] < 0.5 < 0.8 < min(tests["matched"], tests["backpropagation"])
    control = matched_neuron.learned(matched_neuron.Synapse("unmatched", 6, -3), 1.0, 1)[1]
    assert control > 0.8


SHORT = {"network": {"layers": [16]}, "task": {"limit": 4, "ticks": 20}, "run": {"epochs": 1}}


def trained(device: str, **network: object) -> dict[str, object]:
    """A short run of digits on these synapses: what every device must agree on."""
    settings = Settings().changed(SHORT).changed({"network": network})
    metrics = train(settings, device=device)
    return {name: metrics[name] for name in ("weight_hash", "spike_hash", "trace_hash", "visits")}


def test_ideal_memristors_are_plain_weights() -> None:
    ideal, plain = trained("golden", memristor="ideal"), trained("golden")
    for found in (ideal, plain):
        found.pop("trace_hash")  # a core with terms has more traces
    assert ideal == plain


@pytest.mark.parametrize("rule", ["compensation", "gain", "same"])
def test_models_agree_on_memristors(rule: str) -> None:
    network = {"memristor": "mo-tiox-tin", "write_rule": rule}
    golden = trained("golden", **network)
    assert golden == trained("batched", **network)
    assert golden["weight_hash"] != trained("golden")["weight_hash"]


@pytest.mark.slow
def test_the_gateware_agrees_on_memristors() -> None:
    network = {"memristor": "hfox", "device_spread": 0.4}
    assert trained("golden", **network) == trained("rtl", **network)


def test_digits_on_memristors(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = digits.kinds_of("mo-tiox-tin")
    few = tuple(kind for kind in kinds if kind.name in (digits.PLAIN, kinds[-1].name))
    monkeypatch.setattr(digits, "kinds_of", lambda memristor: few)
    monkeypatch.setattr(digits, "EPOCHS", 1)
    monkeypatch.setattr(digits, "WRITE_EPOCHS", 1)
    order = Order(device="population", limit=8, seeds=(1,), memristor="mo-tiox-tin")
    found = digits.measure(order, quiet)
    assert [point["doubled"] for point in found["points"]] == [0, 0, 3, 3]
    assert "points lost" in found["rows"][1].chip
    dense, triggered = (each["writes"][0] for each in found["written"])
    assert dense > 2 * triggered > 0
    assert digits.draw(found).axes[0].get_xlabel() == "test accuracy (%)"


def test_memristors_that_wear_out_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wear, "OTHERS", (ways.OTHERS[0], *ways.OTHERS[-2:]))
    monkeypatch.setattr(wear, "ENDURANCES", {ways.YARDSTICK: (9,)})
    monkeypatch.setattr(wear, "SECONDS", (0.0, 1e3, 1e4, 1e6))
    order = Order(device="population", limit=12, seeds=(1, 2), memristor="mo-tiox-tin")
    found = wear.measure(order, quiet)
    dense, events = (wear.last(point) for point in found["points"][:2])
    assert dense > 5 * events > 0
    assert wear.last(found["points"][2]) == 0
    (stuck,) = found["worn"]
    assert 0 < stuck["worn"][0] < 1
    assert stuck["weight_hashes"] != found["points"][0]["weight_hashes"]
    for case in found["aged"]:
        assert [own[0] for own in case["accuracies"]] == found["points"][1]["accuracies"]
    bars = [row for row in found["rows"] if "events against dense" in row.what]
    assert [row.what[-11:] for row in bars] == ["128 neurons", "256 neurons"]
    assert all("points lost: m" in row.chip for row in bars)
    assert wear.draw(found).axes[2].get_xscale() == "log"


def test_ways_to_send_errors() -> None:
    dense, events = ways.YARDSTICK.settings(1, None), ways.CHOSEN.settings(1, None)
    assert (dense.objective.errors, events.objective.errors) == ("dense", "sample")
    assert (dense.run.epochs, events.objective.burn_in) == (8, 20)
    own, usual = events.network.parameters, dense.network.parameters
    assert (own.pq_shift, own.pq_on, own.q_inc, own.box) == (8, 0, 166, 1300)
    assert (usual.pq_shift, usual.pq_on, usual.q_inc, usual.box) == (7, 2, 256, 2304)
    ternary = ways.OTHERS[2].settings(1, None).objective
    assert (ternary.errors, ternary.error_limit, ternary.readout_rate) == ("sigma-delta", 1, 0)
    assert ways.OTHERS[-1].settings(1, None).network.layers == (256,)


def test_a_doubled_weight_has_half_the_effect() -> None:
    middle, filled = (digits.settings_of(digits.Synapses(""), n, 1, 1, None) for n in (0, 3))
    effect = [
        each.network.weight_span << each.network.parameters.w_exp for each in (middle, filled)
    ]
    assert effect[0] == effect[1]
    steps = [
        2 ** (each.network.parameters.w_exp - each.network.parameters.eta_shift)
        for each in (middle, filled)
    ]
    assert steps[0] == steps[1]


def test_a_mask_of_weights_falls_with_the_distance() -> None:
    weights = np.random.default_rng(1).normal(0, 6, (64, 128)).astype(np.int32)
    whole, parts = (crossbar_digits.mask_of(weights, 127, part) for part in (None, 32))
    assert whole.column[-1] < 0.5 * whole.column[0]
    assert parts.column.min() > 0.8
    assert whole.error < 0.05


def test_tuning_stops_within_an_epoch() -> None:
    settings = [crossbar_digits.settings_of(1, 5)]
    trainer = population_trainer(settings, split_digits())
    samples = len(trainer.train)
    for epochs, place in ((0.0, (0, 0)), (0.4, (0, round(0.4 * samples))), (1.0, (1, 0))):
        crossbar_digits._until(trainer, epochs, quiet)
        done = trainer.position.epoch * samples + trainer.position.sample
        assert done == place[0] * samples + place[1]


def test_digits_through_a_crossbar(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, learn = [], crossbar_digits._learn
    monkeypatch.setattr(
        crossbar_digits, "_learn", lambda *given: opened.append(given[2]) or learn(*given)
    )
    order = Order(device="population", limit=10, seeds=(1,))
    found = crossbar_digits.measure(order, quiet)
    ideal, whole, again, parts = (config.cores[0] for config in opened)
    assert (ideal.geometry.mask, whole.geometry.mask) == (0, 1)
    assert whole == again
    assert sum(whole.column_loss) > sum(parts.column_loss) > 0
    assert len(found["rows"]) == 7
    assert [len(found[name]) for name in ("tuned", "scratch", "parts")] == [6, 5, 1]
    assert "points lost" in found["rows"][1].chip
    assert crossbar_digits.draw(found).axes[0].get_ylabel() == "test accuracy (%)"


@pytest.mark.parametrize(("asked", "name"), [(None, ica.MEMRISTOR), ("pcm", "pcm")])
def test_sources_are_unmixed_on_the_memristor_that_is_asked_for(
    asked: str | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learned(variant: Any, kind: Any, seeds: Any, samples: int) -> dict[str, Any]:
        assert kind.name == name
        return {"outputs": [], "amari": [0.5, 0.25], "correlation": [0.75]}

    monkeypatch.setattr(ica, "learned", learned)
    found = ica.measure(Order(seeds=(1,), memristor=asked), quiet)
    assert list(found["variants"]) == [variant.name for variant in ica.VARIANTS]
    assert {row.float for row in found["rows"][1:]} == {"0.375, 0.375 (0.250 to 0.500); 0.750"}
