"""The one way to run an entry: what it refuses, what it hands over, what it writes."""

from __future__ import annotations

import json
import os
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from axonloop.host.catalogue import CATALOGUE, Entry, run_entry
from axonloop.host.cli.app import INTERRUPTED, run
from axonloop.host.console import Column, Progress
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import Picture
from tests.support.commands import refused

ROWS = [{"point": "one", "value": 1.5}, {"point": "two", "value": 20000}]
ENTRY = Entry(
    "study",
    "trial",
    "nowhere",
    "what it shows",
    "A paper",
    "1 minute",
    {"device": "golden", "seeds": 2, "epochs": 3, "limit": None, "full": False},
)


BARE = Entry("bench", "trial", "nowhere", "what it shows", "A paper", "1 minute")
"""It keeps nothing."""


class Module(SimpleNamespace):
    """A module of an entry; `asked` is the last order."""

    TABLES = {"rows": (Column("point"), Column("value"))}

    def __init__(self, found: Metrics | None = None, stop: bool = False) -> None:
        super().__init__(asked=None)
        self.found, self.stop = found or {"rows": ROWS, "shown": {"curve": object()}}, stop

    def measure(self, order: Order, progress: Progress) -> Metrics:
        self.asked = order
        if self.stop:
            raise KeyboardInterrupt
        return self.found

    def draw(self, metrics: Metrics) -> Picture:
        self.drawn = len(metrics["rows"]), list(metrics["shown"])
        return Picture(1, 1)


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Module:
    found = Module()
    monkeypatch.setattr(Entry, "load", lambda self: found)
    return found


def test_all_that_is_written(
    module: Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, file, table = tmp_path / "deep" / "out", tmp_path / "a.json", tmp_path / "a.csv"
    run_entry(ENTRY, {"seeds": 3, "full": True, "limit": None}, out, file, table)
    metrics = json.loads(file.read_text())
    assert metrics == json.loads((out / "trial.json").read_text())
    assert (metrics["study"], metrics["source"], metrics["rows"]) == ("trial", "A paper", ROWS)
    assert metrics["command"] == "axonloop study trial --seeds 3 --full"
    assert (metrics["device"], metrics["seeds"], metrics["epochs"]) == ("golden", [1, 2, 3], 3)
    assert metrics["seconds"] >= 0
    assert metrics["cpu_seconds"] >= 0
    assert "CPUs" in metrics["machine"]
    assert "shown" not in metrics
    assert (out / "trial.png").read_bytes().startswith(b"\x89PNG")
    assert module.drawn == (2, ["curve"])
    assert sorted(os.listdir(out)) == ["report.html", "trial.json", "trial.png"]
    page = (out / "report.html").read_text()
    for text in ("<h1>trial</h1>", "what it shows", "A paper", metrics["command"], "20,000"):
        assert text in page
    picture = b64encode((out / "trial.png").read_bytes()).decode()
    assert f'src="data:image/png;base64,{picture}"' in page
    assert table.read_text() == "point,value\none,1.5\ntwo,20000\n"
    assert capsys.readouterr().out == "point   value\none       1.5\ntwo    20,000\n"
    assert module.asked.folder == out


def test_a_bench_writes_nothing_unasked(
    module: Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bench = Entry("bench", "trial", "nowhere", "what", "A paper", "1 minute")
    assert run_entry(bench, {})["device"] is None
    assert os.listdir(tmp_path) == []
    run_entry(bench, {}, Path("out"))
    assert sorted(os.listdir("out")) == ["report.html", "trial.json", "trial.png"]


def test_a_page_is_written_where_there_is_one(module: Module, tmp_path: Path) -> None:
    module.page_of = lambda metrics: f"page of {metrics['study']}"
    run_entry(ENTRY, {}, tmp_path)
    assert (tmp_path / "trial.md").read_text() == "page of trial"


def test_seeds_are_one_or_three_unless_given(module: Module, tmp_path: Path) -> None:
    entry = Entry("study", "trial", "x", "x", "x", "x", {"seeds": None, "full": False})
    asked = []
    for place, given in enumerate(({}, {"full": True}, {"seeds": 2, "full": True})):
        run_entry(entry, given, tmp_path / str(place))
        asked.append(list(module.asked.seeds))
    assert asked == [[1], [1, 2, 3], [1, 2]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"jobs": 2}, "jobs must be left out: study trial takes device, seeds, epochs, limit, f"),
        ({"seeds": 0}, "seeds must be a whole number in 1..1000, not 0"),
        ({"epochs": -1}, "epochs must be a whole number in 1..1000000, not -1"),
        ({"limit": 0}, "limit must be a whole number in 1..1000000, not 0"),
        ({"device": "tpu"}, "device must be one of golden, "),
        ({"device": "population"}, "device must be one of golden, "),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    module: Module, tmp_path: Path, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        run_entry(ENTRY, given, tmp_path / "out")
    assert module.asked is None
    assert os.listdir(tmp_path) == []


def test_a_population_is_a_device_where_it_is_the_own(module: Module, tmp_path: Path) -> None:
    entry = Entry("study", "trial", "x", "x", "x", "x", {"device": "population"})
    for device in ("population", "golden"):
        run_entry(entry, {"device": device}, tmp_path / device)
        assert module.asked.device == device


def test_results_are_not_written_over(module: Module, tmp_path: Path) -> None:
    run_entry(ENTRY, {}, tmp_path)
    before = (tmp_path / "trial.json").read_bytes()
    module.asked = None
    with pytest.raises(ValueError, match="^study folder must be new, as --out runs/NAME, not "):
        run_entry(ENTRY, {}, tmp_path)
    assert module.asked is None
    assert (tmp_path / "trial.json").read_bytes() == before


def test_seconds_of_processors_are_not_those_that_passed(
    module: Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Own and children's, in user and in system time; what passed meanwhile is no work."""
    times = iter([(1.0, 2.0, 3.0, 4.0, 100.0), (1.5, 2.25, 3.125, 4.125, 150.0)])
    monkeypatch.setattr(os, "times", lambda: next(times))
    assert run_entry(BARE, {})["cpu_seconds"] == 1.0


@pytest.mark.parametrize("rows", [[], None])
def test_no_rows_leave_good_files_as_they_are(
    module: Module, tmp_path: Path, rows: list[Any] | None
) -> None:
    file, module.found = tmp_path / "good.json", {"rows": rows}
    file.write_text("good")
    with pytest.raises(ValueError, match="^results must be one row or more, not "):
        run_entry(ENTRY, {}, tmp_path / "out", file)
    assert file.read_text() == "good"
    assert os.listdir(tmp_path) == ["good.json"]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("study", "layers", "error: stopped; the same command goes on with it"),
        ("study", "bits", "error: stopped"),
        ("bench", "core", "error: stopped"),
    ],
)
def test_only_what_goes_on_promises_to(
    module: Module,
    kind: str,
    name: str,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    module.stop = True
    assert run([kind, name, "--out", str(tmp_path / "out")]) == INTERRUPTED
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("experiment cats", "experiment must be one of memory, recurrence,"),
        ("study cats", "study must be one of layers, deploy, bits, rates, area, not 'cats'"),
        (
            "bench cats",
            "bench must be one of core, batched, convolution, link,",
        ),
        ("experiment memory --device golden", "No such option: --device"),
        ("study bits --jobs 2", "No such option: --jobs"),
        ("bench core --full", "No such option: --full"),
        ("experiment yin-yang --device tpu", "device must be one of golden,"),
        ("experiment stdp-window --device population", "device must be one of golden,"),
        ("study area --board cats", "board must be one of "),
        ("study area --board icebreaker", "board must be one with LUT RAM and DSPs"),
    ],
)
def test_mistakes(
    arguments: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(capsys, *arguments.split()).startswith(message)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("option", ["--json", "--csv", "--out"])
@pytest.mark.parametrize("kind", list(CATALOGUE))
def test_files_that_cannot_be_written(
    module: Module, kind: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    name = next(iter(CATALOGUE[kind]))
    assert run([kind, name, "--out", str(tmp_path / "new"), option, str(tmp_path / "file/x")]) == 2
    assert "to write" in capsys.readouterr().err
    assert module.asked is None
