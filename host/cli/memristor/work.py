"""Commands about memristors: list, show, fit."""

from __future__ import annotations

from pathlib import Path

from axonloop.host.console import Column, Row, notice, print_rows
from axonloop.host.files import require_writable, write_json, write_text
from axonloop.models.checks import require
from axonloop.models.memristor import (
    NAMED,
    Curve,
    Fit,
    Memristor,
    find_memristor,
    fit_branch,
    read_curves,
    toml_of,
)

LISTING = (
    Column("name"),
    Column("Gmin (nS)", "low"),
    Column("Gmax (nS)", "high"),
    Column("levels"),
    Column("endurance"),
    Column("retention (s, 85 C)", "retention"),
    Column("about"),
)
FITTED = (
    Column("polarity"),
    Column("points"),
    Column("start (nS)", "start"),
    Column("goal (nS)", "goal"),
    Column("rate (per pulse)", "rate"),
    Column("rms error (nS)", "error"),
    Column("of the range (%)", "share"),
    Column("a straight line's (nS)", "straight"),
)


def list_all() -> None:
    """Print a table of all memristors that have a name."""
    print_rows(LISTING, [_row(find_memristor(name)) for name in NAMED])


def _row(kind: Memristor) -> Row:
    bears = None if kind.endurance == float("inf") else kind.endurance
    keeps = None if kind.retention is None else kind.retention.seconds
    plain = {name: getattr(kind, name) for name in ("name", "low", "high", "levels", "about")}
    return plain | {"endurance": bears, "retention": keeps}


def show(name: str) -> None:
    """Print the file of a memristor."""
    print(toml_of(find_memristor(name)), end="")


def fit(file: Path, unit: str, out: Path | None, picture: Path | None, json: Path | None) -> None:
    """Fit both polarities of a measured curve; print errors, write a memristor and a picture.

    Raises ValueError for what `read_curves` and `fit_branch` refuse, a curve of only one polarity,
    and one that goes the wrong way.
    """
    out, picture = out or file.with_suffix(".toml"), picture or file.with_suffix(".png")
    for path in (out, picture, json):
        require_writable(path)
    curves = read_curves(file, unit)
    both = sorted(curves) == ["down", "up"]
    require(both, "curve", "of both polarities, up and down", ", ".join(curves))
    fits = {name: _fitted(name, curve) for name, curve in curves.items()}
    about = f"fitted to {file.name}"
    kind = Memristor(file.stem, fits["up"].branch, fits["down"].branch, about=about)
    rows = [_fit_row(name, curves[name], fits[name]) for name in ("up", "down")]
    print_rows(FITTED, rows)
    from axonloop.host.experiments.memristor.fit_picture import draw_fit  # matplotlib is slow
    from axonloop.host.pictures import save

    write_text(out, toml_of(kind))
    save(draw_fit(curves, fits), picture)
    if json is not None:
        write_json(json, {"memristor": kind.name, "rows": rows})
    notice(f"written: {out} and {picture}")


def _fitted(polarity: str, curve: Curve) -> Fit:
    """The fit of a polarity; ValueError where it goes the other way."""
    try:
        found = fit_branch(curve.pulses, curve.conductances)
    except ValueError as error:
        raise ValueError(f"{polarity}: {error}") from error
    way = "rising" if polarity == "up" else "falling"
    good = (found.branch.goal > found.branch.start) == (polarity == "up")
    ends = f"from {found.branch.start:.4g} to {found.branch.goal:.4g} nS"
    require(good, f"curve of polarity {polarity}", way, ends)
    return found


def _fit_row(name: str, curve: Curve, found: Fit) -> Row:
    branch = found.branch
    wide = abs(branch.goal - branch.start)
    return {
        "polarity": name,
        "points": len(curve.pulses),
        "start": branch.start,
        "goal": branch.goal,
        "rate": branch.rate,
        "error": found.error,
        "share": 100 * found.error / wide,
        "straight": found.straight,
    }
