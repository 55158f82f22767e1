"""A loss engine in Amaranth's simulator, with a processor in Python on its bus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from axonloop.hdl.processing import LossEngine
from axonloop.host.devices.packets.noded import CONSTANTS
from axonloop.models.config import NodeGeometry
from axonloop.models.golden.processing import NodeConstants, NodeLoss
from axonloop.models.protocol import (
    NodeCommand,
    NodePhase,
    NodeRegion,
    NodeRegister,
    address,
    feedback_offset,
    readout_offset,
)
from tests.support.oracles.node import NaiveNode


class EngineBench:
    """What a processor does with an engine, cycle by cycle: `ctx` is the simulator's.

    `cycles`: by part of the last tick. `pause` says whether an event is taken in this cycle.
    """

    def __init__(self, ctx: Any, engine: LossEngine, geometry: NodeGeometry) -> None:
        self.ctx, self.engine, self.geometry = ctx, engine, geometry
        self.now = 0
        self.cycles: dict[str, int] = {}

    async def step(self) -> None:
        self.now += 1
        await self.ctx.tick()

    async def write(self, region: NodeRegion, offset: int, word: int) -> None:
        bus = self.engine.bus
        self.ctx.set(bus.address, address(region, offset))
        self.ctx.set(bus.write_data, int(word) % 2**32)
        self.ctx.set(bus.write, 1)
        await self.step()
        self.ctx.set(bus.write, 0)

    async def read(self, region: NodeRegion, offset: int) -> int:
        """A word, as a signed number."""
        bus = self.engine.bus
        self.ctx.set(bus.address, address(region, offset))
        self.ctx.set(bus.read, 1)
        await self.step()
        self.ctx.set(bus.read, 0)
        word = self.ctx.get(bus.read_data)
        return word - (word >> 31 << 32)

    async def register(self, register: NodeRegister) -> int:
        return await self.read(NodeRegion.REGISTERS, register) % 2**32

    async def column(self, region: NodeRegion, words: int) -> list[int]:
        return [await self.read(region, k) for k in range(words)]

    async def load(self, constants: NodeConstants) -> None:
        """Write all constants, in the order of the tables."""
        geometry = self.geometry
        values = {name.upper(): getattr(constants, name) for name in CONSTANTS}
        values |= {"CONTROL": constants.threshold << 8, "EVENTS": 0, "CLIPPED": 0}
        for name, value in values.items():
            await self.write(NodeRegion.REGISTERS, NodeRegister[name], value)
        for c, i in np.ndindex(constants.columns.shape):
            readout, feedback = constants.columns[c, i], constants.rows[c, i]
            await self.write(NodeRegion.READOUT, readout_offset(geometry, i, c), readout)
            await self.write(NodeRegion.FEEDBACK, feedback_offset(geometry, i, c), feedback)
        for i in range(constants.neurons):
            await self.write(NodeRegion.RESIDUE, i, 0)

    async def command(self, command: NodeCommand) -> None:
        await self.write(NodeRegion.REGISTERS, NodeRegister.COMMAND, command)

    async def begin(self) -> None:
        await self.command(NodeCommand.BEGIN)
        while not self.ctx.get(self.engine.listening):
            await self.step()

    async def hear(self, spikes: Sequence[int], gap: Any = lambda: False) -> None:
        """Offer the spikes of a tick, with gaps, and the end of the tick."""
        start = self.now
        for number in spikes:
            while gap():
                await self.step()
            self.ctx.set(self.engine.spikes.payload, number)
            self.ctx.set(self.engine.spikes.valid, 1)
            while not self.ctx.get(self.engine.spikes.ready):
                await self.step()
            await self.step()
            self.ctx.set(self.engine.spikes.valid, 0)
        self.ctx.set(self.engine.ended, 1)
        self.cycles["hear"] = self.now - start
        start = self.now
        await self.step()
        self.ctx.set(self.engine.ended, 0)
        while not self.ctx.get(self.engine.wanted):
            await self.step()
        self.cycles["decay"] = self.now - start

    async def teach(
        self, slopes: Sequence[int], pause: Any = lambda: False
    ) -> list[tuple[int, int] | str]:
        """Write gradients; what the engine emits, in its order."""
        events, found = self.engine.events, []
        for c, slope in enumerate(slopes):
            await self.write(NodeRegion.GRADIENT, c, slope)
        start = self.now
        await self.command(NodeCommand.TEACH)
        await self.command(NodeCommand.DONE)
        while not self.ctx.get(self.engine.listening):
            ready = not pause()
            self.ctx.set(events.ready, ready)
            if ready and self.ctx.get(events.valid):
                learns = self.ctx.get(events.payload.learn)
                event = self.ctx.get(events.payload.neuron), self.ctx.get(events.payload.value)
                found.append("learn" if learns else event)
            await self.step()
        self.cycles["teach"] = self.now - start
        return found


class Firmware:
    """The processor's part of a node in plain Python: age, loss, votes; all else is the engine's.

    The naive node, whose levels are read from the engine.
    """

    def __init__(self, bench: EngineBench, constants: NodeConstants, naive: NaiveNode) -> None:
        self.bench, self.constants, self.naive = bench, constants, naive

    async def begin(self, target: Any) -> None:
        self.naive.begin(target)
        await self.bench.begin()

    async def tick(
        self, spikes: Sequence[int], gap: Any, pause: Any
    ) -> list[tuple[int, int] | str]:
        bench, naive, own = self.bench, self.naive, self.constants
        await bench.hear(spikes, gap)
        assert await bench.register(NodeRegister.PHASE) == NodePhase.WAITING
        naive.level = await bench.column(NodeRegion.LEVEL, own.classes)
        heard = await bench.column(NodeRegion.HEARD, own.classes)
        assert await bench.column(NodeRegion.HEIGHT, own.classes) == naive.raised()
        assert await bench.register(NodeRegister.SUM) == sum(naive.raised())
        learns = naive.age >= own.burn_in
        if learns:
            of_classes = own.loss == NodeLoss.CROSS_ENTROPY
            naive.gradient = naive.softly(heard) if of_classes else naive.squarely()
        naive.age = min(naive.age + 1, 65535)
        if learns:
            return await bench.teach(naive.gradient, pause)
        await bench.command(NodeCommand.DONE)
        return []

    async def state(self) -> dict[str, Any]:
        """All state of the node, by the names of the golden one."""
        bench = self.bench
        words = {
            "level": await bench.column(NodeRegion.LEVEL, self.constants.classes),
            "residue": await bench.column(NodeRegion.RESIDUE, self.constants.neurons),
            "control": await bench.register(NodeRegister.CONTROL),
            "events": await bench.register(NodeRegister.EVENTS),
            "clipped": (await bench.register(NodeRegister.CLIPPED) + self.naive.clipped) % 2**32,
        }
        return words | {"votes": self.naive.votes, "age": self.naive.age}
