"""The learning channel: where each variable of the learning rule lives, and what moving it costs.

    dW_ij = -2^-eta_shift E_i B_i Pq_j

W, Pq, B and the sums behind E are inside one core, next to each other. What has to cross a domain
is what the error E is made of: spikes go to the processing core, error events come back (Neftci
2018, Fig. 5 and Box 1). A strategy says which readout a population's errors come from, and
through which constant matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from axonloop.host.network.network import Network, Population, Projection
from axonloop.models.checks import require

EVENT_BYTES = 4
"""A packet of one word: a spike or an error event."""


class Domain(StrEnum):
    """The side on which a variable lives."""

    AXON = "axon"
    NEURON = "neuron"
    SYNAPSE = "synapse"
    PROCESSING = "processing core"


class Strategy(StrEnum):
    """The source of a population's errors.

    `local`: a fixed random readout and a loss of its own (Kaiser et al. 2020). `direct`: the
    last population's readout, through a fixed random matrix. `symmetric`: the last population's
    readout, through the transposed weights of the projections in between.
    """

    LOCAL = "local"
    DIRECT = "direct"
    SYMMETRIC = "symmetric"


@dataclass(frozen=True)
class Variable:
    """A factor or ingredient of the learning rule of one population."""

    symbol: str
    meaning: str
    owner: str
    home: Domain
    used_in: Domain


@dataclass(frozen=True)
class Edge:
    """A variable that crosses domains: `events` per tick, each of EVENT_BYTES bytes."""

    variable: Variable
    events: float

    @property
    def bytes_per_tick(self) -> float:
        """The bytes that it takes on the link in a tick."""
        return EVENT_BYTES * self.events


@dataclass(frozen=True)
class LearningChannel:
    """All variables that a network's learning needs, and those of them that cross a domain."""

    strategy: Strategy
    variables: tuple[Variable, ...]
    edges: tuple[Edge, ...]

    @property
    def bytes_per_tick(self) -> float:
        """All edges together."""
        return sum(edge.bytes_per_tick for edge in self.edges)

    def text(self) -> str:
        """A table: one line per variable, with its cost if it crosses a domain."""
        cost = {edge.variable: edge for edge in self.edges}
        lines = [f"learning channel, {self.strategy} feedback", _line(*_TITLES)]
        for variable in self.variables:
            where = f"{variable.home} -> {variable.used_in}"
            where = variable.home if variable.home == variable.used_in else where
            edge = cost.get(variable)
            price = (f"{edge.events:.2f}", f"{edge.bytes_per_tick:.1f}") if edge else ("", "")
            lines.append(_line(variable.symbol, variable.owner, where, *price, variable.meaning))
        lines.append(_line("", "", "in all", "", f"{self.bytes_per_tick:.1f}", ""))
        return "\n".join(lines)


_TITLES = ("", "of", "lives in -> used in", "events", "bytes/tick", "")


def _line(symbol: str, owner: str, where: str, events: str, cost: str, meaning: str) -> str:
    return f"{symbol:<3}{owner:<24}{where:<28}{events:>8}{cost:>12}  {meaning}".rstrip()


def learning_channel(
    network: Network,
    strategy: str,
    spike_rates: Mapping[str, float],
    error_rates: Mapping[str, float],
) -> LearningChannel:
    """The channel that learning by `strategy` needs in `network`.

    Rates are spikes and error events per neuron and tick of each population; those of a finished
    run give its measured cost. Raises ValueError for an unknown strategy, and for a variable that
    is not where the strategy needs it, by name.
    """
    kinds = [entry.value for entry in Strategy]
    require(strategy in kinds, "feedback between layers", f"one of {', '.join(kinds)}", strategy)
    chosen = Strategy(strategy)
    learners = learning_populations(network)
    heard = learners if chosen is Strategy.LOCAL else learners[-1:]
    variables, edges = [], []
    for population in learners:
        reads = population in heard
        own = _of_population(network, population, reads)
        if not reads and chosen is Strategy.SYMMETRIC:
            own += [_mirrored(projection) for projection in _upper(network, population)]
        rates = {"S": spike_rates, "E": error_rates}
        variables += own
        edges += [
            Edge(variable, rates[variable.symbol][population.name] * population.size)
            for variable in own
            if variable.home != variable.used_in and variable.symbol in rates
        ]
    return LearningChannel(chosen, tuple(variables), tuple(edges))


def learning_populations(network: Network) -> list[Population]:
    """The populations that a plastic projection reaches, in the network's order."""
    plastic = {projection.target for projection in network.projections if projection.plastic}
    return [population for population in network.populations if population.name in plastic]


def _of_population(network: Network, population: Population, heard: bool) -> list[Variable]:
    name, here = population.name, Domain.NEURON
    incoming = [p for p in network.projections if p.target == name and p.plastic]
    variables = [
        variable
        for projection in incoming
        for variable in (
            Variable("W", "weight", str(projection), Domain.SYNAPSE, Domain.SYNAPSE),
            Variable("Pq", "trace of the axon", str(projection), Domain.AXON, Domain.SYNAPSE),
        )
    ]
    variables.append(Variable("B", "box on the membrane", name, here, here))
    if heard:
        if not population.report:
            raise ValueError(
                f"S ({name}) must be in the {Domain.PROCESSING} for the readout of {name!r}, "
                "not in the chip alone: give the population report=True"
            )
        variables.append(Variable("S", "spikes to the readout", name, here, Domain.PROCESSING))
    variables.append(Variable("E", "error events", name, Domain.PROCESSING, here))
    return variables


def _upper(network: Network, population: Population) -> list[Projection]:
    """The projections from a population to others."""
    name = population.name
    return [p for p in network.projections if p.source == name and p.target != name]


def _mirrored(projection: Projection) -> Variable:
    """The weights of a projection on the path back; ValueError if the chip alone knows them."""
    if projection.plastic:
        raise ValueError(
            f"W ({projection}) must be in the {Domain.PROCESSING} for symmetric feedback, not in "
            "the synapses of the chip alone: make the projection plastic=False, or choose local "
            "or direct feedback"
        )
    meaning = "fixed weights, known to both"
    return Variable("W", meaning, str(projection), Domain.PROCESSING, Domain.PROCESSING)
