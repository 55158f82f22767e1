"""The file that says what a network, its training and its chip are: one shape for all commands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from axonloop.hdl.boards import Build, find_board
from axonloop.host.configuration.former import nested
from axonloop.host.configuration.schema import validated
from axonloop.host.configuration.settings import Settings
from axonloop.host.configuration.sweep_table import SweepSettings
from axonloop.host.configuration.tables import changed_geometry, changed_table
from axonloop.host.files import read_json, read_text
from axonloop.models.checks import cut, require
from axonloop.models.config import Mesh, NodeGeometry

APART = ("board", "sweep")
"""Tables that say nothing of a run."""


@dataclass(frozen=True)
class Configuration:
    """The tables of a file, of known names and kinds; `source` names the file in errors.

    Every command takes what it needs of it. Nothing is in it where no file is given.
    """

    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    source: str = ""

    @classmethod
    def of(cls, data: Any, source: str) -> Configuration:
        """Check what a file holds; also the flat settings that runs wrote up to version 0.1.

        Raises ValueError for an unknown name, a value of a wrong kind or out of range; what the
        board allows is known only where a board is named.
        """
        with _told_of(source):
            require(isinstance(data, dict), "content", "tables of names and values", data)
            require(len(data) > 0, "content", "one table at least, as [network]", data)
            found = cls(validated(nested(data)), source)
        found.build()
        _ = found.sweep
        return found

    @classmethod
    def read(cls, path: Path | None) -> Configuration:
        """Read a file, TOML or JSON by its suffix; without a path, there is nothing in it.

        Raises ValueError for a file that cannot be read, and as `of` does.
        """
        if path is None:
            return cls()
        kinds = {".toml": _read_toml, ".json": read_json}
        read = kinds.get(path.suffix)
        if read is None:
            raise ValueError(f"configuration must be a .toml or .json file, not {cut(str(path))!r}")
        found = cls.of(read(path), str(path))
        return replace(found, tables=_rooted(found.tables, path.parent))

    @property
    def settings(self) -> Settings:
        """The settings of a run; ValueError for values out of range."""
        tables = {name: table for name, table in self.tables.items() if name not in APART}
        usual = Settings()
        with _told_of(self.source):
            if "geometry" in tables:
                usual = usual.changed({"geometry": self._board_build(None).geometry})
            return usual.changed(tables)

    @property
    def sweep(self) -> SweepSettings:
        """Which trials a sweep has; ValueError for values out of range."""
        with _told_of(self.source):
            found: SweepSettings = changed_table(
                SweepSettings(), self.tables.get("sweep", {}), "sweep."
            )
            return found

    def build(self, board: str | None = None) -> Build:
        """The build of a board, changed by the file; without a name, of the board that it names.

        Where no board is named at all, only geometry and mesh are the file's. The geometry is that
        of the table [geometry], whatever network there is. Raises ValueError for values out of
        range, an unknown board, or another one than the file's.
        """
        settings = self.settings
        with _told_of(self.source):
            base = self._board_build(board)
            if "mesh" in self.tables.get("network", {}):
                base = replace(base, mesh=Mesh.parse(settings.network.mesh))
            if "geometry" in self.tables:
                own = changed_geometry(base.geometry, self.tables["geometry"])
                base = replace(base, geometry=own)
            if board is None and "name" not in self._board:
                return base
            others = {name: value for name, value in self._board.items() if name != "name"}
            build: Build = changed_table(base, others, "board.")
            return build

    @property
    def baud(self) -> int | None:
        """The rate of the line in bit/s, if the file names one."""
        return self._board.get("baud")

    @property
    def node(self) -> NodeGeometry | None:
        """The sizes of the board's processing node, if the file has one."""
        own = {name: self._board[name] for name in ("processor", "node") if name in self._board}
        with _told_of(self.source):
            build: Build = changed_table(Build(), own, "board.")
            return build.built_node

    @property
    def _board(self) -> Mapping[str, Any]:
        return self.tables.get("board", {})

    def _board_build(self, board: str | None) -> Build:
        """What the file changes: the build of the board, or the usual values without one."""
        name = self._board.get("name", board)
        require(board in (None, name), "board.name", f"{board}, which was asked for", name)
        return Build() if name is None else find_board(name).build


def _rooted(tables: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The tables with paths to data that are told from the file's folder, made absolute."""
    if "data" not in tables:
        return tables
    data, split = dict(tables["data"]), dict(tables["data"].get("split", {}))
    for table, name in ((data, "path"), (split, "test_path")):
        if table.get(name):
            table[name] = str(folder.resolve() / table[name])
    return {**tables, "data": data | ({"split": split} if split else {})}


@contextmanager
def _told_of(source: str) -> Iterator[None]:
    """Put the name of the file before what is wrong in it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{cut(source)}: {error}" if source else str(error)) from error


def _read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; ValueError if it is none."""
    try:
        return tomllib.loads(read_text(path))
    except FileNotFoundError as error:
        told = f"{path.name} must be there, not missing ({str(path)!r}); axonloop init writes one"
        raise ValueError(told) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} must be a TOML file, not {str(path)!r} ({error})") from error
