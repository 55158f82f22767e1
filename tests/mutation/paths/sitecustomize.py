"""Hands out the package axonloop of the checkout that this file lies in.

Every Python that starts with this folder on PYTHONPATH does so, so that copies of a checkout can
be tested beside each other, by the environment of one of them.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = {"axonloop": "host/api"} | {
    f"axonloop.{floor}": floor for floor in ("models", "hdl", "sim", "host")
}


class CheckoutFinder:
    """Finds the package and its four floors before any installed ones."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in FOLDERS:
            return None
        folder = ROOT / FOLDERS[name]
        places = [str(folder)]
        return importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=places
        )


sys.meta_path.insert(0, CheckoutFinder)  # type: ignore[arg-type]
