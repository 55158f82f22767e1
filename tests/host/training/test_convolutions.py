"""Networks with convolutions learn by the one trainer, from settings and as a user's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.configuration import (
    ConvolutionLayer,
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import Digits, Part, split_digits
from axonloop.host.devices import open_device
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Source,
    smallest_geometry,
    uniform_kernel,
)
from axonloop.host.training import (
    OwnNetwork,
    Trainer,
    Weights,
    batch_trainer,
    chip_config,
    lone_trainer,
    program_of,
)
from axonloop.models.config import ParameterSet, ResetMode

DIGITS = split_digits()
NEURON = ParameterSet(
    alpha_n=3686,
    beta_n=2867,
    theta=1536,
    box=1536,
    w_exp=4,
    alpha_p=3482,
    beta_p=1024,
    q_inc=256,
    p_shift=2,
    pq_shift=4,
    pq_on=4,
    eta_shift=9,
    reset_mode=ResetMode.SUBTRACT,
)


def settings(limit: int = 4, epochs: int = 1, **objective: object) -> Settings:
    """8 x 8 pixels -> 8 channels in pools of 2 x 2 -> 8 channels -> 16 neurons."""
    layers = (ConvolutionLayer(8, 3, padding=1, pool=2), ConvolutionLayer(8, 3, stride=2))
    usual = ObjectiveSettings(burn_in=3, errors="dense", error_limit=127, threshold=1 / 16)
    return Settings(
        NetworkSettings((16,), lanes=8, convolutions=layers, parameters=NEURON, deep=NEURON),
        TaskSettings(limit=limit, ticks=10),
        replace(usual, **objective),  # type: ignore[arg-type]
        RunSettings(epochs=epochs),
    )


def own() -> OwnNetwork:
    return OwnNetwork(program_of(settings()).plan.network)


def trained(
    device: str, chosen: Settings, network: OwnNetwork | None = None
) -> tuple[Trainer, list[str], Weights]:
    """A trainer that has run, its hashes, and its weights in the end."""
    with open_device(device, chip_config(chosen, own=network)) as chip:
        trainer = lone_trainer(chip, chosen, DIGITS, own=network)
        trainer.run()
        return (
            trainer,
            trainer.weight_hashes() + trainer.spike_hashes(),
            trainer.copies.weights()[0],
        )


@pytest.mark.parametrize("device", ["batched", pytest.param("rtl", marks=pytest.mark.slow)])
def test_devices_learn_the_same(device: str) -> None:
    chosen = settings(dropout=0.5, activity=1.0, activity_floor=0.1, activity_ceiling=0.3, every=2)
    trainer, golden, weights = trained("golden", chosen)
    assert trained(device, chosen)[1] == golden
    assert (weights != trainer.program.weights).any()


def test_a_large_core_of_the_settings_learns_the_same_on_both_models() -> None:
    """6,400 neurons on one core, which no network gets unless the settings name its geometry."""
    random = np.random.default_rng(1)
    images = Network(
        (Source.image("pixels", (1, 8, 8)),),
        (Population.image("layer1", (64, 10, 10), NEURON, pool=2),),
        (Convolution("pixels", "layer1", uniform_kernel(random, 64, 1, 3, 8), padding=2),),
    )
    with pytest.raises(ValueError, match="neurons of core 0 must be at most 4096, not 6400"):
        chip_config(settings(2), own=OwnNetwork(images))
    geometry = smallest_geometry(images, lanes=8, large=True)
    chosen = replace(settings(2), geometry=geometry)
    trainer, golden, weights = trained("golden", chosen, OwnNetwork(images))
    assert trained("batched", chosen, OwnNetwork(images))[1] == golden
    assert (weights != trainer.program.weights).any()
    with pytest.raises(ValueError, match="neurons of a core that is built must be at most 4096"):
        trained("rtl", chosen, OwnNetwork(images))


def test_a_node_on_the_chip_hears_no_pools() -> None:
    chosen = settings(loss="integer")
    with open_device("golden", chip_config(chosen)) as chip:
        trainer = lone_trainer(chip, chosen, DIGITS)
        with pytest.raises(ValueError, match="layer1 must be without pools, 128 neurons, with the"):
            trainer.place_processor("chip")


def test_a_batch_of_one_is_a_lone_chip() -> None:
    _, lone, _ = trained("batched", settings(), own())
    batch = batch_trainer(settings(), DIGITS, 1, own())
    batch.run()
    assert batch.weight_hashes() + batch.spike_hashes() == lone


def test_a_batch_shares_out_what_it_scores() -> None:
    chosen = settings(limit=11)
    shared = batch_trainer(chosen, DIGITS, 4, own())
    alone = batch_trainer(chosen, DIGITS, 4, own())
    found = shared.scores(shared.validation)
    wanted = Trainer.scores(alone, alone.validation)
    assert len(found) == 4
    assert {(each.layers, each.samples, each.wrong) for each in found} == {
        (each.layers, each.samples, each.wrong) for each in wanted
    }
    assert int(shared.copies.counters()[0]["ticks"]) == 3 * 10  # 11 samples in 3 turns
    assert int(alone.copies.counters()[0]["ticks"]) == 11 * 10


def bars(count: int, seed: int) -> Part:
    """Two rows or two columns of 8 x 8 pixels, anywhere: classes 0 and 1."""
    random = np.random.default_rng(seed)
    images, labels = np.zeros((count, 8, 8), np.int32), random.integers(0, 2, count)
    for image, label, place in zip(images, labels, random.integers(0, 7, count), strict=True):
        (image if label == 0 else image.T)[place : place + 2] = 16
    return Part(images.reshape(count, 64), labels, np.arange(count))


def test_kernels_learn_what_stands_anywhere() -> None:
    chosen = settings(limit=96, epochs=3).changed({"task": {"classes": 2}})
    data = Digits(bars(96, 1), bars(32, 2), bars(32, 3))
    trainer = batch_trainer(chosen, data, 8, own())
    before = trainer.final_each()[0].layers
    trainer.run()
    after = trainer.final_each()[0].layers
    assert min(after) > 0.9 > 0.8 > max(before), (before, after)


def test_readouts_hear_pools_and_their_errors_go_to_all_members() -> None:
    chosen = settings(burn_in=0)
    trainer = batch_trainer(chosen, DIGITS, 1, own())
    layers, program = trainer.layers, trainer.program
    units = program.units_of("layer1")
    assert units.shape == (8 * 4 * 4, 4)
    reader = layers.readers["layer1"]
    assert reader.readout.weights.shape[-1] == len(units)
    spikes = np.zeros((1, 1, program.config.neurons), bool)
    spikes[0, 0, units[7, [1, 3]]] = True  # two of a pool: one spike
    assert layers.votes(spikes)[0][0].tolist() == reader.readout.weights[0, :, 7].tolist()
    layers.begin([3])
    events = layers.step(spikes[0]).gated
    assert events is not None
    of_units = events[0, units]
    assert (of_units == of_units[:, :1]).all()
    assert of_units.any()
    assert layers.spikes[0] == 2
    assert layers.errors[0] == 4 * np.count_nonzero(of_units[:, 0])


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"objective": {"strategy": "direct"}}, "objective.strategy must be local where"),
        ({"network": {"image": [1, 8, 9]}}, "network.image must be of 64 pixels in all"),
        ({"network": {"convolutions": [{"channels": 4, "kernel": 9}]}}, "image before layer1 must"),
        ({"network": {"recurrent_span": 3}}, "recurrent_span must be left out where convolutions"),
        (
            {"network": {"convolutions": [{"channels": 0, "kernel": 1}]}},
            r"convolutions\[0\].channels",
        ),
        ({"network": {"convolutions": [{"kernel": 1}]}}, r"convolutions\[0\].* 'channels'"),
        ({"network": {"convolutions": []}}, r"network.image must be left out where"),
        ({"objective": {"dropout": 1.0}}, "dropout must be 0 or more and below 1"),
        ({"objective": {"activity_ceiling": -0.1}}, r"activity_ceiling must be in activity_floor"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], told: str) -> None:
    usual = settings().changed({"network": {"image": [1, 8, 8]}})
    with pytest.raises(ValueError, match=told):
        program_of(usual.changed(changes))  # type: ignore[arg-type]


def test_layers_may_be_convolutions_alone() -> None:
    chosen = settings().changed({"network": {"layers": []}})
    names = [each.name for each in program_of(chosen).plan.network.populations]
    assert names == ["layer1", "layer2"]
    with pytest.raises(ValueError, match=r"layers must be a list of sizes, at least one"):
        NetworkSettings(layers=())


def test_what_an_own_network_is_tells_its_kernels_and_pools_apart() -> None:
    def made(pool: int, stride: int, padding: int) -> str:
        side = (8 + 2 * padding - 3) // stride + 1
        network = Network(
            (Source.image("pixels", (1, 8, 8)),),
            (Population.image("a", (2, side, side), NEURON, pool=pool),),
            (
                Convolution(
                    "pixels", "a", np.ones((2, 1, 3, 3), int), stride=stride, padding=padding
                ),
            ),
        )
        return OwnNetwork(network).fingerprint

    # Kernels of (2, 0) and (2, 1) lead to images of 3 and 4 pixels, (1, 0) and (1, 1) of 6 and 8.
    every = [made(1, 1, 0), made(2, 1, 0), made(1, 2, 0), made(1, 2, 1), made(1, 1, 1)]
    assert len(set(every)) == len(every)
