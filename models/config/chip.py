"""A chip: a mesh of cores, and how spikes travel on it (docs/contract.md, section 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from axonloop.models.checks import require, require_range
from axonloop.models.config.core import CoreConfig
from axonloop.models.config.geometry import Geometry
from axonloop.models.config.mesh import Mesh


@dataclass(frozen=True)
class ChipConfig:
    """All cores of a chip, by number; geometry and seed are the same in all of them.

    A chip of one core may give it any number. Raises ValueError where cores do not fit together,
    or where a fan-out entry names a core that is not there.
    """

    cores: tuple[CoreConfig, ...]
    mesh: Mesh = field(default_factory=Mesh)

    def __post_init__(self) -> None:
        count, first = self.mesh.cores, self.cores[0].core if self.cores else 0
        require(len(self.cores) == count, "cores", f"{count}, as the mesh has", len(self.cores))
        require(first == 0 or count == 1, "number of the first core", "0 in a mesh", first)
        for index, core in enumerate(self.cores):
            where = f"cores[{index}]"
            require(core.core == first + index, f"{where}.core", f"{first + index}", core.core)
            for name in ("geometry", "seed"):
                expected = getattr(self.cores[0], name)
                given = getattr(core, name)
                require(given == expected, f"{where}.{name}", f"that of core 0 ({expected})", given)
            self._check_fanout(where, core)

    def _check_fanout(self, where: str, core: CoreConfig) -> None:
        first, last = self.first, self.first + self.mesh.cores - 1
        for neuron, destinations in enumerate(core.fanout):
            for entry, destination in enumerate(destinations):
                thing = f"{where}.fanout[{neuron}][{entry}].core"
                require_range(thing, destination.core, first, last)

    @classmethod
    def of(cls, config: CoreConfig | ChipConfig) -> ChipConfig:
        """The chip itself, or a chip of this one core."""
        return config if isinstance(config, ChipConfig) else cls((config,))

    @property
    def geometry(self) -> Geometry:
        """The geometry of every core."""
        return self.cores[0].geometry

    @property
    def axons(self) -> int:
        """Axons of all cores."""
        return self.mesh.cores * self.geometry.axons

    @property
    def neurons(self) -> int:
        """Neurons of all cores."""
        return self.mesh.cores * self.geometry.neurons

    @property
    def weight_rows(self) -> int:
        """Rows of the weights of all cores: axons, or kernel rows."""
        return self.mesh.cores * self.geometry.weight_rows

    @property
    def seed(self) -> int:
        """The seed of every core."""
        return self.cores[0].seed

    @property
    def first(self) -> int:
        """The number of the first core; the others follow."""
        return self.cores[0].core

    def masked(self, row_loss: Sequence[int], column_loss: Sequence[int]) -> ChipConfig:
        """The chip with a mask in every core, which loses 0..255 of 256 by axon and by neuron.

        Shorter lists are of the first axons and neurons; what lies behind loses nothing. Raises
        ValueError for longer ones and values out of range.
        """
        built = replace(self.geometry, mask=1)
        rows = (*row_loss, *(0,) * (built.axons - len(row_loss)))
        columns = (*column_loss, *(0,) * (built.neurons - len(column_loss)))
        cores = [
            replace(core, geometry=built, row_loss=rows, column_loss=columns) for core in self.cores
        ]
        return replace(self, cores=tuple(cores))

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; `from_dict` is its inverse."""
        return {"cores": tuple(core.to_dict() for core in self.cores), "mesh": asdict(self.mesh)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ChipConfig:
        """Build and check a configuration; ValueError names what is unknown or out of range."""
        unknown = sorted(set(data) - {"cores", "mesh"})
        require(not unknown, "chip keys", "among ['cores', 'mesh']", unknown)
        try:
            mesh = Mesh(**data.get("mesh", {}))
        except TypeError as error:
            raise ValueError(f"mesh must be made of known fields: {error}") from error
        return cls(tuple(CoreConfig.from_dict(core) for core in data["cores"]), mesh)
