"""The simulated event camera beside a pixel that is followed one event at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from axonloop.host.data.generated import EventCamera
from axonloop.host.data.generated.camera import BRIGHTEST, LOGS, noise

FILMS = st.lists(
    st.lists(st.integers(0, BRIGHTEST), min_size=6, max_size=6), min_size=2, max_size=6
)


@given(FILMS, st.integers(0, 3))
def test_events_are_those_of_each_pixel_alone(film: list[list[int]], seed: int) -> None:
    frames = [np.array(frame).reshape(2, 3) for frame in film]
    camera = EventCamera(frames[0], 0.3, seed)
    begin = camera._kept.reshape(-1).tolist()
    found = []
    for step, frame in enumerate(frames[1:]):
        t, p, places = camera.see(frame, 100 * step, 100 * (step + 1))
        found += sorted(zip(t.tolist(), p.tolist(), places.tolist(), strict=True))
    wanted = []
    for place in range(6):
        threshold = int(camera._thresholds.reshape(-1)[place])
        before, kept = int(LOGS[film[0][place]]), begin[place]
        assert abs(before - kept) <= threshold / 2
        for step, frame in enumerate(film[1:]):
            new = int(LOGS[frame[place]])
            while abs(new - kept) >= threshold:
                on = new > kept
                kept += threshold if on else -threshold
                wanted.append(
                    (100 * step + 100 * (kept - before) // (new - before), int(on), place)
                )
            before = new
    assert sorted(found) == sorted(wanted)


def test_a_window_is_the_whole_frame_where_nothing_else_moves() -> None:
    random = np.random.default_rng(0)
    first = random.integers(0, BRIGHTEST + 1, (8, 9))
    second = first.copy()
    second[2:5, 3:7] = random.integers(0, BRIGHTEST + 1, (3, 4))
    window = (slice(2, 5), slice(3, 7))
    whole = EventCamera(first, 0.2, 1).see(second, 0, 50)
    part = EventCamera(first, 0.2, 1).see(second[window], 0, 50, window)
    pairs = [sorted(zip(*(each.tolist() for each in seen), strict=True)) for seen in (whole, part)]
    assert len(pairs[0]) > 5
    assert pairs[0] == pairs[1]


def test_noise_has_its_rate() -> None:
    t, p, places = noise(np.random.default_rng(0), 1000, 2_000_000, 5.0)
    assert abs(len(t) - 10_000) < 500
    assert (set(p.tolist()), places.max(), t.max() < 2_000_000) == ({0, 1}, 999, True)
