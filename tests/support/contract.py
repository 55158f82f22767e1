"""The tables of docs/contract.md and its sister pages, as lists of cells; examples of all pages."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "contract.md"
LINK_PAGE = DOCS / "link.md"


def examples(page: Path) -> list[str]:
    """The blocks of Python in a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def table(*first_columns: str, page: Path = PAGE) -> list[list[str]]:
    """The rows of the one table of a page whose header starts with `first_columns`."""
    found: list[list[list[str]]] = []
    lines = [
        [cell.strip() for cell in line.strip("|\n ").split("|")] if line.startswith("|") else None
        for line in page.read_text().splitlines()
    ]
    for number, cells in enumerate(lines):
        if cells and cells[: len(first_columns)] == list(first_columns):
            end = next((k for k in range(number, len(lines)) if not lines[k]), len(lines))
            found.append([row for row in lines[number + 2 : end] if row])
    assert len(found) == 1, f"{first_columns}: {len(found)} tables"
    return found[0]


def evaluate(expression: str, **names: int) -> int:
    """A number written as in the page: `2^(sb-1)-1`, `D x axons`."""
    text = expression.replace("^", "**").replace(" x ", " * ")
    return int(eval(text, {"__builtins__": {}}, names))


def bounds(text: str) -> tuple[str, str] | None:
    """Both sides of the `a..b` in a cell, if there is one."""
    match = re.search(r"(\S+)\.\.([^,;\s]+)", text)
    return (match[1], match[2]) if match else None
