"""A lab's own data sets and learning rules: installed beside this package, named in a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import Settings
from axonloop.models import rules
from tests.support.installed import install

CODE = """
import numpy as np
from axonloop.models import rules

def mine():
    random = np.random.default_rng(3)
    return {"inputs": random.random((40, 6)), "targets": random.integers(0, 2, 40)}

def stored():
    return FOLDER + "/set.npz"

def broken():
    raise OSError("the disk of the lab is away")

def slow(parameters):
    return rules.error_triggered(parameters.eta_shift + 2)

def wrong(parameters):
    return [3]
"""
FILE = """
[network]
layers = [8]
lanes = 8
{rule}
[objective]
burn_in = 3
[run]
epochs = 1
[data]
{data}
ticks = 10
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    site.mkdir()
    code = f"FOLDER = {str(tmp_path)!r}\n" + CODE
    points = {
        "axonloop.data": "\n".join(f"{n} = lab_sets:{n}" for n in ("mine", "stored", "broken")),
        "axonloop.rules": "slow = lab_sets:slow\nwrong = lab_sets:wrong",
    }
    install(site, monkeypatch, "lab_sets", code, points)
    random = np.random.default_rng(3)
    arrays = {"inputs": random.random((40, 6)), "targets": random.integers(0, 2, 40)}
    np.savez(tmp_path / "set.npz", **arrays)
    return tmp_path


def train(folder: Path, out: str, data: str, rule: str = "") -> int:
    file = folder / f"{out}.toml"
    file.write_text(FILE.format(data=data, rule=rule))
    return run(["train", str(file), "--device", "golden", "--out", str(folder / out)])


def hash_of(folder: Path, out: str) -> str:
    return str(json.loads((folder / out / "metrics.json").read_text())["weight_hash"])


def test_an_installed_set_trains_as_its_file_does(folder: Path) -> None:
    """Arrays, or the path of a file; the run's own file names the set, for eval and resume."""
    assert train(folder, "file", 'path = "set.npz"') == 0
    for name in ("mine", "stored"):
        assert train(folder, name, f'set = "{name}"') == 0
        assert hash_of(folder, name) == hash_of(folder, "file")
        stored = json.loads((folder / name / "config.json").read_text())["data"]
        assert (stored["set"], stored["path"]) == (name, "")
    assert run(["eval", str(folder / "mine")]) == 0


def test_an_installed_rule_takes_the_place_of_terms(folder: Path) -> None:
    settings = Settings().changed({"network": {"rule": "slow"}})
    for own in (settings.network.parameters, settings.network.deep):
        assert own.terms == rules.error_triggered(own.eta_shift + 2)
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings
    assert train(folder, "plain", 'path = "set.npz"') == 0
    assert train(folder, "slow", 'path = "set.npz"', 'rule = "slow"') == 0
    assert hash_of(folder, "slow") != hash_of(folder, "plain")


@pytest.mark.parametrize(
    ("data", "rule", "message"),
    [
        (
            'set = "none"',
            "",
            "data.set must be a data set of an installed package (broken, mine, ",
        ),
        ('set = "broken"', "", "data.set 'broken' must open, not fail (OSError: the disk of the l"),
        ('set = "mine"\npath = "set.npz"', "", "data.set must be left out beside path, not 'mine'"),
        ("set = 3", "", "data.set must be text, not 3"),
        ('set = "mine"', 'rule = "no"', "network.rule must be a rule of an installed package (sl"),
        ('set = "mine"', 'rule = "wrong"', "network.rule 'wrong' must give terms, not fail (Val"),
        (
            'set = "mine"',
            'rule = "slow"\nparameters.terms = [{axon = "pq", neuron = "box"}]',
            "network.parameters.terms must be left out beside a rule, not (Term(",
        ),
    ],
)
def test_names_that_are_refused(
    data: str, rule: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, "run", data, rule) == MISTAKE
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (folder / "run").exists()
