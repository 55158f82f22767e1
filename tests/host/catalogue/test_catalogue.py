"""Every entry of the catalogue: its module, its options, its documentation."""

from __future__ import annotations

from dataclasses import fields
from inspect import signature

import pytest

from axonloop.host.catalogue import CATALOGUE, Entry
from axonloop.host.catalogue import entry as descriptor
from axonloop.host.catalogue.runner import order_of, tables_of
from axonloop.host.cli.app import run
from axonloop.host.order import Order
from axonloop.host.training import POPULATION
from tests.support.contract import DOCS

ENTRIES = [entry for entries in CATALOGUE.values() for entry in entries.values()]


def test_a_population_has_the_name_that_training_gives_it() -> None:
    assert descriptor.POPULATION == POPULATION


def named(entry: Entry) -> str:
    return f"{entry.kind}-{entry.name}"


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_can_run(entry: Entry, tmp_path_factory: pytest.TempPathFactory) -> None:
    module = entry.load()
    assert list(signature(module.measure).parameters)[:2] == ["order", "progress"]
    assert "rows" in tables_of(entry, module)
    if entry.kind != "bench":
        assert list(signature(module.draw).parameters) == ["metrics"]
    order = order_of(entry, {}, tmp_path_factory.getbasetemp())
    assert order.device == entry.device


@pytest.mark.parametrize("entry", ENTRIES, ids=named)
def test_an_entry_is_documented(entry: Entry, capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.load().__doc__
    assert set(entry.options) <= {field.name for field in fields(Order)} - {"folder"}
    assert len(entry.what) <= 90, "a line of the table"
    if entry.kind == "experiment":
        assert f"| {entry.name} | {entry.what} |" in (DOCS / "results.md").read_text()
    else:
        assert f"`axonloop {entry.kind} {entry.name}`" in (DOCS / "commands.md").read_text()
    if entry.source.startswith("docs/"):
        told = (DOCS.parent / entry.source).read_text()
        assert f"axonloop {entry.kind} {entry.name}" in told
    assert run([entry.kind, entry.name, "--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"--{option} " in said for option in (*entry.options, "out", "json", "csv"))


@pytest.mark.parametrize("kind", list(CATALOGUE))
def test_a_kind_is_listed(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([kind, "--list"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split()[0] == "name"
    for line, (name, entry) in zip(lines, CATALOGUE[kind].items(), strict=True):
        assert line.split()[0] == name == entry.name
        assert entry.what in line
        assert entry.source in line
        assert entry.device is None or entry.device in line
