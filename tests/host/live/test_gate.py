"""The gate holds a thread, lets single steps pass, and opens."""

from __future__ import annotations

import time
from collections.abc import Iterator
from threading import Thread

import pytest

from axonloop.host.live import Gate


class Walker:
    """A thread that passes a gate again and again; `steps` counts how often."""

    def __init__(self, gate: Gate) -> None:
        self.gate, self.steps, self.ended = gate, 0, False
        self._thread = Thread(target=self._walk)
        self._thread.start()

    def _walk(self) -> None:
        while not self.ended:
            self.gate.wait()
            self.steps += 1
            time.sleep(0.001)

    def rested(self) -> int:
        """The steps that it has done when it stands."""
        before = -1
        while before != self.steps:
            before = self.steps
            time.sleep(0.05)
        return before

    def end(self) -> None:
        self.ended = True
        self.gate.resume()
        self._thread.join()


@pytest.fixture
def walker() -> Iterator[Walker]:
    found = Walker(Gate())
    yield found
    found.end()


def test_it_pauses_steps_and_resumes(walker: Walker) -> None:
    walker.gate.pause()
    stands = walker.rested()
    walker.gate.step()
    walker.gate.step()
    assert walker.rested() == stands + 2
    walker.gate.resume()
    time.sleep(0.05)
    assert walker.steps > stands + 2


def test_a_step_stops_what_runs(walker: Walker) -> None:
    walker.gate.step()
    stands = walker.rested()
    assert walker.gate.paused
    walker.gate.step()
    assert walker.rested() == stands + 1


def test_a_step_at_an_open_gate_lets_nobody_pass() -> None:
    """It closes the gate, and the next one is the first that counts."""
    gate, passed = Gate(), list[int]()
    gate.step()
    thread = Thread(target=lambda: (gate.wait(), passed.append(1)))
    thread.start()
    time.sleep(0.05)
    assert not passed
    gate.step()
    thread.join(10)
    assert passed


def test_steps_that_were_not_taken_do_not_outlive_a_pause() -> None:
    gate = Gate()
    gate.pause()
    gate.step()
    gate.resume()
    gate.pause()
    passed: list[bool] = []
    thread = Thread(target=lambda: (gate.wait(), passed.append(True)))
    thread.start()
    time.sleep(0.05)
    assert not passed
    gate.resume()
    thread.join()
