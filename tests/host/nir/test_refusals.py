"""Graphs that the chip cannot hold: one line each, with node, parameter, value, a remedy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from axonloop.host.nir import import_nir
from tests.support.nir_graphs import chain, cuba_lif, integrate, lif, nir

ONES = np.ones((4, 3))


def small(*middle: Any, node: Any = None, inputs: Any = (3,)) -> Any:
    """3 inputs -> 4 neurons -> whatever else."""
    return chain(nir.Linear(ONES), node or lif(4), *middle, inputs=inputs)


def with_edges(*edges: tuple[str, str], **nodes: Any) -> Any:
    graph = small()
    return nir.NIRGraph(graph.nodes | nodes, [*graph.edges, *edges], type_check=False)


def scale() -> Any:
    return nir.Scale(np.ones(4))


def varied(size: int) -> Any:
    node = lif(size)
    node.tau = np.linspace(0.01, 0.03, size)
    return node


def with_two_tau(size: int) -> Any:
    node = lif(size)
    node.tau = np.full((2, size), 0.02)
    return node


def two_layers_in_a_cycle() -> Any:
    nodes = {"back": nir.Linear(np.ones((4, 4))), "to": nir.Linear(np.ones((4, 4))), "b": lif(4)}
    return with_edges(("n1", "to"), ("to", "b"), ("b", "back"), ("back", "n1"), **nodes)


WRONG = [
    (
        small(nir.CubaLI(*(np.ones(4),) * 4)),
        "node 'n2' must be one of Input, Output, LIF, CubaLIF, IF",
        "not CubaLI; LI as a readout would do",
    ),
    (
        small(nir.I(np.ones(4))),
        "node 'n2' must be one of",
        "not I; an IF node with a threshold, or LI as a readout, would do",
    ),
    (
        small(node=lif(4, tau=np.nan)),
        "tau of 'n1' must be finite, not nan;",
        "",
    ),
    (
        chain(nir.Linear(ONES * np.inf), lif(4), inputs=(3,)),
        "weight of 'n0' must be finite, not inf;",
        "",
    ),
    (
        small(node=lif(4, tau=1e-4)),
        "tau of 'n1' must be at least dt = 0.001, not 0.0001; a dt of 0.0001 or less would do",
        "",
    ),
    (
        small(node=lif(4, tau=100.0)),
        "tau of 'n1' must be at most 8.191 with dt = 0.001, not 100;",
        "a dt of 0.0122 or more, or an IF node, would do",
    ),
    (
        chain(nir.Linear(np.ones((20, 3))), varied(20), inputs=(3,)),
        "different time constants of 'n1' must be at most 16 (parameter sets), not 20;",
        "",
    ),
    (
        small(node=cuba_lif(4, tau_syn=1e-5)),
        "tau_syn of 'n1' must be at least dt = 0.001, not 1e-05;",
        "",
    ),
    (
        small(node=lif(4, v_reset=2.0)),
        "v_threshold - v_reset of 'n1' must be above 0, not -1;",
        "a threshold above the reset would do",
    ),
    (
        small(node=lif(5)),
        "tau of 'n1' must be of shape (4,), not (5,);",
        "",
    ),
    (
        small(inputs=(5,)),
        "weight of 'n0' must be of shape (outputs, 5), not (4, 3);",
        "weights of that shape would do",
    ),
    (
        chain(nir.Linear(ONES), lif(4), inputs=(3, 1)),
        "weight of 'n0' must be of shape (outputs, 3, 1), not (4, 3);",
        "a Flatten before it would do",
    ),
    (
        with_edges(("n1", "back"), ("back", "n0"), back=nir.Linear(np.ones((2, 4)))),
        "output of 'back' must be of shape (3,) for 'n0', not (2,);",
        "",
    ),
    (
        two_layers_in_a_cycle(),
        "feedback from",
        "a Delay node of as many dt as the cycle has layers, less one, would do",
    ),
    (
        with_edges(
            ("x", "y"), ("y", "x"), ("n1", "x"), x=nir.Scale(np.ones(4)), y=nir.Scale(np.ones(4))
        ),
        "cycle through 'x' must be one with neurons, not one without;",
        "a LIF in it would do",
    ),
    (
        chain(nir.Delay(np.full(3, 1.5e-3)), nir.Linear(ONES), lif(4), inputs=(3,)),
        "delay of 'n0' must be whole ticks of 0.001 s, not 0.0015;",
        "another dt would do",
    ),
    (
        chain(nir.Delay(np.full(3, 0.02)), nir.Linear(ONES), lif(4), inputs=(3,)),
        "delay from 'input' to 'n2' must be at most 14 ticks, not 20;",
        "",
    ),
    (
        chain(nir.Affine(ONES, np.ones(4)), nir.Delay(np.full(4, 1e-3)), lif(4), inputs=(3,)),
        "what Delay 'n1' hears must be without a bias, not 1; the Delay before the bias would do",
        "",
    ),
    (
        small(nir.LI(np.ones(4), np.ones(4), np.zeros(4)), lif(4)),
        "what hears LI 'n2' must be an Output (the host computes it), not 'n3' (LIF);",
        "",
    ),
    (
        chain(nir.Linear(ONES), inputs=(3,)),
        "graph must be one with neurons, not one without;",
        "",
    ),
    (
        with_edges(("nowhere", "n1")),
        "edge 'nowhere' -> 'n1' must be between nodes, not nowhere;",
        "",
    ),
    (
        with_edges(("n0", "n1")),
        "edge 'n0' -> 'n1' must be given once, not twice; one of them would do",
        "",
    ),
    (
        with_edges(("alone", "n1"), alone=nir.Linear(np.ones((4, 4)))),
        "node 'alone' must be reached by an edge, not cut off;",
        "",
    ),
    (
        chain(
            nir.Conv2d((4, 4), np.ones((1, 1, 3, 3)), 2, "same", 1, 1, np.zeros(1)),
            lif((1, 4, 4)),
            inputs=(1, 4, 4),
        ),
        "stride of 'n0' must be 1 with padding 'same', not (2, 2); 1 would do",
        "",
    ),
    (
        chain(nir.Conv2d((2, 2), np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1)), inputs=(1, 2, 2)),
        "graph must be one with neurons",
        "",
    ),
    (
        chain(
            nir.Conv2d((2, 2), np.ones((1, 1, 3, 3)), 1, 0, 1, 1, np.zeros(1)),
            lif(1),
            inputs=(1, 2, 2),
        ),
        "kernel of 'n0' must be within (1, 2, 2), not (3, 3); a smaller one would do",
        "",
    ),
    (
        small(node=with_two_tau(4)),
        "tau of 'n1' must be of shape (4,), not (2, 4);",
        "one value, or an array of (4,), would do",
    ),
    (
        chain(nir.SumPool2d(np.array([0, 2]), np.ones(2), np.zeros(2)), lif(1), inputs=(1, 2, 2)),
        "kernel_size of 'n0' must be whole numbers from 1, not [0.0, 2.0];",
        "",
    ),
    ("no such file.nir", "NIR file must be there, not missing: no such file.nir", ""),
    (7, "graph must be a file or a nir.NIRGraph, not int", ""),
]


@pytest.mark.parametrize(("graph", "start", "end"), WRONG, ids=[entry[1][:40] for entry in WRONG])
def test_a_wrong_graph_is_one_clear_line(graph: Any, start: str, end: str) -> None:
    with pytest.raises(ValueError, match=re.escape(end) + "$") as caught:
        import_nir(graph, "nir", 1e-3)
    assert str(caught.value).startswith(start)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("graph", "options", "message"),
    [
        (small(), {"dialect": "brian"}, "dialect must be one of nir, snntorch, norse, sinabs"),
        (small(), {"dialect": "lava"}, "dialect must be one that was measured, not lava"),
        (
            small(),
            {"dialect": "snntorch", "reset": "subtract"},
            "reset must be one of late, zero, none in the dialect snntorch, not 'subtract'",
        ),
        (small(), {"dialect": "norse", "norm_input": False}, "norm_input must be true but for"),
        (small(), {"dialect": "norse", "counts": 16}, "counts must be a whole number in 1..15"),
        (small(), {"dialect": "sinabs", "spikes": 0}, "spikes must be a whole number in 1..15"),
        (
            small(node=varied(4)),
            {"dialect": "rockpool"},
            "r of 'n1' must be tau / dt exp(-dt / tau) for one dt",
        ),
        (
            small(node=lif(4, v_reset=-0.5)),
            {"dialect": "norse", "reset": "subtract"},
            "v_reset of 'n1' must be 0 in the dialect norse, not -0.5",
        ),
        (
            small(node=lif(4, v_threshold=0.01)),
            {"dialect": "sinabs", "lanes": 64},
            "spikes of 'n1' in a step must be at most 15 (space of a core), not",
        ),
        (
            small(node=cuba_lif(4)),
            {"dialect": "sinabs"},
            "node 'n1' must be LIF or IF in the dialect sinabs, not CubaLIF",
        ),
        (small(), {"dialect": "nir"}, "dt must be given for the dialect nir, not None"),
        (small(), {"dialect": "nir", "dt": -1.0}, "dt must be above 0 and finite, not -1.0"),
        (
            small(node=integrate(4)),
            {"dialect": "snntorch"},
            "node 'n1' must be LIF or CubaLIF in the dialect snntorch, not IF",
        ),
        (
            small(node=lif(4, v_leak=0.5)),
            {"dialect": "snntorch"},
            "v_leak of 'n1' must be 0 in the dialect snntorch, not 0.5",
        ),
        (
            small(),
            {"dialect": "norse", "weight_bits": 4, "budget": 1e-4},
            "budget must be at least",
        ),
        (small(), {"dialect": "norse", "budget": 0.0}, "budget must be above 0, not 0.0"),
        (small(), {"dialect": "norse", "weight_bits": 1}, "weight_bits must be a whole number"),
    ],
)
def test_wrong_options(graph: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        import_nir(graph, **options)


def test_the_slowest_leak_that_the_chip_has() -> None:
    """A leak of half a 4096th a step rounds to one; a smaller one would be none."""
    step = 1e-3
    slow = small(node=lif(4, tau=step / (0.5 / 4095.7)))
    assert import_nir(slow, "nir", step).populations["n1"].parameters.alpha_n == 4095
    with pytest.raises(ValueError, match="^tau of 'n1' must be at most 8.191 with dt = 0.001, not"):
        import_nir(small(node=lif(4, tau=step / (0.5 / 4096.3))), "nir", step)


def test_a_file_that_is_no_graph(tmp_path: Any) -> None:
    path = tmp_path / "broken.nir"
    path.write_text("not HDF5")
    with pytest.raises(ValueError, match=r"^NIR file must be one that nir can read, not .*broken"):
        import_nir(path, "norse")


def test_nir_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nir", None)
    with pytest.raises(ValueError, match=r"pip install 'axonloop\[nir\]' does it$"):
        import_nir(tmp_path / "any.nir", "norse")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((5, 2)), "inputs of 'input' must be of shape (steps, 3), not (5, 2)"),
        (np.full((5, 3), 0.5), "inputs of 'input' must be 0 or 1, not 0.5"),
        ({"other": np.zeros((5, 3))}, "inputs must be given for input, not other"),
    ],
)
def test_wrong_inputs(inputs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        import_nir(small(), "norse").run(inputs)
