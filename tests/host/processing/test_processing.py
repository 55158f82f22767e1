"""The processing core: readout, loss, gradient, feedback."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import ArrayLike

from axonloop.host.processing import (
    GRADIENT_ONE,
    DenseEncoder,
    Loss,
    ProcessingCore,
    Readout,
    ReadoutLearning,
    SigmaDeltaEncoder,
    feedback_matrix,
    fixed_readout,
)
from axonloop.host.processing.core import EXACT_SUM, READOUT_ONE

CLASSES, NEURONS = 4, 12
LOSSES: dict[str, Loss] = {
    "cross entropy": torch.nn.functional.cross_entropy,
    "margin": lambda logits, target: torch.nn.functional.multi_margin_loss(
        logits[None], target[None]
    ),
    "squares": lambda logits, target: ((logits - 3 * torch.eye(CLASSES)[target]) ** 2).mean(),
}


def make(
    loss: Loss = LOSSES["cross entropy"],
    burn_in: int = 0,
    step: int = 1,
    leak: int = 3686,
    seed: int = 0,
) -> ProcessingCore:
    weights = fixed_readout(CLASSES, NEURONS, 5, np.random.default_rng(seed))
    encoder = DenseEncoder(NEURONS, step, 127)
    return ProcessingCore(Readout(weights, leak, 0.1), weights, encoder, loss, burn_in)


def core_of(
    weights: np.ndarray,
    feedback: np.ndarray | None = None,
    loss: Loss = LOSSES["cross entropy"],
    leak: int = 3686,
) -> ProcessingCore:
    readout = Readout(weights, leak, 0.1)
    back = weights if feedback is None else feedback
    return ProcessingCore(readout, back, DenseEncoder(NEURONS, 1, 127), loss)


def spikes(seed: int, ticks: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [np.flatnonzero(rng.random(NEURONS) < 0.3).astype(np.int32) for _ in range(ticks)]


def flags(neurons: ArrayLike) -> np.ndarray:
    """A tick's spikes of a lone chip, from the neurons that spiked."""
    found = np.zeros((1, NEURONS), dtype=bool)
    found[0, np.asarray(neurons, dtype=np.int64)] = True
    return found


def sent(core: ProcessingCore, trains: list[np.ndarray]) -> list[list[tuple[int, int]]]:
    found = [core.step(flags(train)) for train in trains]
    none = np.zeros((1, NEURONS), np.int64)
    rows = [(none if errors is None else errors)[0] for errors in found]
    return [[(n, int(row[n])) for n in row.nonzero()[0].tolist()] for row in rows]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", LOSSES)
def test_gradient_equals_finite_differences(name: str, seed: int) -> None:
    """The error of neuron i is dL / d(its spike), but for the constant scale of the logits."""
    loss, target, trains = LOSSES[name], 2, spikes(seed, 5)
    core = make(loss, seed=seed)
    core.begin([target])
    for train in trains:
        core.step(flags(train))
    logits, weights = core.logits[0], core.readout.weights

    def value(change: np.ndarray) -> float:
        return float(loss(torch.from_numpy(logits + change), torch.tensor(target)))

    small = 1e-5
    wanted = [
        (value(small * weights[:, neuron]) - value(-small * weights[:, neuron])) / (2 * small)
        for neuron in range(NEURONS)
    ]
    found = weights.T @ core.gradient()[0] / GRADIENT_ONE
    # Each of the classes' gradients is off by half a step of the grid at most, times a weight.
    bound = np.abs(weights).sum(axis=0) / (2 * GRADIENT_ONE) + 1e-6
    assert (np.abs(found - wanted) <= bound).all()
    assert np.abs(wanted).max() > 10 * bound.max()


def learner(copies: int, rate: float = 0.01, ticks: int = 9) -> ProcessingCore:
    weights = np.zeros((copies, CLASSES, NEURONS), dtype=np.int64)
    encoder = DenseEncoder(NEURONS, [1] * copies, [127] * copies)
    learning = ReadoutLearning(rate, ticks)
    readout = Readout(weights, 3686, 0.1)
    return ProcessingCore(readout, weights, encoder, burn_in=4, every=2, learning=learning)


@pytest.mark.parametrize("per_tick", [False, True])
@pytest.mark.parametrize("size", [0.1, 3.0, 400.0])
@pytest.mark.parametrize(("copies", "classes"), [(1, 2), (1, 10), (3, 17), (40, 10)])
def test_cross_entropy_has_the_bits_of_autograd(
    copies: int, classes: int, size: float, per_tick: bool
) -> None:
    rng = np.random.default_rng([copies, classes, int(size), per_tick])
    weights = np.stack([fixed_readout(classes, NEURONS, 5, rng) for _ in range(copies)])
    encoder = DenseEncoder(NEURONS, [1] * copies, [127] * copies)
    readout = Readout(weights, 0, 0.1)
    core = ProcessingCore(readout, weights, encoder, LOSSES["cross entropy"], per_tick=per_tick)
    for _ in range(20):
        series = rng.integers(0, classes, (copies, 5))
        core.begin(series if per_tick else series[:, 3])
        core._age = 3
        assert core._aims is not None
        logits = torch.from_numpy(size * rng.standard_normal((copies, classes)))
        for row, target, found in zip(logits, series[:, 3], core._gradient_at(logits), strict=True):
            leaf = row.clone().requires_grad_()
            loss = torch.nn.functional.cross_entropy(leaf, torch.tensor(target))
            assert torch.autograd.grad(loss, leaf)[0].tolist() == found.tolist()


def test_shares_of_the_classes_are_learned() -> None:
    core = make()
    core.begin([torch.tensor([0.2, 0.3, 0.4, 0.1])])
    core.step(flags([0, 3]))
    assert core.heard is not None
    assert core.heard.any()


@pytest.mark.parametrize(
    ("target", "error", "message"),
    [
        (4, IndexError, "Target 4 is out of bounds"),
        (-1, IndexError, "Target -1 is out of bounds"),
        ([0, 1, 0, 0], RuntimeError, "Expected floating point type for target"),
        ([1], RuntimeError, "multi-target not supported|size mismatch|same size|out of range"),
    ],
    ids=str,
)
def test_targets_that_torch_does_not_take(
    target: ArrayLike, error: type[Exception], message: str
) -> None:
    core = make()
    core.begin([np.asarray(target)])
    with pytest.raises(error, match=message):
        core.step(flags([0]))


def test_readout_learns_behind_the_last_tick_of_a_sample() -> None:
    """Naively: by the gradients of ticks 4, 6 and 8, times the spikes from tick 4 on."""
    core, weights = learner(1), np.zeros((CLASSES, NEURONS))
    core.begin([2])
    heard, raster = [], np.array([flags(train)[0] for train in spikes(3, 18)])
    for k in range(2):
        own = raster[9 * k : 9 * k + 9]
        core.begin([2 - k])
        for tick in own:
            assert (core.weights[0] == weights).all()
            errors = core.step(tick[None])
            if core.heard is not None:
                wanted = core.heard[0] @ weights / READOUT_ONE
                assert errors is not None
                assert (errors[0] == np.clip(np.rint(wanted), -127, 127)).all()
                heard.append(core.heard[0])
        change = sum(heard[-3:])[:, None] * own[4:].sum(0) * 0.01
        weights = weights - np.rint(change)
        assert (core.weights[0] == weights).all()
        assert (core.votes(own[:, None])[0] == weights @ own[4:].sum(0)).all()
    assert len(heard) == 6
    assert np.abs(weights).max() > 10


def test_readouts_of_copies_that_learn_equal_lone_ones_and_come_back() -> None:
    together, alone = learner(2), [learner(1), learner(1)]
    rng = np.random.default_rng(5)
    for k in range(4):
        targets = rng.integers(0, CLASSES, 2).tolist()
        for core, own in zip((together, *alone), (targets, *([t] for t in targets)), strict=True):
            core.begin(own)
        for tick in rng.random((9, 2, NEURONS)) < 0.4:
            together.step(tick)
            for copy, core in enumerate(alone):
                core.step(tick[copy][None])
        assert (together.weights == np.concatenate([core.weights for core in alone])).all()
        if k == 1:
            state, together = together.state(), learner(2)
            together.restore(state)
    with pytest.raises(ValueError, match=r"weights of the readout must be of shape \(1, 4, 12\)"):
        alone[0].restore(alone[0].state() | {"weights": state["weights"]})


def test_a_readout_that_learns_stays_exact() -> None:
    core = learner(1, rate=1.0)
    core.loss = lambda logits, target: -logits[target]
    for _ in range(4):
        core.begin([0])
        for _ in range(9):
            core.step(np.ones((1, NEURONS), dtype=bool))
    most = (EXACT_SUM - 1) // NEURONS
    assert np.unique(core.weights).tolist() == [0, most]


def test_learning_rate_of_a_readout_is_checked() -> None:
    told = r"^learning rate of the readout must be in 0\.\.1, above 0, not 0$"
    with pytest.raises(ValueError, match=told):
        ReadoutLearning(0, 9)


@pytest.mark.parametrize("leak", [0, 1, 2048, 3686, 4095, 4096])
@pytest.mark.parametrize("size", [1, 5, (EXACT_SUM - 1) // NEURONS])
def test_readout_is_leaky_and_exact(leak: int, size: int) -> None:
    weights = fixed_readout(CLASSES, NEURONS, 5, np.random.default_rng(leak)) * size // 5
    core = core_of(weights, leak=leak)
    core.begin([0])
    level = [0] * CLASSES
    for train in [np.arange(NEURONS), *spikes(4, 40)]:
        core.step(flags(train))
        kept = [abs(x) * leak // 4096 * (1 if x > 0 else -1) for x in level]  # toward zero
        heard = 256 * weights[:, train].sum(axis=1)
        level = [x + y for x, y in zip(kept, heard.tolist(), strict=True)]
        assert core.state()["level"].tolist() == [level]
        assert (core.logits == np.array(level) * (0.1 / 256)).all()


def test_weights_too_large_to_stay_exact_are_refused() -> None:
    fine = np.ones((CLASSES, NEURONS), np.int64)
    readout, feedback = fine.copy(), fine.copy()
    readout[1, :2] = EXACT_SUM // 2, -EXACT_SUM // 2
    feedback[:, 3] = EXACT_SUM // 2, 0, 0, -EXACT_SUM // 2
    below = f"must be below {EXACT_SUM} in sum, not"
    with pytest.raises(ValueError, match=f"readout weights of a class {below} {EXACT_SUM + 10}"):
        core_of(readout, fine)
    with pytest.raises(ValueError, match=f"feedback weights of a neuron {below} {EXACT_SUM}$"):
        core_of(fine, feedback)


def test_gradients_of_the_largest_size_come_back_exactly() -> None:
    """The largest gradient, fed back by the largest weights, loses no bit."""
    feedback = np.zeros((CLASSES, NEURONS), np.int64)
    feedback[:, 0] = 1, 2, 3, EXACT_SUM - 7
    sizes = torch.tensor([2.0**-12, 1.0, -1.0, 2.0**20], dtype=torch.float64)
    core = core_of(feedback, loss=lambda logits, target: (logits * sizes).sum())
    core.path.encoder = encoder = SigmaDeltaEncoder(NEURONS, 2**40)
    core.begin([0])
    core.step(flags([]))
    wanted = 1 + 2 * 4096 - 3 * 4096 + (EXACT_SUM - 7) * 2**32
    assert encoder.residue[0, 0] == wanted - 2**40
    assert wanted > 2**52


def test_begin_forgets_the_last_sample() -> None:
    core, trains = make(step=40), spikes(5, 10)
    core.begin([1])
    first = sent(core, trains)
    core.begin([1])
    assert sent(core, trains) == first
    assert any(first)


def test_burn_in_is_silent() -> None:
    core = make(burn_in=6)
    core.begin([1])
    found = sent(core, spikes(6, 10))
    assert [bool(events) for events in found] == [False] * 6 + [True] * 4


def test_state_within_a_sample() -> None:
    def fresh() -> ProcessingCore:
        weights = fixed_readout(CLASSES, NEURONS, 5, np.random.default_rng(0))
        encoder = SigmaDeltaEncoder(NEURONS, 5000)
        return ProcessingCore(Readout(weights, 3686, 0.1), weights, encoder)

    trains = spikes(8, 40)
    whole, first, second = fresh(), fresh(), fresh()
    for core in (whole, first):
        core.begin([1])
    expected = sent(whole, trains)
    found = sent(first, trains[:17])
    second.begin([1])
    second.restore(first.state())
    assert found + sent(second, trains[17:]) == expected
    assert any(expected[17:])


def test_votes_count_spikes_after_the_burn_in() -> None:
    core, trains = make(burn_in=3), spikes(9, 8)
    counts = np.bincount(np.concatenate(trains[3:]), minlength=NEURONS)
    raster = np.stack([flags(train) for train in trains])
    assert (core.votes(raster) == core.readout.weights @ counts).all()
    assert core.votes(np.zeros_like(raster)).tolist() == [[0] * CLASSES]


def test_feedback_kinds() -> None:
    rng = np.random.default_rng(0)
    readout = fixed_readout(CLASSES, NEURONS, 5, rng)
    assert (feedback_matrix("symmetric", readout, 5, rng) == readout).all()
    concordant = feedback_matrix("sign-concordant", readout, 5, rng)
    assert (np.sign(concordant) == np.sign(readout)).all()
    assert (concordant != readout).any()
    assert np.abs(readout).min() >= 1
    assert np.abs(readout).max() <= 5


def test_random_feedback_is_refused() -> None:
    with pytest.raises(ValueError, match="a fixed readout cannot align with random signs"):
        feedback_matrix("random", np.ones((2, 3), np.int64), 1, np.random.default_rng(0))
    with pytest.raises(ValueError, match="^feedback must be one of symmetric, sign-concordant, no"):
        feedback_matrix("direct", np.ones((2, 3), np.int64), 1, np.random.default_rng(0))


@pytest.mark.parametrize("factor", [float("nan"), float("inf"), 1e9])
def test_bad_gradients_are_refused(factor: float) -> None:
    core = make(lambda logits, target: factor * torch.nn.functional.cross_entropy(logits, target))
    core.begin([0])
    with pytest.raises(ValueError, match="^gradient of the loss must be finite and within"):
        core.step(flags([1, 2]))


def test_a_tick_before_begin_is_refused() -> None:
    with pytest.raises(ValueError, match="^sample must be begun before its first tick"):
        make().step(flags([1]))


@pytest.mark.parametrize("value", [1.0, None, torch.ones(2), torch.tensor(1.0)])
def test_a_loss_that_is_no_scalar_of_the_logits_is_refused(value: object) -> None:
    core = make(lambda logits, target: value)  # type: ignore[arg-type, return-value]
    core.begin([0])
    with pytest.raises(ValueError, match="^loss must be a scalar torch tensor that depends on"):
        core.step(flags([1]))


def test_copies_equal_lone_cores() -> None:
    """Two copies with readouts and targets of their own, and a loss that torch cannot batch."""
    weights = np.stack(
        [fixed_readout(CLASSES, NEURONS, 5, np.random.default_rng(k)) for k in (0, 1)]
    )
    loss = LOSSES["squares"]
    both = ProcessingCore(
        Readout(weights, 3686, 0.1), weights, DenseEncoder(NEURONS, [3, 5], [127, 127]), loss
    )
    lone = [
        ProcessingCore(Readout(own, 3686, 0.1), own, DenseEncoder(NEURONS, step, 127), loss)
        for own, step in zip(weights, (3, 5), strict=True)
    ]
    both.begin([1, 2])
    for core, target in zip(lone, (1, 2), strict=True):
        core.begin([target])
    for first, second in zip(spikes(3, 20), spikes(4, 20), strict=True):
        rows = flags(first), flags(second)
        found = both.step(np.concatenate(rows))
        expected = [core.step(row) for core, row in zip(lone, rows, strict=True)]
        assert found is not None
        assert found.tolist() == np.concatenate([e for e in expected if e is not None]).tolist()


def test_loss_time_is_measured() -> None:
    core = make()
    core.begin([0])
    core.step(flags([1]))
    assert core.loss_seconds > 0


def test_a_learned_readout_stays_where_sums_over_a_copy_are_exact() -> None:
    """However many copies there are."""
    weights, counts = np.zeros((9, 2, 3), np.int64), np.ones((9, 3), np.int64)
    found = ReadoutLearning(1, 9).learned(weights, np.full((9, 2), 1e30), counts)
    assert (found == -((EXACT_SUM - 1) // 3)).all()
