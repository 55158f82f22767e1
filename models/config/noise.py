"""The purposes of the rounding hash (docs/contract.md, section 9)."""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """The `purpose` of a hash, by which one synapse draws different numbers in one tick.

    TERM is that of term 0, and of the plain rule; term k rounds with TERM + k. PULSE + k varies the
    writes of a pulsed term k, PATTERN the synapses. THRESHOLD moves the threshold of a neuron.
    BLANK_OUT decides which synapses drop a spike.
    """

    TERM = 0
    PULSE = 4
    PATTERN = 8
    THRESHOLD = 14
    BLANK_OUT = 15
