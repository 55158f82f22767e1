"""The command `soak`: very many random ticks on all devices."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from axonloop.host.bisect import Difference, Place, Script, write_stimulus
from axonloop.host.console import notice, print_table, progress_bars
from axonloop.host.devices import GoldenDevice
from axonloop.host.files import require_writable, write_json
from axonloop.host.verification import DivergenceError, ShardError, Traffic, soak
from axonloop.models.checks import require, require_range

AS_DEVICE = {"golden": "golden", "rtl": "rtl", "kernels": "batched"}
"""What `axonloop bisect` calls the devices of a soak; torch has no device of its own."""


def run(
    ticks: int, seed: int, shard: int | None, out: Path, json_file: Path | None
) -> soak.SoakReport:
    """Run shards, print what they add up to, and say how to see again what failed."""
    shards = soak.plan(ticks, seed)
    if shard is not None:
        require_range("shard", shard, 0, 10**9)
        shards = [soak.shard_of(seed, shard)]
    require_writable(json_file)
    out.parent.mkdir(parents=True, exist_ok=True)
    require_writable(out)
    torch.set_num_threads(1)
    total, done = sum(each.ticks * each.copies for each in shards), 0
    with progress_bars() as progress:

        def after(count: int) -> None:
            nonlocal done
            done += count
            progress("ticks", done, total)

        report = soak.soak(shards, out, after, lambda error: _tell(error, out))
    _show(report)
    if json_file is not None:
        write_json(json_file, dataclasses.asdict(report))
    return report


def _show(report: soak.SoakReport) -> None:
    rows = {f"ticks on {name}": f"{count:,}" for name, count in report.ticks.items()}
    print_table(
        {
            "differences": len(report.failures),
            "shards": f"{report.shards:,}, of which {report.skipped:,} were done before",
            "ticks compared": f"{report.compared:,}",
            "chips": report.targets,
        }
        | rows
        | {name: f"{count:,}" for name, count in report.counters.items()}
        | {"processor seconds": f"{report.cpu_seconds:,.0f}"}
    )


def _tell(error: ShardError, out: Path) -> None:
    """Say what differs, and the commands that show it again."""
    shard = error.shard
    notice(f"error: {error}")
    notice(f"again: axonloop soak --seed {shard.seed} --shard {shard.number}")
    cause = error.cause
    if isinstance(cause, DivergenceError) and set(cause.values) <= set(AS_DEVICE):
        path = out.with_name(f"{out.stem}-{shard.seed}-{shard.number}.json")
        devices = [AS_DEVICE[name] for name in cause.values]
        _write(path, error, cause, devices)
        notice(f"where: axonloop bisect --devices {','.join(devices)} --stimulus {path}")


def _write(path: Path, error: ShardError, cause: DivergenceError, devices: list[str]) -> None:
    """The steps of the copy that differs, as a stimulus."""
    traffic = Traffic(error.shard)
    config = traffic.config_of(error.copy)
    with GoldenDevice(config) as device:
        start = Place(0, config, device.snapshot())
    script = Script(start, traffic.steps_of(error.copy, error.tick + 1))
    values = list(cause.values.values())
    require(len(values) == 2, "devices that differ", "two", devices)
    found = Difference(cause.tick, cause.unit, cause.index, None, (values[0], values[1]))
    write_stimulus(path, script, found, devices)
