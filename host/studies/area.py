"""What a core costs on an FPGA: lanes, widths and sizes against logic, memory, clock and speed.

Every point is a build like any other, cached by content: a study that was stopped goes on where
it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from axonloop.hdl.boards import Board, Build, find_board
from axonloop.hdl.flow import DoesNotFitError
from axonloop.host.console import Column, Progress, Row, markdown, steps
from axonloop.host.fpga import build_board, read_report
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, ORANGE, Picture, legend, lettered, styled
from axonloop.models.checks import require

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


def measure(order: Order, progress: Progress) -> Metrics:
    """Build all points on the board; what is built already is not built again.

    A point that does not fit is listed as such; other errors of a build end the study. Raises
    ValueError for a board that has no place for many lanes.
    """
    board = find_board(order.board)
    require(
        board.family != "ice40", "board", "one with LUT RAM and DSPs for many lanes", order.board
    )
    rows: list[dict[str, Any]] = []
    builds = points(board, order.full)
    for place, (label, build) in enumerate(builds.items(), start=1):
        told = steps(progress, f"{place}/{len(builds)} {label}")
        rows.append({"name": label} | _measure(board, build, told))
    for row in rows:
        row["front"] = on_front(row, rows)
    return {"rows": rows}


def _measure(board: Board, build: Build, stage: Callable[[str], None]) -> dict[str, Any]:
    try:
        report = read_report(build_board(board, build, stage))
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


def page_of(metrics: Metrics) -> str:
    """The page: how it was made, the table, the picture."""
    board = find_board(metrics["board"])
    asked, full = board.build.clock / 1e6, " --full" if metrics["full"] else ""
    command = f"axonloop study area --board {board.name}{full} --out docs"
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
        f"\n\n{markdown(COLUMNS, metrics['rows'])}\n\n![Speed and Fmax against LUTs](area.png)\n"
    )


def _widths(board: Board) -> str:
    geometry = board.build.geometry
    return f"{geometry.weight_bits}-bit weights and {geometry.state_bits}-bit state"


def _used(kind: str) -> Column:
    return Column(kind, lambda row: row.get("used", {}).get(kind, None if "misfit" in row else 0))


def _millions(head: str, key: str) -> Column:
    return Column(head, key, lambda rate: f"{rate / 1e6:,.0f}")


def _minutes(row: Row) -> float | None:
    return None if "misfit" in row else sum(row["seconds"].values()) / 60


COLUMNS = (
    Column("point", "name"),
    Column("LUT", lambda row: row.get("misfit") or row["used"]["LUT"]),
    Column("LUT4", "lut4"),
    *(_used(kind) for kind in ("FF", "block RAM", "DSP")),
    Column("Fmax, MHz", "fmax_mhz", "{:.1f}".format),
    _millions("M SynOps/s, lanes busy", "peak_synops_per_s"),
    _millions("M SynOps/s, all axons", "dense_synops_per_s"),
    _millions("M visits/s", "peak_updates_per_s"),
    Column("ticks/s, 5 %", "sparse_ticks_per_s", "{:,.0f}".format),
    Column("front"),
    Column("CPU minutes", _minutes, "{:.0f}".format),
)
TABLES = {"rows": COLUMNS}


@styled
def draw(metrics: Metrics) -> Picture:
    """Speed and Fmax against LUTs; the front as a line. Letters name the points, by LUTs."""
    title = find_board(metrics["board"]).title
    built = sorted((row for row in metrics["rows"] if "misfit" not in row), key=_cost)
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
