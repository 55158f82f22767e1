"""Spikes of artificial cochleas: files that do not fit together."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from axonloop.host.data.formats.cochlea import PLACES, TIMES, read_cochlea


@pytest.mark.parametrize(("times", "units"), [(2, 1), (1, 2), (0, 0)])
def test_times_and_units_are_as_many(times: int, units: int, tmp_path: Path) -> None:
    lists = h5py.vlen_dtype(np.dtype(np.float32)), h5py.vlen_dtype(np.dtype(np.uint16))
    with h5py.File(tmp_path / "set.h5", "w") as file:
        for name, count, kind in ((TIMES, times, lists[0]), (PLACES, units, lists[1])):
            column = file.create_dataset(name, (count,), dtype=kind)
            for number in range(count):
                column[number] = [number + 1]
    with pytest.raises(ValueError, match=r"^set\.h5: times and units must be lists of as many"):
        read_cochlea(tmp_path / "set.h5")
