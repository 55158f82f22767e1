"""Mutants of a tiny module are made, tried and counted, in a copy that goes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from axonloop.host.console import with_section
from tests.mutation.checkout import ROOT, copied_checkout, forget
from tests.mutation.equivalents import Equivalent, read_equivalents, stale
from tests.mutation.figures import page
from tests.mutation.figures.merge import merged
from tests.mutation.mutants import Mutant, mutants_of
from tests.mutation.reach import Reach, record
from tests.mutation.results import Result, Results
from tests.mutation.trial import Bench

FILE = "models/golden/tiny.py"
SOURCE = """def count(values):
    total = 0
    for value in values:
        if value > 2:
            total += 1
    return total


def until(limit):
    value = 0
    while value != limit:
        value += 1
    return value
"""
TESTS = """from axonloop.models.golden.tiny import count, until

def test_count():
    assert count([1, 3, 4]) == 2

def test_until():
    assert until(3) == 3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with one module, two tests of it, and the finder of its package."""
    texts = {FILE: SOURCE, "tests/test_tiny.py": TESTS}
    for package in ("host/api", "host", "models", "models/golden", "sim", "hdl"):
        texts[f"{package}/__init__.py"] = ""
    for name, text in texts.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = "tests/mutation/paths"
    shutil.copytree(ROOT / paths, tmp_path / "root" / paths)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "root", check=True)
    return tmp_path / "root"


def fingerprint(root: Path) -> dict[Path, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def mutant(change: str) -> Mutant:
    (found,) = (mutant for mutant in mutants_of(FILE, SOURCE) if mutant.change == change)
    return found


def test_mutants_are_killed_hang_or_survive_and_leave_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("coverage")
    monkeypatch.syspath_prepend(ROOT)  # where a new process finds the workers' code
    before = fingerprint(root)
    (tmp_path / "cache" / "chip").mkdir(parents=True)
    with copied_checkout(root) as copy:
        whole = fingerprint(copy)
        record(copy, "tests/test_tiny.py", tmp_path, 0)
        (recorded,) = tmp_path.glob("*.json")
        reach = Reach(copy, [recorded], [FILE])
        bench = Bench(copy, tmp_path / "cache", reach, tmp_path / "log", 60, spare=2)
        killed = bench.trial(mutant("total += 1 -> pass"), "")
        again = bench.trial(mutant("total += 1 -> pass"), "", "tests/test_tiny.py::test_until")
        survived = bench.trial(mutant("value > 2 -> (value >= 2)"), "", "tests/test_gone.py::test")
        endless = bench.trial(mutant("value += 1 -> value -= 1"), "")
        left = {path: text for path, text in fingerprint(copy).items() if path in whole}
        assert left == whole
    assert (killed.outcome, killed.by) == ("killed", "tests/test_tiny.py::test_count")
    assert (again.by, again.tests) == (killed.by, killed.tests + 1)
    assert (survived.outcome, survived.by, survived.tests) == ("survived", "", 1)
    assert endless.outcome == "time"
    assert not copy.exists()
    assert fingerprint(root) == before


def test_a_cache_forgets_what_a_mutant_added(tmp_path: Path) -> None:
    (tmp_path / "whole" / "old").mkdir(parents=True)
    (tmp_path / "cache" / "chip" / "new").mkdir(parents=True)
    (tmp_path / "cache" / "chip" / "old").symlink_to(tmp_path / "whole" / "old")
    forget(tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache").rglob("*")] == ["chip", "old"]
    assert (tmp_path / "whole" / "old").is_dir()


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    one, other = mutants_of(FILE, SOURCE)[:2]
    Results(tmp_path / "results").add(Result(one.key, "a", "killed", "test", 3, 1.0))
    again = Results(tmp_path / "results")
    assert again.of(one, "a") == Result(one.key, "a", "killed", "test", 3, 1.0)
    assert again.of(one, "changed") is None
    assert again.of(other, "a") is None
    assert (again.killer(replace(one, begin=7)), again.killer(other)) == ("test", "")


def test_an_equivalent_that_no_longer_is_one_is_named() -> None:
    mutants = {FILE: mutants_of(FILE, SOURCE)}
    right = Equivalent(FILE, "if value > 2:", "value > 2 -> (value >= 2)", "because")
    assert stale([right], mutants) == []
    assert right.is_of(mutant("value > 2 -> (value >= 2)"))
    wrong = [
        Equivalent(FILE, "if value > 1:", "value > 2 -> (value >= 2)", "because"),
        Equivalent(FILE, "if value > 2:", "value > 2 -> (value < 2)", "because"),
        Equivalent("models/golden/gone.py", right.line, right.change, "because"),
        Equivalent(FILE, right.line, right.change, " "),
    ]
    assert stale([right, *wrong], mutants) == wrong


def test_the_listed_equivalents_are_mutants_of_today() -> None:
    listed = read_equivalents()
    files = {entry.file for entry in listed if (ROOT / entry.file).exists()}
    assert (
        stale(listed, {file: mutants_of(file, (ROOT / file).read_text()) for file in files}) == []
    )
    assert len(set(listed)) == len(listed)


def test_figures_by_room() -> None:
    one = mutants_of(FILE, SOURCE)[0]
    outcomes = ["killed"] * 17 + ["time"] * 2 + ["survived"] + ["equivalent"] * 5
    rooms = page.count((one, outcome) for outcome in outcomes)
    assert page.score(rooms) == 0.95
    assert page.score({}) == 1
    rows = page.table(rooms).splitlines()
    assert rows[2:] == ["| models/golden | 25 | 17 | 2 | 1 | 5 |", "| all | 25 | 17 | 2 | 1 | 5 |"]
    kept = page.figures(rooms, 25, 7, ["x"])
    assert (kept["seed"], kept["rooms"], kept["survivors"]) == (7, rooms, ["x"])
    text = page.section(kept)
    assert "Of 25 mutants (seed 7) the tests kill 95.0 %" in text
    assert "\n- `x`" in text
    assert "25 (of 30 drawn)" in page.section(kept | {"drawn": 30})


def test_figures_of_rooms_that_were_not_tried_whole_are_kept() -> None:
    one, other, last = mutants_of(FILE, SOURCE)[:3]
    far = replace(one, file="hdl/core/core.py")
    counts = {"killed": 2, "time": 0, "survived": 1, "equivalent": 0}
    kept = {"rooms": {"models/golden": counts, "hdl/core": counts}}
    kept["survivors"] = [one.title, far.title]
    new = {"drawn": 5, "survivors": [other.title]}
    outcomes = [(one, "killed"), (other, "survived")]
    found = merged(kept, new, outcomes, [one, other, far, replace(far, begin=9)])
    assert found["rooms"]["models/golden"] == counts | {"killed": 1}
    assert found["rooms"]["hdl/core"] == counts
    assert found["survivors"] == [far.title, other.title]
    outcomes += [(far, "killed"), (last, "equivalent")]
    found = merged(kept, new, outcomes, [one, other, last, far, replace(far, begin=9)])
    assert found["rooms"]["hdl/core"] == counts | {"killed": 3, "survived": 0}
    assert (found["survivors"], found["drawn"]) == ([other.title], 5)


def test_the_page_says_what_was_found() -> None:
    kept = json.loads((ROOT / page.FIGURES).read_text())
    text = (ROOT / page.PAGE).read_text()
    assert with_section(text, page.SECTION, page.section(kept)) == text
