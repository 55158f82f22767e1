"""docs/commands.md names every command of the program, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import typer

from axonloop.host.cli.app import FAILURE, INTERRUPTED, MISTAKE, app
from tests.support.contract import DOCS, table

PAGE = DOCS / "commands.md"


def commands(group: typer.Typer, before: str) -> Iterator[str]:
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{before} {command.name or command.callback.__name__}"
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        # Commands of a group without a name are the program's own.
        named = f"{before} {inner.name}" if isinstance(inner.name, str) else before
        if inner.name == "experiment":  # all of them are listed in docs/results.md
            yield named
        else:
            yield from commands(inner.typer_instance, named)


def test_the_page_names_every_command() -> None:
    rows = table("command", "what it does", page=PAGE)
    named = [re.sub(r"( [A-Z]+)?`", "", row[0]).strip("`") for row in rows]
    assert sorted(named) == sorted(commands(app, "axonloop"))


def test_the_exit_codes_are_the_programs() -> None:
    codes = [int(row[0]) for row in table("exit code", "meaning", page=PAGE)]
    assert codes == [0, FAILURE, MISTAKE, INTERRUPTED]
