"""A record: the state of a device over ticks, with names, units and the columns of populations."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from axonloop.host.files import write_whole
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require
from axonloop.models.protocol import Owner, Region

if TYPE_CHECKING:
    from axonloop.host.pictures import Picture  # matplotlib is slow to load

FORMAT = "axonloop record 1"
HDF5 = (".h5", ".hdf5")
_TABLES = ("units", "populations", "projections")


@dataclass(frozen=True, eq=False)
class StateRecord:
    """The state of a device over ticks: `record["membrane"]` is int32 `(ticks, neurons)`.

    `ticks`: int64 `(ticks,)`, the numbers of the ticks, 0 for the first that was run while
    recording. `states` has an array for each name: of neurons `(ticks, neurons)`, of axons
    `(ticks, axons)`, `pending` `(ticks, delay_slots, axons)`; `units` says in what.
    `populations[name]` are the columns of a population in arrays of neurons, and
    `projections["a -> b"]` those of a projection, or of "b bias", in arrays of axons. `neurons` and
    `axons` are the numbers of the columns on the chip, `channels` the channel or neuron that each
    axon hears; `thresholds`: theta of every column of neurons, in LSB of state words.
    """

    ticks: NDArray[np.int64]
    states: dict[str, Int32Array]
    units: dict[str, str]
    populations: dict[str, slice]
    projections: dict[str, slice]
    neurons: Int32Array
    axons: Int32Array
    channels: Int32Array
    thresholds: Int32Array

    def __repr__(self) -> str:
        names = ", ".join(self.states)
        return f"StateRecord of {len(self.ticks)} ticks of {', '.join(self.populations)}: {names}"

    def __getitem__(self, state: str) -> Int32Array:
        """The array of a state; ValueError where it was not recorded."""
        require(state in self.states, "state", f"one of {', '.join(self.states)}", state)
        return self.states[state]

    def of(self, group: str, state: str) -> Int32Array:
        """The columns of a population, or of a projection for states of axons."""
        array = self[state]
        of_neurons = Region[state.upper()].owner is Owner.NEURON
        groups = self.populations if of_neurons else self.projections
        require(group in groups, f"group of {state}", f"one of {', '.join(groups)}", group)
        return array[..., groups[group]]

    @property
    def potential(self) -> NDArray[np.float64]:
        """What a neuron compares with its threshold, V - R, in thresholds: `(ticks, neurons)`.

        Where no reset was recorded it counts as 0, as it is where rho is 0.
        """
        reset = self.states.get("reset", np.zeros(1, np.int32))
        found: NDArray[np.float64] = (self["membrane"].astype(np.int64) - reset) / self.thresholds
        return found

    def save(self, path: str | Path) -> None:
        """Write it, whole or not at all, as .npz, or as HDF5 (.h5) with the units as attributes.

        Raises ValueError for another suffix or a place that cannot be written.
        """
        target = Path(path)
        known = target.suffix in (".npz", *HDF5)
        require(known, "record to save", "a file that ends with .npz, .h5 or .hdf5", str(path))
        if target.suffix == ".npz":
            arrays = self._arrays() | {"tables": np.array(json.dumps(self._tables()))}
            arrays["format"] = np.array(FORMAT)
            write_whole(target, lambda file: np.savez_compressed(file, **arrays))
            return
        import h5py  # type: ignore[import-untyped]  # slow to load

        image = io.BytesIO()
        with h5py.File(image, "w") as file:
            file.attrs["format"] = FORMAT
            file.attrs["tables"] = json.dumps(self._tables())
            for name, array in self._arrays().items():
                made = file.create_dataset(name, data=array, compression="gzip")
                made.attrs["units"] = self.units.get(name.removeprefix("states/"), "")

        def write(file: BinaryIO) -> None:
            file.write(image.getvalue())

        write_whole(target, write)

    @classmethod
    def load(cls, path: str | Path) -> StateRecord:
        """Read what `save` wrote; ValueError for anything else."""
        source = Path(path)
        require(source.is_file(), "record", "an existing file", str(path))
        try:
            if source.suffix in HDF5:
                found, arrays, tables = _from_hdf5(source)
            else:
                with np.load(source, allow_pickle=False) as file:
                    arrays = {name: file[name] for name in file.files}
                found, tables = str(arrays.pop("format")), json.loads(str(arrays.pop("tables")))
            require(found == FORMAT, "format", repr(FORMAT), found)
            return cls._of(arrays, tables)
        except (OSError, KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise ValueError(f"record must be a saved one, not {str(path)!r} ({reason})") from error

    def draw(self, neurons: int = 6) -> Picture:
        """A picture of spikes, and of the potential of some neurons against their threshold."""
        from axonloop.host.recorder.picture import draw_record

        return draw_record(self, neurons)

    def _arrays(self) -> dict[str, Any]:
        named = {f"states/{name}": array for name, array in self.states.items()}
        own = [entry.name for entry in fields(self) if entry.name not in ("states", *_TABLES)]
        return named | {name: getattr(self, name) for name in own}

    def _tables(self) -> dict[str, Any]:
        ends = {
            name: {key: [own.start, own.stop] for key, own in getattr(self, name).items()}
            for name in _TABLES[1:]
        }
        return {"units": self.units, **ends}

    @classmethod
    def _of(cls, arrays: dict[str, Any], tables: dict[str, Any]) -> StateRecord:
        mark = "states/"
        states = {n.removeprefix(mark): a for n, a in arrays.items() if n.startswith(mark)}
        rest = {name: array for name, array in arrays.items() if not name.startswith(mark)}
        slices = {n: {key: slice(*own) for key, own in tables[n].items()} for n in _TABLES[1:]}
        found: dict[str, Any] = {"units": tables["units"], **slices, **rest}
        return cls(states=states, **found)


def _from_hdf5(path: Path) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Format, arrays and tables of a file."""
    import h5py  # slow to load

    arrays: dict[str, Any] = {}

    def take(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = item[...]

    with h5py.File(path, "r") as file:
        file.visititems(take)
        return str(file.attrs["format"]), arrays, json.loads(str(file.attrs["tables"]))
