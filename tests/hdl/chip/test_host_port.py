"""The host port between a random host and random cores: who gets what, and replies in order."""

import random
from dataclasses import dataclass, field

import pytest
from amaranth.sim import Simulator

from axonloop.hdl.chip.host_port import HostPort
from axonloop.models.protocol import Kind, header
from tests.support.streams import Streams

CORES = 3
CHIP_WIDE = (Kind.TICK, Kind.LEARN, Kind.CLEAR)


@dataclass
class Packet:
    """A packet to the chip, and the cores that must see it, from the contract."""

    serial: int
    kind: int
    words: list[int]
    targets: list[int]

    @property
    def answered(self) -> bool:
        return self.kind in (Kind.TICK, Kind.READ)


def random_packet(rng: random.Random, serial: int) -> Packet:
    kind = rng.choice([*Kind, Kind.TICK, Kind.READ, Kind.READ, Kind.SPIKE, 0, 13])
    core = rng.choice([0, 0, 1, 2, 2, 3, 200, 255])
    count = rng.randrange(4) if kind in (Kind.READ, Kind.WRITE) else rng.randrange(1 << 20)
    payload = {Kind.READ: 1, Kind.WRITE: count + 1}.get(kind, 0)
    words = [header(kind, core, count), *(rng.getrandbits(32) for _ in range(payload))]
    if kind in CHIP_WIDE:
        targets = list(range(CORES)) if core == 0 else [0]
    else:
        targets = [core if core < CORES else 0]
    return Packet(serial, kind, words, targets)


@dataclass
class Core:
    """Takes its packets word by word, works for a while, and replies with (serial, core)."""

    number: int
    rng: random.Random
    packets: list[Packet]
    words: list[int] = field(default_factory=list)
    work: int = 0
    replies: list[tuple[int, int]] = field(default_factory=list)
    shown: bool = False
    halted: int | None = None
    ready: bool = True

    @property
    def idle(self) -> bool:
        at_rest = not self.words and not self.work and self.halted is None
        return at_rest and not self.replies

    def draw(self) -> None:
        """Choose the outputs of this cycle; a reply shown stays."""
        free = not self.work and not self.replies and self.halted is None
        self.ready = free and (not self.words or self.rng.random() < 0.7)
        self.shown = (
            bool(self.replies) and not self.work and (self.shown or self.rng.random() < 0.7)
        )

    def take(self, word: int) -> None:
        packet = self.packets[0]
        assert word == packet.words[len(self.words)]
        self.words.append(word)
        if len(self.words) < len(packet.words):
            return
        self.words = []
        self.packets.pop(0)
        count = self.rng.choice([0, 0, 1, 3])
        if packet.kind == Kind.READ or (packet.answered and len(packet.targets) == 1):
            count = max(count, 1)
        if packet.answered or count or self.rng.random() < 0.5:
            self.work = self.rng.randrange(1, 8)
        self.replies = [(packet.serial, self.number)] * (count if self.work else 0)
        if packet.kind == Kind.TICK and len(packet.targets) > 1:
            self.halted = packet.serial

    def step(self) -> None:
        self.work = max(0, self.work - 1)


def finish_tick(cores: list[Core]) -> None:
    """All cores have done their tick: all go on, and the first one answers."""
    if all(core.halted is not None and not core.work and not core.replies for core in cores):
        cores[0].replies = [(cores[0].halted, CORES)]
        for core in cores:
            core.halted = None


def check_order(packets: list[Packet], heard: list[tuple[int, int]]) -> None:
    """Replies to what came before an answered packet are out before, those after it after."""
    for packet in packets:
        if packet.answered:
            own = [n for n, (serial, _) in enumerate(heard) if serial == packet.serial]
            assert own
            assert own == list(range(own[0], own[-1] + 1))
            assert all(serial < packet.serial for serial, _ in heard[: own[0]])
            assert all(serial > packet.serial for serial, _ in heard[own[-1] + 1 :])
            if len(packet.targets) > 1:
                answers = [core for serial, core in heard if serial == packet.serial]
                assert answers.index(CORES) == len(answers) - 1


@pytest.mark.parametrize("seed", range(1, 7), ids="seed{}".format)
def test_packets_reach_their_cores_and_replies_keep_the_order(seed):
    rng, port = random.Random(seed), HostPort(CORES)
    packets = [random_packet(rng, serial) for serial in range(200)]
    cores = [Core(n, rng, [p for p in packets if n in p.targets]) for n in range(CORES)]
    words = [word for packet in packets for word in packet.words]
    patience, heard = rng.choice([0.2, 0.5, 1.0]), []

    async def bench(ctx):
        sent, offered, shown = 0, False, None
        for _ in range(40_000):
            offered = sent < len(words) and (offered or rng.random() < 0.8)
            ready = rng.random() < patience
            ctx.set(port.commands.valid, offered)
            ctx.set(port.commands.payload, words[sent] if offered else rng.getrandbits(32))
            ctx.set(port.replies.ready, ready)
            for core in cores:
                core.draw()
                ctx.set(port.idle[core.number], core.idle)
                ctx.set(port.core_commands[core.number].ready, core.ready)
                ctx.set(port.core_replies[core.number].valid, core.shown)
                serial, number = core.replies[0] if core.shown else (0, 0)
                ctx.set(port.core_replies[core.number].payload, serial << 8 | number)
            valid, reply = ctx.get(port.replies.valid), ctx.get(port.replies.payload)
            assert shown is None or (valid and reply == shown)
            shown = reply if valid and not ready else None
            if valid and ready:
                heard.append((reply >> 8, reply & 0xFF))
            sent += ctx.get(port.commands.ready) and offered
            for core in cores:
                move(ctx, core)
            finish_tick(cores)
            await ctx.tick()
            if sent == len(words) and all(core.idle for core in cores):
                return

    def move(ctx, core):
        """What core and port hand each other at the end of this cycle."""
        commands, replies = port.core_commands[core.number], port.core_replies[core.number]
        taken = core.ready and ctx.get(commands.valid)
        if core.shown and ctx.get(replies.ready):
            core.replies.pop(0)
            core.shown = False
        core.step()
        if taken:
            core.take(ctx.get(commands.payload))

    simulator = Simulator(port)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    assert not any(core.packets for core in cores)
    assert sorted({core for _, core in heard}) == [*range(CORES), CORES]
    check_order(packets, heard)


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_every_core_is_heard_in_turn(seed):
    """All cores have a word in every cycle: each hears of each other one in between."""
    rng, port, order = random.Random(seed), HostPort(CORES), []
    sources = [port.core_replies[n] for n in range(CORES)]
    Streams(port, sources, [port.replies]).run(
        200,
        lambda cycle, source: source,
        lambda cycle, sink: rng.random() < 0.5,
        lambda cycle, sink, word: order.append(word),
    )
    assert len(order) > 60
    assert all(len(set(order[n : n + CORES])) == CORES for n in range(len(order) - CORES))


@pytest.mark.parametrize("source", range(CORES))
def test_one_core_alone_is_heard_every_cycle(source):
    port, words = HostPort(CORES), []
    sources = [port.core_replies[n] for n in range(CORES)]
    Streams(port, sources, [port.replies]).run(
        50,
        lambda cycle, index: cycle if index == source else None,
        lambda cycle, sink: True,
        lambda cycle, sink, word: words.append(word),
    )
    assert len(words) >= 49


def test_posted_packets_of_a_word_pass_one_per_cycle():
    port, taken = HostPort(CORES), []
    sinks = [port.core_commands[n] for n in range(CORES)]
    words = [header(Kind.SPIKE, n % CORES, n) for n in range(60)]
    Streams(port, [port.commands], sinks).run(
        60,
        lambda cycle, source: words[cycle],
        lambda cycle, core: True,
        lambda cycle, core, word: taken.append((core, word)),
    )
    assert taken == [(n % CORES, word) for n, word in enumerate(words)]
