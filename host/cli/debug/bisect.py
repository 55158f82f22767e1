"""The command `bisect`: where two devices part."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from axonloop.host.bisect import (
    DeviceSide,
    Script,
    compare_recordings,
    compare_with_recording,
    examine,
    random_script,
    read_stimulus,
    script_of_recording,
    script_of_run,
)
from axonloop.host.cli.train import RUNS
from axonloop.host.console import print_table
from axonloop.host.devices import check_device_name
from axonloop.host.files import require_writable, write_json
from axonloop.models.checks import require
from axonloop.models.config import Mesh

SHOWN = ("difference", "devices", "tick", "unit", "core", "index", "values", "replays", "confirmed")
"""What the table has of what was found."""


@dataclass(frozen=True)
class Sources:
    """Where the stimulus of `bisect` comes from: one of geometry, run, stimulus and recordings."""

    geometry: str | None
    seed: int
    number: int
    mesh: str
    run: Path | None
    ticks: int
    stimulus: Path | None
    recordings: tuple[Path, ...]

    def script(self) -> Script:
        """The steps to play; ValueError unless exactly one source is given."""
        given = {"geometry": self.geometry, "run": self.run, "stimulus": self.stimulus}
        named = [name for name, value in given.items() if value is not None]
        named += ["recording"] * len(self.recordings)
        one = "exactly one of --geometry, --run, --stimulus, --recording"
        require(len(named) == 1, "what to play", one, named)
        if self.geometry is not None:
            mesh = Mesh.parse(self.mesh)
            return random_script(self.geometry, self.ticks, self.seed, self.number, mesh)
        if self.run is not None:
            return script_of_run(self.run, self.ticks)
        if self.stimulus is not None:
            return read_stimulus(self.stimulus)[0]
        return script_of_recording(self.recordings[0])[0]


def bisect(
    devices: list[str],
    sources: Sources,
    out: Path | None,
    confirm: bool,
    trials: int,
    json_file: Path | None,
) -> None:
    """Find where two devices, two recordings, or a recording and a device part; print it."""
    require_writable(json_file)
    for name in devices:
        check_device_name(name)
    found = _parted(devices, sources, out, confirm, trials)
    shown: dict[str, Any] = {"difference": "none"} if found is None else found
    rows = {name: shown[name] for name in SHOWN if name in shown}
    rows |= {f"stimulus, {name}": count for name, count in shown.get("stimulus", {}).items()}
    print_table(rows | {f"file {n}": name for n, name in enumerate(shown.get("files", ()), 1)})
    if json_file is not None:
        write_json(json_file, shown)


def _parted(
    devices: list[str], sources: Sources, out: Path | None, confirm: bool, trials: int
) -> dict[str, Any] | None:
    recordings = sources.recordings
    if len(recordings) == 2:
        difference = compare_recordings(*recordings)
    elif len(recordings) == 1 and len(devices) == 1:
        difference = compare_with_recording(recordings[0], DeviceSide.named(devices[0]).open)
    else:
        distinct = len(set(devices)) == len(devices) == 2
        require(distinct, "devices", "two, distinct, as golden,rtl", devices)
        script = sources.script()
        folder = out or RUNS / f"bisect-{datetime.now():%Y%m%d-%H%M%S-%f}"
        return examine(
            [DeviceSide.named(name) for name in devices], script, folder, confirm, trials
        )
    if difference is None:
        return None
    return {"difference": str(difference), **dataclasses.asdict(difference)}
