"""New verdicts beside figures that were kept: rooms tried whole, and survivors that are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.mutation.figures.page import count, room_of
from tests.mutation.mutants import Mutant

Outcomes = Sequence[tuple[Mutant, str]]


def merged(
    kept: dict[str, Any], new: dict[str, Any], outcomes: Outcomes, drawn: Sequence[Mutant]
) -> dict[str, Any]:
    """The figures `new`, with those that were `kept` for rooms of which not all is known.

    There a listed survivor that has an outcome now counts as that.
    """
    whole = _tried_whole(outcomes, drawn)
    rooms = {room: dict(found) for room, found in kept["rooms"].items()}
    rooms |= {room: found for room, found in count(outcomes).items() if room in whole}
    survivors = [each for each in new["survivors"] if _room(each) in whole]
    known = {mutant.title: outcome for mutant, outcome in outcomes}
    for each in kept["survivors"]:
        if (room := _room(each)) in whole:
            continue
        outcome = known.get(each, "survived")
        rooms[room]["survived"] -= 1
        rooms[room][outcome] += 1
        survivors += [each] if outcome == "survived" else []
    return new | {"rooms": dict(sorted(rooms.items())), "survivors": sorted(survivors)}


def _tried_whole(outcomes: Outcomes, drawn: Sequence[Mutant]) -> set[str]:
    """The rooms of which every mutant that was drawn has an outcome."""
    tried = Counter(room_of(mutant.file) for mutant, _ in outcomes)
    asked = Counter(room_of(mutant.file) for mutant in drawn)
    return {room for room, number in asked.items() if tried[room] == number}


def _room(title: str) -> str:
    return room_of(title.partition(":")[0])
