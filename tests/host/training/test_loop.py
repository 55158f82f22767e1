"""The training loop without errors: chips that are never cleared, an order of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from axonloop.host.experiments.contrastive import boltzmann
from axonloop.host.experiments.contrastive.boltzmann import Machine, Phase, Phases
from axonloop.host.training import open_copies


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network, and few presentations."""
    for name, value in {"HIDDEN": 8, "LANES": 4, "PRESENTATIONS": 3}.items():
        monkeypatch.setattr(boltzmann, name, value)


@contextmanager
def machine() -> Iterator[Machine]:
    program = boltzmann.program_of(boltzmann.network_of(1))
    with open_copies("golden", program.config, [1]) as copies:
        copies.load_weights(program.weights[None])
        yield Machine(copies, program, 1)


def hashes(machine: Machine) -> tuple[bytes, str]:
    return machine.loop.copies.weights().tobytes(), machine.loop.chains[0].hexdigest()


def test_a_chip_that_is_never_cleared_goes_on_from_its_state() -> None:
    with machine() as whole:
        whole.loop.run()
        end = hashes(whole)
    with machine() as first:
        states = []

        def after_sample() -> None:
            if first.loop.position.sample == 7:  # in the midst of a presentation
                states.append(first.loop.state())

        first.loop.run(after_sample)
        assert hashes(first) == end
    with machine() as rest:
        rest.loop.restore(states[0])
        rest.loop.run()
        assert hashes(rest) == end


def test_responses_go_on_from_where_the_chip_is() -> None:
    """A sample of 10 ticks is two of 5; their spikes depend on what came before."""
    clamped = boltzmann.held(boltzmann.patterns()[1])
    found = []
    for phases in ([Phase(10, clamped)], [Phase(5, clamped)] * 2):
        with machine() as one:
            found.append(np.concatenate([*one.loop.responses(Phases(phases))]))
    assert found[0].any()
    assert (found[0] == found[1]).all()
