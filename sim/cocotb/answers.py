"""Counts the answers among a chip's words."""

from __future__ import annotations

from axonloop.models.protocol import Kind


class AnswerCount:
    """`count` whole answers to TICK and READ; a FAULT that refuses one of them is its answer."""

    def __init__(self) -> None:
        self.count = 0
        self._payload = 0

    def hear(self, word: int) -> None:
        """The next word from the chip."""
        if self._payload:
            self._payload -= 1
            self.count += self._payload == 0
        elif word >> 28 == Kind.DATA:
            self._payload = word & 0xFFFF
        else:
            refused = word >> 28 == Kind.FAULT and word >> 4 & 0xF in (Kind.TICK, Kind.READ)
            self.count += word >> 28 == Kind.TICK or refused
