"""The actor, on the chip: spikes say which action, a broadcast modulation says how good it was.

A step of the world is three samples of the training loop, which never clears the chip:

    look      the channels of the state spike; the host draws an action, the likelier the more its
              neurons spiked
    act       the same state, and an axon of the action drawn: its neurons spike in every tick, all
              others are silenced
    reward    one silent tick with M = the critic's delta: the chip learns

The rule is `late_reward`, dW = M Z_i P_j. Z is fast, so that in the end it marks the neurons of
the action taken alone, and P the channels of the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp

import numpy as np
from numpy.typing import NDArray

from axonloop.host.console import Progress
from axonloop.host.data import TRAINING, generator
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.reward.critic import Critic
from axonloop.host.experiments.reward.worlds import World
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.processing import Flags, Modulated
from axonloop.host.training import Copies, Task, TrainingLoop, groups_of, open_copies, telling
from axonloop.models.config import ParameterSet, ResetMode
from axonloop.models.rules import late_reward

NAME = "actors"
EACH, NEURONS = 4, 4
"""Channels of a state, and neurons of an action."""
LOOK, ACT = 10, 6
SPIKES = 0.5
"""Spikes of a channel per tick while its state is shown."""
FIRST, FORCED = 30, 127
WARMTH = 0.25
"""A spike more makes an action exp(1/4) times as likely."""
UNIT = 32
"""M of a delta of 1."""
NEURON = ParameterSet(
    alpha_n=2048,
    beta_n=0,
    theta=1024,
    w_exp=4,
    reset_mode=ResetMode.ZERO,
    alpha_p=2867,
    beta_p=2048,
    q_inc=256,
    pq_shift=3,
    zeta=2048,
    z_inc=1024,
    z_shift=5,
    terms=late_reward(shift=8, scale=4),
)
LOOKING, ACTING, REWARDED = range(3)


def program_of(world: World, seed: int) -> Program:
    """Channels of the states and of the choice, and the actors, on the smallest core."""
    size = world.actions * NEURONS
    first = np.full((world.states * EACH, size), FIRST)
    own = np.arange(size) // NEURONS == np.arange(world.actions)[:, None]
    network = Network(
        (Source("states", world.states * EACH), Source("choice", 2 * world.actions)),
        (Population(NAME, size, NEURON, bias=False),),
        (
            Projection("states", NAME, first),
            Projection(
                "choice", NAME, np.tile(np.where(own, FORCED, -FORCED), (2, 1)), plastic=False
            ),
        ),
        seed,
    )
    return compile_network(network, smallest_geometry(network))


@dataclass
class Life:
    """One copy in its world: samples for the loop, and what came of them.

    `returns` are the sums of the rewards of all episodes that are over.
    """

    world: World
    seed: int
    critic: Critic = field(init=False)
    returns: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.critic, self._random = Critic(self.world.states), generator(self.seed, TRAINING)
        self._next: int | None = None
        self._step = 0
        self._begin()

    def _begin(self) -> None:
        self._state, self._steps, self._sum = self.world.begin(self._random), 0, 0.0

    def __len__(self) -> int:
        return 3

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The spikes of a sample, bool `(ticks, channels of states and choice)`."""
        ticks = (LOOK, ACT, 1)[place]
        found = np.zeros((ticks, self.world.states * EACH + 2 * self.world.actions), dtype=bool)
        if place != REWARDED:
            shown = random.random((ticks, EACH)) < SPIKES
            found[:, self._state * EACH : (self._state + 1) * EACH] = shown
        if place == ACTING:
            chosen = self.world.states * EACH + self._action
            found[:, [chosen, chosen + self.world.actions]] = True
        return found

    def target(self, place: int) -> int:
        """M: what the critic says of the step, never 0; 0 while nothing is rewarded."""
        if place != REWARDED:
            return 0
        return round(UNIT * self._delta) or (1 if self._delta > 0 else -1)

    def number(self, place: int) -> int:
        """Steps so far: every one has random numbers of its own."""
        return 3 * self._step + place

    def take(self, place: int, spikes: NDArray[np.int64]) -> None:
        """A sample is over: `spikes` of each action's neurons in it."""
        if place == LOOKING:
            self._action = chosen(spikes, self._random)
        elif place == ACTING:
            self._next, reward = self.world.step(self._state, self._action, self._random)
            self._delta = self.critic.judge(self._state, self._next, reward)
            self._steps, self._sum, self._step = self._steps + 1, self._sum + reward, self._step + 1
        elif self._next is None or self._steps == self.world.most:
            self.returns.append(self._sum)
            self._begin()
        else:
            self._state = self._next


def chosen(spikes: NDArray[np.int64], random: np.random.Generator) -> int:
    """An action, drawn with odds of exp(WARMTH x its spikes)."""
    odds = np.array([exp(WARMTH * int(count - spikes.max())) for count in spikes])
    return int(np.searchsorted(np.cumsum(odds), random.random() * odds.sum(), side="right"))


@dataclass(frozen=True)
class Lived:
    """What a copy came to: returns of its episodes, the action that each state asks for, hashes."""

    returns: list[float]
    policy: list[int]
    weight_hash: str
    spike_hash: str


def live(
    device: str, world: World, seeds: Sequence[int], steps: int, progress: Progress
) -> list[Lived]:
    """Let a chip for each seed live so many steps in a world of its own; ask for its policy."""
    found: list[Lived] = []
    for group in groups_of(device, len(seeds)):
        own = [seeds[place] for place in group]
        program = program_of(world, own[0])
        with open_copies(device, program.config, own) as copies:
            copies.load_weights(np.stack([program.weights] * len(own)))
            found += _live(copies, program, [Life(world, seed) for seed in own], steps, progress)
    return found


def _live(
    copies: Copies, program: Program, lives: Sequence[Life], steps: int, progress: Progress
) -> list[Lived]:
    """The lives of copies that hold the first weights."""
    places = np.tile(np.arange(3), steps)
    tasks = [Task(life, ("states", "choice"), False, lambda seed, epoch: places) for life in lives]
    loop = TrainingLoop(copies, program, tasks, Modulated(), [life.seed for life in lives], 1)
    told = telling(loop, progress)

    def after_sample() -> None:
        place = int(places[loop.position.sample - 1])
        for life, spikes in zip(lives, counted(loop.spikes, program), strict=True):
            life.take(place, spikes)
        told()

    loop.run(after_sample)
    policies, weights = _policies(loop, lives[0].world), copies.weights()
    return [
        Lived(
            life.returns,
            policies[b],
            weight_hash(weights[b], program.geometry),
            loop.chains[b].hexdigest(),
        )
        for b, life in enumerate(lives)
    ]


def counted(spikes: Flags, program: Program) -> NDArray[np.int64]:
    """Spikes of a sample by copy and action, from `(ticks, copies, neurons of the chip)`."""
    own = spikes[:, :, program.neurons[NAME]]
    counts: NDArray[np.int64] = own.reshape(*own.shape[:2], -1, NEURONS).sum((0, 3), dtype=np.int64)
    return counts


@dataclass(frozen=True)
class Views:
    """Every state of a world, shown for as long as an actor looks."""

    world: World

    def __len__(self) -> int:
        return self.world.states

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The spikes of a state, bool `(LOOK, channels of states and choice)`."""
        found = np.zeros((LOOK, self.world.states * EACH + 2 * self.world.actions), dtype=bool)
        found[:, place * EACH : (place + 1) * EACH] = random.random((LOOK, EACH)) < SPIKES
        return found

    def target(self, place: int) -> int:
        """Nothing."""
        return 0

    def number(self, place: int) -> int:
        """The state."""
        return place


def _policies(loop: TrainingLoop, world: World) -> list[list[int]]:
    """The action with most spikes in every state, of every copy."""
    counts = [counted(spikes, loop.program) for spikes in loop.responses(Views(world))]
    policies: list[list[int]] = np.stack(counts, axis=1).argmax(axis=2).tolist()
    return policies
