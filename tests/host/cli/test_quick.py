"""Commands that only tell something load no package that takes long to import."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from tests.support.commands import alone


@pytest.mark.parametrize(
    ("arguments", "said"),
    [("--help", "Train networks"), ("--version", "axonloop "), ("experiment --list", "yin-yang")],
)
def test_what_needs_no_numbers_loads_nothing_heavy(arguments: str, said: str) -> None:
    printed, loaded = alone(*arguments.split())
    assert said in printed
    assert loaded == []


def test_info_says_torchs_version_without_torch() -> None:
    printed, loaded = alone("info")
    assert f"torch           {version('torch')}" in printed
    assert loaded == ["numpy"]
