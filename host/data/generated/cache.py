"""Generated sets by name: written into a folder, or kept in the cache."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from axonloop.host.data.generated import saccades, shapes, speech
from axonloop.models.checks import require
from axonloop.sim.build import content_key, entry

MAKERS = {
    "saccade-digits": saccades.make_saccades,
    "shape-gestures": shapes.make_gestures,
    "spoken-digits": speech.make_spoken,
}
"""What writes a set into an empty folder, by the set's name."""
SHELF = "data"


def write_set(
    name: str,
    folder: Path,
    seed: int = 0,
    limit: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:
    """Write a generated set into an empty folder; `limit` digits or recordings of each part.

    The same seed gives the same files. Raises ValueError for an unknown name.
    """
    require(name in MAKERS, "generated set", f"one of {', '.join(MAKERS)}", name)
    MAKERS[name](folder, seed, limit, progress)


def generated_set(name: str, seed: int = 0) -> Path:
    """The folder of a generated set, which is made first where the cache has not got it.

    While it is made, lines on stderr say so. Raises ValueError for an unknown name.
    """
    sources = sorted([*Path(__file__).parent.glob("*.py"), Path(__file__).parents[1] / "digits.py"])
    key = content_key(name, str(seed), *(source.read_bytes() for source in sources))

    def make(folder: Path) -> None:
        print(f"{name}: making the set, once", file=sys.stderr, flush=True)
        write_set(name, folder, seed, progress=_tell)

    return entry(SHELF, key, make)


def _tell(what: str, done: int, total: int) -> None:
    """A line at each quarter."""
    if done * 4 // total > (done - 1) * 4 // total:
        print(f"  {done} of {total} {what}", file=sys.stderr, flush=True)
