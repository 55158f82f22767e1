"""The barrier under random cores and a random mesh: never early, never twice, never forgotten."""

import random

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.chip.barrier import Barrier

CORES = 5
CAPACITY = 12


class Cores:
    """Cores that keep the barrier's assumptions and are otherwise as awkward as they can be."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.state = ["busy"] * CORES
        self.flying = 0
        self.left = [0] * CORES

    def strobes(self) -> tuple[int, int]:
        """Who sends and who receives in this cycle; only what was on its way before arrives."""
        sent = received = 0
        arriving = self.flying
        for core in range(CORES):
            room = self.flying + sent.bit_count() < CAPACITY
            if self.state[core] == "running" and self.left[core] and room and self.coin():
                sent |= 1 << core
                self.left[core] -= 1
            if arriving and self.rng.random() < 0.3:
                received |= 1 << core
                arriving -= 1
        self.flying += sent.bit_count() - received.bit_count()
        return sent, received

    def coin(self) -> bool:
        return self.rng.random() < 0.5

    def step(self, start: int, finish: int) -> None:
        """The clock edge. A core whose last spike just left may finish in the next cycle."""
        for core, state in enumerate(self.state):
            if start:
                self.state[core], self.left[core] = "running", self.rng.choice([0, 0, 1, 6])
            elif finish:
                self.state[core] = "busy"
            elif state == "running" and not self.left[core] and self.coin():
                self.state[core] = "finished"
            elif state == "busy" and self.coin():
                self.state[core] = "waiting"

    def mask(self, state: str) -> int:
        return sum((found == state) << core for core, found in enumerate(self.state))


@pytest.mark.parametrize("seed", range(1, 6), ids="seed{}".format)
def test_starts_and_finishes_are_exact(seed):
    rng, barrier = random.Random(seed), Barrier(CORES, CAPACITY)
    cores, events, everyone = Cores(rng), [], (1 << CORES) - 1
    due = {"start": [], "finish": []}

    async def bench(ctx):
        for cycle in range(4000):
            start, finish = ctx.get(barrier.start), ctx.get(barrier.finish)
            if start:
                assert cores.mask("waiting") == everyone
                events.append("start")
                due["start"].append(cycle)
            if finish:
                assert cores.mask("finished") == everyone
                assert cores.flying == 0
                events.append("finish")
                due["finish"].append(cycle)
            ctx.set(barrier.waiting, cores.mask("waiting"))
            ctx.set(barrier.finished, cores.mask("finished"))
            sent, received = cores.strobes()
            ctx.set(barrier.sent, sent)
            ctx.set(barrier.received, received)
            if cores.mask("waiting") == everyone and not start:
                ready["start"].append(cycle)
            if cores.mask("finished") == everyone and not cores.flying and not finish:
                ready["finish"].append(cycle)
            cores.step(start, finish)
            await ctx.tick()

    ready = {"start": [], "finish": []}
    simulator = Simulator(barrier)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert events[:2] == ["start", "finish"]
    assert all(a != b for a, b in zip(events, events[1:], strict=False))
    assert len(events) > 200
    # The first cycle of every wait, and so many cycles until the strobe that ends it.
    for name, latency in (("start", 1), ("finish", 2)):
        for previous, cycle in zip([0, *due[name]], due[name], strict=False):
            assert cycle - min(c for c in ready[name] if c >= previous) == latency
