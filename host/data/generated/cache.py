"""Generated sets in the cache: made when they are first asked for, by what makes them."""

from __future__ import annotations

import sys
from pathlib import Path

from axonloop.host.data.generated import saccades, shapes
from axonloop.models.checks import require
from axonloop.sim.build import content_key, entry

MAKERS = {"saccade-digits": saccades.make_saccades, "shape-gestures": shapes.make_gestures}
"""What writes a set into an empty folder, by the set's name."""
SHELF = "data"


def generated_set(name: str, seed: int = 0) -> Path:
    """The folder of a generated set, which is made first where the cache has not got it.

    While it is made a line on stderr says so. Raises ValueError for an unknown name.
    """
    require(name in MAKERS, "generated set", f"one of {', '.join(MAKERS)}", name)
    sources = sorted([*Path(__file__).parent.glob("*.py"), Path(__file__).parents[1] / "digits.py"])
    key = content_key(name, str(seed), *(source.read_bytes() for source in sources))

    def make(folder: Path) -> None:
        MAKERS[name](folder, seed, progress=_told(name))

    return entry(SHELF, key, make)


def _told(name: str) -> saccades.Progress:
    """Progress in one line on stderr, at the beginning and the end."""

    def tell(what: str, done: int, total: int) -> None:
        if done == total:
            print(f"{name}: {total} {what} made", file=sys.stderr)

    print(f"{name}: making the set, once", file=sys.stderr, flush=True)
    return tell
