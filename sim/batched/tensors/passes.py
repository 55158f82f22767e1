"""The terms by which neurons learn, as tensors (docs/contract.md, section 5, learn).

The plain rule is a term like others: number 0, E times Pq.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

from axonloop.models.config import (
    ERROR_DRIVEN,
    AxonFactor,
    ChipConfig,
    NeuronFactor,
    Rounding,
    Term,
    plain_rule,
)
from axonloop.models.config import ThirdFactor as Third
from axonloop.sim.batched.tensors.parameters import neuron_register


@dataclass(frozen=True)
class Pass:
    """Terms `number` of all neurons that take the axons' factor `axon`: done at once.

    `kinds` tells which neurons make their product of what: int32 `(neurons,)` of 0 and 1, none
    of them in two. The other tensors, int32 `(neurons,)`, are `scale`, `sign` (-1: the weight
    rises), `shift`, and for rounding `half` and the `mask` of the noise; `weighted` and `pulsed`,
    bool, say which see the weight. `noisy`: is any of that stochastic? `plain`: is it the plain
    rule, for all neurons of the chip? `sees`: is any weighted or pulsed? `pulses`: is any pulsed?
    """

    number: int
    axon: AxonFactor
    kinds: dict[tuple[NeuronFactor, Third], Tensor]
    scale: Tensor
    sign: Tensor
    shift: Tensor
    half: Tensor
    mask: Tensor
    weighted: Tensor
    pulsed: Tensor
    noisy: bool
    plain: bool
    sees: bool
    pulses: bool

    @property
    def needs_errors(self) -> bool:
        """Say whether no weight moves without errors."""
        return all(third in ERROR_DRIVEN for _, third in self.kinds)

    def coefficients(
        self,
        neuron: Callable[[NeuronFactor], Tensor],
        third: Callable[[Third], Tensor],
        limit: int,
    ) -> Tensor:
        """c of every neuron, int32 `(copies, neurons)`, 0 for those without this term.

        `neuron` and `third` give the factors, which broadcast to that shape.
        """
        if self.plain:
            return third(Third.ERROR)
        products = [mask * neuron(n) * third(t) for (n, t), mask in self.kinds.items()]
        product = reduce(torch.add, products)
        size = product.abs() >> self.scale
        size *= product.sign()
        return size.clamp_(-limit, limit).mul_(self.sign)


def passes_of(chip: ChipConfig, device: torch.device) -> list[Pass]:
    """All terms of a chip, in the order in which they are done."""
    sets = [
        core.parameter_sets[group.parameter_set] for core in chip.cores for group in core.groups
    ]
    rules = [parameters.rule for parameters in sets]
    found = {
        (number, term.axon)
        for terms in set(rules)
        for number, term in enumerate(terms)
        if term.axon != AxonFactor.OFF
    }
    nearest = neuron_register(chip, "rounding", device) == Rounding.NEAREST
    return [
        _pass(number, axon, rules, chip.geometry.lanes, nearest) for number, axon in sorted(found)
    ]


def _pass(
    number: int, axon: AxonFactor, rules: list[tuple[Term, ...]], lanes: int, nearest: Tensor
) -> Pass:
    """The pass of a number and a factor, from the terms of every group of `lanes` neurons."""
    off = Term(AxonFactor.OFF)
    groups = [terms[number] if number < len(terms) else off for terms in rules]
    mine = [term if term.axon == axon else off for term in groups]

    def spread(values: list[int]) -> Tensor:
        numbers = torch.tensor(values, dtype=torch.int32, device=nearest.device)
        return numbers.repeat_interleave(lanes)

    on = [term for term in mine if term is not off]
    kinds = {(term.neuron, term.third) for term in on}
    shift = spread([term.shift for term in mine])
    power = 1 << shift
    return Pass(
        number,
        axon,
        {
            kind: spread([term is not off and (term.neuron, term.third) == kind for term in mine])
            for kind in sorted(kinds)
        },
        scale=spread([term.scale for term in mine]),
        sign=spread([-term.sign for term in mine]),
        shift=shift,
        half=(power >> 1) * nearest,
        mask=(power - 1) * ~nearest,
        weighted=spread([term.weighted for term in mine]).bool(),
        pulsed=spread([term.pulsed for term in mine]).bool(),
        noisy=not bool(nearest.all()),
        plain=all(term == plain_rule(term.shift) for term in mine),
        sees=any(term.sees_weight for term in mine),
        pulses=any(term.pulsed for term in mine),
    )
