"""The container of events: what it refuses, and its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from axonloop.host.data.formats import Recording

GOOD: dict[str, Any] = {"t": [1, 1, 9], "x": [0, 3, 1], "y": [2, 0, 1], "p": [0, 1, 1]}


def events(sensor: Any = (2, 3, 4), **changes: Any) -> Recording:
    return Recording(sensor, **(GOOD | changes))


def test_parts_and_equality() -> None:
    whole = events()
    assert (len(whole), whole.duration, whole.axes) == (3, 8, ("p", "y", "x"))
    assert whole.rows[1].tolist() == (1, 1, 0, 3)
    assert whole == events(name="another")
    assert whole != events(x=[0, 3, 2])
    assert whole != events((2, 3, 5))
    assert whole.between(1, 9).t.tolist() == [1, 1]
    assert Recording((4,), [5], [3]).rows.dtype.names == ("t", "x")  # type: ignore[arg-type]
    assert repr(whole) == "Recording of events: 3 on (2, 3, 4) in 8 us"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t": [1, 5, 4]}, r"events: t must be never falling .*, not '5 and then 4 at event 2'"),
        ({"t": [-1, 5, 9]}, r"events: t must be in 0\.\.\d+, not -1"),
        ({"t": [1.0, 5.0, 9.0]}, "events: t must be whole numbers of an integer dtype, not float"),
        ({"x": [0, 4, 1]}, r"events: x of the events on a sensor \(2, 3, 4\) must be in 0\.\.3, n"),
        (
            {"y": [2, -1, 1]},
            r"events: y of the events on a sensor \(2, 3, 4\) must be in 0\.\.2",
        ),
        ({"p": [0, 2, 1]}, r"events: p of the events on a sensor \(2, 3, 4\) must be in 0\.\.1, n"),
        ({"x": [0, 3]}, r"events: x must be of 3 events, as t, not \(2,\)"),
        ({"y": None}, r"events: y must be given for \(2, 3, 4\), not None"),
        ({"sensor": (3, 4)}, r"events: p must be left out for a sensor \(3, 4\), not"),
        ({"sensor": (0, 3, 4)}, "events: sensor must be a whole number in 1"),
        ({"sensor": ()}, r"events: sensor must be 1 to 3 sizes, as \(2, 34, 34\), not \(\)"),
        ({"t": [], "x": [], "y": [], "p": []}, "events must be of at least 1 event"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        events(**changes)


def test_a_part_without_events_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^events in 2\.\.9 us must be of at least 1 event"):
        events().between(2, 9)
    assert np.array_equal(events().between(2, 10).t, [9])
