"""What is wanted of every sample: a class, numbers, spikes, or nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.data.columns import DataColumn, DataSource, Rows
from axonloop.host.data.description import DataDescription, TargetKind
from axonloop.host.data.rasters import BLOCK, require_all, require_finite, require_flags
from axonloop.models.checks import require


class Targets:
    """The targets of `count` samples, of one kind.

    `labels` int64 `(count,)` where they are classes, else None. `outputs`: how many classes,
    numbers (per tick) or neurons; 0 where there is no target. What lies in memory, and all
    classes, are checked at once, other targets as they are read.
    """

    def __init__(self, source: DataSource, description: DataDescription, shares: int) -> None:
        self.kind = TargetKind(description.target)
        self.labels: NDArray[np.int64] | None = None
        self.count: int | None = None
        self.outputs = 0
        if self.kind == TargetKind.NONE:
            return
        column = source.column(description.targets, shares)
        self._column, self.count = column, column.shape[0]
        require(self.count > 0, column.name, "of at least 1 sample", column.shape)
        if self.kind == TargetKind.CLASS:
            self.labels, self.outputs = _labels(column, description.classes)
            return
        ranks = {TargetKind.SPIKES: (3,), TargetKind.NUMBERS: (1, 2, 3)}[self.kind]
        axes = "(samples, ticks, neurons)"
        if self.kind == TargetKind.NUMBERS:
            axes = "(samples,), (samples, outputs) or (samples, ticks, outputs)"
        require(len(column.shape) in ranks, column.name, f"of shape {axes}", column.shape)
        require(0 not in column.shape, column.name, "without empty axes", column.shape)
        if self.kind == TargetKind.SPIKES:
            require_flags(column)
        else:
            good = column.dtype.kind in "iuf"
            require(good, column.name, "numbers of an integer or float dtype", str(column.dtype))
        self.outputs = 1 if len(column.shape) == 1 else column.shape[-1]
        if not column.lazy:
            for start in range(0, column.shape[0], BLOCK):
                self._check(column.rows(start, min(start + BLOCK, column.shape[0])), start)

    @property
    def ticks(self) -> int | None:
        """Ticks of a target that is a series; None for others."""
        series = self.kind in (TargetKind.NUMBERS, TargetKind.SPIKES)
        return self._column.shape[1] if series and len(self._column.shape) == 3 else None

    def target(self, number: int) -> Any:
        """The target of a sample.

        A class is an int; numbers are float64 `(outputs,)` or `(ticks, outputs)`; wanted spikes
        are bool `(ticks, neurons)`; None where there is none.
        """
        if self.kind == TargetKind.NONE:
            return None
        if self.labels is not None:
            return int(self.labels[number])
        rows = self._column.rows(number, number + 1)
        if self._column.lazy:
            self._check(rows, number)
        if self.kind == TargetKind.SPIKES:
            return rows[0].astype(bool)
        return np.atleast_1d(rows[0].astype(np.float64))

    def _check(self, rows: Rows, first: int) -> None:
        """ValueError for numbers that are not finite, and spikes that are neither 0 nor 1."""
        if self.kind == TargetKind.SPIKES:
            require_all(rows.astype(bool) == rows, self._column.name, "0 or 1", rows, first)
        else:
            require_finite(self._column.name, rows, first)


def _labels(column: DataColumn, classes: int | None) -> tuple[NDArray[np.int64], int]:
    """All labels of a column, and the number of classes."""
    one = "one class per sample, of shape (samples,)"
    require(len(column.shape) == 1, column.name, one, column.shape)
    whole = column.dtype.kind in "iu"
    require(whole, column.name, "classes of an integer dtype", str(column.dtype))
    labels = column.rows(0, column.shape[0])
    most = int(labels.max()) if classes is None else classes - 1
    good = (labels >= 0) & (labels <= most)
    require_all(good, column.name, f"in 0..{most}", labels, 0)
    return labels.astype(np.int64), most + 1
