"""Which mutants are tried: by a seed, at least one of every module."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutation.mutants import Mutant, mutants_of

ROOMS = ("hdl", "models/config", "models/golden", "host")
"""What is broken; the other derivations of the contract stand against it."""


def all_mutants(root: Path) -> dict[str, list[Mutant]]:
    """All mutants of every module of the rooms, by its path below `root`."""
    files = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    names = [path.relative_to(root).as_posix() for path in files]
    return {name: mutants_of(name, (root / name).read_text()) for name in names}


def sampled(mutants: Mapping[str, Sequence[Mutant]], count: int, seed: int) -> list[Mutant]:
    """One mutant of each module that has any, then more where the fewest are tried, to `count`.

    Which, is drawn from the seed and the module's name, so another module's change moves none. Of
    a module each kind of change is as likely as any other, however often it is possible.
    """
    shuffled = {
        file: _shuffled(found, f"{seed} {file}") for file, found in mutants.items() if found
    }
    taken = dict.fromkeys(shuffled, 1)
    for _ in range(count - len(taken)):
        left = [file for file in shuffled if taken[file] < len(shuffled[file])]
        if not left:
            break
        taken[max(left, key=lambda file: len(shuffled[file]) / taken[file])] += 1
    return [mutant for file, found in shuffled.items() for mutant in found[: taken[file]]]


def _shuffled(found: Sequence[Mutant], seed: str) -> list[Mutant]:
    """All of a module's mutants, a kind drawn first and then one of it, until none is left."""
    draw = random.Random(seed)
    kinds = defaultdict(list)
    for mutant in found:
        kinds[mutant.kind].append(mutant)
    order = []
    while kinds:
        kind = draw.choice(sorted(kinds))
        order.append(kinds[kind].pop(draw.randrange(len(kinds[kind]))))
        if not kinds[kind]:
            del kinds[kind]
    return order
