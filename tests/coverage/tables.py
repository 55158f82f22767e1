"""Tables in Markdown, and what they and the kept figures have in common."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown; all but the first column is numbers, at the right."""
    lines = [f"| {' | '.join(head)} |", "|---|" + "---:|" * (len(head) - 1)]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"


def number(value: object) -> str:
    return f"{value:,}"


def stamp(*packages: str) -> dict[str, str]:
    """When and where something is measured, by which versions of packages."""
    tools = [f"Python {platform.python_version()}", *(f"{n} {version(n)}" for n in packages)]
    return {
        "date": date.today().isoformat(),
        "machine": ", ".join([f"{os.cpu_count()} cores", platform.machine(), *tools]),
    }
