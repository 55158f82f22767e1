"""The rounding hash of docs/contract.md, section 9, on tensors.

A word is a pair of int32 tensors with values in 0..65535: x (low half) and y (high half).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

import torch
from torch import Tensor

from axonloop.models.golden import codewords

Word = tuple[Tensor, Tensor]


Half = TypeVar("Half", int, Tensor)
"""A half word: a number, or a tensor of them."""


def _rotl(x: Half, bits: int) -> Half:
    return (x << bits | x >> (16 - bits)) & 0xFFFF


def _mix(x: Half) -> Half:
    """F of a half word."""
    return (_rotl(x, 1) & _rotl(x, 5)) ^ (_rotl(x, 7) & _rotl(x, 12)) ^ _rotl(x, 2)


def _constant(n: int) -> int:
    """What round n adds."""
    return 0x9E37 * (n + 1) & 0xFFFF


@lru_cache(maxsize=4)
def _feistel(device: torch.device) -> Tensor:
    """F of every half word, int32 `(65536,)`: one look-up instead of eleven operations."""
    return _mix(torch.arange(1 << 16, dtype=torch.int32, device=device))


def _rounds(word: Word, first: int, last: int) -> Word:
    x, y = word
    table = _feistel(x.device)
    for n in range(first, last + 1):
        mixed = table.index_select(0, x.reshape(-1)).view(x.shape)
        mixed ^= y
        mixed ^= _constant(n)
        x, y = mixed, x
    return x, y


def halves(words: Sequence[int], device: torch.device) -> Word:
    """Words of 32 bits, unsigned, as a pair of tensors."""
    whole = torch.tensor(words, dtype=torch.int64, device=device)
    return (whole & 0xFFFF).to(torch.int32), (whole >> 16).to(torch.int32)


def axon_codes(axons: int, device: torch.device) -> Word:
    """Codewords of the axons 0..axons - 1 of a core."""
    return halves(codewords(range(axons)).tolist(), device)


def tick_words(seeds: Word, tick: int, core: int) -> Word:
    """The words after rounds 0..9, one for all neurons of a core, by seed, `(seeds,)`."""
    low, high = seeds
    x, y = tick & 0xFFFF, tick >> 16
    for n in range(4):
        x, y = _mix(x) ^ y ^ _constant(n), x
    low, high = _rounds((low ^ x, high ^ y), 4, 7)
    return _rounds((low ^ core, high), 8, 9)


class TickWords:
    """`tick_words` of all cores in a tick, each made once; `first` is the first core's number."""

    def __init__(self, seeds: Word, tick: int, first: int) -> None:
        self._seeds, self._tick, self._first = seeds, tick, first
        self._known: dict[int, Word] = {}

    def of(self, core: int) -> Word:
        """The words of the core with this index: `(weight memories,)`."""
        if core not in self._known:
            self._known[core] = tick_words(self._seeds, self._tick, self._first + core)
        return self._known[core]


def neuron_words(words: Word, neurons: Tensor, purpose: int) -> Word:
    """The words after rounds 10..13, one for all axons of a neuron; `words` one per neuron."""
    x, y = words
    return _rounds((x ^ neurons.to(torch.int32), y ^ purpose), 10, 13)


def synapse_words(words: Word, codes: Word) -> Tensor:
    """h of every axon and neuron, int32 `(axons, neurons)`: its bits, so it may be negative."""
    x, y = _rounds((words[0] ^ codes[0][:, None], words[1] ^ codes[1][:, None]), 14, 17)
    return y << 16 | x
