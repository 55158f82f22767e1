"""Settings and fixtures that several tests share."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import settings

from axonloop.sim.batched import choice
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.cosim.objects import LEVEL
from tests.support.outlines.recorded import Recorded

settings.register_profile("axonloop", deadline=None, derandomize=True)
settings.load_profile("axonloop")
os.environ.setdefault(LEVEL, "g")  # chips of tests run for few ticks: compiling them costs more

gc.set_threshold(50_000, 20, 20)  # torch and the gateware's netlists are much to look through

SLOW_TIMEOUT = 3600
"""Seconds that a test marked `slow` or `synth` may take."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests get a time limit of their own, unless they name one."""
    for item in items:
        markers = {marker.name for marker in item.iter_markers()}
        if markers & {"slow", "synth"} and "timeout" not in markers:
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option for what tests compare with texts beside them."""
    told = "write what tests compare with texts in folders `recorded` anew; review it in git"
    parser.addoption("--record", action="store_true", help=told)


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """The texts in the folder `recorded` beside a test file."""
    return Recorded(request.path.parent / "recorded", request.config.getoption("--record"))


def _without_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """No kernels can be had, and nobody says so: warnings are errors here."""
    monkeypatch.setattr(library, "missing", lambda: "a test is without them")
    monkeypatch.setattr(choice, "warn_slow", lambda reason: None)


@pytest.fixture
def torch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batched chips run in torch, as where there is no compiler."""
    _without_compiler(monkeypatch)


@pytest.fixture(params=["torch", "compiled"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Batched chips run in torch, then in compiled code."""
    way: str = request.param
    if way == "torch":
        _without_compiler(monkeypatch)
    else:
        assert not library.missing()
    return way
