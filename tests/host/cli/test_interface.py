"""All commands of the program with their arguments, options and usual values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Annotated, Any, get_args, get_origin

import typer

from axonloop.host.cli.app import app
from tests.support.outlines.recorded import Recorded


def lines(group: typer.Typer, name: str) -> Iterator[str]:
    """The commands of a group, with what each takes, then those of the groups inside it."""
    for command in group.registered_commands:
        assert command.callback is not None
        own = command.name or command.callback.__name__
        yield f"{name} {own}: {command.help or (command.callback.__doc__ or '').splitlines()[0]}"
        yield from taken(command.callback)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        named = f"{name} {inner.name}" if isinstance(inner.name, str) else name
        yield from lines(inner.typer_instance, named)


def taken(command: Callable[..., Any]) -> Iterator[str]:
    """The arguments and options of a command: names, type, what it is if nobody says, range."""
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kind, told = parameter.annotation, None
        if get_origin(kind) is Annotated:
            kind, told, *_ = get_args(kind)
        words = [parameter.name, *(getattr(told, "param_decls", None) or ())]
        words.append(
            getattr(kind, "__name__", None) or re.sub(r"pathlib\.(_local\.)?", "", str(kind))
        )
        required = parameter.default is inspect.Parameter.empty
        words.append("required" if required else f"[{parameter.default}]")
        for side in ("min", "max"):
            end = getattr(told, side, None)
            words += [] if end is None else [f"{side} {end}"]
        yield f"  {' '.join(words)}: {getattr(told, 'help', None)}"


def test_all_that_the_commands_take(recorded: Recorded) -> None:
    recorded.check("commands", "\n".join(lines(app, "axonloop")) + "\n")
