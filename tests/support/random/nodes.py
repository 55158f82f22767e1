"""Random processing nodes, and the naive one beside a golden one."""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.models.config import NodeEncoding
from axonloop.models.golden.processing import NodeConstants, NodeLoss
from tests.support.oracles.node import NaiveNode

Rng = np.random.Generator
PLAIN = NodeConstants([[1, -1], [-1, 1]], [[1, -1], [-1, 1]], 3686, 4, 7864, 16)
"""The smallest node that tells two classes apart."""


def random_constants(rng: Rng, **given: Any) -> NodeConstants:
    """Constants in all of their ranges, of a small node."""
    classes, neurons = int(rng.integers(1, 7)), int(rng.integers(1, 25))
    top = int(rng.choice([1, 7, 127]))
    chosen = {
        "leak": int(rng.choice([0, 1, 2048, 3686, 4095, 4096])),
        "rise": int(rng.integers(0, 9)),
        "scale": int(2 ** rng.uniform(0, 16)),
        "scale_shift": int(rng.integers(0, 17)),
        "loss": NodeLoss(int(rng.integers(2))),
        "gain": int(2 ** rng.uniform(0, 16)),
        "burn_in": int(rng.integers(0, 4)),
        "encoder": NodeEncoding(int(rng.integers(3))),
        "threshold": int(2 ** rng.uniform(0, 22)),
        "limit": int(rng.choice([1, 2, 5, 100, 127])),
        "wanted": int(rng.choice([0, 1, 16, neurons * 16])),
        "slowness": int(rng.choice([1, 4, 15])),
    }
    matrices = (rng.integers(-top, top + 1, (classes, neurons)) for _ in range(2))
    return NodeConstants(*matrices, **chosen | given)


def naive_of(constants: NodeConstants) -> NaiveNode:
    names = "leak rise scale scale_shift loss gain burn_in encoder threshold limit wanted slowness"
    own = {name: int(getattr(constants, name)) for name in names.split()}
    return NaiveNode(constants.columns.tolist(), constants.rows.tolist(), own)


def plain(state: dict[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(value).tolist() for name, value in state.items()}
