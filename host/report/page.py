"""The page of a report: a template, filled with what a run's folder says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from axonloop.host.console import shown
from axonloop.host.energy import Energy
from axonloop.host.files import require_writable, write_text
from axonloop.host.report.folder import RunFolder, flat, usual_values
from axonloop.host.version import __version__
from axonloop.models.checks import require

REPORT = "report.html"
HASHES = ("weight_hash", "trace_hash", "spike_hash")


def write_report(folder: Path, path: Path | None = None) -> Path:
    """Write the report of the run in `folder` to `path`, by default there; returns the path.

    One file without anything from elsewhere, about 1.5 MB, most of it Bokeh's script. Raises
    ValueError where there is no finished run.
    """
    from axonloop.host.report import figures

    run, path = RunFolder.read(folder), path or folder / REPORT
    require_writable(path)
    kept = run.kept
    plots: dict[str, Any] = {}
    if run.metrics["history"]:
        plots["curves"] = figures.learning_curves({run.name: run.metrics})
    if kept is not None:
        plots["raster"] = figures.raster(kept.sample)
        plots["weights"] = figures.weights(kept)
    plots["times"] = figures.times(run.metrics["time"])
    usual, own = usual_values(run.settings), flat(run.settings)
    return write_page(
        path,
        "run.html",
        plots,
        title=run.name,
        facts=_facts(run),
        sample=None if kept is None else kept.sample,
        warnings=run.metrics["warnings"],
        settings=[(name, value, usual.get(name) != value) for name, value in own.items()],
        counters=run.metrics["counters"],
        cost=_cost(run),
        link=run.metrics.get("link"),
        hashes={name: run.metrics[name] for name in HASHES if name in run.metrics},
        account=run.account,
        pictures=run.pictures,
    )


def write_comparison(folders: Sequence[Path], path: Path) -> Path:
    """Write a page that compares the runs in two folders or more; returns its path.

    Raises ValueError as `write_report` does, and for folders of the same name.
    """
    require_writable(path)
    require(len(folders) > 1, "runs to compare", "two or more", len(folders))
    from axonloop.host.report import figures

    runs = [RunFolder.read(folder) for folder in folders]
    names = [run.name for run in runs]
    require(len(set(names)) == len(names), "names of run folders", "all different", names)
    trained = {run.name: run.metrics for run in runs if run.metrics["history"]}
    alike = len({run.scored[0].partition(",")[0] for run in runs}) == 1
    plots = {"curves": figures.learning_curves(trained)} if trained and alike else {}
    tables = [flat(run.settings) for run in runs]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    differing = [
        (key, [table.get(key) for table in tables])
        for key in keys
        if any(table.get(key) != tables[0].get(key) for table in tables)
    ]
    return write_page(
        path,
        "comparison.html",
        plots,
        title=" and ".join(names) if len(names) < 4 else f"{len(names)} runs",
        names=names,
        figures=_compared([_facts(run) for run in runs]),
        differing=differing,
        hashes=[
            (name, [run.metrics[name] for run in runs], len({run.metrics[name] for run in runs}))
            for name in HASHES
            if all(name in run.metrics for run in runs)
        ],
    )


def _compared(facts: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """Facts of several runs, row by row; "" where a run has none of a name."""
    keys = list(dict.fromkeys(key for own in facts for key in own))
    return [(key, [own.get(key, "") for own in facts]) for key in keys]


def _facts(run: RunFolder) -> dict[str, str]:
    """The figures of a run that come first."""
    metrics = run.metrics
    what, score = run.scored
    samples = ", ".join(f"{count:,} {name}" for name, count in metrics["samples"].items())
    return {
        what: score,
        "device": str(metrics["device"]),
        "epochs": str(metrics["epochs"]),
        "samples": samples,
        "seed": str(metrics["seed"]),
        "seconds": shown(metrics["seconds"]),
        **_cost(run),
    }


def energy_shown(metrics: dict[str, Any]) -> dict[str, str]:
    """The estimate of the chip's energy, typical (low to high); nothing of an older run."""
    found = metrics.get("energy")
    return {"energy, by published costs": str(Energy(**found))} if found else {}


def _cost(run: RunFolder) -> dict[str, str]:
    """What the run cost the chip."""
    metrics = run.metrics
    counters, channel = metrics["counters"], metrics.get("channel", {})
    return {
        "ticks": f"{counters['ticks']:,}",
        "SynOps": f"{counters['synops']:,}",
        "error events": f"{counters['errors']:,}",
        "synapses visited by learning": f"{counters['visits']:,}",
        "weights changed": f"{counters['updates']:,}",
        **_writes(metrics.get("writes")),
        **energy_shown(metrics),
        "saturations": f"{counters['saturations']:,}",
        "learning channel, bytes per tick": shown(channel.get("bytes_per_tick")),
    }


def _writes(found: dict[str, Any] | None) -> dict[str, str]:
    """How often memristors were written; nothing of a run without."""
    if found is None:
        return {}
    limit = found["bears"] if found["endurance"] is None else found["endurance"]
    bears = "" if limit is None else f"; they bear {limit:,.0f}"
    most = f", at most {found['most']:,}" if "most" in found else ""
    rows = {"writes per memristor": f"{found['per_memristor']:,.1f}{most}{bears}"}
    if found["endurance"] is None:
        return rows
    return rows | {"memristors worn out": f"{found['worn']:,} of {found['memristors']:,}"}


def write_page(path: Path, template: str, plots: dict[str, Any], **values: Any) -> Path:
    """Fill a template and write it whole; `plots` are figures of Bokeh by their names in it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    script, resources, divs = "", "", dict[str, str]()
    if plots:
        from bokeh.embed import components
        from bokeh.resources import Resources

        script, divs = components(plots)
        resources = Resources(mode="inline", components=["bokeh"]).render()
    environment = Environment(
        loader=PackageLoader("axonloop.host.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["shown"] = shown
    page = environment.get_template(template)
    write_text(
        path,
        page.render(script=script, plots=divs, bokeh=resources, version=__version__, **values),
    )
    return path
