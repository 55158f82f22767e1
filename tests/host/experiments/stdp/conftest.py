"""What the tests of STDP share."""

from __future__ import annotations

import pytest

from axonloop.host.experiments.stdp import window


@pytest.fixture
def few_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 pairs, so that the RTL compiles fast."""
    monkeypatch.setattr(window, "RANGE", 7)
