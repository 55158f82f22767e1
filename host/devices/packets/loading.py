"""All that a chip must be told before its first tick, as words: for firmware, or another host."""

from __future__ import annotations

import numpy as np

from axonloop.host.devices.packets.packing import (
    Words,
    as_words,
    pack_weights,
    table_words,
    write_packets,
)
from axonloop.host.devices.validation import check_weights
from axonloop.models.arrays import Int32Array
from axonloop.models.config import ChipConfig, CoreConfig
from axonloop.models.protocol import Control, Region


def load_words(config: ChipConfig | CoreConfig, weights: Int32Array) -> Words:
    """The packets that load a chip: registers, tables, seed and weights, uint32.

    `weights` is int32 `(axons, neurons of a core)`, as `load_weights` of a device takes them.
    State, tick and counters stay: they are 0 after power-up. ValueError for other weights.
    """
    chip = ChipConfig.of(config)
    shares = np.split(check_weights(chip, weights), len(chip.cores))
    packets = []
    for core, share in zip(chip.cores, shares, strict=True):
        tables = table_words(core) | {Region.WEIGHT: pack_weights(chip.geometry, share)}
        packets += [write_packets(core.core, region, words) for region, words in tables.items()]
        packets.append(
            write_packets(core.core, Region.CONTROL, as_words([chip.seed]), Control.SEED)
        )
    return np.concatenate(packets)
