"""A run with the live view: its bits, what is seen of it, its pauses."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from axonloop.host.cli.app import run
from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, GoldenDevice, open_device
from axonloop.host.live import Glimpse, Live
from axonloop.host.live.glimpse import OVER, SCORING, TRAINING
from axonloop.host.runs import Callback, Run
from axonloop.host.training import chip_config, silent
from axonloop.models.arrays import Int32Array
from axonloop.models.protocol import Region
from tests.support.board_process import CHIP, board_process
from tests.support.live.pages import opened, wait_until

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
@pytest.mark.parametrize(
    "device", ["golden", "batched", pytest.param("rtl", marks=pytest.mark.slow)]
)
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
    for sample in samples.values():
        if sample.tick < ticks - 1:  # slow enough to be shown before it is whole
            continue
        number = int(sample.told.split()[1]) - 1
        rows = np.array(device.potentials[number * ticks : (number + 1) * ticks]) / theta
        if sample.potential is not None and not np.isnan(sample.potential).any():
            assert np.allclose(sample.potential[:, :16], rows[:, :16])
            read += 1
        events = sum(heard[number * (ticks - 2) : (number + 1) * (ticks - 2)])
        assert len(sample.errors) == events
    assert len(samples) >= 4
    assert read >= 3
    assert sum(heard) > 0
    assert live.glimpses[-1].counters["ticks"] <= metrics["ticks"]
    assert live.glimpses[-1].weights is not None


def test_the_pages_are_told_how_a_run_came_out() -> None:
    live = Seen()
    metrics = trained(opened_device("golden"), live)
    assert live.watch is not None
    glimpse = live.watch.glimpse
    assert glimpse.phase == OVER
    assert glimpse.told == f"test accuracy {100 * metrics['test_accuracy']:.2f} %"
    assert glimpse.sample is not None


@pytest.mark.parametrize("link", [True, False], ids=["linked", "recorded"])
def test_over_a_link_nothing_is_read_but_in_single_ticks(link: bool) -> None:
    """And where all words are recorded, not even then."""
    device, live = opened_device("golden"), Seen()
    device.telemetry.recorded = not link

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
    time.sleep(1.5)
    live.gate.resume()
    thread.join()
    assert same(found[0]) == same(trained(opened_device("golden")))
    time_of = found[0]["time"]
    spent = sum(time_of[who] for who in ("host", "device", "loss"))
    assert spent < 1.4, "a pause is no work"


def test_a_paused_run_goes_on_when_its_last_page_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("axonloop.host.live.page_server.UNUSED_MS", 100)
    monkeypatch.setattr("axonloop.host.live.page_server.CHECK_MS", 50)
    live, closed = Live(), Event()

    class Ending(Callback):
        def on_epoch(self, run: Run, scored: dict[str, Any]) -> bool | None:
            return not closed.is_set()

    long = SETTINGS.changed({"run": {"epochs": 100_000}})
    runs = (opened_device("golden", long), live, Ending())
    thread = Thread(target=trained, args=runs, kwargs={"settings": long})
    thread.start()
    wait_until(lambda: live._server is not None)
    watch = live.watch
    assert watch is not None
    with opened(live.url):
        wait_until(lambda: watch.looked_at and watch.glimpse.done > 0)
        live.gate.step()
        time.sleep(0.1)
        stands = watch.glimpse.done
        time.sleep(0.1)
        assert watch.glimpse.done == stands
    closed.set()
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


def test_ctrl_c_ends_a_paused_run() -> None:
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    live = Seen()
    live.gate.pause()

    def stop() -> None:
        wait_until(lambda: live.glimpses)
        os.kill(os.getpid(), signal.SIGINT)

    thread = Thread(target=stop)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        trained(opened_device("golden"), live)
    signal.signal(signal.SIGINT, heard)
    thread.join()
    assert len(live.glimpses) == 1


def command(folder: Path, device: str, *more: str) -> list[Any]:
    """What `axonloop train` comes to in a folder of its own."""
    (folder / "small.json").write_text(json.dumps(CHIP | {"limit": 6}))
    out = folder / f"{device.split(':')[0]}{len(more)}"
    arguments = ["--config", str(folder / "small.json"), "--device", device, "--out", str(out)]
    assert run(["train", "digits", *arguments, *more]) == 0
    metrics: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return same(metrics)


def test_the_command_prints_the_address_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_draw", "_draw_curve"):
        monkeypatch.setattr(Run, name, lambda *given: None)
    assert command(tmp_path, "golden", "--live") == command(tmp_path, "golden")
    lines = [each for each in capsys.readouterr().err.splitlines() if "http" in each]
    assert len(lines) == 1
    assert lines[0].startswith("live view: http://localhost:")


@pytest.mark.slow
def test_a_board_trains_the_same_looked_at_or_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at by a page, and single ticks with their membranes read over the line between."""
    expected = command(tmp_path, "golden")
    seen: list[Seen] = []

    class Stepping(Seen):
        def on_begin(self, run: Run) -> None:
            super().on_begin(run)
            seen.append(self)
            self.gate.pause()
            Thread(target=self._steps).start()

        def _steps(self) -> None:
            for step in range(15):
                wait_until(lambda step=step: len(self.glimpses) > step)  # type: ignore[misc]
                self.gate.step()
            wait_until(lambda: len(self.glimpses) > 15)
            self.gate.resume()

    config = tmp_path / "small.json"
    with board_process(config) as board:
        assert command(tmp_path, board.device, "--live") == expected
        monkeypatch.setattr("axonloop.host.cli.train.Live", Stepping)
        (tmp_path / "again").mkdir()
        assert command(tmp_path / "again", board.device, "--live") == expected
    (live,) = seen
    read = [each.sample.potential is not None for each in live.glimpses if each.sample]
    assert all(read[6:16])
    assert not any(read[30:])
