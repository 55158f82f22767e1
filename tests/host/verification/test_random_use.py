"""The random packets around ticks: what must not coincide does not."""

from __future__ import annotations

from dataclasses import replace

from axonloop.host.verification.random_use import RandomUse
from axonloop.models.config import CoreConfig
from tests.support.tiny_chips import TINY


def test_snapshots_are_exchanged_where_no_errors_wait() -> None:
    """A snapshot has no error sums: between errors that were sent and learning there is none."""
    use, waiting, exchanged = RandomUse(CoreConfig(replace(TINY)), 1), False, 0
    for _ in range(4000):
        step = use.step()
        sent = any(operation.method == "send_errors" for operation in step.before)
        learns = step.learn or any(operation.method == "learn" for operation in step.after)
        waiting = (waiting or sent) and not learns
        exchanged += step.exchange
        assert not (step.exchange and waiting)
    assert exchanged > 10
