"""A router alone: nothing lost, doubled, changed or sent astray; two cycles; taken in turn."""

import random
from collections import defaultdict

import pytest

from axonloop.hdl.chip.router import OPPOSITE, Router, may_turn, neighbours
from axonloop.models.config import Mesh, Port
from tests.support.streams import Streams

MESH = Mesh(4, 3)
BITS = 16
COLUMN, ROW = BITS, BITS + 2
POSITIONS = {"corner": 0, "edge": 2, "middle": 5}


class Bench:
    """A router with its ports in order, and what may come in through each of them."""

    def __init__(self, core: int, mesh: Mesh = MESH) -> None:
        self.mesh, self.core = mesh, core
        self.router = Router(mesh, core, BITS)
        self.ports = (*neighbours(mesh, core), Port.LOCAL)
        inputs = [self.router.input(port) for port in self.ports]
        outputs = [self.router.output(port) for port in self.ports]
        self.streams = Streams(self.router, inputs, outputs, [self.router.passed])
        self.targets = {port: self._targets(port) for port in self.ports}

    def _targets(self, entry: Port) -> dict[int, Port]:
        """The cores to which a flit may come in through `entry`, and the port it leaves by."""
        source = neighbours(self.mesh, self.core).get(entry, self.core)
        found = {}
        for target in range(self.mesh.cores):
            route = list(self.mesh.route(source, target))
            if entry is Port.LOCAL or route[0] == (source, OPPOSITE[entry]):
                found[target] = route[0 if entry is Port.LOCAL else 1][1]
        return found

    def flit(self, target: int, payload: int) -> int:
        column, row = self.mesh.position(target)
        return payload | column << COLUMN | row << ROW


@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
@pytest.mark.parametrize("position", POSITIONS)
def test_every_flit_leaves_once_in_order_through_the_right_port(position, seed):
    bench, rng = Bench(POSITIONS[position]), random.Random(seed)
    ports, cycles = bench.ports, 1200
    rates, patience = ([rng.uniform(0.1, 1) for _ in ports] for _ in range(2))
    inside, moved, serial = defaultdict(list), defaultdict(int), iter(range(1 << BITS))

    def offer(cycle, index):
        if cycle > cycles - 200 or rng.random() > rates[index]:
            return None
        return bench.flit(rng.choice(list(bench.targets[ports[index]])), next(serial))

    def sent(cycle, index, flit):
        column, row = flit >> COLUMN & 3, flit >> ROW
        exit = bench.targets[ports[index]][row * MESH.columns + column]
        inside[ports[index], exit].append(flit)

    def got(cycle, index, flit):
        queues = [inside[entry, ports[index]] for entry in ports]
        assert flit in [queue[0] for queue in queues if queue]
        next(queue for queue in queues if queue and queue[0] == flit).pop(0)
        moved[ports[index]] += 1

    def look(cycle, passed):
        for port in Port:
            strobes[port] += passed >> port & 1

    strobes = dict.fromkeys(Port, 0)
    bench.streams.run(
        cycles,
        offer,
        lambda cycle, index: cycle > cycles - 200 or rng.random() < patience[index],
        got,
        look,
        sent,
    )
    assert not any(inside.values())
    assert strobes == {port: moved[port] for port in Port}
    assert all(moved[port] > 20 for port in ports)


@pytest.mark.parametrize(
    ("entry", "exit"), [(a, b) for a in Port for b in Port if may_turn(a, b)], ids=str
)
def test_a_lone_flit_takes_two_cycles_on_every_turn(entry, exit):
    bench = Bench(POSITIONS["middle"])
    target = next(target for target, port in bench.targets[entry].items() if port is exit)
    seen = []
    bench.streams.run(
        8,
        lambda cycle, index: (
            bench.flit(target, 7) if cycle == 3 and bench.ports[index] is entry else None
        ),
        lambda cycle, index: True,
        lambda cycle, index, flit: seen.append((cycle, bench.ports[index], flit & 0xFFFF)),
    )
    assert seen == [(3 + Router.LATENCY, exit, 7)]


def test_all_ports_pass_a_flit_per_cycle():
    """North to south and back, east to west and back, the core to itself."""
    bench, count = Bench(POSITIONS["middle"]), defaultdict(int)
    straight = {entry: OPPOSITE.get(entry, Port.LOCAL) for entry in Port}
    targets = {
        entry: next(t for t, port in bench.targets[entry].items() if port is straight[entry])
        for entry in Port
    }

    def got(cycle, index, flit):
        count[bench.ports[index]] += 1

    bench.streams.run(
        100,
        lambda cycle, index: bench.flit(targets[bench.ports[index]], cycle),
        lambda cycle, index: True,
        got,
    )
    assert dict(count) == dict.fromkeys(Port, 100 - Router.LATENCY)


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_a_flit_at_the_head_sees_one_of_each_other_input_go_first(seed):
    """All five inputs want the local port, whose core takes words at random."""
    bench, rng = Bench(POSITIONS["middle"]), random.Random(seed)
    order = []
    bench.streams.run(
        400,
        lambda cycle, index: bench.flit(bench.core, index),
        lambda cycle, index: rng.random() < 0.7,
        lambda cycle, index, flit: order.append(flit & 0xFFFF),
    )
    assert len(order) > 200
    for start in range(len(order) - 5):
        assert len(set(order[start : start + 5])) == 5
