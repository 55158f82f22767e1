"""What a core costs on an FPGA: lanes, widths and sizes against logic, memory, clock and speed.

Every point is a build like any other, cached by content: a study that was stopped goes on where
it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Board, Build, find_board
from axonloop.hdl.place import DoesNotFitError
from axonloop.host.boards import build_and_tell
from axonloop.host.checkpoint import write_json
from axonloop.host.console import notice
from axonloop.models.config import require

RESULTS, PICTURE = "area.json", "area.png"
LANES, BITS, SIZES = (4, 8, 16, 32, 64), (4, 16), (64, 128, 512)
LANES_OF_REST = 16
"""Lanes of the points that differ in width or size."""


def points(board: Board) -> dict[str, Build]:
    """The builds, by name: the board's own core with other lanes, then widths, then sizes."""
    builds = {f"{lanes} lanes": with_lanes(board.build, lanes) for lanes in LANES}
    base = with_lanes(board.build, LANES_OF_REST)
    builds |= {f"{bits} bits": base.changed({"geometry": {"weight_bits": bits}}) for bits in BITS}
    for size in SIZES:
        geometry = {"axons": size, "neurons": size, "entries": 4 * size}
        builds[f"{size} x {size}"] = base.changed({"geometry": geometry})
    return builds


def with_lanes(build: Build, lanes: int) -> Build:
    """256 axons x 256 neurons with so many lanes and multipliers, a quarter as many for sweeps."""
    sweep = max(1, lanes // 4)
    geometry = {"axons": 256, "neurons": 256, "entries": 1024, "lanes": lanes, "layout": 1}
    geometry |= {"multipliers": lanes, "update_lanes": sweep, "trace_lanes": sweep}
    return build.changed({"geometry": geometry | {"weight_ports": 2}})


def study(out: Path, name: str) -> None:
    """Build all points on a board; table, JSON and picture go into `out`.

    A point that does not fit is listed as such; other errors of a build end the study, and what
    was built stays.
    """
    board = find_board(name)
    require(board.family != "ice40", "board", "one with LUT RAM and DSPs for many lanes", name)
    out.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    builds = points(board)
    for place, (label, build) in enumerate(builds.items(), start=1):
        notice(f"{place}/{len(builds)} {label}")
        rows.append({"name": label} | _measure(board, build))
        write_json(out / RESULTS, rows)
    for row in rows:
        row["front"] = on_front(row, rows)
    write_json(out / RESULTS, rows)
    _show(rows)
    draw_area(out / PICTURE, rows, board.title)


def _measure(board: Board, build: Build) -> dict[str, Any]:
    try:
        _, report = build_and_tell(board, build)
    except DoesNotFitError as error:
        return {"misfit": str(error)}
    used = {kind: entry["used"] for kind, entry in report["resources"].items()}
    return {
        "build": report["build"],
        "used": used,
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


def _show(rows: list[dict[str, Any]]) -> None:
    head = f"{'point':<12}{'LUT':>8}{'FF':>8}{'RAM':>6}{'DSP':>6}{'MHz':>8}{'M SynOps/s':>12}"
    print(f"{head}{'ticks/s':>10}  front")
    for row in rows:
        if "misfit" in row:
            print(f"{row['name']:<12}{row['misfit']}")
            continue
        used = row["used"]
        print(
            f"{row['name']:<12}{used['LUT']:>8,}{used['FF']:>8,}{used['block RAM']:>6}"
            f"{used.get('DSP', 0):>6}{row['fmax_mhz']:>8.1f}"
            f"{row['dense_synops_per_s'] / 1e6:>12,.0f}"
            f"{row['sparse_ticks_per_s']:>10,.0f}  {'*' if row['front'] else ''}"
        )


def draw_area(path: Path, rows: list[dict[str, Any]], title: str) -> None:
    """Speed and Fmax against LUTs; the front as a line."""
    import matplotlib.pyplot as plt  # slow to load

    from axonloop.host.report import BLUE, GREY, ORANGE, bare, save

    built = [row for row in rows if "misfit" not in row]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    front = sorted(_cost(row) for row in built if row["front"])
    line = [lut / 1e3 for lut, _ in front], [synops / 1e9 for _, synops in front]
    left.plot(*line, "-", color=ORANGE, label="Pareto front")
    for axes, value, scale in ((left, "dense_synops_per_s", 1e9), (right, "fmax_mhz", 1.0)):
        for row in built:
            place = row["used"]["LUT"] / 1e3, row[value] / scale
            axes.plot(*place, "o", color=BLUE if row["front"] else GREY)
            axes.annotate(row["name"], place, (5, -3), textcoords="offset points", fontsize=8)
        axes.set(xlabel="thousand LUTs placed", xlim=(0, None), ylim=(0, None))
        axes.margins(0.15)
        bare(axes)
    left.set(ylabel="G SynOps/s at Fmax")
    left.set_title(f"{title}: all axons spiking", fontsize=10)
    right.set(ylabel="MHz")
    right.set_title("Fmax after routing", fontsize=10)
    left.legend(frameon=False)
    save(figure, path)
