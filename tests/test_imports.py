"""Who may import whom, and what a room may hold.

Four floors: models <- hdl <- sim <- host. Inside a floor a room (a folder, or a file that stands
alone) imports only rooms of lower steps, and only their faces. Big packages are seen where they
belong, a folder has at most fifteen files, and a floor has one public class of a name.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("models", "hdl", "sim", "host")
STEPS = {
    "models": ["checks", "arrays config", "cycles protocol rules", "golden memristor reference"],
    "hdl": [
        "common",
        "link parallel serial",
        "learning",
        "convolution",
        "core",
        "chip",
        "processing",
        "boards bus",
        "flow",
    ],
    "sim": ["build guards", "batched cocotb cosim stimulus surrogate waves"],
    "host": [
        "energy files",
        "console data machine order version whole",
        "devices pictures",
        "fpga network verification",
        "recorder wear",
        "nir processing",
        "configuration conversion",
        "report training",
        "bench runs",
        "bisect inference live studies sweep",
        "experiments",
        "catalogue",
        "cli",
        "api",
    ],
}
"""Rooms of each floor from the lowest step to the highest; rooms of one step do not meet."""
MOST_FILES = 15
FILES = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
ALLOWED_IN = {
    "torch": ("host/", "sim/batched/", "sim/surrogate.py", "models/reference/"),
    "cocotb": ("sim/", "tests/"),
    "amaranth": ("hdl/", "sim/", "tests/"),
}
GOLDEN_MAY = {"numpy", "axonloop", "lazy_loader", *sys.stdlib_module_names}
STUBS = {
    path.relative_to(ROOT).parent.as_posix(): set(re.findall(r" as (\w+)", path.read_text()))
    for layer in LAYERS
    for path in (ROOT / layer).rglob("__init__.pyi")
}
"""The names in the face of each folder."""


def imports(source: str) -> Iterator[tuple[str, str]]:
    """Module and name of all imports anywhere in a source text, conditional ones too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)


def step_of(layer: str, room: str) -> int:
    """The step of a room in its floor."""
    return next(n for n, step in enumerate(STEPS[layer]) if room in step.split())


def room_of(path: str) -> str:
    """The room that a file of the repository stands in."""
    return path.split("/")[1].removesuffix(".py")


def complaints(path: str, source: str) -> list[str]:
    """What a file at `path`, relative to the repository, imports against the rules."""
    found = []
    for module, name in imports(source):
        full = f"{module}.{name}".rstrip(".")
        parts = full.split(".")
        if module.startswith("."):
            found.append(f"{path}: {full} is relative")
        if parts[0] in ALLOWED_IN and not path.startswith(ALLOWED_IN[parts[0]]):
            found.append(f"{path}: {full} belongs to {ALLOWED_IN[parts[0]]}")
        if parts[0] == "axonloop":
            found += [f"{path}: {full} {why}" for why in _inside(path, module, name)]
        if path.startswith("models/golden/"):
            reference = parts[:3] == ["axonloop", "models", "reference"]
            if parts[0] not in GOLDEN_MAY or reference:
                found.append(f"{path}: {full} is more than NumPy and the standard library")
    return found


def _inside(path: str, module: str, name: str) -> Iterator[str]:
    """What is wrong with an import of the project's own."""
    layer, folder = path.split("/")[0], path.rpartition("/")[0]
    if layer not in LAYERS:
        return
    parts = f"{module}.{name}".rstrip(".").split(".")
    if len(parts) < 2 or parts[1] not in LAYERS[: LAYERS.index(layer) + 1]:
        yield "is a layer above"
        return
    apart = parts[1] == layer and parts[2] != room_of(path)
    if apart and step_of(layer, parts[2]) >= step_of(layer, room_of(path)):
        yield "is a room of the same step or above"
    target = "/".join(module.split(".")[1:])
    within = f"{folder}/".startswith(f"{target}/")
    if target in STUBS:
        if name not in STUBS[target] and not within:
            yield f"is not in the face of {target}"
    else:
        home = target.rpartition("/")[0]
        if home in STUBS and home not in LAYERS and not f"{folder}/".startswith(f"{home}/"):
            yield f"goes past the face of {home}"


def crowded(counts: Mapping[str, int]) -> list[str]:
    """The folders with more files than a room has space for."""
    return [name for name, count in counts.items() if count > MOST_FILES]


def namesakes(sources: Mapping[str, str]) -> list[str]:
    """Public classes of one name in two files of one floor."""
    homes = defaultdict(list)
    for path, source in sources.items():
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[path.split("/")[0], node.name].append(path)
    return [f"{name}: {paths}" for (_, name), paths in homes.items() if len(paths) > 1]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    assert complaints(relative(path), path.read_text()) == []


def test_every_room_has_a_step() -> None:
    there = {(relative(path).split("/")[0], room_of(relative(path))) for path in FILES}
    there = {(layer, room) for layer, room in there if room != "__init__"}
    table = {
        (layer, room) for layer, steps in STEPS.items() for step in steps for room in step.split()
    }
    assert there == table


def test_no_folder_is_crowded() -> None:
    counts: dict[str, int] = defaultdict(int)
    for path in [*FILES, *(ROOT / "tests").rglob("*.py")]:
        counts[relative(path.parent)] += path.name != "__init__.py"
    assert crowded(counts) == []


def test_a_floor_has_one_public_class_of_a_name() -> None:
    assert namesakes({relative(path): path.read_text() for path in FILES}) == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("models/golden/core.py", "import torch"),
        ("models/golden/core.py", "import scipy.signal"),
        ("models/golden/core.py", "from axonloop.models.reference import Lif"),
        ("models/config/core.py", "from axonloop.hdl.core import Core"),
        ("hdl/core/core.py", "def f():\n    from axonloop import sim"),
        ("hdl/core/core.py", "import torch.nn"),
        ("hdl/core/core.py", "import cocotb"),
        ("sim/cosim/faults.py", "from axonloop.host.devices import Device"),
        ("sim/cosim/faults.py", "import torch"),
        ("host/cli/app.py", "from amaranth.hdl import Module"),
        ("host/cli/app.py", "from . import device"),
        ("hdl/common/memory.py", "from axonloop.hdl.parallel import Neurons"),
        ("hdl/parallel/traces.py", "from axonloop.hdl.serial import SerialTraces"),
        ("host/devices/rtl.py", "from axonloop.host.training import Trainer"),
        ("host/training/trainer.py", "from axonloop.host.devices.device import Device"),
        ("hdl/core/core.py", "from axonloop.models.config.geometry import Geometry"),
        ("host/devices/rtl.py", "from axonloop.host.devices.packets.replies import Reply"),
        ("host/training/trainer.py", "from axonloop.host.devices import Nothing"),
    ],
)
def test_a_wrong_import_is_found(path: str, source: str) -> None:
    assert complaints(path, source)


def test_right_imports_pass() -> None:
    assert complaints("sim/batched/chip.py", "import torch, amaranth\nimport axonloop.hdl") == []
    assert complaints("models/golden/core.py", "import json\nimport numpy as np") == []
    within = "from axonloop.host.devices.device import Device"
    assert complaints("host/devices/packets/replies.py", within) == []
    assert complaints("host/training/trainer.py", "from axonloop.host.devices import Device") == []


def test_a_crowded_folder_and_a_second_class_are_found() -> None:
    assert crowded({"host/new": MOST_FILES + 1, "hdl/new": MOST_FILES}) == ["host/new"]
    twice = {
        "host/a.py": "class Run: ...",
        "host/b.py": "class Run: ...",
        "hdl/c.py": "class Run: ...",
    }
    assert namesakes(twice) == ["Run: ['host/a.py', 'host/b.py']"]
