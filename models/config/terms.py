"""The terms of a learning rule: what each multiplies, and its register.

dW = sum over the terms of sign * axon * neuron * third / 2^(scale + shift): one factor of the axon,
one of the neuron, one from outside. docs/contract.md, section 5, has the arithmetic to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from axonloop.models.checks import require, require_member, require_range, take_whole

MAX_ETA_SHIFT = 20
MAX_TERMS = 4
TERM_FIELDS = {"axon": 3, "neuron": 2, "third": 2, "rise": 1, "scale": 3, "shift": 5}
"""The fields of a term's register and their widths, from bit 0 up."""
WEIGHT_FIELDS = {"weighted": 1, "pulsed": 1}
"""The fields above those, of terms that see their weight; `Geometry.memristor` has the first so
many."""


class AxonFactor(IntEnum):
    """A term's factor of the axon: 1, its spike, its Qq or Pq; OFF: the term does nothing."""

    OFF = 0
    ONE = 1
    SPIKE = 2
    QQ = 3
    PQ = 4


class NeuronFactor(IntEnum):
    """A term's factor of the neuron: 1, its spike S, its box B, its trace Zq."""

    ONE = 0
    SPIKE = 1
    BOX = 2
    ZQ = 3


class ThirdFactor(IntEnum):
    """A term's factor from outside: 1, the neuron's error E, the core's modulation M."""

    ONE = 0
    ERROR = 1
    MODULATION = 2


ERROR_DRIVEN = frozenset({ThirdFactor.ERROR})
"""The third factors that are 0 wherever the neuron's error E is 0."""


@dataclass(frozen=True)
class Term:
    """One product of a learning rule: dW = sign * axon * neuron * third / 2^(scale + shift).

    `scale` (0..7) shortens neuron * third before it is clipped to error_bits, `shift` (0..20) is
    the learning rate. A term that is `weighted` multiplies by the gain of the weight's headroom,
    one that is `pulsed` moves the weight by pulses. docs/contract.md, section 5, has the arithmetic
    to the bit.
    """

    axon: AxonFactor
    neuron: NeuronFactor = NeuronFactor.ONE
    third: ThirdFactor = ThirdFactor.ONE
    sign: int = 1
    scale: int = 0
    shift: int = 0
    weighted: bool = False
    pulsed: bool = False

    def __post_init__(self) -> None:
        kinds = {"axon": AxonFactor, "neuron": NeuronFactor, "third": ThirdFactor}
        for name, kind in kinds.items():
            object.__setattr__(self, name, require_member(name, getattr(self, name), kind))
        take_whole(self, "sign", "scale", "shift")
        require(self.sign in (-1, 1), "sign", "-1 or 1", self.sign)
        require_range("scale", self.scale, 0, 7)
        require_range("shift", self.shift, 0, MAX_ETA_SHIFT)
        for name in WEIGHT_FIELDS:
            value = getattr(self, name)
            require(value in (False, True), name, "True or False", value)
            object.__setattr__(self, name, bool(value))

    @property
    def word(self) -> int:
        """The register, 18 bits: the fields of `TERM_FIELDS` and of `WEIGHT_FIELDS`."""
        word, low = 0, 0
        for name, width in (TERM_FIELDS | WEIGHT_FIELDS).items():
            word |= int(getattr(self, name)) << low
            low += width
        return word

    @property
    def rise(self) -> int:
        """1 where the weight rises with the product, else 0."""
        return int(self.sign > 0)

    @property
    def sees_weight(self) -> bool:
        """Whether the term depends on the weight that it changes."""
        return self.weighted or self.pulsed

    @property
    def error_driven(self) -> bool:
        """Whether the term changes nothing where the neuron's error E is 0."""
        return self.third in ERROR_DRIVEN


def plain_rule(eta_shift: int) -> Term:
    """The plain, error-triggered rule as a term: dW = -E Pq / 2^eta_shift. Its number is 0."""
    return Term(AxonFactor.PQ, third=ThirdFactor.ERROR, sign=-1, shift=eta_shift)
