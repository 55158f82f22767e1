"""Texts that tests compare with recorded ones: what counts as a difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.outlines.numbers import told
from tests.support.outlines.recorded import Recorded, differences

TEXT = "line 'a' 3 points from 0.123456 to 2e-05\nline 'b' #1f6fb2\n"


def test_numbers_with_a_point_may_be_rounded_otherwise() -> None:
    assert differences(TEXT, TEXT) == ""
    assert differences(TEXT, TEXT.replace("0.123456", "0.123457")) == ""


@pytest.mark.parametrize(
    ("was", "now"),
    [("0.123456", "0.12352"), ("3 points", "4 points"), ("2e-05", "2e-04"), ("'a'", "'c'")],
)
def test_what_differs_is_told(was: str, now: str) -> None:
    told_of = differences(TEXT, TEXT.replace(was, now))
    assert f"-{TEXT.splitlines()[0]}\n" in told_of
    assert f"+{TEXT.splitlines()[0].replace(was, now)}" in told_of


def test_a_line_more_is_told() -> None:
    assert "+line 'c'" in differences(TEXT, TEXT + "line 'c'\n")


def test_a_text_is_recorded_and_compared(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    with pytest.raises(AssertionError, match="record it with `pytest --record`"):
        Recorded(folder, anew=False).check("a", TEXT)
    Recorded(folder, anew=True).check("a", TEXT)
    Recorded(folder, anew=False).check("a", TEXT)
    with pytest.raises(AssertionError, match=r"(?s)a.txt: if it is meant.*\n-line 'b'"):
        Recorded(folder, anew=False).check("a", TEXT.replace("'b'", "'d'"))


def test_many_numbers_are_told_in_few_words() -> None:
    """Another order, another value or another shape, and the words are others."""
    values = [[1.0, 5.0, 2.0, 8.0], [3.0, 4.0, 9.0, 7.0]]
    others = [values[::-1], [values[0], [3.0, 4.0, 9.0, 7.5]], [values[0] + values[1]]]
    words = {told(each) for each in (values, *others)}
    assert len(words) == 4
    assert told([1, float("nan"), 2.5]) == "1 nan 2.5"
