"""The trials of a sweep: combinations, names, settings, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from axonloop.host.configuration import Configuration
from axonloop.host.sweep import Trial, Trials, require_distinct
from tests.support.sweeps.small import written

GRID = """
[sweep]
seeds = [1, 2]
[sweep.grid]
network.layers = [[16], [8, 8]]
"objective.threshold" = [2.0, 4.0]
"""


def trials_of(tmp_path: Path, text: str, device: str | None = None) -> list[Trial]:
    """All trials of the grid of a file."""
    trials = Trials(Configuration.read(written(tmp_path / "sweep.toml", text)), device)
    made = [trials.of_combination(*each) for each in enumerate(trials.combinations())]
    return [trial for own in made for trial in own]


def test_every_combination_is_trained_with_every_seed(tmp_path: Path) -> None:
    made = trials_of(tmp_path, GRID)
    assert [trial.name for trial in made] == [
        f"layers={layers},threshold={threshold},seed={seed}"
        for layers in ("16", "8x8")
        for threshold in ("2.0", "4.0")
        for seed in (1, 2)
    ]
    assert [trial.combination for trial in made] == [0, 0, 1, 1, 2, 2, 3, 3]
    last = made[-1].settings
    assert (last.network.layers, last.objective.threshold, last.run.seed) == ((8, 8), 4.0, 2)
    assert last.task.ticks == 12
    assert all(trial.settings.task.tune for trial in made)


def test_the_chosen_is_scored_on_the_test_part(tmp_path: Path) -> None:
    trials = Trials(Configuration.read(written(tmp_path / "sweep.toml", GRID)))
    chosen = trials.chosen(3, trials.combinations()[3])
    assert [trial.name for trial in chosen] == ["chosen,seed=1", "chosen,seed=2"]
    assert not any(trial.settings.task.tune for trial in chosen)
    assert {trial.settings.network.layers for trial in chosen} == {(8, 8)}


def test_several_devices_are_told_apart(tmp_path: Path) -> None:
    text = '[sweep]\ndevices = ["golden", "batched"]\n'
    made = trials_of(tmp_path, text)
    assert [trial.name for trial in made] == [
        "device=golden",
        "device=batched",
    ]
    assert [trial.device for trial in trials_of(tmp_path, GRID, "golden")] == ["golden"] * 8


def test_a_grid_may_hold_the_seed_and_parameters_of_one_name(tmp_path: Path) -> None:
    text = """
[sweep.grid]
run.seed = [5, 6]
network.parameters.theta = [1000]
network.deep.theta = [900]
"""
    made = trials_of(tmp_path, text)
    assert made[0].name == "seed=5,parameters.theta=1000,deep.theta=900"
    assert [trial.settings.run.seed for trial in made] == [5, 6]
    assert made[0].settings.network.parameters.theta == 1000
    assert made[0].settings.network.deep.theta == 900


def test_long_names_tell_the_number(tmp_path: Path) -> None:
    text = f"[sweep]\nseeds = [1]\n[sweep.grid]\nnetwork.layers = [{[1] * 60}]\n"
    assert [trial.name for trial in trials_of(tmp_path, text)] == ["combination=000,seed=1"]


def test_paths_of_data_are_told_from_the_file(tmp_path: Path) -> None:
    text = '[data]\npath = "set.npz"\nticks = 40\n[sweep]\nseeds = [1, 2]\n'
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    trial, _ = Trials(Configuration.read(path)).of_combination(0, {})
    assert trial.tables["data"]["path"] == str(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[sweep]\n", "sweep must be with a grid, a search or several seeds, as"),
        ("[sweep.grid]\nrun.seed = []\n", "sweep.grid.run.seed must be a list of at least one"),
        ("[sweep.grid]\nrun.seed = 3\n", "sweep.grid.run.seed must be a list of values, not 3"),
        ("[sweep.grid]\nrun = {}\n", "sweep.grid.run must be a table of settings"),
        (
            "[sweep.grid]\nrun.seed = [1]\n[sweep.search]\nrun.epochs = [1]\n",
            "sweep.search must be left out beside sweep.grid",
        ),
        (
            "[sweep]\nseeds = [1]\n[sweep.grid]\nrun.seed = [1]\n",
            ".*sweep: run.seed must be left out beside sweep.seeds",
        ),
        ("[sweep]\nseeds = [1, 1]\n", "sweep.seeds must be there once each, not "),
        (
            "[sweep.grid]\ntask.tune = [true]\n",
            ".*sweep: task.tune must be left out: a sweep scores trials on the validation part",
        ),
        (
            "[sweep.grid]\nboard.baud = [9600]\n",
            ".*sweep: board.baud must be a setting of training",
        ),
        ('[sweep]\ndevices = ["moon"]\nseeds = [1, 2]\n', "device must be one of golden, "),
        ("[sweep]\nbatch = 0\n", ".*sweep.batch must be a whole number in 1..1000000, not 0"),
        ('[sweep]\nsampler = "x"\n', ".*sweep.sampler must be one of tpe, random, not 'x'"),
        ("[sweep]\nseed = 1\n", ".*sweep.seed must be left out or one of grid, search, "),
    ],
)
def test_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        trials_of(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "objective.treshold = [2.0]",
            "trial treshold=2.0: objective.treshold must be left out or one of loss, burn_in, ",
        ),
        ("objective.threshold = [-1.0]", "trial threshold=-1.0: objective.threshold must be above"),
        ("nothing.at_all = [1]", "trial at_all=1: nothing must be left out or one of network, "),
    ],
)
def test_settings_that_cannot_be_are_told_with_their_trial(
    tmp_path: Path, text: str, message: str
) -> None:
    (trial,) = trials_of(tmp_path, f"[sweep.grid]\n{text}\n")
    with pytest.raises(ValueError, match=rf"sweep\.toml, {message}"):
        _ = trial.settings


def test_two_trials_of_one_name(tmp_path: Path) -> None:
    made = trials_of(tmp_path, "[sweep.grid]\nobjective.threshold = [2.0, 3.0, 2.0]\n")
    told = "names of trials must be all different: is a value there twice\\?, not 'threshold=2.0'"
    with pytest.raises(ValueError, match=f"^{told}"):
        require_distinct(made)
    require_distinct(made[:2])
