"""Converted networks: to the bit what balancing says, and as good as the network they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from axonloop.host.conversion import ConvertedNetwork, convert_torch
from axonloop.host.data import split_digits
from axonloop.host.experiments import ann_snn
from axonloop.models.config import Mesh, ResetMode

DIGITS = split_digits()


def small(seed: int = 1, *sizes: int) -> nn.Sequential:
    """Dense layers with random weights and large biases of both signs."""
    torch.manual_seed(seed)
    sizes = sizes or (6, 9, 8, 7, 4)
    layers: list[nn.Module] = []
    for before, after in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(before, after), nn.ReLU()]
    for layer in layers[::2]:
        nn.init.normal_(layer.bias, 0, 0.5)
    return nn.Sequential(*layers[:-1])


def samples(seed: int, count: int, size: int = 6) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, 1, (count, size))


def by_hand(net: ConvertedNetwork, inputs: NDArray[np.float64], ticks: int) -> Any:
    """Integrate-and-fire in whole numbers: stage k begins in tick k at half a threshold."""
    stages, last = net.balanced, len(net.balanced) - 1
    bits = net.code.spikes(inputs).astype(np.int64)
    membranes = [np.full((len(inputs), len(s.drives)), s.theta // 2) for s in stages]
    membranes[last][:] = 0
    spikes = [np.zeros_like(m) for m in membranes]
    counts = [np.zeros_like(m) for m in membranes]
    for tick in range(ticks):
        heard = [bits, *spikes[:-1]]
        for k, stage in enumerate(stages):
            if tick < k:
                continue
            membranes[k] += heard[k] @ stage.weights + stage.drives
            if k < last:
                spikes[k] = (membranes[k] >= stage.theta).astype(np.int64)
                membranes[k] -= spikes[k] * stage.theta
                counts[k] += spikes[k]
    return membranes[last], counts[:-1]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bits", [4, 8, 16])
def test_the_chip_is_integrate_and_fire_to_the_bit(seed: int, bits: int) -> None:
    net = convert_torch(small(seed), samples(seed, 200), weight_bits=bits, input_bits=5)
    shown = samples(seed + 100, 7)
    for ticks in (4, 5, 20):
        run = net.run(shown, ticks, "golden")
        membranes, counts = by_hand(net, shown, ticks)
        wanted = membranes / net.balanced[-1].units / max(1, ticks - net.latency)
        assert np.array_equal(run.logits[0], wanted)
        for own, found in zip(counts, run.spikes.values(), strict=True):
            assert np.array_equal(own, found)
    assert sum(own.sum() for own in counts) > 100
    assert run.saturations == 0


@pytest.mark.slow
def test_golden_batched_and_a_mesh_are_alike() -> None:
    shown, ticks = samples(5, 150), (2, 16)
    net = convert_torch(small(), samples(1, 200))
    batched, golden = net.run(shown, ticks), net.run(shown[:9], ticks, "golden")
    first = net.run(shown[:9], ticks)
    assert golden.spike_hash == first.spike_hash
    assert np.array_equal(golden.logits, batched.logits[:, :9])
    parted = convert_torch(small(), samples(1, 200), mesh=Mesh(2, 1), lanes=4)
    assert np.array_equal(parted.run(shown, ticks).logits, batched.logits)


def test_float_logits_are_the_modules_and_spikes_come_close() -> None:
    module, shown = small(), torch.tensor(samples(2, 50), dtype=torch.float32)
    net = convert_torch(module, samples(1, 200), weight_bits=16, percentile=100, ticks=1024)
    wanted = module(shown).detach().numpy()
    assert np.abs(net.float_logits(shown) - wanted).max() < 1e-5
    off = [np.abs(each - wanted).max() for each in net.run(shown, (16, 128, 1024)).logits]
    assert off[0] > off[1] > off[2]
    assert off[2] < 0.05 * np.abs(wanted).max()


@pytest.mark.parametrize("kind", ["dense", "convolutions"])
def test_digits_lose_little_in_16_ticks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bars are half a point at 16 ticks and one at 64, on the mean of seeds; here one seed."""
    monkeypatch.setattr(ann_snn, "EPOCHS", 15)
    part = DIGITS.train.join(DIGITS.validation)
    images, shown = ann_snn.images_of(part), ann_snn.images_of(DIGITS.test)
    net = convert_torch(ann_snn.train(kind, part, 1), images)
    right = (net.float_logits(shown).argmax(1) == DIGITS.test.labels).mean()
    found = net.accuracy(shown, DIGITS.test.labels, 64)
    assert list(found) == [1, 2, 4, 8, 16, 32, 64]
    assert right > 0.93
    assert found[16] >= right - 0.006
    assert found[64] >= right - 0.006
    assert found[1] < 0.3  # nothing has reached the output yet


def test_one_layer_and_a_last_relu() -> None:
    line = nn.Sequential(nn.Linear(6, 3), nn.ReLU())
    net = convert_torch(line, samples(1, 100), weight_bits=16)
    shown = samples(2, 20)
    run = net.run(shown, 8)
    assert run.spikes == {}
    told = f"ConvertedNetwork of 6-3 for at most {net.longest} ticks: Program of values "
    assert repr(net).startswith(told)
    assert (run.logits >= 0).all()
    assert np.abs(run.logits[0] - net.float_logits(shown)).max() < 0.05


def test_the_registers_are_those_of_integrators() -> None:
    net = convert_torch(small(), samples(1, 100))
    first, *_, last = (p.parameters for p in net.network.populations)
    assert (first.alpha_n, first.beta_n, first.reset_mode) == (4096, 4096, ResetMode.SUBTRACT)
    assert (last.alpha_n, last.beta_n, last.reset_mode) == (4096, 0, ResetMode.NONE)
    assert [p.report for p in net.network.populations] == [True, True, True, False]
    assert "output: its membrane is read; it gets its first spikes in tick 3" in net.notes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight_bits": 17}, "weight_bits must be a whole number in 2..16, not 17"),
        ({"percentile": 10}, "percentile must be in 50..100, not 10"),
        ({"ticks": 0}, "ticks must be a whole number in 1..1048576, not 0"),
        ({"calibration": np.zeros(6)}, "calibration inputs must be samples of one shape, not"),
        ({"calibration": np.full((2, 6), np.nan)}, "calibration inputs must be finite numbers"),
        ({"module": "net"}, "module must be a torch.nn.Module, not 'str'"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], message: str) -> None:
    given = {"module": small(), "calibration": samples(1, 20)} | changes
    with pytest.raises(ValueError, match=f"^{message}"):
        convert_torch(given.pop("module"), given.pop("calibration"), **given)


def test_a_dead_layer_is_refused() -> None:
    module = small()
    nn.init.constant_(module[2].bias, -1000)
    with pytest.raises(ValueError, match=r"^activations of layer2 at the percentile 99.9 must be"):
        convert_torch(module, samples(1, 20))


def test_wrong_runs() -> None:
    net = convert_torch(small(), samples(1, 20), ticks=32)
    with pytest.raises(ValueError, match=r"^ticks must be a whole number in 1..32, not 33$"):
        net.run(samples(1, 3), 33)
    with pytest.raises(ValueError, match=r"^inputs must be of shape \(samples, 6\), not \(3, 5\)$"):
        net.run(samples(1, 3, 5), 8)
    with pytest.raises(ValueError, match=r"^labels must be one per sample, not \(2,\)$"):
        net.accuracy(samples(1, 3), [1, 2], 8)


@pytest.mark.slow
def test_compiled_rtl_spikes_alike() -> None:
    net, shown = convert_torch(small(), samples(1, 100), lanes=4), samples(2, 6)
    rtl, golden = net.run(shown, (4, 16), "rtl"), net.run(shown, (4, 16), "golden")
    assert rtl.spike_hash == golden.spike_hash
    assert np.array_equal(rtl.logits, golden.logits)
