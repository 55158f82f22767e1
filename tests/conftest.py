"""Settings and fixtures that several tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from axonloop.sim.batched import choice
from axonloop.sim.batched.kernels import build as library

settings.register_profile("axonloop", deadline=None, derandomize=True)
settings.load_profile("axonloop")


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
