"""The example of docs/configuration.md runs, and the page names every table and field."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path

from axonloop.hdl.boards import Build
from axonloop.host.cli.app import run
from axonloop.host.configuration import Configuration, Settings, SweepSettings
from axonloop.host.configuration.schema import ELSEWHERE
from axonloop.host.training import build_of
from tests.support.contract import DOCS

EXAMPLE = DOCS / "example.toml"


def test_the_example_trains(tmp_path: Path) -> None:
    """Two samples of it, on the golden model; the folder has what the file and options say."""
    out = tmp_path / "run"
    arguments = ["--device", "golden", "--limit", "2", "--epochs", "1", "--out", str(out)]
    assert run(["train", "digits", "--config", str(EXAMPLE), *arguments]) == 0
    stored = Configuration.read(out / "config.json").settings
    changes = {"task": {"limit": 2}, "run": {"epochs": 1}}
    assert stored == Configuration.read(EXAMPLE).settings.changed(changes)
    assert stored.geometry is not None
    assert stored.geometry == build_of(Configuration.read(EXAMPLE)).geometry
    assert json.loads((out / "metrics.json").read_text())["samples"]["train"] == 2


def test_the_example_differs_from_the_usual_in_every_line() -> None:
    """So that each of its lines shows what it does; the layout is there for its word."""
    usual = Settings().to_dict()
    for table, values in tomllib.loads(EXAMPLE.read_text()).items():
        for name, value in values.items() if table in usual else ():
            assert value != usual[table][name], name


def test_the_page_names_all_there_is() -> None:
    rows = re.findall(r"^\| `\[(\w+)\]` \|[^|]*\| (.*) \|$", page := page_text(), re.MULTILINE)
    named = {table: set(re.findall(r"`(\w+)`", names)) for table, names in rows}
    tables = {
        entry.name: {field.name for field in dataclasses.fields(getattr(Settings(), entry.name))}
        for entry in dataclasses.fields(Settings)
        if entry.name not in ("geometry", "data")
    }
    tables["network"] -= {"parameters", "deep", "recurrent_traces"}
    tables["board"] = {entry.name for entry in dataclasses.fields(Build)} - {*ELSEWHERE} | {"name"}
    tables["sweep"] = {entry.name for entry in dataclasses.fields(SweepSettings)}
    assert named == tables | {"geometry": set()}
    assert "`[network.parameters]`, `[network.deep]`" in page
    assert "`[data]`, with `[data.encoding]`, `[data.split]`, `[data.events]`" in page
    assert "`[network.recurrent_traces]`" in page


def page_text() -> str:
    return (DOCS / "configuration.md").read_text()
