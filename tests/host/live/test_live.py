"""A run with the live view: its bits, what is seen of it, its pauses."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from axonloop.host.cli.app import INTERRUPTED
from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, GoldenDevice, open_device
from axonloop.host.live import Glimpse, Live
from axonloop.host.live.glimpse import SCORING, TRAINING
from axonloop.host.runs import Callback, Run
from axonloop.host.training import chip_config, silent
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import Region
from tests.support.board_process import CHIP, PROGRAM, board_process
from tests.support.live_pages import opened, wait_until

SETTINGS = Settings().changed(
    {
        "network": {"layers": (16,), "lanes": 4},
        "task": {"limit": 6, "ticks": 12},
        "objective": {"burn_in": 3},
        "run": {"epochs": 2},
    }
)
"""The chip is that of `tests.support.board_process.CHIP`."""
SAME = ("weight_hash", "trace_hash", "spike_hash", "history")
DIGITS = split_digits()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is shown, however short it lasts."""
    for name in ("watch.PERIOD", "watch.SHARE", "state_readings.PERIOD", "state_readings.SHARE"):
        monkeypatch.setattr(f"axonloop.host.live.{name}", 0)


class Seen(Live):
    """A live view that keeps all of its glimpses, and is looked at without a page."""

    def __init__(self, looked_at: bool = True) -> None:
        super().__init__()
        self.glimpses: list[Glimpse] = []
        self._looked_at = looked_at

    def on_begin(self, run: Run) -> None:
        super().on_begin(run)
        watch = self.watch
        assert watch is not None
        watch.looked_at = self._looked_at
        show = watch._show

        def shown() -> None:
            show()
            self.glimpses.append(watch.glimpse)

        watch._show = shown  # type: ignore[method-assign]


def trained(device: Device, *callbacks: Callback, settings: Settings = SETTINGS) -> dict[str, Any]:
    """The metrics of a run on a device, which is closed then."""
    with device, Run.open(None, settings, device, False, DIGITS) as run:
        run.train(silent, callbacks=callbacks)
        return run.finish(silent)


def opened_device(name: str, settings: Settings = SETTINGS) -> Device:
    return open_device(name, chip_config(settings))


def same(metrics: dict[str, Any]) -> list[Any]:
    return [metrics[name] for name in SAME]


@pytest.mark.parametrize("latency", [0, 2])
@pytest.mark.parametrize("device", ["golden", "batched", "rtl"])
def test_the_bits_are_the_same_looked_at_or_not(device: str, latency: int) -> None:
    settings = SETTINGS.changed({"objective": {"latency": latency}})
    plain = same(trained(opened_device(device, settings), settings=settings))
    unseen, seen = Seen(looked_at=False), Seen()
    for live in (unseen, seen):
        metrics = trained(opened_device(device, settings), live, settings=settings)
        assert same(metrics) == plain
    assert not unseen.glimpses
    assert {each.phase for each in seen.glimpses} == {TRAINING, SCORING}


class Remembering(GoldenDevice):
    """Keeps V - R after every tick."""

    def __init__(self) -> None:
        super().__init__(chip_config(LATE))
        self.potentials: list[Int32Array] = []

    def _advance(self, axons: NDArray[Any]) -> Int32Array:
        reported = super()._advance(axons)
        self.potentials.append(self.read(Region.MEMBRANE) - self.read(Region.RESET))
        return reported


LATE = SETTINGS.changed({"objective": {"latency": 2}, "run": {"epochs": 1}})


def test_what_is_seen_is_what_was() -> None:
    """Spikes, events and membranes of the very ticks, though two more are under way."""
    device, live = Remembering(), Seen()
    heard: list[int] = []

    class Counting(Callback):
        def on_begin(self, run: Run) -> None:
            teach = run.trainer.copies.teach

            def counted(events: Any) -> None:
                parts = (events.gated, events.ungated)
                heard.append(sum(np.count_nonzero(each) for each in parts if each is not None))
                teach(events)

            run.trainer.copies.teach = counted  # type: ignore[method-assign]

    metrics = trained(device, live, Counting(), settings=LATE)
    ticks, theta = LATE.task.ticks, LATE.network.parameters.theta
    whole = [each for each in live.glimpses if each.phase == TRAINING and each.done < 7]
    samples = {each.sample.told: each.sample for each in whole if each.sample is not None}
    read = 0
    for number, sample in enumerate(samples.values()):
        assert sample.told.startswith(f"Sample {number + 1} of epoch 1, class ")
        assert sample.tick == ticks - 1
        rows = np.array(device.potentials[number * ticks : (number + 1) * ticks]) / theta
        if sample.potential is not None and not np.isnan(sample.potential).any():
            assert np.allclose(sample.potential[:, :16], rows[:, :16])
            read += 1
    assert len(samples) == 6
    assert read >= 4
    assert sum(len(sample.errors) for sample in samples.values()) == sum(heard) > 0
    assert live.glimpses[-1].counters["ticks"] <= metrics["ticks"]
    assert live.glimpses[-1].weights is not None


@pytest.mark.parametrize("link", [True, False], ids=["linked", "recorded"])
def test_over_a_link_nothing_is_read_but_in_single_ticks(link: bool) -> None:
    """And where all words are recorded, not even then."""
    device, live = opened_device("golden"), Seen()
    device.telemetry.recorded = not link
    if link:
        type(device.telemetry)

    def on_begin(run: Run) -> None:
        Seen.on_begin(live, run)
        assert live.watch is not None
        live.watch.reads_state = False

    live.on_begin = on_begin  # type: ignore[method-assign]
    thread = Thread(target=trained, args=(device, live))
    live.gate.pause()
    thread.start()
    for _ in range(15):
        live.gate.step()
    wait_until(lambda: len(live.glimpses) == 16)
    live.gate.resume()
    thread.join()
    stepped, ran = live.glimpses[8:16], live.glimpses[40:]
    assert all((each.sample.potential is not None) == link for each in stepped if each.sample)
    assert all(each.sample.potential is None for each in ran if each.sample)
    assert all(each.weights is None for each in live.glimpses)


def test_a_step_lets_exactly_one_tick_go() -> None:
    device, live = opened_device("golden"), Seen()
    found: list[dict[str, Any]] = []
    thread = Thread(target=lambda: found.append(trained(device, live)))
    live.gate.pause()
    thread.start()
    for step in range(14):
        wait_until(lambda step=step: len(live.glimpses) == step + 1)  # type: ignore[misc]
        time.sleep(0.01)
        assert len(live.glimpses) == step + 1
        sample = live.glimpses[-1].sample
        assert sample is not None
        assert sample.tick == step % 12
        live.gate.step()
    time.sleep(0.3)
    live.gate.resume()
    thread.join()
    assert same(found[0]) == same(trained(opened_device("golden")))
    time_of = found[0]["time"]
    assert sum(time_of[who] for who in ("host", "device", "loss")) < 0.3 + found[0]["seconds"] - 0.3


def test_a_paused_run_goes_on_when_its_last_page_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("axonloop.host.live.page_server.UNUSED_MS", 100)
    monkeypatch.setattr("axonloop.host.live.page_server.CHECK_MS", 50)
    live = Live()
    live.gate.pause()
    more = SETTINGS.changed({"run": {"epochs": 200}})
    thread = Thread(target=trained, args=(opened_device("golden"), live), kwargs={"settings": more})
    thread.start()
    wait_until(lambda: live.watch is not None and live.watch.glimpse.done > 0)
    watch = live.watch
    assert watch is not None
    wait_until(lambda: live._server is not None)
    with opened(live.url):
        wait_until(lambda: watch.looked_at)
        live.gate.pause()
        time.sleep(0.1)
        stands = watch.glimpse.done
        time.sleep(0.1)
        assert watch.glimpse.done == stands
    thread.join()
    assert not watch.looked_at


@pytest.mark.parametrize("what", [KeyboardInterrupt, RuntimeError])
def test_after_an_error_the_port_is_free(what: type[BaseException]) -> None:
    live = Live()

    class Failing(Callback):
        def on_epoch(self, run: Run, scored: dict[str, Any]) -> bool | None:
            raise what

    with pytest.raises(what):
        trained(opened_device("golden"), live, Failing())
    with pytest.raises(ValueError, match="^live view must be asked for its address while a run"):
        _ = live.url


def started(folder: Path, *more: str) -> subprocess.Popen[str]:
    """A run as a process, with the live view."""
    (folder / "small.json").write_text(json.dumps(CHIP | {"epochs": 1000, "limit": 50}))
    arguments = ["train", "digits", "--device", "golden", "--config", str(folder / "small.json")]
    process = subprocess.Popen(
        [*PROGRAM, *arguments, "--out", str(folder / "run"), *more],
        stderr=subprocess.PIPE,
        text=True,
    )
    return process


def address(process: subprocess.Popen[str]) -> str:
    """The address of the live view, which a run says on stderr."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("live view: "):
            return line.split()[-1]
    raise AssertionError(process.wait())


def test_ctrl_c_ends_a_paused_run(tmp_path: Path) -> None:
    from bokeh.client import pull_session

    process = started(tmp_path, "--live")
    session = pull_session(url=address(process))
    try:
        status = "Paused"
        button = session.document.select_one({"label": "One tick"})
        assert button is not None
        _click(session, button)
        wait_until(lambda: _told(session, status))
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        session.close()
    assert process.returncode == INTERRUPTED
    assert errors.splitlines()[-1].startswith("error: stopped; a run goes on from its last check")
