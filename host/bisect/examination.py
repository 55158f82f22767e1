"""All that `axonloop bisect` does: find, show the waveform of it, shrink, and write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from axonloop.host.bisect.halving import Finding, bisect
from axonloop.host.bisect.modules import modules_of
from axonloop.host.bisect.pair import FAILURES, DevicePair
from axonloop.host.bisect.script import Script, perform
from axonloop.host.bisect.shrink import TRIALS, shrink
from axonloop.host.bisect.stimulus_file import write_stimulus
from axonloop.host.devices import Device, RtlDevice, open_device
from axonloop.host.files import write_json
from axonloop.models.config import ChipConfig
from axonloop.sim.waves import FST, VCD, has_fst

RTL = "rtl"
STIMULUS, DIFFERENCE, WINDOW = "stimulus.json", "difference.json", "window"
BEFORE, BEHIND = 8, 2
"""Ticks before the difference and behind it that its waveform shows."""


@dataclass(frozen=True)
class DeviceSide:
    """One of the devices that are compared; `traced` opens it so that it can record waveforms."""

    name: str
    open: Callable[[ChipConfig], Device]
    traced: Callable[[ChipConfig], RtlDevice] | None = None

    @classmethod
    def named(cls, name: str) -> DeviceSide:
        """A device by its name, as `open_device` knows it."""
        traced = (lambda config: RtlDevice(config, trace=True)) if name == RTL else None
        return cls(name, lambda config: open_device(name, config), traced)


def examine(
    sides: Sequence[DeviceSide],
    script: Script,
    out: Path | None = None,
    confirm: bool = True,
    trials: int = TRIALS,
) -> dict[str, Any] | None:
    """Find the first difference of two devices that play a script; None if there is none.

    In the folder `out`, made if there is something to write, it puts what it found
    (difference.json), the shortest stimulus that shows it (stimulus.json), and, where a device is
    compiled RTL, the waveform of a window around it (window.fst, or .vcd without the package for
    FST) with its save file. `confirm` as of `bisect`, `trials` as of `shrink`. Returns what
    difference.json holds.
    """
    names = [side.name for side in sides]
    with DevicePair([side.open for side in sides], script.start.config) as pair:
        finding = bisect(pair, script, confirm)
        if finding is None:
            return None
        shrunk = shrink(pair, script, finding, trials)
    found: dict[str, Any] = {
        "devices": names,
        "difference": str(finding.difference),
        **asdict(finding.difference),
        "replays": finding.replays,
        "confirmed": finding.confirmed,
        "stimulus": shrunk.size,
        "trials": shrunk.trials,
        "files": [],
    }
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        traced = next((side.traced for side in sides if side.traced is not None), None)
        if traced is not None:
            path = out / f"{WINDOW}.{FST if has_fst() else VCD}"
            with traced(finding.agreed.config) as device:
                write_window(device, script, finding, path)
            found["files"] += [str(path), str(path.with_suffix(".gtkw"))]
        write_stimulus(out / STIMULUS, shrunk.script, shrunk.difference, names)
        found["files"] += [str(out / STIMULUS), str(out / DIFFERENCE)]
        write_json(out / DIFFERENCE, found)
    return found


def write_window(device: RtlDevice, script: Script, finding: Finding, path: Path) -> None:
    """Write the waveform of a device, fresh from power-up, that plays a script to a difference.

    It shows BEFORE ticks before the difference, or all from the place at which the devices agreed,
    and BEHIND ticks behind it, as far as the device goes. The save file opens on the modules in
    which the unit is computed.
    """
    place, tick = finding.agreed, finding.difference.tick
    steps = script.part(place, tick + 1 + BEHIND).steps
    quiet = max(0, tick - place.tick - BEFORE)
    if place.snapshot is not None:
        device.restore(place.snapshot)
    for step in steps[:quiet]:
        perform(device, step)
    shown = modules_of(finding.difference, script.start.config.geometry)
    with device.waveform(path, shown=shown), suppress(*FAILURES):
        for step in steps[quiet:]:
            perform(device, step)
