"""Who may import whom: models <- hdl <- sim <- host, and where each big package is seen."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("models", "hdl", "sim", "host")
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
ALLOWED_IN = {
    "torch": ("host/", "sim/batched/", "sim/surrogate.py", "models/reference/"),
    "cocotb": ("sim/", "tests/"),
    "amaranth": ("hdl/", "sim/", "tests/"),
}
GOLDEN_MAY = {"numpy", "axonloop", *sys.stdlib_module_names}


def imports(source: str) -> Iterator[str]:
    """Full names of all modules imported anywhere in a source text, conditional ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (f"{module}.{alias.name}" for alias in node.names)


def complaints(path: str, source: str) -> list[str]:
    """What a file at `path`, relative to the repository, imports against the rules."""
    layer = path.split("/")[0]
    found = []
    for name in imports(source):
        parts = name.split(".")
        if name.startswith("."):
            found.append(f"{path}: {name} is relative")
        if parts[0] in ALLOWED_IN and not path.startswith(ALLOWED_IN[parts[0]]):
            found.append(f"{path}: {name} belongs to {ALLOWED_IN[parts[0]]}")
        if parts[0] == "axonloop" and layer in LAYERS:
            above = LAYERS[LAYERS.index(layer) + 1 :]
            if len(parts) < 2 or parts[1] in above:
                found.append(f"{path}: {name} is a layer above")
        if path.startswith("models/golden/"):
            outside = parts[0] not in GOLDEN_MAY
            reference = parts[:3] == ["axonloop", "models", "reference"]
            if outside or reference:
                found.append(f"{path}: {name} is more than NumPy and the standard library")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_its_layer_may(path: Path) -> None:
    assert complaints(path.relative_to(ROOT).as_posix(), path.read_text()) == []


def test_all_layers_are_there() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in FILES} == set(LAYERS)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/golden/core.py", "import torch"),
        ("models/golden/core.py", "import scipy.signal"),
        ("models/golden/core.py", "from axonloop.models.reference import net"),
        ("models/config.py", "from axonloop.hdl.core.core import Core"),
        ("hdl/core.py", "def f():\n    from axonloop import sim"),
        ("hdl/core.py", "import torch.nn"),
        ("hdl/core.py", "import cocotb"),
        ("sim/rtl.py", "from axonloop.host import device"),
        ("sim/rtl.py", "import torch"),
        ("host/cli.py", "from amaranth.hdl import Module"),
        ("host/cli.py", "from . import device"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str) -> None:
    assert complaints(path, source)


def test_right_imports_pass() -> None:
    assert (
        complaints("sim/batched/chip.py", "import torch, amaranth\nimport axonloop.hdl.core.core")
        == []
    )
    assert complaints("models/golden/core.py", "import json\nimport numpy as np") == []
