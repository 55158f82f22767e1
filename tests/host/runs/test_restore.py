"""A run goes on with the data that it began with, and with its own settings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from axonloop.host.runs.restore import require_origin
from axonloop.host.runs.trained import _require_equal


def trainer(data: Any) -> Any:
    return SimpleNamespace(parts=SimpleNamespace(fingerprint=data), own=None)


def test_data_must_be_those_of_the_run() -> None:
    require_origin(trainer({"inputs": "a"}), {"data": {"inputs": "a"}})
    require_origin(trainer(None), {})
    with pytest.raises(ValueError, match="^inputs of the data must be b, as when the run began"):
        require_origin(trainer({"inputs": "a"}), {"data": {"inputs": "b"}})
    with pytest.raises(ValueError, match="^data must be those of the run, not None$"):
        require_origin(trainer(None), {"data": {"inputs": "a"}})


def test_a_setting_that_differs_is_named_by_its_key() -> None:
    _require_equal("", {"run": {"seed": 1}}, {"run": {"seed": 1}})
    with pytest.raises(ValueError, match=r"^run\.seed must be 1, with which .*, not 2$"):
        _require_equal("", {"run": {"seed": 1}}, {"run": {"seed": 2}})
    with pytest.raises(
        ValueError, match=r"^data must be \{'path': 'a'\}, with which .*, not None$"
    ):
        _require_equal("", {"data": {"path": "a"}}, {"data": None})
