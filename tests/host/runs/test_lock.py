"""One process at a time has a run's folder."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.runs import CHECKPOINT, Run
from axonloop.host.runs.lock import LOCK, locked_folder
from axonloop.host.training import chip_config

TINY = Settings(
    network=NetworkSettings(layers=(8,)),
    task=TaskSettings(ticks=6, limit=2),
    objective=ObjectiveSettings(burn_in=2),
    run=RunSettings(epochs=1),
)


def _hold(folder: Path) -> None:
    with locked_folder(folder):
        time.sleep(60)


def test_another_process_is_named_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    other = multiprocessing.get_context("fork").Process(target=_hold, args=(tmp_path,))
    other.start()
    try:
        while not (tmp_path / LOCK).exists() or not (tmp_path / LOCK).read_text():
            time.sleep(0.01)
        expected = (
            f"run folder must be free, not in use by process {other.pid} on {socket.gethostname()}"
            f": wait until that ends, or end it, and go on with --out {tmp_path} --resume"
        )
        for _ in range(2):
            with pytest.raises(ValueError) as error, locked_folder(tmp_path):
                pass
            assert str(error.value) == expected
    finally:
        os.kill(other.pid or 0, signal.SIGKILL)
        other.join(30)
    assert (tmp_path / LOCK).exists()
    with locked_folder(tmp_path):
        pass
    assert not (tmp_path / LOCK).exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_has_its_folder_until_it_ends(tmp_path: Path, resume: bool) -> None:
    folder = tmp_path / "run"
    if resume:
        folder.mkdir()
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(folder, TINY, device, resume):
            for again in (False, True):
                with (
                    pytest.raises(ValueError, match="^run folder must be free, not in use by proc"),
                    Run.open(folder, TINY, device, again),
                ):
                    pass
        with Run.open(folder, TINY, device, resume=True):
            pass
        with (
            pytest.raises(ValueError, match=r"^run folder must be new \(or go on with --resume\)"),
            Run.open(folder, TINY, device, resume=False),
        ):
            pass
    assert [path.name for path in folder.iterdir()] == ["config.json"]


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(tmp_path / "run", TINY, device, resume=False) as run:
            run.save()
        (tmp_path / "run" / f"{CHECKPOINT}.0badcafe.new").write_bytes(b"half")
        with Run.open(tmp_path / "run", TINY, device, resume=True):
            assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
                LOCK,
                CHECKPOINT,
                "config.json",
            ]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sample", 3, "sample of the run must be at most 2, the epoch's last, not 3"),
        ("epoch", 1, "history of the run must be of 1 epochs, which are done, not 0"),
        ("epoch", 2, "epochs must be at least 2, which are done or begun, not 1"),
    ],
)
def test_a_position_that_cannot_be(tmp_path: Path, name: str, value: int, message: str) -> None:
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(tmp_path / "run", TINY, device, resume=False) as run:
            setattr(run.trainer.position, name, value)
            run.save()
        with pytest.raises(ValueError) as error, Run.open(tmp_path / "run", TINY, device, True):
            pass
    assert str(error.value) == message


def test_a_position_at_the_end_of_an_epoch_can_be(tmp_path: Path) -> None:
    assert len(split_digits().train) >= 2
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(tmp_path / "run", TINY, device, resume=False) as run:
            run.trainer.position.sample = 2
            run.save()
        with Run.open(tmp_path / "run", TINY, device, resume=True) as run:
            assert run.trainer.position.sample == 2


def test_a_spike_hash_that_cannot_be(tmp_path: Path) -> None:
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(tmp_path / "run", TINY, device, resume=False) as run:
            run.trainer.chains[0]._link = b"short"
            run.save()
        with (
            pytest.raises(ValueError, match="^spike hash of the run must be 64 hexadecimal digits"),
            Run.open(tmp_path / "run", TINY, device, resume=True),
        ):
            pass


def test_an_epoch_that_was_begun_is_asked_for(tmp_path: Path) -> None:
    with open_device("golden", chip_config(TINY)) as device:
        with Run.open(tmp_path / "run", TINY, device, resume=False) as run:
            run.trainer.position.epoch, run.trainer.position.sample = 1, 1
            run.save()
        wanted = "epochs must be at least 2, which are done or begun, not 1"
        with pytest.raises(ValueError, match=wanted):
            Run.open(tmp_path / "run", TINY, device, True).__enter__()
