"""Hook of mkdocs: pages of the Python interface, made from the faces of the rooms.

A face (`__init__.pyi`) lists the names that code outside of its room may use; a page shows the
room's docstring and then every name of its face, documented by mkdocstrings.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PACKAGE = Path(__file__).parents[1] / ".typecheck" / "axonloop"
PAGES = {
    "axonloop": ("",),
    "models.config": ("models.config",),
    "models.rules": ("models.rules",),
    "models.memristor": ("models.memristor", "models.memristor.crossbar"),
    "host.configuration": ("host.configuration",),
    "host.network": ("host.network",),
    "host.devices": ("host.devices",),
    "host.data": ("host.data", "host.data.formats", "host.data.generated"),
    "host.nir": ("host.nir",),
    "host.conversion": ("host.conversion",),
    "host.recorder": ("host.recorder",),
    "host.wear": ("host.wear",),
    "host.inference": ("host.inference",),
    "host.bisect": ("host.bisect",),
    "host.training": ("host.training",),
    "sim.batched": ("sim.batched",),
    "sim.surrogate": ("sim.surrogate",),
    "hdl": ("hdl.chip", "hdl.core", "hdl.link", "hdl.boards", "hdl.flow"),
}
"""The rooms on each page of the Python interface."""


def page_of(title: str, rooms: tuple[str, ...]) -> str:
    """A page of the Python interface, in Markdown with blocks for mkdocstrings."""
    return f"# {title}\n\n" + "\n".join(_room(room) for room in rooms)


def _room(room: str) -> str:
    """A module without a face as a whole; of a room, its docstring and the names of its face."""
    name = f"axonloop.{room}".rstrip(".")
    face = PACKAGE.joinpath(*room.split("."), "__init__.pyi")
    if not face.is_file():
        return f"::: {name}\n    options:\n      show_root_heading: false\n"
    docstring = ast.get_docstring(ast.parse(face.with_suffix(".py").read_text())) or ""
    names = sorted(_exports(face), key=lambda entry: (entry.isupper(), entry.lower()))
    blocks = "".join(f"::: {name}.{entry}\n" for entry in names if not entry.startswith("_"))
    return f"`{name}` - {docstring}\n\n{blocks}"


def _exports(face: Path) -> list[str]:
    """The names that a face hands on; submodules among them have pages of their own."""
    found = []
    for node in ast.parse(face.read_text()).body:
        if isinstance(node, ast.ImportFrom):
            home = face.parent.joinpath(*str(node.module or "").split("."))
            found += [
                alias.name for alias in node.names if not (home / f"{alias.name}.py").exists()
            ]
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for title, rooms in PAGES.items():
        page = page_of(title, rooms)
        files.append(File.generated(config, f"api/{title}.md", content=page))
    return files


class MembersAsList(griffe.Extension):
    """The section `Members` of a hardware component, `port : text`, as a list of ports."""

    def on_class_instance(self, *, cls: griffe.Class, **_: Any) -> None:
        if cls.docstring and "\nMembers\n-------\n" in cls.docstring.value:
            text, _, members = cls.docstring.value.partition("\nMembers\n-------\n")
            ports = re.sub(r"(?m)^(\S.*?) : ", r"* `\1`: ", members)
            cls.docstring.value = f"{text}\n**Ports**\n\n{ports}"
