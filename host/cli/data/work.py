"""Commands about recordings: show, make."""

from __future__ import annotations

import shutil
from pathlib import Path

from axonloop.host.console import notice, percent, print_table, progress_bars
from axonloop.host.data.formats import FORMATS, format_of, read_events
from axonloop.host.data.generated import write_set
from axonloop.host.files import new_name, require_writable
from axonloop.models.checks import require


def show(file: Path, sample: int, picture: Path | None) -> None:
    """Print what is in a recording; draw it as PNG."""
    require_writable(picture)
    events = read_events(file, sample)
    listed = file.suffix.lower() in {each.suffix for each in FORMATS.values()}
    kind = FORMATS[format_of(file)].about if listed else f"HDF5 of a cochlea, sample {sample}"
    seconds = events.duration / 1e6
    rows = {
        "file": file.name,
        "format": kind,
        "sensor": " x ".join(str(size) for size in events.sensor),
        "events": f"{len(events):,}",
        "from": f"{events.t[0] / 1e6:.6f} s",
        "to": f"{events.t[-1] / 1e6:.6f} s",
    }
    if seconds > 0:
        rows["events per second"] = f"{len(events) / seconds:,.0f}"
    if events.p is not None:
        rows["on"] = percent(float(events.p.mean()))
    print_table(rows)
    if picture is not None:
        from axonloop.host.cli.data.picture import draw_recording
        from axonloop.host.pictures import save

        save(draw_recording(events), picture)
        notice(f"written: {picture}")


def make(name: str, out: Path, seed: int, limit: int | None) -> None:
    """Write a generated set into a new folder, whole or not at all."""
    require(not out.exists(), "folder of the set", "new", str(out))
    require(out.parent.is_dir(), "folder of the set", "in a folder that exists", str(out))
    new = new_name(out)
    new.mkdir()
    try:
        with progress_bars() as progress:
            write_set(name, new, seed, limit, progress)
        new.rename(out)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    notice(f"written: {out}")
