"""Section 12 of docs/contract.md once more, in plain Python: from every axon to what it joins.

The golden model goes from each position back to the axons; this walks from each axon forward.
"""

from __future__ import annotations

from collections.abc import Iterator

from axonloop.models.config import Convolution, CoreConfig
from tests.support.naive import NEAREST, NaiveChip, NaiveCore, h, sat, term_is_on

Place = tuple[int, int]
"""Kernel row and column of a weight."""


def joins(shape: Convolution, lanes: int) -> Iterator[tuple[int, Place, int]]:
    """Axon, place of the weight, neuron: every pair of a convolution."""
    high = 1 + (shape.in_height + 2 * shape.padding - shape.kernel) // shape.stride
    wide = 1 + (shape.in_width + 2 * shape.padding - shape.kernel) // shape.stride
    start, channels = shape.first_group * lanes, shape.out_channels
    axon = shape.first_axon
    for c in range(shape.in_channels):
        for y in range(shape.in_height):
            for x in range(shape.in_width):
                for a in range(shape.kernel):
                    v, odd = divmod(y + shape.padding - a, shape.stride)
                    if odd or not 0 <= v < high:
                        continue
                    for b in range(shape.kernel):
                        u, odd = divmod(x + shape.padding - b, shape.stride)
                        if odd or not 0 <= u < wide:
                            continue
                        row = shape.first_row + c * shape.kernel**2 + a * shape.kernel + b
                        for o in range(channels):
                            yield axon, (row, o), start + (v * wide + u) * channels + o
                axon += 1
    if shape.bias:
        row = shape.first_row + shape.in_channels * shape.kernel**2
        for position in range(high * wide):
            for o in range(channels):
                yield axon, (row, o), start + position * channels + o


class NaiveConvolutionCore(NaiveCore):
    """`pairs`: axon and neuron of every pair, by the place of the weight."""

    def __init__(self, config: CoreConfig) -> None:
        super().__init__(config)
        self.pairs: dict[Place, list[tuple[int, int]]] = {}
        self.heard: dict[int, list[tuple[int, Place]]] = {}
        for shape in config.convolutions:
            for axon, place, neuron in joins(shape, config.geometry.lanes):
                self.pairs.setdefault(place, []).append((axon, neuron))
                self.heard.setdefault(neuron, []).append((axon, place))

    def weight(self, place: Place) -> int:
        return self.weights[place[0]][place[1]]

    def integrate(self, i: int, spikes: list[bool], seed: int, t: int) -> int:
        heard = [place for axon, place in self.heard.get(i, []) if spikes[axon]]
        self.counters["synops"] += len(heard)
        absent = self.geometry.no_synapse
        return sum(self.weight(place) for place in heard if self.weight(place) != absent)

    def tick(self, seed: int, t: int) -> None:
        super().tick(seed, t)
        for shape in self.config.convolutions:
            if shape.pool > 1:
                self.pool(shape)

    def pool(self, shape: Convolution) -> None:
        """Take the box from all neurons but the winners."""
        size, q = (shape.out_height, shape.out_width), shape.pool
        start = shape.first_group * self.geometry.lanes
        best: dict[tuple[int, int, int], int] = {}
        for n in range(size[0] * size[1] * shape.out_channels):
            position, o = divmod(n, shape.out_channels)
            v, u = divmod(position, size[1])
            name = (o, v // q, u // q)
            if v // q < size[0] // q and u // q < size[1] // q:
                other = best.setdefault(name, start + n)
                if self.potential[start + n] > self.potential[other]:
                    best[name] = start + n
        for i in range(start, start + size[0] * size[1] * shape.out_channels):
            if i not in best.values():
                self.state["box"][i] = 0

    def learn(self, seed: int, t: int) -> None:
        limit, errors = self.geometry.error_max, []
        for i in range(self.geometry.neurons):
            gated = sat(self.gated[i], limit) * self.state["box"][i]
            errors.append(sat(gated + sat(self.ungated[i], limit), limit))
        for place in self.pairs:
            self.learn_weight(place, errors, seed, t)
        self.gated = [0] * self.geometry.neurons
        self.ungated = [0] * self.geometry.neurons

    def learn_weight(self, place: Place, errors: list[int], seed: int, t: int) -> None:
        pairs = self.pairs[place]
        p = self.neuron_set(pairs[0][1])
        words = [p.register(f"term_{k}") for k in range(self.geometry.terms)]
        if not any(term_is_on(word) for word in words):
            factors = [(errors[i], self.state["trace_pq"][j]) for j, i in pairs]
            self.move(place, factors, p.eta_shift, p.rounding, seed, t, 0)
            return
        for k, word in enumerate(words):
            if term_is_on(word):
                factors = [
                    (self.term_of_neuron(i, word, errors[i]), self.term_of_axon(j, word))
                    for j, i in pairs
                ]
                self.move(place, factors, word >> 11 & 31, p.rounding, seed, t, k)

    def move(
        self,
        place: Place,
        factors: list[tuple[int, int]],
        shift: int,
        rounding: int,
        seed: int,
        t: int,
        k: int,
    ) -> None:
        """One step of a weight for all of its pairs."""
        (r, o), old = place, self.weight(place)
        if old == self.geometry.no_synapse:
            return
        self.counters["visits"] += sum(c != 0 and a != 0 for c, a in factors)
        x = sum(c * a for c, a in factors)
        if x == 0:
            return
        random = h(seed, t, self.config.core, o + r // 2048 * 2048, r % 2048, k) % 2**shift
        m = (x + (2**shift // 2 if rounding == NEAREST else random)) >> shift
        new = sat(old - m, self.geometry.weight_max)
        self.weights[r][o] = new
        self.counters["updates"] += new != old


class NaiveConvolutionChip(NaiveChip):
    """A chip of such cores."""

    def core_of(self, config: CoreConfig) -> NaiveCore:
        return NaiveConvolutionCore(config)
