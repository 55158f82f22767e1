"""The training loop over a board's line: the same bits, never idle, as many bytes as predicted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.bench.link import (
    BYTE,
    DELAY,
    LINK,
    RECKON_TICKS,
    SimulatedBoard,
    Stretch,
    loop_figures,
    run_with_state,
    state_figures,
    weight_figures,
)
from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, GoldenDevice, LinkUse, weight_hash
from axonloop.host.devices.board import SerialDevice
from axonloop.host.runs import Run
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.host.training.telemetry import SampleCost
from axonloop.models.protocol import Region
from axonloop.sim.cosim import Board, FaultRates, Misbehaviour, RtlTop

DIGITS = split_digits()
TINY = Settings(
    network=NetworkSettings(layers=(16,), lanes=4),
    task=TaskSettings(limit=3, ticks=14, tune=True),
    objective=ObjectiveSettings(burn_in=4, threshold=0.25),
    run=RunSettings(epochs=1),
)


def hashes(trainer: Trainer) -> tuple[str, str]:
    weights = trainer.device.read_weights()
    return weight_hash(weights, trainer.device.config.geometry), trainer.spike_hashes()[0]


def golden_hashes(settings: Settings) -> tuple[str, str]:
    trainer = lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)
    trainer.run()
    return hashes(trainer)


@pytest.fixture(scope="module", params=[0, 1, 2])
def loop(request) -> Iterator[tuple[SimulatedBoard, Trainer, list[Stretch]]]:
    """A board that was trained without a rest, at an error latency, and what it cost."""
    settings = TINY.changed({"objective": {"latency": request.param}})
    board = SimulatedBoard(settings)
    with board.device:
        yield board, *board.train(settings)


def test_the_loop_over_a_line(loop: tuple[SimulatedBoard, Trainer, list[Stretch]]) -> None:
    """The bits of golden; and at error latency 2 no cycle is idle until the chip rests at the end.

    Without latency every tick but those of the burn-in waits for a round trip, so for the delay
    of its answer.
    """
    board, trainer, marks = loop
    settings = trainer.settings
    assert hashes(trainer) == golden_hashes(settings)
    running, last = marks[2] - marks[0], marks[3] - marks[2]
    if settings.objective.latency == 0:
        waits = settings.task.ticks - settings.objective.burn_in + 1
        assert (running.use.round_trips, last.use.round_trips) == (2 * waits, waits)
        assert abs(running.idle / (2 * waits) - DELAY * LINK.clock) <= 2 * BYTE
    else:
        assert (running.use.round_trips, last.use.round_trips) == (0, 1)
        assert last.idle >= DELAY * LINK.clock - 2 * BYTE
    if settings.objective.latency == 2:
        assert running.idle == 0
    assert board.device.transport.link.counters.asks == 0


def test_bytes_are_those_of_the_formula(
    loop: tuple[SimulatedBoard, Trainer, list[Stretch]],
) -> None:
    """Words are counted from what the network does, not from what the link was given."""
    _, trainer, marks = loop
    settings = trainer.settings
    with GoldenDevice(chip_config(settings)) as golden:
        down, up = formula(golden, settings)
    use = (marks[3] - marks[0]).use
    assert (use.predicted_down, use.predicted_up) == (down, up)
    assert (use.bytes_down, use.bytes_up) == (down, up)


def formula(golden: Device, settings: Settings) -> tuple[int, int]:
    """Bytes both ways by docs/link.md, 7, for a loop that sends at once what it can."""

    def cost(words: int) -> int:
        return 4 * words + 14 * -(-words // 64)

    trainer = lone_trainer(golden, settings, DIGITS)
    words, down, up = 0, [], []
    plain = {name: getattr(golden, name) for name in ("send_tick", "send_errors", "learn", "clear")}

    def post(count: int) -> None:
        nonlocal words
        words += count

    def send_tick(axons, learn=False):
        nonlocal words
        down.append(cost(words + len(axons) + 1))
        words = 0
        plain["send_tick"](axons, learn)

    def send_errors(neurons, values, ungated=False):
        post(len(neurons))
        plain["send_errors"](neurons, values, ungated)

    golden.send_tick, golden.send_errors = send_tick, send_errors
    golden.learn = lambda: (post(1), plain["learn"]())
    golden.clear = lambda: (post(1), plain["clear"]())
    trainer.chains[0].add = lambda raster: up.extend(cost(int(row.sum()) + 1) for row in raster)
    trainer.run(rest=lambda: False)
    ticks = settings.task.limit * settings.task.ticks
    return sum(down[:ticks]), sum(up[:ticks])


def test_state_comes_with_the_ticks(
    loop: tuple[SimulatedBoard, Trainer, list[Stretch]],
) -> None:
    """All membranes of all ticks in one round trip, and as golden has them."""
    board, trainer, _ = loop
    device = board.device
    trains = trainer.trains(trainer.test, 0)
    with GoldenDevice(device.config) as golden:
        golden.restore(device.snapshot())
        expected = [(golden.tick(axons), [golden.read(Region.MEMBRANE)]) for axons in trains]
    before = board.now()
    np.testing.assert_equal(run_with_state(device, trains), expected)
    use = (board.now() - before).use
    assert use.round_trips == 1
    # READ and its address; DATA and a word per neuron, in a frame of its own or with the spikes.
    words = sum(len(spikes) + 1 + 1 + 16 for spikes, _ in expected)
    assert 4 * words <= use.bytes_up <= 4 * words + 14 * 2 * len(trains)


def test_weights_fill_the_line(loop: tuple[SimulatedBoard, Trainer, list[Stretch]]) -> None:
    """Even a small memory, whose upload is worth few round trips."""
    board, trainer, _ = loop
    upload, download = weight_figures(board, trainer.device.read_weights())
    assert 0.7 < upload.value < 0.95
    assert 0.7 < download.value < 0.95


def test_over_a_bad_line_of_a_real_port() -> None:
    """Two ticks under way, and a byte in a thousand lost, flipped, doubled or late."""
    settings = TINY.changed({"task": {"limit": 2}, "objective": {"latency": 2}})
    chip, stop = chip_config(settings), threading.Event()
    wrong = Misbehaviour(FaultRates.parse("1e-3"), seed=5)
    with Board(lambda: RtlTop(LINK, chip.geometry, chip.mesh, 1), wrong) as board:
        thread = threading.Thread(target=board.serve, args=(stop.is_set,))
        thread.start()
        try:
            with SerialDevice(f"serial:{board.port}", chip) as device:
                trainer = lone_trainer(device, settings, DIGITS)
                trainer.run(rest=lambda: False)
                assert hashes(trainer) == golden_hashes(settings)
                assert device.telemetry.link_use.repaired > 0
        finally:
            stop.set()
            thread.join()


@pytest.mark.slow
@pytest.mark.drawn
def test_metrics_and_picture_of_a_run(tmp_path: Path) -> None:
    settings = TINY.changed(
        {"task": {"limit": 2, "ticks": 8}, "objective": {"latency": 1, "burn_in": 2}}
    )
    board = SimulatedBoard(settings)
    found = {}
    for device in (board.device, GoldenDevice(chip_config(settings))):
        folder = tmp_path / device.name
        with device, Run.open(folder, settings, device, resume=False) as run:
            run.train(lambda *_: None)
            run.finish(lambda *_: None)
        found[device.name] = json.loads((folder / "metrics.json").read_text())
        assert (folder / "link.png").exists() == (device is board.device)
    assert found["golden"]["weight_hash"] == found["serial"]["weight_hash"]
    assert "link" not in found["golden"]
    link, ticks = found["serial"]["link"], settings.task.limit * settings.task.ticks
    tick, seconds = link["per_training_tick"], link["seconds_per_training_sample"]
    assert link["training_samples"] == settings.task.limit
    assert link["repaired"] == 0
    assert link["baud"] == LINK.baud
    assert tick["bytes_down"] == tick["predicted_down"] > 18
    assert tick["bytes_up"] == tick["predicted_up"] > 18
    assert tick["round_trips"] in {trips / ticks for trips in (1, 2)}
    assert link["bytes_down"] > ticks * tick["bytes_down"]
    times = found["serial"]["time"]
    assert seconds["host"] * settings.task.limit == pytest.approx(times["host"])
    assert (seconds["link"] + seconds["chip"]) * settings.task.limit == pytest.approx(
        times["device"]
    )


@pytest.mark.parametrize(("waited", "link"), [(1.0, 0.25), (0.1, 0.1)])
def test_the_line_has_its_share_of_waiting_and_no_more(waited: float, link: float) -> None:
    use = LinkUse(baud=1000, bytes_down=15, bytes_up=10)
    cost = SampleCost(3, 0.5, 0.5, waited, use)
    assert cost.link == pytest.approx(link)
    assert cost.chip == pytest.approx(waited - link)


def test_figures_of_the_bench(loop: tuple[SimulatedBoard, Trainer, list[Stretch]]) -> None:
    board, trainer, marks = loop
    settings, running = trainer.settings, marks[2] - marks[1]
    ticks = settings.task.ticks
    idle, trips, down, up, tick = loop_figures(running, ticks, settings.objective.latency)
    waits = (
        0 if settings.objective.latency else settings.task.ticks - settings.objective.burn_in + 1
    )
    assert trips.value == waits / ticks
    assert (idle.value == 0) == (running.idle == 0)
    assert f"{down.value:.4g} by formula" == down.bar
    assert f"{up.value:.4g} by formula" == up.bar
    assert max(down.value, up.value) <= tick.value + 20
    trains = trainer.trains(trainer.test, 0)
    membranes, trips, worth = state_figures(board, trains, running.cycles / ticks)
    assert 4 * 17 <= membranes.value <= 4 * 17 + 14
    assert trips.value == 1 / settings.task.ticks
    assert worth.ratio == RECKON_TICKS / worth.value
    assert 0 < worth.value < membranes.value / tick.value + 1
