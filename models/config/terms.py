"""The terms of a learning rule: what each multiplies, and its register.

dW = sum over the terms of sign * axon * neuron * third / 2^(scale + shift): one factor of the axon,
one of the neuron, one from outside. docs/contract.md, section 5, has the arithmetic to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from axonloop.models.checks import require, require_member, require_range

MAX_ETA_SHIFT = 20
MAX_TERMS = 4


class AxonFactor(IntEnum):
    """What a term takes of the axon; OFF: the term does nothing."""

    OFF = 0
    ONE = 1
    SPIKE = 2
    Q = 3
    P = 4


class NeuronFactor(IntEnum):
    """What a term takes of the neuron: 1, its spike S, its box B, its trace Z."""

    ONE = 0
    SPIKE = 1
    BOX = 2
    Z = 3


class ThirdFactor(IntEnum):
    """What a term takes from outside: 1, the neuron's error E, the core's modulation M."""

    ONE = 0
    ERROR = 1
    MODULATION = 2


@dataclass(frozen=True)
class Term:
    """One product of a learning rule: dW = sign * axon * neuron * third / 2^(scale + shift).

    `scale` (0..7) shortens neuron * third before it is clipped to error_bits, `shift` (0..20) is
    the learning rate. docs/contract.md, section 5, has the arithmetic to the bit.
    """

    axon: AxonFactor
    neuron: NeuronFactor = NeuronFactor.ONE
    third: ThirdFactor = ThirdFactor.ONE
    sign: int = 1
    scale: int = 0
    shift: int = 0

    def __post_init__(self) -> None:
        kinds = {"axon": AxonFactor, "neuron": NeuronFactor, "third": ThirdFactor}
        for name, kind in kinds.items():
            object.__setattr__(self, name, require_member(name, getattr(self, name), kind))
        require(self.sign in (-1, 1), "sign", "-1 or 1", self.sign)
        require_range("scale", self.scale, 0, 7)
        require_range("shift", self.shift, 0, MAX_ETA_SHIFT)

    @property
    def word(self) -> int:
        """The register: axon 2..0, neuron 4..3, third 6..5, rise 7, scale 10..8, shift 15..11."""
        kinds = self.axon | self.neuron << 3 | self.third << 5 | (self.sign > 0) << 7
        return kinds | self.scale << 8 | self.shift << 11
