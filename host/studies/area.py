"""What a core costs on an FPGA: lanes, widths and sizes against logic, memory, clock and speed.

Every point is a build like any other, cached by content: a study that was stopped goes on where
it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board, Build, find_board
from axonloop.hdl.flow import DoesNotFitError
from axonloop.host.console import notice
from axonloop.host.files import write_json, write_text
from axonloop.host.fpga import build_and_tell
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, lettered, save, styled
from axonloop.models.checks import require

RESULTS, PAGE, PICTURE = "area.json", "area.md", "area.png"
LANES = (4, 8, 16, 32)
LANES_OF_REST = 8
"""Lanes of the points that differ in width or size."""
REST: dict[str, dict[str, int]] = {
    "4-bit weights": {"weight_bits": 4},
    "128 x 128": {"axons": 128, "neurons": 128, "entries": 512},
}
FULL: dict[str, dict[str, int]] = {
    "24-bit state": {"state_bits": 24},
    "512 x 256": {"axons": 512},
    "64 lanes": {"lanes": 64, "multipliers": 64, "update_lanes": 8, "trace_lanes": 8},
    "16-bit weights": {"weight_bits": 16},
    "64 x 64": {"axons": 64, "neurons": 64, "entries": 256},
    "512 x 512": {"axons": 512, "neurons": 512, "entries": 2048},
}
"""More points, which are built if they are asked for."""


def points(board: Board, full: bool = False) -> dict[str, Build]:
    """The builds, by name: the board's own core with other lanes, then widths and sizes."""
    builds = {f"{lanes} lanes": with_lanes(board.build, lanes) for lanes in LANES}
    base = with_lanes(board.build, LANES_OF_REST)
    for name, geometry in (REST | FULL if full else REST).items():
        builds[name] = base.changed({"geometry": geometry})
    return builds


def with_lanes(build: Build, lanes: int) -> Build:
    """256 axons x 256 neurons with so many lanes and multipliers, an eighth as many for sweeps."""
    sweep = max(1, lanes // 8)
    geometry = {"axons": 256, "neurons": 256, "entries": 1024, "lanes": lanes, "layout": 1}
    geometry |= {"multipliers": lanes, "update_lanes": sweep, "trace_lanes": sweep}
    return build.changed({"geometry": geometry | {"weight_ports": 2}})


def study_area(out: Path, name: str, full: bool = False) -> None:
    """Build all points on a board; JSON, a page with the table, and picture go into `out`.

    A point that does not fit is listed as such; other errors of a build end the study, and what
    was built stays.
    """
    board = find_board(name)
    require(board.family != "ice40", "board", "one with LUT RAM and DSPs for many lanes", name)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    builds = points(board, full)
    for place, (label, build) in enumerate(builds.items(), start=1):
        notice(f"{place}/{len(builds)} {label}")
        rows.append({"name": label} | _measure(board, build))
        write_json(out / RESULTS, rows)
    for row in rows:
        row["front"] = on_front(row, rows)
    write_json(out / RESULTS, rows)
    table = "\n".join(table_of(rows))
    print(table)
    write_text(out / PAGE, page_of(board, full, table))
    save(draw_area(rows, board.title), out / PICTURE)


def _measure(board: Board, build: Build) -> dict[str, Any]:
    try:
        _, report = build_and_tell(board, build)
    except DoesNotFitError as error:
        return {"misfit": str(error)}
    used = {kind: entry["used"] for kind, entry in report["resources"].items()}
    return {
        "build": report["build"],
        "used": used,
        "lut4": report["counts"]["LUT"],
        "seconds": report["seconds"],
        "fmax_mhz": report["fmax_mhz"],
        "slack_ns": report["slack_ns"],
        **report["speed"],
    }


def on_front(row: Mapping[str, Any], rows: list[dict[str, Any]]) -> bool:
    """Is no other row both smaller in LUTs and at least as fast (or as small and faster)?"""
    if "misfit" in row:
        return False
    mine = _cost(row)
    others = [_cost(other) for other in rows if other is not row and "misfit" not in other]
    return not any(
        lut <= mine[0] and speed >= mine[1] and (lut, speed) != mine for lut, speed in others
    )


def _cost(row: Mapping[str, Any]) -> tuple[int, float]:
    """LUTs, and SynOps per second with all axons spiking, at Fmax."""
    return row["used"]["LUT"], row["dense_synops_per_s"]


def page_of(board: Board, full: bool, table: str) -> str:
    """The page: how it was made, the table, the picture."""
    asked = board.build.clock / 1e6
    command = f"axonloop study area --board {board.name}{' --full' if full else ''} --out docs"
    return (
        f"# What a core costs\n\n{board.title}; every row is a whole build, link and board "
        f"included, placed, routed and packed. Made by\n\n    {command}\n\n"
        f"Points without a size have 256 axons x 256 neurons, {_widths(board)}; those that differ "
        f"in width or size have {LANES_OF_REST} lanes. A core has as many multipliers for learning "
        "as lanes, and an eighth as many for traces and neurons. LUT are places taken, as nextpnr "
        f"counts them, LUT4 cells of Yosys. Fmax is that after routing, one seed; {asked:g} MHz "
        "were asked of every point, and some miss it. Speeds are "
        "the cost model's (`models/cycles.py`) at Fmax: synaptic operations with all lanes busy, "
        "and in ticks in which all axons spike; weights that learning visits; ticks in which 5 % "
        "of the axons spike. A star: no row is both smaller in LUT and as fast with all axons."
        f"\n\n{table}\n\n![Speed and Fmax against LUTs]({PICTURE})\n"
    )


def _widths(board: Board) -> str:
    geometry = board.build.geometry
    return f"{geometry.weight_bits}-bit weights and {geometry.state_bits}-bit state"


HEAD = (
    "point | LUT | LUT4 | FF | block RAM | DSP | Fmax, MHz | M SynOps/s, lanes busy "
    "| M SynOps/s, all axons | M visits/s | ticks/s, 5 % | front | CPU minutes"
)


def table_of(rows: list[dict[str, Any]]) -> list[str]:
    """The lines of a Markdown table."""
    columns = HEAD.split(" | ")
    lines = [f"| {HEAD} |", "|" + "---|" * len(columns)]
    for row in rows:
        if "misfit" in row:
            lines.append(f"| {row['name']} | {row['misfit']} |" + " |" * (len(columns) - 2))
            continue
        used = {"LUT4": row["lut4"]} | row["used"]
        kinds, millions = ("LUT", "LUT4", "FF", "block RAM", "DSP"), ("peak_synops", "dense_synops")
        cells = [row["name"], *(f"{used.get(kind, 0):,}" for kind in kinds)]
        cells.append(f"{row['fmax_mhz']:.1f}")
        cells += [f"{row[f'{rate}_per_s'] / 1e6:,.0f}" for rate in (*millions, "peak_updates")]
        cells += [f"{row['sparse_ticks_per_s']:,.0f}", "*" if row["front"] else ""]
        cells.append(f"{sum(row['seconds'].values()) / 60:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


@styled
def draw_area(rows: list[dict[str, Any]], title: str) -> Picture:
    """Speed and Fmax against LUTs; the front as a line. Letters name the points, by LUTs."""
    built = sorted((row for row in rows if "misfit" not in row), key=_cost)
    picture = Picture(10, 4)
    left, right = picture.subplots(1, 2)
    front = [_cost(row) for row in built if row["front"]]
    line = [lut / 1e3 for lut, _ in front], [synops / 1e9 for _, synops in front]
    left.plot(*line, "-", color=ORANGE)
    for axes, value, scale in ((left, "dense_synops_per_s", 1e9), (right, "fmax_mhz", 1.0)):
        points = [(row["used"]["LUT"] / 1e3, row[value] / scale) for row in built]
        colours = [BLUE if row["front"] else GREY for row in built]
        lettered(axes, points, [row["name"] for row in built], colours)
        most = [1.08 * max(values) for values in zip(*points, strict=True)]
        axes.set(xlabel="thousand LUTs placed", xlim=(0, most[0]), ylim=(0, most[1]))
    left.set(ylabel="G SynOps/s at Fmax", title=f"{title}: all axons spiking; line: Pareto front")
    right.set(ylabel="Fmax (MHz)", title="Fmax after routing")
    legend(right, title="blue: on the front")
    return picture
