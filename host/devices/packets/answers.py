"""Cuts what a chip says into answers."""

from __future__ import annotations

from collections import deque

import numpy as np

from axonloop.host.devices.packets.packing import Words
from axonloop.models.protocol import Kind


class Answers:
    """The answers to TICK and READ, each with all words that came before it.

    A FAULT that refuses a TICK or READ is its answer.
    """

    def __init__(self) -> None:
        self._whole: deque[Words] = deque()
        self._begun: list[Words] = []
        self._payload = 0

    def __len__(self) -> int:
        """The number of answers that are whole."""
        return len(self._whole)

    def hear(self, words: Words) -> None:
        """The next words; a DATA packet may go on in later ones."""
        position, start, values = 0, 0, words.tolist()
        while position < len(values):
            if self._payload:
                step = min(self._payload, len(values) - position)
                position, self._payload = position + step, self._payload - step
                ended = not self._payload
            else:
                ended = self._heads(values[position])
                position += 1
            if ended:
                self._whole.append(np.concatenate([*self._begun, words[start:position]]))
                self._begun, start = [], position
        self._begun.append(words[start:])

    def _heads(self, word: int) -> bool:
        """A packet's first word: does it end an answer?"""
        kind, refused = word >> 28, word >> 4 & 0xF
        self._payload = word & 0xFFFF if kind == Kind.DATA else 0
        if kind == Kind.FAULT:
            return refused in (Kind.TICK, Kind.READ)
        return kind == Kind.TICK or (kind == Kind.DATA and not self._payload)

    def take(self, count: int) -> list[Words]:
        """The first `count` of them; there must be as many."""
        return [self._whole.popleft() for _ in range(count)]
