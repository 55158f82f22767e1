"""The commands `experiment`, `study` and `bench`, made of the catalogue.

Annotations are evaluated here, as typer wants those of functions within functions.
"""

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from axonloop.host.catalogue import CATALOGUE, Entry

KINDS = {
    "experiment": "Repeat an experiment of a paper: float and chip beside its figures.",
    "study": "Compare settings of the chip in a picture.",
    "bench": "Measure speed.",
}
HELP = {
    "device": "{devices}.",
    "full": "All seeds and sizes.",
    "seeds": "Seeds 1 to N{often}.",
    "epochs": "Times through the samples.",
    "limit": "Use only N samples of each part.",
    "jobs": "Runs at a time.",
    "board": "A board with many DSPs.",
    "memristor": "A name, or a .toml or .csv file (docs/memristors.md).",
    "data": "Folder of the real set in place of the generated one (docs/events.md).",
}
TYPES = {"device": str, "full": bool, "board": str, "memristor": str, "data": str}
"""Types of options; all others are whole numbers."""
FILES = {
    "out": "Folder for results and picture [{folder}].",
    "json": "Write the results to this file, too.",
    "csv": "Write the table to this file.",
}


def group_of(kind: str) -> typer.Typer:
    """A command for every entry of a kind."""
    entries = CATALOGUE[kind]

    class Names(TyperGroup):
        """Answers a wrong name with all names."""

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in entries:
                raise ValueError(f"{kind} must be one of {', '.join(entries)}, not {cmd_name!r}")
            return super().get_command(ctx, cmd_name)

    def show_list(wanted: bool) -> None:
        if wanted:
            from axonloop.host.catalogue import LISTING, listed
            from axonloop.host.console import print_rows

            print_rows(LISTING, listed(entries))
            raise typer.Exit

    group = typer.Typer(help=KINDS[kind], no_args_is_help=True, cls=Names)

    @group.callback()
    def callback(
        wanted: Annotated[
            bool,
            typer.Option("--list", is_eager=True, callback=show_list, help="Show a table."),
        ] = False,
    ) -> None: ...

    for entry in entries.values():
        group.command(entry.name, help=entry.what)(_command_of(entry))
    return group


def _command_of(entry: Entry) -> Callable[..., None]:
    """The command of an entry, with the options that it takes."""

    def command(out: Path | None, json: Path | None, csv: Path | None, **given: Any) -> None:
        from axonloop.host.catalogue import run_entry

        changed = {name: value for name, value in given.items() if value != entry.options[name]}
        run_entry(entry, changed, out, json, csv)

    parameters = [_parameter(entry, name) for name in (*entry.options, *FILES)]
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _parameter(entry: Entry, name: str) -> Parameter:
    """An option as a parameter of the command."""
    folder = f"runs/{entry.kind}-{entry.name}" if entry.keeps else "none"
    others = "population, " if entry.device == "population" else ""
    devices = f"{others}golden, batched, rtl: the results are the same"
    if entry.kind == "bench":
        devices = "batched:cuda; batched:cpu tries the bench without a GPU"
    often = " [1; with --full 3]" if entry.options.get("seeds") is None else ""
    text = (HELP | FILES)[name].format(folder=folder, devices=devices, often=often)
    kind: Any = Path if name in FILES else TYPES.get(name, int)
    default = entry.options.get(name)
    if default is None:
        kind = kind | None
    annotation = Annotated[kind, typer.Option(f"--{name}", help=text)]
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
