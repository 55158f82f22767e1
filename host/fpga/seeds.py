"""Placement with several seeds of the placer: what each reached, and the best of them.

A seed that is done leaves two files in the folder of the work, the routed design and, written last,
a JSON file of what was reached. So a seed whose JSON file is there need not be placed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from axonloop.hdl.flow import DoesNotFitError, Placed, ToolError
from axonloop.host.files import read_json, write_json
from axonloop.host.fpga.seconds import processor_seconds, seconds_since
from axonloop.models.checks import require_range

MOST_SEEDS = 64
HIGHEST_SEED = 2**31 - 1
ROUTED = "routed.txt"
"""The file that routing leaves, for the packer."""


@dataclass(frozen=True)
class Tried:
    """What a seed came to: a placed design, or the failure that the tool told of."""

    seed: int
    seconds: float
    placed: Placed | None = None
    failure: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What a report says of a seed."""
        if self.placed is None:
            return {"seed": self.seed, "failure": self.failure, "seconds": self.seconds}
        fmax = round(self.placed.fmax_mhz, 2)
        return {"seed": self.seed, "fmax_mhz": fmax, "seconds": self.seconds}


def seeds_from(first: int, number: int) -> tuple[int, ...]:
    """So many seeds, from `first` on; ValueError for a number that is out of range."""
    require_range("seeds", number, 1, min(MOST_SEEDS, HIGHEST_SEED - first + 1))
    return tuple(range(first, first + number))


def try_seeds(
    seeds: Sequence[int],
    attempt: Callable[[int], Placed],
    stage: Callable[[str], None],
    folder: Path,
) -> list[Tried]:
    """Place with every seed, one after the other; `attempt` does it in `folder`.

    Seeds that an earlier call finished in `folder` are read instead. A seed that a tool fails at
    does not end the others. Raises DoesNotFitError at the first seed that meets it, and the last
    ToolError where all seeds fail.
    """
    tried, last = [], None
    for place, seed in enumerate(seeds, start=1):
        of = "" if len(seeds) == 1 else f", seed {seed} ({place}/{len(seeds)})"
        stage(f"placement and routing{of}")
        start = processor_seconds()
        try:
            tried.append(_read(seed, folder) or _finish(seed, attempt, folder))
        except DoesNotFitError:
            raise
        except ToolError as error:
            tried.append(Tried(seed, seconds_since(start), failure=str(error)))
            last = error
    if last is not None and all(each.placed is None for each in tried):
        raise last
    return tried


def best_of(tried: Iterable[Tried]) -> Tried:
    """The seed of the highest Fmax; of several, the first."""
    return max(tried, key=lambda each: each.placed.fmax_mhz if each.placed else 0.0)


def routed_file(seed: int, folder: Path) -> Path:
    """The routed design of a seed that is done."""
    return folder / f"routed.{seed}.txt"


def _finish(seed: int, attempt: Callable[[int], Placed], folder: Path) -> Tried:
    """Place with a seed and keep what came of it."""
    start = processor_seconds()
    placed = attempt(seed)
    (folder / ROUTED).rename(routed_file(seed, folder))
    tried = Tried(seed, seconds_since(start), placed)
    write_json(_result(seed, folder), asdict(tried))
    return tried


def _read(seed: int, folder: Path) -> Tried | None:
    """What a seed came to that was done before."""
    if not (_result(seed, folder).is_file() and routed_file(seed, folder).is_file()):
        return None
    told = read_json(_result(seed, folder))
    placed = told["placed"]
    used = {bel: (used, there) for bel, (used, there) in placed["used"].items()}
    path = tuple((cell, ns) for cell, ns in placed["path"])
    return Tried(seed, told["seconds"], Placed(placed["fmax_mhz"], used, path))


def _result(seed: int, folder: Path) -> Path:
    return folder / f"placed.{seed}.json"
