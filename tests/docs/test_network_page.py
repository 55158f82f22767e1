"""The example in docs/network.md runs, and its network is alive."""

from __future__ import annotations

import re

import numpy as np
import pytest

from axonloop.host.network import Network, Population, Projection, Source, compile_network
from axonloop.models.config import Geometry, ParameterSet
from tests.support.contract import DOCS, examples

PAGE = DOCS / "network.md"


def test_the_pages_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = examples(PAGE)
    names: dict[str, object] = {}
    exec(compile(block, "network.md", "exec"), names)
    lines = capsys.readouterr().out.splitlines()
    table = [line.split() for line in lines[:5]]
    assert [row[0] for row in table] == ["core", "0", "1", "2", "3"]
    ticks = [
        [int(word) for word in line.split()] for line in lines if re.fullmatch(r"[\d ]+", line)
    ]
    assert [tick for tick, _, _ in ticks] == list(range(20))
    assert sum(first for _, first, _ in ticks) > 0
    assert sum(second for _, _, second in ticks) > 0


def test_the_pages_message_is_the_compilers() -> None:
    def project(source: str, target: str, sources: int, targets: int) -> Projection:
        return Projection(source, target, np.zeros((sources, targets), dtype=np.int64))

    network = Network(
        (Source("in", 64),),
        (Population("h0", 100, ParameterSet()), Population("h1", 100, ParameterSet())),
        (project("in", "h0", 64, 100), project("h0", "h1", 100, 100)),
    )
    with pytest.raises(ValueError) as caught:
        compile_network(network, Geometry(axons=128))
    shown = re.search(r"    (axons of core 0 must.*?would do)", PAGE.read_text(), re.DOTALL)
    assert shown is not None
    assert " ".join(shown[1].split()) == str(caught.value)
