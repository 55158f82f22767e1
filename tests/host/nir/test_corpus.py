"""Graphs of five tools, on the chip beside what their own simulators did with the same spikes.

docs/nir.md says how the files are written anew, and holds the table that these tests read.
"""

from __future__ import annotations

import pytest

from tests.support.nir_corpus.checked import BROKEN, Graph, agreement, graphs, unwritten
from tests.support.nir_corpus.table import PAGE, rows_of, unwritten_rows

pytest.importorskip("nir")
REFUSED = {
    "rockpool-residual": "node '3_LinearTorch' must be reached by an edge, not cut off",
    "snntorch-learned-decays": "different time constants of '1' must be at most 16",
    "snntorch-reset-at-once": "reset must be one of late, zero, none in the dialect snntorch",
}


def name_of(graph: Graph) -> str:
    return graph.name


@pytest.mark.parametrize("graph", graphs(), ids=name_of)
def test_a_graph_of_another_tool(graph: Graph) -> None:
    wide, narrow = agreement(graph, 16), agreement(graph, 8)
    if graph.name in REFUSED:
        assert wide.refused.startswith(REFUSED[graph.name])
        assert "\n" not in wide.refused
    else:
        assert not wide.refused
        assert wide.within
        assert narrow.within
        assert 0 < wide.bound < narrow.bound
        if graph.name in BROKEN:
            assert wide.float_membrane > 0.1  # the file is not what its writer ran
        else:
            assert wide.float_spikes >= 0.999
            assert wide.float_membrane < 1e-3
            assert wide.spikes >= 0.95
    for row in rows_of(graph, wide, narrow):
        assert row in PAGE.read_text(), "python -m tests.support.nir_corpus.table writes it anew"


def test_the_page_says_what_exporters_refuse() -> None:
    page = PAGE.read_text()
    assert len(unwritten()) > 10
    for row in unwritten_rows():
        assert row in page


def test_every_tool_has_its_kinds_of_graphs() -> None:
    names = [graph.name for graph in graphs()]
    for tool in ("snntorch", "norse", "sinabs", "spikingjelly", "rockpool"):
        assert sum(name.startswith(f"{tool}-") for name in names) >= 7
    assert len(names) >= 45
