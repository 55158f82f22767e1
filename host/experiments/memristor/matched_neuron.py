"""Synapses whose update sees their weight, and the neuron that matches them.

The update of a device (Neftci 2018, equation 7; figure 4) is an error times
s - sigma(alpha w + beta): it forgets by itself, the more the larger the weight. It is the exact
gradient of a neuron with the potential

    u = sum_j w_j s_j - softplus(alpha w_j + beta) / alpha            (equation 8)

The matched network has that neuron; the unmatched one the plain u = sum w s with the same update;
the third is plain, with plain backpropagation. Biases start so that every u is centred.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import split_digits
from axonloop.host.experiments.memristor.matched_picture import draw as draw
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order

Floats = NDArray[np.float64]
HIDDEN, EPOCHS, BATCH = 100, 40, 16
RATES = (0.2, 0.5, 1.0, 2.0)
"""Learning rates, of which the validation part chooses, for each kind and setting."""
KINDS = ("matched", "unmatched", "backpropagation")
SETTINGS = ((6.0, 3.0), (6.0, 0.0), (6.0, -3.0))
"""Alpha and beta; the paper says neither."""


@dataclass(frozen=True)
class Synapse:
    """A kind of synapse; alpha and beta of its device."""

    kind: str
    alpha: float
    beta: float

    def forgetting(self, weights: Floats) -> Floats:
        """sigma(alpha w + beta), what the update takes from s; 0 in plain synapses."""
        if self.kind == "backpropagation":
            return np.zeros_like(weights)
        found: Floats = 1 / (1 + np.exp(-self.alpha * weights - self.beta))
        return found

    def sums(self, weights: Floats) -> Floats:
        """What the neuron's potential lacks beside w s, per neuron; 0 unless it is matched."""
        if self.kind != "matched":
            return np.zeros(weights.shape[1])
        found: Floats = (np.logaddexp(0, self.alpha * weights + self.beta) / self.alpha).sum(0)
        return found


class Layer:
    """Weights `(inputs, neurons)` and biases; neurons of one kind."""

    def __init__(
        self, synapse: Synapse, inputs: int, neurons: int, mean: Floats, seed: int
    ) -> None:
        random = np.random.default_rng([seed, inputs, neurons])
        self.synapse = synapse
        self.weights = random.normal(0, 1 / np.sqrt(inputs), (inputs, neurons))
        self.biases = synapse.sums(self.weights) - mean @ self.weights

    def potentials(self, signals: Floats) -> Floats:
        """u, `(samples, neurons)`."""
        found: Floats = signals @ self.weights - self.synapse.sums(self.weights) + self.biases
        return found

    def learn(self, errors: Floats, signals: Floats, rate: float) -> None:
        """Equation 7: errors times s - sigma, the mean of a batch."""
        share = rate / len(signals)
        forgotten = errors.sum(0) * self.synapse.forgetting(self.weights)
        self.weights -= share * (signals.T @ errors - forgotten)
        self.biases -= share * errors.sum(0)


class TwoLayers:
    """Two layers: logistic neurons, then a softmax."""

    def __init__(self, synapse: Synapse, mean: Floats, seed: int) -> None:
        self.hidden = Layer(synapse, len(mean), HIDDEN, mean, seed)
        self.output = Layer(synapse, HIDDEN, 10, np.full(HIDDEN, 0.5), seed)

    def signals(self, images: Floats) -> tuple[Floats, Floats]:
        """rho of the hidden neurons, and the chances of the classes."""
        rho = 1 / (1 + np.exp(-np.clip(self.hidden.potentials(images), -50, 50)))
        logits = self.output.potentials(rho)
        chances = np.exp(logits - logits.max(1, keepdims=True))
        return rho, chances / chances.sum(1, keepdims=True)

    def learn(self, images: Floats, labels: NDArray[np.int64], rate: float) -> None:
        """A step down the gradient of the cross-entropy, as far as the synapses go down it."""
        rho, errors = self.signals(images)
        errors[np.arange(len(labels)), labels] -= 1
        back = errors @ self.output.weights.T * rho * (1 - rho)
        self.output.learn(errors, rho, rate)
        self.hidden.learn(back, images, rate)

    def accuracy(self, images: Floats, labels: NDArray[np.int64]) -> float:
        """The share of right answers."""
        return float((self.signals(images)[1].argmax(1) == labels).mean())


def learned(synapse: Synapse, rate: float, seed: int) -> tuple[list[float], float]:
    """Accuracies on the validation part after every epoch, and on the test part at the end."""
    digits = split_digits()
    images, labels = digits.train.images / 16.0, digits.train.labels.astype(np.int64)
    network = TwoLayers(synapse, images.mean(0), seed)
    random, curve = np.random.default_rng(seed), []
    for _ in range(EPOCHS):
        order = random.permutation(len(labels))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            network.learn(images[batch], labels[batch], rate)
        tested = digits.validation
        curve.append(network.accuracy(tested.images / 16.0, tested.labels.astype(np.int64)))
    test = digits.test
    return curve, network.accuracy(test.images / 16.0, test.labels.astype(np.int64))


def measure(order: Order, progress: Progress) -> Metrics:
    """All kinds at all settings; plain backpropagation knows none of them, and is run once."""
    every = [Synapse(kind, *setting) for setting in SETTINGS for kind in KINDS[:2]]
    every.append(Synapse(KINDS[2], *SETTINGS[0]))
    found, rows = [], []
    for done, synapse in enumerate(every):
        runs = {rate: [learned(synapse, rate, seed) for seed in order.seeds] for rate in RATES}
        rate = max(RATES, key=lambda rate: sum(curve[-1] for curve, _ in runs[rate]))
        tests = [test for _, test in runs[rate]]
        curves = [curve for curve, _ in runs[rate]]
        found.append(vars(synapse) | {"rate": rate, "test": tests, "validation": curves})
        progress("train", done + 1, len(every))
        said = {"matched": "as backpropagation", "unmatched": "does not learn"}
        matters = synapse.kind != "backpropagation"
        where = f", alpha {synapse.alpha:g}, beta {synapse.beta:g}" * matters
        paper = said.get(synapse.kind, "") if synapse.beta > 0 else ""
        rows.append(ResultRow(f"{synapse.kind}{where}: test", paper, percent(tests)))
    return {"runs": found, "rows": rows}
