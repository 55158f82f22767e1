"""Settings and fixtures that several tests share."""

from __future__ import annotations

import pytest
from hypothesis import settings

from axonloop.sim.batched.kernels import build as library

settings.register_profile("axonloop", deadline=None, derandomize=True)
settings.load_profile("axonloop")


@pytest.fixture
def torch_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batched chips run in torch, as where there is no compiler."""
    monkeypatch.setattr(library, "available", lambda: False)


@pytest.fixture(params=["torch", "compiled"])
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Batched chips run in torch, then in compiled code."""
    way: str = request.param
    if way == "torch":
        monkeypatch.setattr(library, "available", lambda: False)
    else:
        assert library.available()
    return way
