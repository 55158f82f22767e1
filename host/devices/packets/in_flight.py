"""Answers that were asked for and not taken yet, in the order in which they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axonloop.models.checks import require


@dataclass
class _Answer:
    kind: str
    hear: Callable[[], Any]


class Flight:
    """A queue of answers; each is heard once, when it is taken or when all must be heard."""

    def __init__(self) -> None:
        self._answers: deque[_Answer] = deque()

    def add(self, kind: str, hear: Callable[[], Any]) -> None:
        """Expect one more; `hear` waits for it, behind all before it, and returns it."""
        self._answers.append(_Answer(kind, hear))

    def take(self, kind: str) -> Any:
        """The oldest one; ValueError unless there is one of this `kind`."""
        oldest = self._answers[0].kind if self._answers else "nothing"
        require(oldest == kind, "answer to take", f"the oldest in flight, {oldest}", kind)
        return self._answers.popleft().hear()

    def land(self) -> None:
        """Hear all of them, so that others can be heard behind them."""
        for answer in self._answers:
            answer.hear = _heard(answer.hear())

    def clear(self) -> None:
        """Forget all of them."""
        self._answers.clear()


def _heard(value: Any) -> Callable[[], Any]:
    return lambda: value
