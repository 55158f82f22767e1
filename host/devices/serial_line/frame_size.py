"""The size of frames, in words, chosen by how often frames are damaged."""

from __future__ import annotations

from axonloop.models.protocol import FRAME_WORDS

GROWTH = 8
"""Times that words arrive, without the size being halved, after which it is doubled."""


class FrameSize:
    """The most words of a frame: 64 on a good line, fewer while frames are damaged again and again.

    One byte at fault damages a whole frame. On a line with 2 % of its bytes at fault a frame of 64
    words, 270 bytes, arrives once in 230 times, and a frame of 8 words, 46 bytes, 4 times in 10.
    """

    def __init__(self) -> None:
        self.words = FRAME_WORDS
        self._damaged = self._arrived = 0

    @property
    def is_full(self) -> bool:
        """Says whether frames may have all the words that the protocol allows."""
        return self.words == FRAME_WORDS

    def hear_damage(self) -> None:
        """Count damage: the second time in a row, and each further time, halves the size."""
        self._damaged += 1
        if self._damaged > 1:
            self.words, self._arrived = max(1, self.words // 2), 0

    def hear_arrival(self) -> None:
        """Count words that arrived, in either direction: enough of them double the size."""
        self._damaged = 0
        self._arrived += 1
        if self._arrived == GROWTH:
            self.words, self._arrived = min(FRAME_WORDS, 2 * self.words), 0
