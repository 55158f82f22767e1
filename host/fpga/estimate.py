"""What a build will take and how fast it will be, without synthesis, from builds on record.

Block RAM and DSPs follow from the widths and depths of memories and multipliers. LUTs are those of
the exclusive ors, which hashes are made of, and a sum of the design's comparators, reductions and
LUT RAM, with factors that are fitted to the ECP5 builds on record. Another family has one factor
more; there a register whose input no LUT makes takes the place of a LUT too, so a share of all
registers does. The clock is a band: what builds of the same family, datapath and speed grade
reached.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.hdl.boards import Board, Build, find_board
from axonloop.hdl.flow import Cell
from axonloop.host.files import read_json, write_text
from axonloop.models.checks import require
from axonloop.models.cycles import speed

RECORDS = Path(__file__).with_name("records.json")
BLOCKS = {
    "ecp5": ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    "gowin": ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384)),
    "ice40": ((16, 256), (8, 512), (4, 1024), (2, 2048)),
}
"""Shapes of a family's block RAM: bits of a word, words."""
BLOCK_CELLS = 20
"""A memory becomes LUT RAM, where there is such and no other kind is asked for, if a port takes at
most so many cells of 16 words of 4 bits for each block RAM that it spares: for ECP5 and Gowin Yosys
takes 18 of them rather than a block, but not 24."""
LEAST_FACTOR = 2
"""Bits of the narrower factor of a product that takes a DSP, as Yosys maps it for ECP5."""
XOR_LUTS = 2 / 3
"""LUTs of a bit of exclusive or: a round of the hash has 48 of them in 32 LUTs of 4 inputs."""
FITTED = ("less", "reduce", "LUT RAM")
"""What the other LUTs are a sum of."""
REFERENCE = "ecp5"
"""The family to whose builds the factors are fitted."""
LOGIC = ("LUT", "LUT4", "FF")


@dataclass(frozen=True)
class BuildRecord:
    """A build that was made: what its design has, what it took, and its Fmax in MHz."""

    board: str
    chip: str
    datapath: str
    counts: Mapping[str, int]
    took: Mapping[str, int]
    mhz: float

    @property
    def family(self) -> str:
        """The FPGA's family."""
        return find_board(self.board).family

    @property
    def pace(self) -> tuple[str, bool, str]:
        """What decides how fast a build can be: datapath, kind of ECP5, speed grade or device."""
        return pace_of(find_board(self.board), self.datapath)


def pace_of(board: Board, datapath: str) -> tuple[str, bool, str]:
    """`BuildRecord.pace` of a build on a board."""
    return datapath, board.part[0].startswith("--um5g"), board.part[-1]


def count_design(cells: Iterable[Cell], family: str) -> Counter[str]:
    """Bits of comparators, reductions, exclusive ors and registers; RAM of all kinds, and DSPs."""
    counts: Counter[str] = Counter()
    for cell in cells:
        sizes = cell.sizes
        if cell.kind in ("lt", "le", "gt", "ge"):
            counts["less"] += max(sizes["A_WIDTH"], sizes["B_WIDTH"])
        elif cell.kind.startswith("reduce") or cell.kind == "logic_not":
            counts["reduce"] += sizes["A_WIDTH"]
        elif cell.kind in ("xor", "xnor"):
            counts["xor"] += max(sizes.values())
        elif "dff" in cell.kind:
            counts["FF"] += sizes["WIDTH"]
        elif cell.kind == "mul":
            counts["DSP"] += min(sizes["A_WIDTH"], sizes["B_WIDTH"]) >= LEAST_FACTOR
        elif cell.kind == "mem_v2":
            kind, places = _memory(cell, family)
            counts[kind] += places
    return counts


def _memory(cell: Cell, family: str) -> tuple[str, int]:
    """What a memory becomes, and how many places of it."""
    width, words, ports = (cell.sizes[name] for name in ("WIDTH", "SIZE", "RD_PORTS"))
    if cell.style == "huge":
        return "SPRAM", math.ceil(width / 16) * math.ceil(words / 16384)
    small = math.ceil(width / 4) * math.ceil(words / 16)
    blocks = min(math.ceil(width / w) * math.ceil(words / n) for w, n in BLOCKS[family])
    if family != "ice40" and cell.style != "block" and small <= BLOCK_CELLS * blocks:
        return "LUT RAM", ports * small
    return "block RAM", ports * blocks


def count_board(board: Board, build: Build) -> Counter[str]:
    """`count_design` of a board's whole design, link included; takes seconds.

    Raises ValueError for a build with a processing node: no such build is on record.
    """
    require(not build.processor, "board.processor", "false in an estimate", build.processor)
    from axonloop.hdl.boards import BoardTop
    from axonloop.hdl.flow import design_cells

    cells = design_cells(BoardTop(board, build), "axonloop_board", board.family)
    return count_design(cells, board.family)


def read_records(path: Path = RECORDS) -> list[BuildRecord]:
    """The builds on record, oldest first."""
    return [BuildRecord(**row) for row in read_json(path)["builds"]]


def remember(report: Mapping[str, Any], path: Path = RECORDS) -> None:
    """Put the build of a report on record, in place of the same chip's on the same board."""
    from axonloop.host.fpga.history import row_of

    board = find_board(report["board"])
    data = {
        k: v for k, v in report["build"].items() if k in ("geometry", "mesh", "clock", "processor")
    }
    build, row = board.build.changed(data), row_of(report, "")
    names = [name for name in row if row[name].isdigit() and name not in ("build", "commit")]
    record = {
        "board": board.name,
        "chip": f"{row['chip']}; {row['build']}",
        "datapath": build.geometry.datapath.value,
        "counts": dict(count_board(board, build)),
        "took": {name: int(row[name]) for name in names},
        "mhz": report["fmax_mhz"],
    }
    kept = [r for r in read_json(path)["builds"] if r["chip"] != record["chip"]]
    lines = ",\n".join(json.dumps(each) for each in [*kept, record])
    write_text(path, f'{{"builds": [\n{lines}\n]}}\n')


class SizeModel:
    """What LUTs, registers and clocks of the builds in `records` say of another build."""

    def __init__(self, records: Sequence[BuildRecord]) -> None:
        self._records = records
        self._factors = {kind: self._fitted(kind) for kind in ("LUT", "LUT4")}

    def _fitted(self, kind: str) -> NDArray[np.float64]:
        """Factors that are not negative, with the least squares of relative errors."""
        from sklearn.linear_model import LinearRegression  # type: ignore[import-untyped]

        rows = [r for r in self._records if r.family == REFERENCE]
        shares = [[r.counts.get(name, 0) / r.took[kind] for name in FITTED] for r in rows]
        fit = LinearRegression(fit_intercept=False, positive=True)
        rest = [1 - XOR_LUTS * r.counts["xor"] / r.took[kind] for r in rows]
        return np.asarray(fit.fit(np.array(shares), np.array(rest)).coef_, np.float64)

    def _sum(self, kind: str, counts: Mapping[str, int]) -> float:
        if kind == "FF":
            return float(counts["FF"])
        fitted = self._factors[kind] @ [counts.get(name, 0) for name in FITTED]
        return float(XOR_LUTS * counts.get("xor", 0) + fitted)

    def logic(self, kind: str, family: str, datapath: str, counts: Mapping[str, int]) -> int:
        """LUT, LUT4 or FF: by the family's builds of this datapath, else by all of the family."""
        own = [r for r in self._records if r.family == family]
        rows = [r for r in own if r.datapath == datapath] or own or list(self._records)
        if family == REFERENCE and kind != "FF":
            return round(self._sum(kind, counts))
        if kind == "LUT":
            alone = [(r.took["LUT"] - r.took["LUT4"]) / r.took["FF"] for r in rows]
            mapped, registers = (self.logic(k, family, datapath, counts) for k in ("LUT4", "FF"))
            return round(mapped + registers * float(np.median(alone)))
        ratios = [r.took[kind] / self._sum(kind, r.counts) for r in rows]
        return round(self._sum(kind, counts) * float(np.median(ratios)))

    def band(self, board: Board, datapath: str) -> tuple[float, float]:
        """Least and most Fmax in MHz of builds of the same pace, of the family where none is."""
        own = [r for r in self._records if r.family == board.family]
        alike = [r for r in own if r.pace == pace_of(board, datapath)]
        clocks = [r.mhz for r in alike or own]
        return min(clocks), max(clocks)


def took(model: SizeModel, family: str, datapath: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Every kind of place that a build should take."""
    exact = {kind: counts.get(kind, 0) for kind in ("block RAM", "SPRAM", "DSP")}
    return {kind: model.logic(kind, family, datapath, counts) for kind in LOGIC} | exact


def estimate(board: Board, build: Build) -> dict[str, Any]:
    """Places, the band of Fmax in MHz, and what the chip does at both ends of it."""
    model, datapath = SizeModel(read_records()), build.geometry.datapath.value
    low, high = model.band(board, datapath)
    return {
        "board": board.name,
        "build": build.to_dict(),
        "places": took(model, board.family, datapath, count_board(board, build)),
        "fmax_mhz": [low, high],
        "speed": [speed(build.geometry, mhz * 1e6) for mhz in (low, high)],
    }


def errors(records: Sequence[BuildRecord]) -> list[dict[str, Any]]:
    """For each build, how far a model of all the others is from it: relative, by kind of place.

    `fmax` is how far Fmax lies outside the others' band, None where none of them has its
    pace. Only of builds of whose family another one is on record.
    """
    rows = []
    for record in records:
        others = [each for each in records if each is not record]
        if record.family not in [each.family for each in others]:
            continue
        model = SizeModel(others)
        found = took(model, record.family, record.datapath, record.counts)
        low, high = model.band(find_board(record.board), record.datapath)
        outside: float | None = max(low / record.mhz - 1, 1 - high / record.mhz, 0.0)
        if record.pace not in [each.pace for each in others]:
            outside = None
        kinds = {k: found[k] / n - 1 for k, n in record.took.items() if n and k in found}
        rows.append({"board": record.board, "chip": record.chip, **kinds, "fmax": outside})
    return rows
