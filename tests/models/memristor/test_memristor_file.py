"""Memristors in TOML and CSV files, and what is wrong in such files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from axonloop.models.memristor import (
    NAMED,
    Measured,
    Memristor,
    Spread,
    find_memristor,
    read_curves,
    read_memristor,
    toml_of,
)

CSV = "pulse,conductance,polarity\n0,10,up\n1,14,up\n2,16,up\n0,16,down\n1,12,-\n2,10,LTD\n"
GOOD = "[up]\nstart = 1\ngoal = 10\nrate = 0.1\n[down]\nstart = 10\ngoal = 1\nrate = 0.2\n"


def measured() -> Memristor:
    up, down = Measured((0.0, 1.0), (1.0, 4.0)), Measured((0.0, 1.0), (4.0, 1.0))
    return Memristor("own", up, down, about='a "quoted" one', levels=64, bend=2.0)


KINDS = {name: find_memristor(name) for name in NAMED} | {"own": measured()}


@pytest.mark.parametrize("name", KINDS)
def test_every_memristor_survives_its_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "kind.toml"
    path.write_text(toml_of(KINDS[name]))
    assert read_memristor(path) == KINDS[name]
    assert find_memristor(str(path)) == KINDS[name]


def test_a_file_may_be_short(tmp_path: Path) -> None:
    path = tmp_path / "short.toml"
    path.write_text(GOOD + "[spread]\nrate = 0.25\n")
    kind = read_memristor(path)
    assert (kind.name, kind.spread) == ("short", Spread(rate=0.25))
    assert replace(kind, spread=Spread()).endurance == float("inf")


def test_a_measured_curve_is_a_memristor(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(CSV)
    kind = find_memristor(str(path))
    assert (kind.low, kind.high) == (10, 16)
    assert kind.step(10, 1.5) == 5
    assert kind.step(16, -0.5) == -2
    curves = read_curves(path, "uS")
    assert curves["up"].conductances.tolist() == [10_000, 14_000, 16_000]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD + "[spread]\nwide = 1", r"^k.toml: names in \[spread\] must be of high, low, normal"),
        ("colour = 1\n" + GOOD, r"^k.toml: names must be of name, .*, not \['colour'\]"),
        (GOOD.replace("0.1", '"x"'), "^k.toml: up.rate must be a number, not 'x'"),
        (
            GOOD.replace("rate = 0.1\n", ""),
            r"^k.toml: \[up\] must be start, goal and rate",
        ),
        (GOOD.replace("goal = 10", "goal = 0.5"), "^k.toml: potentiation must be rising"),
        (
            GOOD.replace("start = 10\ngoal = 1\n", "start = 30\ngoal = 20\n"),
            "^k.toml: Gmin",
        ),
        (
            GOOD.replace("start = 1\n", "start = -1\n"),
            "^k.toml: start must be 0 nS or more, not -1",
        ),
        (GOOD.split("[down]")[0], "^k.toml: down must be there"),
        (GOOD + "[drift]\nfirst = 1.0", r"^k.toml: \[drift\] must be with exponent"),
        ("levels = 2.5\n" + GOOD, "^k.toml: levels must be a whole number"),
        ("name = 3\n" + GOOD, "^k.toml: name must be text, not 3"),
        ("= 3", "^k.toml must be a TOML file"),
        ("up = 1\ndown = 2", "^k.toml: up must be a table, not 1"),
    ],
)
def test_wrong_files_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "k.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_memristor(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CSV.replace("14", "4"), "^k.csv: measured conductances must be rising"),
        (CSV.replace("14", "x"), "^k.csv: conductance in line 3 must be a finite number, not 'x'"),
        (CSV.replace("1,14,up", "1"), "^k.csv: conductance in line 3 must be a finite number"),
        (CSV.replace("2,16,up", "2,16,side"), "^k.csv: polarity in line 4 must be up or down"),
        (CSV.replace("pulse", "n"), "^k.csv: columns must be pulse, conductance and polarity"),
        (CSV[:50], "^k.csv: curve must be there for polarity down too"),
        ("", "^k.csv: curve must be a head and one line or more"),
    ],
)
def test_wrong_curves_are_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "k.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_memristor(path)


def test_missing_files_and_units_are_refused(tmp_path: Path) -> None:
    for name, said in (("a.toml", "TOML"), ("a.csv", "CSV")):
        with pytest.raises(ValueError, match=f"^{name} must be a {said} file"):
            read_memristor(tmp_path / name)
    with pytest.raises(ValueError, match="^unit must be one of nS, uS, mS, S, not 'A'"):
        read_curves(tmp_path / "a.csv", "A")
    with pytest.raises(ValueError, match="^memristor file must be a .toml or .csv file"):
        read_memristor(tmp_path / "a.json")
