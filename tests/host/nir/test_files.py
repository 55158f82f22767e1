"""`axonloop check` with files and options that are wrong: one line each, and no traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from tests.support.nir_graphs import chain, lif, nir

ONES = np.ones((4, 3))
NIR = ("--dialect", "nir", "--dt", "1e-3")


def graph(*edges: tuple[str, str], **nodes: Any) -> Any:
    made = chain(nodes.pop("n0", nir.Linear(ONES)), nodes.pop("n1", lif(4)), inputs=(3,))
    return nir.NIRGraph(made.nodes | nodes, [*made.edges, *edges], type_check=False)


def written(path: Path, made: Any = None) -> None:
    nir.write(path, graph() if made is None else made)


def changed(path: Path, key: str, value: Any = None) -> None:
    """A good file in which a data set of a node, or the node, is another or none."""
    written(path)
    with h5py.File(path, "r+") as file:
        nodes = file["node/nodes"]
        del nodes[key]
        if value is not None:
            nodes[key] = value


def cut(path: Path) -> None:
    written(path)
    path.write_bytes(path.read_bytes()[:3000])


def flipped(path: Path) -> None:
    written(path)
    content = bytearray(path.read_bytes())
    content[:4] = b"\0\0\0\0"
    path.write_bytes(content)


def another_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros(3)


def cycle_of_two_layers() -> Any:
    there, back = nir.Linear(np.ones((4, 4))), nir.Linear(np.ones((4, 4)))
    edges = ("n1", "to"), ("to", "b"), ("b", "back"), ("back", "n1")
    return graph(*edges, to=there, b=lif(4), back=back)


WRONG: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "missing": (lambda path: None, NIR, "NIR file must be there, not missing"),
    "folder": (lambda path: path.mkdir(), NIR, "NIR file must be there, not missing"),
    "empty": (lambda path: path.touch(), NIR, "NIR file must be one that nir can read"),
    "text": (lambda path: path.write_text("x\ny\n"), NIR, "NIR file must be one that nir can read"),
    "truncated": (cut, NIR, "NIR file must be one that nir can read"),
    "corrupt": (flipped, NIR, "NIR file must be one that nir can read"),
    "other HDF5": (another_hdf5, NIR, "NIR file must be one that nir can read"),
    "unknown type": (
        lambda path: changed(path, "n1/type", "Izhikevich"),
        NIR,
        "NIR file must be one that nir can read",
    ),
    "no threshold": (
        lambda path: changed(path, "n1/v_threshold"),
        NIR,
        "NIR file must be one that nir can read",
    ),
    "no node": (lambda path: changed(path, "n1"), NIR, "edge 'n0' -> 'n1' must be between nodes"),
    "text for numbers": (
        lambda path: changed(path, "n0/weight", "abc"),
        NIR,
        "NIR file must be one that nir can read",
    ),
    "node of no chip": (
        lambda path: written(path, graph(("n1", "x"), x=nir.I(np.ones(4)))),
        NIR,
        "node 'x' must be one of",
    ),
    "NaN weights": (
        lambda path: written(path, graph(n0=nir.Linear(ONES * np.nan))),
        NIR,
        "weight of 'n0' must be finite, not nan",
    ),
    "infinite tau": (
        lambda path: written(path, graph(n1=lif(4, tau=np.inf))),
        NIR,
        "tau of 'n1' must be finite, not inf",
    ),
    "tau below dt": (
        lambda path: written(path, graph(n1=lif(4, tau=1e-4))),
        NIR,
        "tau of 'n1' must be at least dt = 0.001, not 0.0001",
    ),
    "tau of 0": (
        lambda path: written(path, graph(n1=lif(4, tau=0.0))),
        ("--dialect", "sinabs"),
        "tau of 'n1' must be above 0, not 0",
    ),
    "cycle without delay": (
        lambda path: written(path, cycle_of_two_layers()),
        NIR,
        "feedback from",
    ),
    "shapes": (
        lambda path: written(path, graph(n0=nir.Linear(np.ones((4, 5))))),
        NIR,
        "weight of 'n0' must be of shape (outputs, 3), not (4, 5)",
    ),
    "neurons of another number": (
        lambda path: written(path, graph(n1=lif(5))),
        NIR,
        "tau of 'n1' must be of shape (4,), not (5,)",
    ),
    "threshold below reset": (
        lambda path: written(path, graph(n1=lif(4, v_reset=2.0))),
        NIR,
        "v_threshold - v_reset of 'n1' must be above 0",
    ),
    "cut off": (
        lambda path: written(path, graph(("x", "n1"), x=nir.Linear(np.ones((4, 4))))),
        NIR,
        "node 'x' must be reached by an edge",
    ),
    "silent weights": (
        lambda path: written(path, graph(n0=nir.Linear(0 * ONES))),
        NIR,
        "weights after Input 'input' must be other than 0, not all 0",
    ),
    "dialect": (written, ("--dialect", "brian"), "dialect must be one of nir"),
    "lava": (written, ("--dialect", "lava"), "dialect must be one that was measured"),
    "no dt": (written, ("--dialect", "nir"), "dt must be given for the dialect nir"),
    "dt of 0": (written, ("--dialect", "nir", "--dt", "0"), "dt must be above 0 and finite"),
    "reset": (written, (*NIR, "--reset", "late"), "reset must be one of zero, subtract"),
    "counts": (written, (*NIR, "--counts", "0"), "counts must be a whole number in 1..15"),
    "too many neurons": (
        lambda path: written(path, graph(n0=nir.Linear(np.ones((3000, 3))), n1=lif(3000))),
        NIR,
        "neurons of core 0 must be at most 2048, not 3008 (n1: 3008); a mesh of 2 x 1 cores",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_input_is_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make, options, message = WRONG[name]
    make(tmp_path / "a.nir")
    assert run(["check", str(tmp_path / "a.nir"), *options]) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {message}")
