"""The first difference between two devices that play a script, by snapshots and halving."""

from __future__ import annotations

from dataclasses import dataclass

from axonloop.host.bisect.difference import Difference
from axonloop.host.bisect.pair import DevicePair
from axonloop.host.bisect.script import Place, Script

WINDOW = 8
"""Ticks that are few enough to compare all state after each of them."""


@dataclass(frozen=True)
class Finding:
    """The first difference, and the last place before it where both devices agreed.

    `replays` counts what it took to find. `confirmed`: all state of all ticks before was compared,
    so nothing differed earlier, not even for a while.
    """

    difference: Difference
    agreed: Place
    replays: int
    confirmed: bool


def bisect(pair: DevicePair, script: Script, confirm: bool = True) -> Finding | None:
    """Find the first tick and unit in which two devices differ, or None if they never do.

    The search plays the script from the last place known to be the same to the middle of what is
    left. It can miss what differs for a while only and leaves no trace in state, weights, counters
    or reported spikes; so all state of all ticks before is compared in the end, if `confirm` says
    so. Raises RefusedError for a script that both devices refuse.
    """
    first, last = script.start.tick, script.start.tick + len(script.steps)
    rests = script.resting()
    seen, _ = pair.play(script.part(script.start, rests[-1]))
    if seen is None and rests[-1] < last:
        seen, _ = pair.play(script, every=True)
    if seen is None:
        return _every_tick(pair, script, last) if confirm else None
    place, seen = _halved(pair, script, rests, seen)
    found, _ = pair.play(script.part(place, seen.tick + 1), every=True)
    if found is None:  # what a snapshot does not hold made the difference: the whole way shows it
        return _every_tick(pair, script, seen.tick + 1)
    earlier = _every_tick(pair, script, place.tick) if confirm and place.tick > first else None
    return earlier or Finding(found, place, pair.replays, confirm or place.tick == first)


def _every_tick(pair: DevicePair, script: Script, end: int) -> Finding | None:
    """The first difference of a play from the start that compares all state of all ticks."""
    found, _ = pair.play(script.part(script.start, end), every=True)
    if found is None:
        return None
    return Finding(found, last_agreed(pair, script, script.start, found), pair.replays, True)


def last_agreed(pair: DevicePair, script: Script, place: Place, found: Difference) -> Place:
    """The last place at or before the tick of a difference from which a play still shows it.

    `place` is an earlier one, where the devices agree.
    """
    near = max((tick for tick in script.resting() if tick <= found.tick), default=place.tick)
    if near <= place.tick:
        return place
    odd, snapshot = pair.play(script.part(place, near))
    if odd is not None:
        return place
    closer = Place(near, pair.config, snapshot)
    shown, _ = pair.play(script.part(closer, found.tick + 1), every=True)
    return place if shown is None else closer


def _halved(
    pair: DevicePair, script: Script, rests: list[int], seen: Difference
) -> tuple[Place, Difference]:
    """A place where the devices agree, and a difference that is seen at most WINDOW ticks later."""
    place = script.start
    while True:
        between = [tick for tick in rests if place.tick < tick <= seen.tick]
        if seen.tick - place.tick < WINDOW or not between:
            return place, seen
        middle = between[len(between) // 2]
        found, snapshot = pair.play(script.part(place, middle))
        if found is None:
            place = Place(middle, pair.config, snapshot)
        else:
            seen = found
