"""The commands that show samples to a model: run and profile."""

from __future__ import annotations

from pathlib import Path

from axonloop.host.console import (
    Column,
    notice,
    percent,
    print_rows,
    print_table,
    progress_bars,
    shown,
)
from axonloop.host.files import require_writable, write_json
from axonloop.host.inference import (
    ModelOptions,
    Profile,
    open_model,
    profile_model,
    run_model,
)
from axonloop.models.checks import require

nir_options = ModelOptions
"""What the options of both commands say of a NIR file and of the data's part."""


def run(
    model: Path,
    data: Path | None,
    options: ModelOptions,
    device: str,
    samples: int | None,
    record: Path | None,
    json_file: Path | None,
) -> None:
    """Show samples to a model, and print what it answered."""
    require_writable(json_file)
    require_writable(record)
    kinds = (".npz", ".h5", ".hdf5")
    good = record is None or record.suffix in kinds
    require(good, "record", "a file that ends with .npz, .h5 or .hdf5", str(record))
    with open_model(model, data, options) as opened, progress_bars() as progress:
        found = run_model(opened, device, progress, samples, record is not None)
    spikes = {
        f"spikes of {name}": f"{count:,}, {percent(found.rates[name])} of the neurons per tick"
        for name, count in found.spikes.items()
    }
    shares = found.measure == "accuracy"
    told = {} if found.score is None else {found.measure: shown(found.score)}
    answer = {"accuracy": percent(found.score)} if shares and found.score is not None else told
    print_table(
        {"model": opened.name, "device": found.device, "samples": found.samples}
        | {"ticks": found.ticks}
        | answer
        | spikes
        | {"spike hash": found.spike_hash, "ticks per second": round(found.ticks_per_second)}
    )
    if record is not None and found.record is not None:
        found.record.save(record)
        notice(f"written: {record}, the state of {len(found.record.ticks)} ticks")
    if json_file is not None:
        write_json(json_file, found.to_dict())


def profile(
    model: Path,
    data: Path | None,
    options: ModelOptions,
    device: str,
    samples: int | None,
    picture: Path | None,
    json_file: Path | None,
) -> None:
    """Say what every layer of a model did, and how far from float it was."""
    require_writable(json_file)
    require_writable(picture)
    with open_model(model, data, options) as opened:
        with progress_bars() as progress:
            found = profile_model(opened, device, progress, samples)
        print_table({"model": opened.name, "device": found.device, "samples": found.samples})
    print()
    print_profile(found)
    if picture is not None:
        from axonloop.host.pictures import save

        save(found.draw(), picture)
        notice(f"written: {picture}")
    if json_file is not None:
        write_json(json_file, found.to_dict())


def print_profile(found: Profile) -> None:
    """Three tables: neurons and work, ranges of values, and the distance to float."""
    rows = found.to_dict()["layers"]
    ticks = found.samples * found.ticks
    columns = [
        Column("layer", "name"),
        Column("neurons"),
        Column("silent"),
        Column("always on", "always_on"),
        Column("spikes"),
        Column("per neuron and tick", "rate", percent),
        Column("SynOps per tick", lambda row: row["synops"] / ticks),
        Column("words at limits", "at_limits"),
    ]
    print_rows(columns, rows)
    print()
    ranges = [
        {"layer": row["name"], "of": name, **own}
        for row in rows
        for name, own in row["ranges"].items()
    ]
    show = [Column(name) for name in ("layer", "of", "low", "high", "limit")]
    print_rows([*show, Column("used", "used", percent), Column("at limit", "at_limit")], ranges)
    print()
    if found.twin:
        told = [
            Column("layer", "name"),
            Column("same spikes", "agreement", percent),
            Column("hearing the chip", "beside", percent),
            Column("V - R off by at most", "membrane"),
            Column("bound", "bound"),
            Column("part at", lambda row: _place(row["parts_at"])),
        ]
        print(f"chip beside {found.twin}, in thresholds:")
        print_rows(told, rows)
    else:
        print(f"no float twin: {found.without}")
    print()
    print_table({"saturations of the chip": found.saturations, "SynOps of the chip": found.synops})


def _place(parts_at: tuple[int, int, int] | None) -> str:
    if parts_at is None:
        return "never"
    return "sample {}, tick {}, neuron {}".format(*parts_at)
