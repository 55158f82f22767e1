"""The spikes of ticks as MAP packets, which a chip with a node takes: docs/contract.md, 13.2."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from axonloop.host.devices import validation
from axonloop.host.devices.packets.packing import Words, as_words
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import MAP, MAP_BITS, MAP_COUNT, MAP_FIRST, MAP_TICK


def map_words(chip: ChipConfig, trains: Sequence[Int32Array]) -> Words:
    """Ticks without learning, with spikes on the axons of `trains`: MAP packets for all of them.

    ValueError unless all are axons of the chip.
    """
    packets = [word for axons in trains for word in _of_tick(chip, axons)]
    return np.concatenate([as_words([]), *packets])


def _of_tick(chip: ChipConfig, axons: Int32Array) -> list[Words]:
    """The packets of a tick: one for every core with a spike, the last of which ends the tick."""
    checked = validation.check_axons(chip, axons)
    cores, own = np.divmod(checked, chip.geometry.axons)
    hit = np.unique(cores).tolist()
    packets = [_of_core(chip.first + core, own[cores == core]) for core in hit]
    packets = packets or [as_words([MAP << 28 | chip.first << 20])]
    packets[-1][0] |= np.uint32(1 << MAP_TICK.low)
    return packets


def _of_core(core: int, axons: Int32Array) -> Words:
    """A packet of the words from the first to the last with a spike."""
    first, last = int(axons.min()) // MAP_BITS, int(axons.max()) // MAP_BITS
    bits = np.zeros((last + 1 - first) * MAP_BITS, dtype=np.uint8)
    bits[axons - first * MAP_BITS] = 1
    words = np.packbits(bits, bitorder="little").view("<u4").astype(np.uint32)
    argument = len(words) << MAP_COUNT.low | first << MAP_FIRST.low
    return np.concatenate([as_words([MAP << 28 | core << 20 | argument]), words])
