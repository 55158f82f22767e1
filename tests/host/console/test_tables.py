"""Tables: as plain text, on a terminal, as Markdown and as CSV."""

from __future__ import annotations

import pytest

from axonloop.host.console import (
    Column,
    comma_separated,
    markdown,
    percents,
    print_rows,
    print_table,
    shown,
)

ROWS = [
    {"name": "a" * 200, "count": 1234567, "share": 0.25, "each": [0.5, 0.25]},
    {"name": "b", "count": 8, "share": None, "each": [1.0]},
]
COLUMNS = (
    Column("name"),
    Column("how many", "count"),
    Column("half", lambda row: row["count"] / 2),
    Column("share", show="{:.1%}".format),
    Column("seeds", "each", percents),
    Column("never", "nothing"),
)


def test_a_pipe_gets_every_letter_in_stable_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(COLUMNS, ROWS)
    head, first, second = capsys.readouterr().out.splitlines()
    assert first == f"{'a' * 200}  1,234,567  617,284  25.0%  50.00, 25.00"
    assert second == f"{'b':<200}  {'8':>9}  {'4':>7}  {'':5}  100.00"
    assert head.split() == ["name", "how", "many", "half", "share", "seeds"]
    assert head.index("how") + len("how many") == first.index("1,234,567") + len("1,234,567")


def test_a_terminal_gets_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    print_rows(COLUMNS, ROWS)
    text = capsys.readouterr().out
    assert "│" in text
    assert "1,234,567 │" in text


def test_markdown_keeps_all_columns() -> None:
    head, rule, _, last = markdown(COLUMNS, ROWS).splitlines()
    assert head == "| name | how many | half | share | seeds | never |"
    assert rule == "|---|---|---|---|---|---|"
    assert last == "| b | 8 | 4 |  | 100.00 |  |"


def test_csv_has_plain_values() -> None:
    head, first, second = comma_separated(COLUMNS, ROWS).splitlines()
    assert head == "name,how many,half,share,seeds,never"
    assert first == f"{'a' * 200},1234567,617283.5,0.25,0.5 0.25,"
    assert second == "b,8,4.0,,1.0,"


def test_values() -> None:
    values = (1234, -1234567, 0.123456, 12345.6, True, False, None, "text")
    assert [shown(value) for value in values] == [
        "1,234",
        "-1,234,567",
        "0.1235",
        "12,346",
        "*",
        "",
        "",
        "text",
    ]


def test_pairs_have_separators(capsys: pytest.CaptureFixture[str]) -> None:
    print_table({"ticks": 1000, "device": "golden"}, "all")
    assert capsys.readouterr().out == "all:\nticks   1,000\ndevice  golden\n"
