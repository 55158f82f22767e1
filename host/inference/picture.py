"""The picture of a profile: a row for each layer, and in each column one question."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axonloop.host.inference.layer_profile import LayerProfile
from axonloop.host.pictures import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PALE,
    SMALL,
    Picture,
    legend,
    styled,
)

if TYPE_CHECKING:
    from axonloop.host.inference.profiler import Profile

_SHORT = {
    "weight": "weights",
    "current": "current I",
    "membrane": "membrane V",
    "reset": "reset R",
    "trace_q": "trace Q",
    "trace_p": "trace P",
}


@styled
def draw_profile(profile: Profile) -> Picture:
    """Are neurons alive, is there room in the words, who does the work, how near is float?"""
    layers = profile.layers
    picture = Picture(13, 2.6 + 1.3 * len(layers))
    axes = picture.subplots(1, 4, width_ratios=(1.2, 1.5, 0.9, 1.1))
    _draw_neurons(axes[0], layers)
    _draw_room(axes[1], layers)
    _draw_work(axes[2], profile)
    _draw_float(axes[3], profile)
    for place, own in enumerate(axes):
        names = [f"{each.name}\n{each.neurons} neurons" for each in layers] if place == 0 else []
        own.set_yticks(range(len(layers)) if names else [], names)
        own.set_ylim(len(layers) - 0.45, -0.55)
        own.tick_params(axis="y", length=0)
    parts = profile.parts_at
    if parts:
        first = "chip and float part first in {}: sample {}, tick {}, neuron {}".format(*parts)
    else:
        first = "chip and float spike alike in every tick" if profile.twin else profile.without
    told = f"{profile.samples} samples of {profile.ticks} ticks on {profile.device}"
    picture.suptitle(f"{told}; {first}")
    return picture


def _draw_neurons(axes: Any, layers: tuple[LayerProfile, ...]) -> None:
    """Shares of neurons that never spiked, that did, and that hardly did anything else."""
    for place, layer in enumerate(layers):
        working = layer.neurons - layer.silent - layer.always_on
        start = 0.0
        for count, colour, name in (
            (layer.silent, GREY, "silent"),
            (working, BLUE, "spike now and then"),
            (layer.always_on, ORANGE, "always on (> 90 %)"),
        ):
            share = 100 * count / layer.neurons
            label = None if place else name
            axes.barh(place, share, 0.42, start, color=colour, label=label)
            start += share
        text = f"{100 * layer.rate:.1f} % of the neurons per tick"
        axes.text(0, place + 0.24, f" {text}", va="top", fontsize=SMALL + 1, color=INK)
    axes.set(xlim=(0, 100), xlabel="share of the neurons (%)", title="Do neurons spike?")
    legend(axes, below=True, ncols=1)


def _draw_room(axes: Any, layers: tuple[LayerProfile, ...]) -> None:
    """How much of a word's range was used; orange where values stood at its end."""
    for place, layer in enumerate(layers):
        names = [name for name in _SHORT if name in layer.ranges]
        thick = 0.84 / len(_SHORT)
        for k, name in enumerate(names):
            own, where = layer.ranges[name], place + (k - (len(names) - 1) / 2) * thick
            colour = ORANGE if own.at_limit else BLUE
            axes.barh(where, 100, 0.8 * thick, color=PALE, zorder=0)
            axes.barh(where, 100 * own.used, 0.8 * thick, color=colour)
            tail = f": {own.at_limit:,} at the limit" if own.at_limit else ""
            axes.text(102, where, _SHORT[name] + tail, va="center", fontsize=SMALL, color=INK)
    axes.set(xlim=(0, 100), xlabel="largest value, of the word's range (%)")
    axes.set_title("Is there room in the words?")
    for colour, name in ((BLUE, "never at the end of its range"), (ORANGE, "at the end: clipped")):
        axes.barh(0, 0, 0, color=colour, label=name)
    legend(axes, below=True, ncols=1)


def _draw_work(axes: Any, profile: Profile) -> None:
    """Synaptic operations per tick."""
    ticks = profile.samples * profile.ticks
    values = [layer.synops / ticks for layer in profile.layers]
    axes.barh(range(len(values)), values, 0.42, color=BLUE)
    for place, value in enumerate(values):
        axes.text(0, place + 0.24, f" {value:,.0f}", va="top", fontsize=SMALL + 1, color=INK)
    axes.set(xlim=(0, 1.05 * max([*values, 1])), xlabel="SynOps per tick", title="Who works?")


def _draw_float(axes: Any, profile: Profile) -> None:
    """The share of neuron-ticks in which chip and float do not spike alike."""
    axes.set_title("Is it what float does?")
    axes.set(xlim=(0, 100), xlabel="neuron-ticks with the same spike (%)")
    if not profile.twin:
        axes.text(50, len(profile.layers) / 2 - 0.5, "no float twin", ha="center", color=GREY)
        return
    for place, layer in enumerate(profile.layers):
        beside, alone = 100 * (layer.beside or 0), 100 * (layer.agreement or 0)
        first = place == 0
        axes.barh(place - 0.11, alone, 0.2, color=BLUE, label="each on its own" if first else None)
        told = "float hears the chip's spikes"
        axes.barh(place + 0.11, beside, 0.2, color=GREY, label=told if first else None)
        bound = "" if layer.bound is None else f" (bound {layer.bound:.2g})"
        text = f"{alone:.2f} % on its own\n V - R off by {layer.membrane:.3g} thresholds{bound}"
        axes.text(0, place + 0.24, f" {text}", va="top", fontsize=SMALL + 1, color=INK)
    legend(axes, below=True, ncols=1)
