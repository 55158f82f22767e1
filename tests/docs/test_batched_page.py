"""docs/batched.md: its example runs, and its memory formula is the program's."""

from __future__ import annotations

import re

import numpy as np
import pytest

from axonloop.models.config import Mesh
from axonloop.sim.batched import BatchedChip
from axonloop.sim.batched.tensors import largest_sum
from tests.support.contract import DOCS, examples
from tests.support.random.chips import random_chip

pytestmark = pytest.mark.usefixtures("torch_alone")

PAGE = DOCS / "batched.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(PAGE)
    exec(compile(block, "batched.md", "exec"), {})
    samples, updates, shapes = capsys.readouterr().out.splitlines()
    assert 20 < float(samples.split()[-1]) < 200
    counts = [int(word) for word in re.findall(r"\d+", updates)]
    assert len(set(counts)) == 4
    assert min(counts) > 0
    assert shapes == "membranes (4, 32) weights (4, 64, 32)"


def value(formula: str, names: dict[str, int]) -> int:
    return int(eval(formula.replace(" x ", " * "), {}, names))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_the_pages_formula_is_the_programs(seed: int, shared: bool) -> None:
    config = random_chip(np.random.default_rng(seed), Mesh(2, 1))
    geometry, copies = config.geometry, 6
    rows = [row for core in config.cores for row in core.rows]
    wide = largest_sum(config) >= 1 << 24
    names = {
        "axons": config.axons,
        "neurons": geometry.neurons,
        "weight_bits": geometry.weight_bits,
        "visited": sum(row.groups for row in rows) * geometry.lanes,
        "addend": 8 if wide else 4,
        "delay_slots": geometry.delay_slots,
        "cores": 2,
    }
    lines = dict(re.findall(r"^    (weights|state) +(\S.*)$", PAGE.read_text(), re.MULTILINE))
    addends = "visited synapses x (4 in float32, 8 in float64)"
    weights = value(lines["weights"].replace(addends, "visited x addend"), names)
    terms = re.sub(r"\(with terms (.*)\)", r"\1" if geometry.terms else "", lines["state"])
    state = value(terms, names | {"neurons": config.neurons})
    expected = weights + copies * state if shared else copies * (weights + state)
    assert BatchedChip.memory(config, copies, shared) == expected
