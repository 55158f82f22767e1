"""Tables: on a terminal with lines, in a pipe as plain text, as Markdown, and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

Row = Mapping[str, Any]
"""One row of a table, as it is written to JSON."""


def shown(value: Any) -> str:
    """A value as people read it: separators in whole numbers, four digits of others."""
    if value is None or isinstance(value, bool):
        return "*" if value else ""
    if isinstance(value, int) or (isinstance(value, float) and abs(value) >= 1e4):
        return f"{value:,.0f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def percent(value: float) -> str:
    """A share, 0..1, in percent."""
    return f"{100 * value:.2f} %"


def percents(values: Sequence[float]) -> str:
    """Shares, 0..1, in percent, by commas."""
    return ", ".join(f"{100 * value:.2f}" for value in values)


@dataclass(frozen=True)
class Column:
    """A column: its `head`, what of a row stands in it, and how that is shown.

    `value` is a key of the row, or takes the row; by default the key is the head.
    """

    head: str
    value: str | Callable[[Row], Any] | None = None
    show: Callable[[Any], str] = shown

    def of(self, row: Row) -> Any:
        """The value, as CSV gets it; None where the row has none."""
        return self.value(row) if callable(self.value) else row.get(self.value or self.head)

    def text(self, row: Row) -> str:
        """The value as it is shown; "" where the row has none."""
        value = self.of(row)
        return "" if value is None else self.show(value)

    def numeric(self, rows: Sequence[Row]) -> bool:
        """Are all its values numbers? Those stand on the right."""
        values = [value for row in rows if (value := self.of(row)) is not None]
        return all(isinstance(value, (int, float)) for value in values)


def print_rows(columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Print a table on stdout; columns without any text are left out.

    On a terminal it is a rich table; elsewhere plain text, a line per row, nothing cut off.
    """
    from rich.console import Console
    from rich.table import Table

    used = [column for column in columns if any(column.text(row) for row in rows)]
    console = Console()
    if not console.is_terminal:
        cells = [[column.head for column in used]]
        cells += [[column.text(row) for column in used] for row in rows]
        _print_plain(cells, [column.numeric(rows) for column in used])
        return
    table = Table()
    for column in used:
        table.add_column(column.head, justify="right" if column.numeric(rows) else "left")
    for row in rows:
        table.add_row(*(column.text(row) for column in used))
    console.print(table, markup=False)


def print_table(rows: Row, title: str | None = None) -> None:
    """Names and values, one pair a line, on stdout; whole numbers with separators."""
    if title is not None:
        print(f"{title}:")
    pairs = [
        [name, f"{value:,}" if isinstance(value, int) else str(value)]
        for name, value in rows.items()
    ]
    _print_plain(pairs, [False, False])


def _print_plain(cells: Sequence[Sequence[str]], right: Sequence[bool]) -> None:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        parts = [
            text.rjust(width) if numeric else text.ljust(width)
            for text, width, numeric in zip(line, widths, right, strict=True)
        ]
        print("  ".join(parts).rstrip())


def markdown(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The lines of a Markdown table."""
    lines = [[column.head for column in columns]]
    lines += [[column.text(row) for column in columns] for row in rows]
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "|" + "---|" * len(columns), *rest])


def comma_separated(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    """The table as CSV: a line of heads, then plain values; values of a list are spaced apart."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.head for column in columns)
    for row in rows:
        writer.writerow(_plain(column.of(row)) for column in columns)
    return file.getvalue()


def _plain(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
