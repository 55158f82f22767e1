"""The tests in pieces, under coverage.py, and the figures of what they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.coverage import python_figures
from tests.coverage.python import pieces

MODULE = """
def half(number):
    if number % 2:
        return None
    return number // 2
"""
TEST = """
from models.numbers import half

def test_half():
    assert half(4) == RESULT
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small one, with tests of one room."""
    files = {
        "models/__init__.py": "",
        "models/numbers.py": MODULE,
        "models/other.py": "never = 1\n",
        "tests/conftest.py": "",
        "tests/host/numbers/test_half.py": TEST.replace("RESULT", "2"),
        "pytest.ini": "[pytest]\npythonpath = .\nmarkers = slow\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_piece_is_measured_once(checkout, monkeypatch):
    ((piece, tests),) = pieces.pieces().items()
    assert piece == "tests/host/numbers"
    of = pieces.sources()
    assert pieces.known(piece, tests, of) is None
    data = pieces.measure(piece, tests, of)
    told = pieces.report([data])["files"]
    assert python_figures.unrun(told) == {
        "models/numbers.py": {"lines": "4", "branches": ""},
        "models/other.py": {"lines": "1", "branches": ""},
    }
    assert python_figures.rooms(told)["models/numbers"] == {
        "lines": 4,
        "run": 3,
        "branches": 2,
        "taken": 1,
    }
    monkeypatch.setattr(pieces.subprocess, "run", None)  # no test runs again
    assert pieces.measure(piece, tests, of) == pieces.known(piece, tests, of) == data
    (checkout / "models" / "other.py").write_text("never = 2\n")
    assert pieces.known(piece, tests, pieces.sources()) is None
    tests[0].write_text(TEST.replace("RESULT", "3"))
    assert pieces.known(piece, tests, of) is None


def test_a_piece_that_fails_is_named_and_not_kept(checkout, capsys):
    ((piece, tests),) = pieces.pieces().items()
    tests[0].write_text(TEST.replace("RESULT", "3"))
    assert pieces.measure(piece, tests, "sources") is None
    assert "tests/host/numbers: pytest ends with 1, see build/coverage" in capsys.readouterr().err
    assert pieces.known(piece, tests, "sources") is None


@pytest.mark.slow
def test_all_tests_at_once_are_measured_as_in_pieces(checkout, capsys):
    ((piece, tests),) = pieces.pieces().items()
    told = pieces.report([pieces.measure(piece, tests, "sources")])["files"]
    data = pieces.measure_all(2)
    assert pieces.report([data])["files"] == told
    tests[0].write_text(TEST.replace("RESULT", "3"))
    assert pieces.measure_all(2) is None
    assert "all tests: pytest ends with 1, see build/coverage" in capsys.readouterr().err


def test_every_test_file_is_in_a_piece():
    found = pieces.pieces()
    files = [path for paths in found.values() for path in paths]
    assert sorted(files) == sorted(Path("tests").rglob("test_*.py"))
    assert {"tests", "tests/models", "tests/host/devices"} <= set(found)


def file(lines: int, run: int, branches: int, taken: int, *missing: int) -> dict:
    summary = {
        "num_statements": lines,
        "covered_lines": run,
        "num_branches": branches,
        "covered_branches": taken,
    }
    gone = [[3, 8], [9, -1], [8, 9]][: branches - taken]
    return {"summary": summary, "missing_lines": list(missing), "missing_branches": gone}


FILES = {
    "host/cli/app.py": file(10, 9, 4, 2, 5),
    "host/cli/data/commands.py": file(10, 7, 0, 0, 1, 2, 8),
    "host/files.py": file(5, 5, 0, 0),
    "host/order.py": file(9, 8, 0, 0, 7),
    "host/nir/graph.py": file(5, 0, 0, 0),
    "models/rules/rule.py": file(10, 1, 0, 0, *range(1, 10)),
    "sim/waves/vcd.py": file(10, 1, 0, 0, *range(1, 10)),
}


def test_python_is_told_by_room_the_worst_first(tmp_path, monkeypatch):
    monkeypatch.setattr(python_figures, "PATH", tmp_path / "python.json")
    python_figures.keep(
        {"files": FILES}, "0123456789", ["tests/docs", "tests/host/nir", "tests/sim"]
    )
    told = python_figures.section(python_figures.read())
    assert "without those of `tests/docs`, `tests/host/nir`, `tests/sim`, and so" in told
    assert "; sources 01234567; 20" in told
    assert "| host | 34 | 85.3 % | 4 | 50.0 % |" in told
    rows = [line for line in told.splitlines() if line.startswith(("| host/", "| models/"))]
    assert rows == [
        "| models/rules | 10 | 10.0 % | 0 | - | `rule.py` 1-9 |",
        "| host/cli | 20 | 80.0 % | 4 | 50.0 % | "
        "`app.py` 5, 3->8, 9->exit; `data/commands.py` 1-2, 8 |",
        "| host/order | 9 | 88.9 % | 0 | - | `order.py` 7 |",
    ]
    assert "sim" not in told.split("belong")[1]
    assert told.endswith("Complete: host/files.")
    python_figures.keep({"files": FILES}, "0123456789", [])
    assert "The tests of `make test`; sources" in python_figures.section(python_figures.read())


def test_numbers_become_ranges():
    assert python_figures.ranges([]) == ""
    assert python_figures.ranges([5, 1, 2, 3, 7, 8]) == "1-3, 5, 7-8"
