"""A recording as a picture: frames, where and when its events were, and how many."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from axonloop.host.data.formats import Recording
from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, legend, styled

FRAMES = 6
MOST_DOTS = 20_000
PALEST = 0.2
"""Strength of the colour of events at the beginning of a frame; 1 at its end."""
BINS = 200
"""Stretches of time that events are counted in."""


@styled
def draw_recording(events: Recording) -> Picture:
    """Six frames (a camera alone), every event's place over time, and the rate of events.

    A frame shows a sixth of the time: the last event of each pixel, on (blue) or off (orange), the
    later the stronger. Of more than 20,000 events evenly chosen ones are drawn over time.
    """
    camera = len(events.sensor) > 1
    heights = [1.3, 1.6, 0.8] if camera else [2.4, 0.8]
    picture = Picture(7.5, sum(heights) * 1.3)
    rows = picture.add_gridspec(len(heights), 1, height_ratios=heights)
    if camera:
        _draw_frames(picture, rows[0].subgridspec(1, FRAMES), events)
    over = picture.add_subplot(rows[-2])
    seconds = (events.t - events.t[0]) / 1e6
    own = np.linspace(0, len(events) - 1, min(len(events), MOST_DOTS)).astype(np.int64)
    colours = {1: INK} if events.p is None else {1: BLUE, 0: ORANGE}
    signs = np.ones(len(events), np.int64) if events.p is None else events.p
    shades = [colours[int(sign)] for sign in signs[own]]
    over.scatter(seconds[own], events.x[own], s=1, c=shades, linewidths=0)
    for sign, colour in colours.items():
        over.plot([], [], "o", color=colour, markersize=4, label=("off", "on")[sign])
    over.set(ylabel="column" if camera else "unit", ylim=(-1, events.sensor[-1]))
    rate = picture.add_subplot(rows[-1], sharex=over)
    end = max(float(seconds[-1]), 1e-6)
    counts, borders = np.histogram(seconds, BINS, (0, end))
    rate.fill_between(borders[:-1], counts * BINS / end / 1000, step="post", color=INK, linewidth=0)
    rate.set(xlabel="time (s)", ylabel="events per ms", xlim=(0, end), ylim=(0, None))
    over.tick_params(labelbottom=False)
    if events.p is not None:
        legend(over)
    return picture


def _draw_frames(picture: Picture, places: object, events: Recording) -> None:
    """What the camera saw, in sixths of the time."""
    height, width = events.sensor[-2:]
    borders = np.linspace(events.t[0], events.t[-1] + 1, FRAMES + 1)
    frames = np.zeros((FRAMES, height, width))
    number = np.searchsorted(borders, events.t, side="right") - 1
    signs = np.ones(len(events)) if events.p is None else 2 * events.p - 1
    age = (events.t - borders[number]) / np.diff(borders)[0]
    rows = np.zeros_like(events.x) if events.y is None else events.y
    frames[number, rows, events.x] = signs * (PALEST + (1 - PALEST) * age)  # the last one stays
    colours = LinearSegmentedColormap.from_list("polarity", [ORANGE, "white", BLUE])
    for k, frame in enumerate(frames):
        axes = picture.add_subplot(places[k])  # type: ignore[index]
        axes.imshow(frame, cmap=colours, vmin=-1, vmax=1, interpolation="nearest")
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{(borders[k] - borders[0]) / 1e6:.2f} s", fontsize=8)
        for spine in axes.spines.values():
            spine.set_visible(True)
