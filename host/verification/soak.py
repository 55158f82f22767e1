"""The soak: very many random ticks on all devices, in shards, in a file that can go on."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from axonloop.host.verification.shard import COPIES, TICKS, Shard, ShardError, ShardResult
from axonloop.host.verification.shard_run import ShardRun
from axonloop.models.checks import require, require_range
from axonloop.models.config import ONE_CORE, Geometry, Mesh
from axonloop.sim.build import content_key
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES

Run = Callable[[Shard, Callable[[int], None]], ShardResult]
Progress = Callable[[int], None]
MESHES = {
    "one-lane": Mesh(2, 2),
    "small": Mesh(2, 1),
    "terms": Mesh(1, 2),
    "conv-small": Mesh(2, 2),
}
"""Chips of several cores, by the geometry of one."""
COMPARED = ("models", "hdl", "sim.batched")
"""The packages in which the devices' answers are made: results hold for one state of these."""

KEY = "seed", "number", "name", "ticks", "copies", "sources"
"""What a result belongs to."""


def targets() -> list[tuple[str, Geometry, Mesh]]:
    """All chips of a soak, by name: shard k is one of number k modulo their count."""
    known = GEOMETRIES | CONVOLUTIONS
    singles = [(name, each, ONE_CORE) for name, each in known.items()]
    return singles + [
        (f"{name} {mesh.columns}x{mesh.rows}", known[name], mesh) for name, mesh in MESHES.items()
    ]


def shard_of(seed: int, number: int) -> Shard:
    """The shard of a number, 0 or more."""
    known = targets()
    return Shard(seed, number, *known[number % len(known)])


def plan(ticks: int, seed: int) -> list[Shard]:
    """The shards with at least `ticks` ticks of chips together."""
    require_range("ticks", ticks, 1, 10**12)
    require_range("seed", seed, 0, 2**63 - 1)
    return [shard_of(seed, number) for number in range(-(-ticks // (TICKS * COPIES)))]


@cache
def sources() -> str:
    """A hash of all sources of what is compared."""
    parts: list[str | bytes] = []
    for name in COMPARED:
        spec = importlib.util.find_spec(f"axonloop.{name}")
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".cpp", ".h"):
                parts += [f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()]
    return content_key(*parts)


class SoakFile:
    """Results of shards, a line of JSON each, in the order in which they ended.

    A last line that is not whole, because the program was ended while it wrote, is dropped.
    ValueError if another line is none of these.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._finished: dict[tuple[Any, ...], dict[str, Any]] = {}
        text = path.read_bytes() if path.exists() else b""
        rows = text.split(b"\n")
        for number, row in enumerate(rows[:-1], 1):
            self._take(self._line(number, row))
        if rows[-1]:
            with path.open("r+b") as file:
                file.truncate(len(text) - len(rows[-1]))

    def _line(self, number: int, row: bytes) -> dict[str, Any]:
        try:
            line = json.loads(row)
            good = isinstance(line, dict) and set(KEY) <= set(line)
        except ValueError:
            good = False
        require(good, f"line {number} of {str(self._path)!r}", "a result of a soak", row)
        return dict(line)

    def _take(self, line: dict[str, Any]) -> None:
        if "result" in line:
            self._finished[tuple(line[name] for name in KEY)] = line

    def finished(self, shard: Shard) -> dict[str, Any] | None:
        """The result of a shard that agreed, on the sources of today; else None."""
        return self._finished.get(tuple(_key(shard).values()))

    def add(self, shard: Shard, **outcome: Any) -> None:
        """Write down what came of a shard, at once."""
        line = _key(shard) | outcome
        with self._path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
        self._take(line)


def _key(shard: Shard) -> dict[str, Any]:
    return {name: getattr(shard, name) for name in KEY[:-1]} | {KEY[-1]: sources()}


@dataclass(frozen=True)
class SoakReport:
    """A soak, as far as it went.

    `compared`: ticks of chips, each compared on two devices or more; `ticks`: how many of them by
    device; `least`, `most`: the same for the target with the fewest and the most; `failures`:
    what was wrong, in words; `sources`: the hash of what was compared.
    """

    shards: int
    compared: int
    targets: int
    ticks: dict[str, int]
    least: dict[str, int]
    most: dict[str, int]
    counters: dict[str, int]
    cpu_seconds: float
    skipped: int = 0
    failures: list[str] = field(default_factory=list)
    sources: str = field(default_factory=sources)


def soak(
    shards: list[Shard],
    path: Path,
    progress: Progress = lambda done: None,
    failed: Callable[[ShardError], None] = lambda error: None,
    run: Run = lambda shard, progress: ShardRun(shard).run(progress),
) -> SoakReport:
    """Run the shards that `path` does not have, and write their results into it.

    RuntimeError while another soak writes into it. `progress` hears of ticks of chips done,
    `failed` of every shard whose devices differ: it is written down, and the others go on.
    """
    try:
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=0):
            return _soak(shards, SoakFile(path), progress, failed, run)
    except Timeout:
        told = f"{str(path)!r} must be written by one soak at a time, not by two"
        raise RuntimeError(told) from None


def _soak(
    shards: list[Shard],
    file: SoakFile,
    progress: Progress,
    failed: Callable[[ShardError], None],
    run: Run,
) -> SoakReport:
    skipped, failures = 0, []
    for shard in shards:
        if file.finished(shard):
            skipped += 1
            progress(shard.copies * shard.ticks)
            continue
        try:
            file.add(shard, result=asdict(run(shard, progress)))
        except ShardError as error:
            file.add(shard, failure=str(error))
            failures.append(str(error))
            failed(error)
    return summary(list(_results(file, shards)), skipped, failures)


def _results(file: SoakFile, shards: list[Shard]) -> Iterator[dict[str, Any]]:
    for shard in shards:
        if line := file.finished(shard):
            yield line


def summary(lines: list[dict[str, Any]], skipped: int, failures: list[str]) -> SoakReport:
    """What lines of results add up to."""
    ticks: Tally[str] = Tally()
    counters: Tally[str] = Tally()
    by_target: dict[str, Tally[str]] = {}
    for line in lines:
        result = line["result"]
        ticks.update(result["ticks"])
        counters.update(result["counters"])
        by_target.setdefault(line["name"], Tally()).update(result["ticks"])
    return SoakReport(
        shards=len(lines),
        compared=sum(line["result"]["compared"] for line in lines),
        targets=len(by_target),
        ticks=dict(ticks),
        least=_extreme(by_target, ticks, min),
        most=_extreme(by_target, ticks, max),
        counters=dict(counters),
        cpu_seconds=round(sum(line["result"]["seconds"] for line in lines), 1),
        skipped=skipped,
        failures=failures,
    )


def _extreme(
    by_target: dict[str, Tally[str]], devices: Tally[str], chosen: Callable[[list[int]], int]
) -> dict[str, int]:
    """The least or most ticks of a target on every device, of those that are on it."""
    return {
        device: chosen([each[device] for each in by_target.values() if device in each])
        for device in devices
    }
