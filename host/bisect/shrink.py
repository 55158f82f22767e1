"""The shortest stimulus that still shows a difference: parts are left out as long as it stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from axonloop.host.bisect.difference import Difference
from axonloop.host.bisect.halving import Finding, last_agreed
from axonloop.host.bisect.pair import DevicePair, RefusedError
from axonloop.host.bisect.script import Place, Script
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import writable

Atom = tuple[Any, ...]
"""A part that can be left out: its kind, and where it is."""
KINDS = ("tick", "learn", "operation", "error", "axon", "state", "synapse")
"""Kinds of atoms, in the order in which they are left out."""
TRIALS = 400
"""Plays that shrinking takes at most."""


@dataclass(frozen=True)
class Shrunk:
    """A script that shows the same unit and index differ, and the difference as it shows there."""

    script: Script
    difference: Difference
    trials: int

    @property
    def size(self) -> dict[str, int]:
        """How many ticks, spikes, error events, synapses and words of state it has."""
        kinds = [atom[0] for atom in _atoms(self.script)]
        names = {"tick": "ticks", "axon": "spikes", "error": "errors"}
        names |= {"synapse": "synapses", "state": "state words"}
        return {name: kinds.count(kind) for kind, name in names.items()}


def shrink(pair: DevicePair, script: Script, finding: Finding, trials: int = TRIALS) -> Shrunk:
    """Leave out parts of a script as long as the devices differ in the same unit and index.

    Parts are ticks, operations, spikes, errors, words of state and synapses. The result starts from
    a snapshot, as close to the difference as one can be taken; at most `trials` plays.
    """
    before = pair.replays
    place = last_agreed(pair, script, finding.agreed, finding.difference)
    if place.snapshot is None:
        _, snapshot = pair.play(Script(place, []))
        place = replace(place, snapshot=snapshot)
    whole = _renumbered(script.part(place, finding.difference.tick + 1))
    found = finding.difference

    def shows(atoms: Sequence[Atom]) -> Difference | None:
        try:
            seen, _ = pair.play(_with(whole, set(atoms)), every=True)
        except (RefusedError, ValueError):  # none that a host may play
            return None
        same = seen is not None and (seen.unit, seen.index) == (found.unit, found.index)
        return seen if same else None

    kept = _atoms(whole)
    shown = shows(kept)
    if shown is None:
        return Shrunk(whole, found, pair.replays - before)
    for kind in KINDS:
        others = [atom for atom in kept if atom[0] != kind]
        own = [atom for atom in kept if atom[0] == kind]
        for smaller, seen in _smaller(others, own, shows, lambda: pair.replays - before < trials):
            kept, shown = smaller, seen
    return Shrunk(_with(whole, set(kept)), shown, pair.replays - before)


def _smaller(
    others: list[Atom],
    own: list[Atom],
    shows: Callable[[Sequence[Atom]], Difference | None],
    more: Callable[[], bool],
) -> Iterator[tuple[list[Atom], Difference]]:
    """Ever smaller lists of atoms that still show it: `own` are left out, in chunks and alone."""
    chunks = 1
    while own and more():
        size = -(-len(own) // chunks)
        for start in range(0, len(own), size):
            left = own[:start] + own[start + size :]
            if more() and (seen := shows(others + left)) is not None:
                own, chunks = left, max(chunks - 1, 1)
                yield others + own, seen
                break
        else:
            if size == 1:
                return
            chunks = min(2 * chunks, len(own))


def _renumbered(script: Script) -> Script:
    return Script(replace(script.start, tick=0), script.steps)


def _atoms(script: Script) -> list[Atom]:
    """All parts of a script that can be left out."""
    found: list[Atom] = []
    for number, step in enumerate(script.steps):
        found.append(("tick", number))
        if step.learn:
            found.append(("learn", number))
        found += [("axon", number, int(axon)) for axon in step.axons]
        for where, operations in (("before", step.before), ("after", step.after)):
            for place, operation in enumerate(operations):
                kind, events = _events(operation)
                found += [(kind, number, where, place, event) for event in range(events)]
    snapshot = script.start.snapshot or {}
    for region in writable(script.start.config.geometry):
        for word in np.flatnonzero(snapshot[region.key]).tolist():
            found.append(("state", region.key, word))
    there = np.asarray(snapshot["weights"]) != script.start.config.geometry.no_synapse
    return found + [("synapse", *where) for where in np.argwhere(there).tolist()]


def _events(operation: Operation) -> tuple[str, int]:
    """The kind of an operation's parts, and how many there are."""
    if operation.method == "send_errors":
        return "error", len(operation.arguments[0])
    if operation.method == "send_spikes":
        return "axon", len(operation.arguments[0])
    return "operation", 1


def _with(script: Script, kept: set[Atom]) -> Script:
    """The script with these of its parts only."""
    config, snapshot = script.start.config, dict(script.start.snapshot or {})
    for region in writable(config.geometry):
        words = np.zeros_like(snapshot[region.key])
        for word in np.flatnonzero(snapshot[region.key]).tolist():
            if ("state", region.key, word) in kept:
                words.flat[word] = snapshot[region.key].flat[word]
        snapshot[region.key] = words
    weights = np.full_like(snapshot["weights"], config.geometry.no_synapse)
    for axon, neuron in (atom[1:] for atom in kept if atom[0] == "synapse"):
        weights[axon, neuron] = snapshot["weights"][axon, neuron]
    snapshot |= {"weights": weights, "counters": np.zeros_like(snapshot["counters"])}
    steps = [
        _step_with(step, number, kept)
        for number, step in enumerate(script.steps)
        if ("tick", number) in kept
    ]
    return Script(Place(0, config, snapshot), steps)


def _step_with(step: TrafficStep, number: int, kept: set[Atom]) -> TrafficStep:
    def operations(where: str, given: list[Operation]) -> list[Operation]:
        found = []
        for place, operation in enumerate(given):
            kind, events = _events(operation)
            left = [n for n in range(events) if (kind, number, where, place, n) in kept]
            if left:
                found.append(_operation_with(operation, kind, left))
        return found

    axons = [axon for axon in step.axons.tolist() if ("axon", number, axon) in kept]
    return replace(
        step,
        before=operations("before", step.before),
        axons=np.array(axons, np.int32),
        learn=("learn", number) in kept,
        after=operations("after", step.after),
    )


def _operation_with(operation: Operation, kind: str, left: list[int]) -> Operation:
    if kind == "operation":
        return operation
    first, *others = operation.arguments
    events: Int32Array = np.asarray(first)[left]
    if kind == "error":
        others[0] = np.asarray(others[0])[left]
    return Operation(operation.method, (events, *others))
