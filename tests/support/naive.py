"""Sections 5, 8, 9, 11 of docs/contract.md once more, in plain Python, one number at a time.

No arrays and nothing shared with models/golden: a second reading of the same page. Slow.
"""

from __future__ import annotations

from math import log
from random import Random

from axonloop.models.config import ChipConfig, CoreConfig, Destination

CODE = (
    "002C4DAB 00589B55 00B136A9 01626D51 02C4DAA1 0589B541 0B136A81 1626D501 2C4DAA01 "
    "589B5401 B136A801"
)
STATES = ["current", "membrane", "reset", "countdown", "box", "spike", "trace_z"]
TRACES = ["trace_q", "trace_p", "trace_pq", "trace_qq", "mark"]
PORTS = ["north", "east", "south", "west", "local"]
LOGISTIC = [round(32 * log((2 * k + 1) / (511 - 2 * k))) for k in range(256)]
NEAREST = 1


def decay(x: int, k: int) -> int:
    size = (abs(x) * k) >> 12
    return size if x >= 0 else -size


def sat(x: int, limit: int) -> int:
    return max(-limit, min(limit, x))


def wrapped(x: int, bits: int) -> int:
    x %= 1 << bits
    return x - (1 << bits) if x >> (bits - 1) else x


def rotl(x: int, n: int) -> int:
    return ((x << n) | (x >> (16 - n))) & 0xFFFF


def rounds(word: int, first: int, last: int) -> int:
    x, y = word & 0xFFFF, word >> 16
    for n in range(first, last + 1):
        f = (rotl(x, 1) & rotl(x, 5)) ^ (rotl(x, 7) & rotl(x, 12)) ^ rotl(x, 2)
        x, y = y ^ f ^ (0x9E37 * (n + 1) % 2**16), x
    return y << 16 | x


def h(seed: int, tick: int, core: int, neuron: int, axon: int, purpose: int) -> int:
    word = rounds(tick, 0, 3)
    word = rounds(word ^ seed, 4, 7)
    word = rounds(word ^ core, 8, 9)
    word = rounds(word ^ neuron ^ purpose << 16, 10, 13)
    for bit, column in enumerate(CODE.split()):
        if axon >> bit & 1:
            word ^= int(column, 16)
    return rounds(word, 14, 17)


class NaiveCore:
    """State in lists of int, by the names of the register map; counters by name."""

    def __init__(self, config: CoreConfig) -> None:
        self.config, self.geometry = config, config.geometry
        names = [
            "ticks",
            "spikes",
            "events",
            "synops",
            "errors",
            "visits",
            "updates",
            "saturations",
            "collisions",
            *PORTS,
            "writes",
        ]
        self.counters = dict.fromkeys(names, 0)
        tables = config.memristor
        self.gain = {True: tables.up_gain, False: tables.down_gain}
        self.gain_shift = {True: tables.up_gain_shift, False: tables.down_gain_shift}
        self.share = {True: tables.up_share, False: tables.down_share}
        self.weights: list[list[int]] = []
        self.clear()

    def clear(self) -> None:
        axons, neurons = self.geometry.axons, self.geometry.neurons
        self.state = {name: [0] * neurons for name in STATES}
        self.state |= {name: [0] * axons for name in TRACES}
        self.potential = [0] * neurons
        self.gated, self.ungated = [0] * neurons, [0] * neurons
        self.pending = [[0] * axons for _ in range(self.geometry.delay_slots)]
        self.modulation = 0

    def neuron_set(self, i: int):
        group = self.config.groups[i // self.geometry.lanes]
        return self.config.parameter_sets[group.parameter_set]

    def clip(self, x: int, low: int, high: int) -> int:
        self.counters["saturations"] += not low <= x <= high
        return max(low, min(high, x))

    def arrive_later(self, slot: int, axon: int) -> None:
        row = self.pending[slot % self.geometry.delay_slots]
        self.counters["collisions"] += row[axon]
        row[axon] = 1

    def send_error(self, neuron: int, value: int, ungated: bool) -> None:
        sums = self.ungated if ungated else self.gated
        sums[neuron] = wrapped(sums[neuron] + value, self.geometry.error_bits + 8)
        self.counters["errors"] += 1

    def tick(self, seed: int, t: int) -> None:
        geometry, rows = self.geometry, self.config.rows
        self.counters["ticks"] += 1
        slot = self.pending[t % geometry.delay_slots]
        spikes = [bool(bit) or row.always_on for bit, row in zip(slot, rows, strict=True)]
        slot[:] = [0] * geometry.axons
        for j, row in enumerate(rows):
            self.counters["events"] += spikes[j]
            self.counters["synops"] += spikes[j] * geometry.lanes * row.groups
        acc = [self.integrate(i, spikes, seed, t) for i in range(geometry.neurons)]
        for i in range(geometry.neurons):
            self.update_neuron(i, acc[i], self.threshold_noise(i, seed, t))
        for j in range(geometry.axons):
            self.update_axon(j, spikes[j])

    def integrate(self, i: int, spikes: list[bool], seed: int, t: int) -> int:
        total, group = 0, i // self.geometry.lanes
        for j, row in enumerate(self.config.rows):
            visits = row.first_group <= group < row.first_group + row.groups
            if spikes[j] and visits and self.weights[j][i] != self.geometry.no_synapse:
                kept = 0 if self.drops(j, i, seed, t) else self.weights[j][i]
                total += kept * (256 - self.config.row_loss[j])
        return (total * (256 - self.config.column_loss[i]) + 2**15) >> 16

    def drops(self, j: int, i: int, seed: int, t: int) -> bool:
        if self.geometry.blank_out == 0:
            return False
        blank = self.config.parameter_sets[self.config.rows[j].parameter_set].blank
        return h(seed, t, self.config.core, j, i, 15) % 65536 < blank

    def threshold_noise(self, i: int, seed: int, t: int) -> int:
        """N of the page."""
        if self.geometry.threshold_noise == 0:
            return 0
        draw = LOGISTIC[h(seed, t, self.config.core, i, 0, 14) % 256]
        return (self.neuron_set(i).temperature * draw) >> 5

    def update_neuron(self, i: int, acc: int, noise: int) -> None:
        p, s, top = self.neuron_set(i), self.state, self.geometry.state_max
        current = self.clip(decay(s["current"][i], p.beta_n) + (acc << p.w_exp), -top, top)
        v1, countdown, clipped = s["membrane"][i], s["countdown"][i], False
        if countdown == 0:
            raised = decay(v1, p.alpha_n) + (current >> p.i_shift) + self.config.bias[i]
            v1, clipped = sat(raised, top), abs(raised) > top
        u = self.potential[i] = v1 - s["reset"][i]
        spike = u + noise >= p.theta and countdown == 0
        s["box"][i] = int(abs(u - p.theta) < p.box)
        kick = p.rho if spike else 0
        s["reset"][i] = self.clip(decay(s["reset"][i], p.gamma) + kick, -top, top)
        if spike and p.reset_mode == 1:
            v1 = 0
        elif spike and p.reset_mode == 2:
            v1 -= p.theta
            if self.geometry.threshold_noise == 1:
                v1, clipped = sat(v1, top), clipped or abs(v1) > top
        self.counters["saturations"] += clipped
        s["current"][i], s["membrane"][i], s["spike"][i] = current, v1, int(spike)
        s["countdown"][i] = p.refractory if spike else max(0, countdown - 1)
        self.counters["spikes"] += spike
        if self.geometry.terms > 0:
            z = decay(s["trace_z"][i], p.zeta) + (p.z_inc if spike else 0)
            s["trace_z"][i] = self.clip(z, 0, 2**self.geometry.trace_bits - 1)

    def update_axon(self, j: int, spike: bool) -> None:
        row, s, top = self.config.rows[j], self.state, self.geometry.trace_max
        p = self.config.parameter_sets[row.parameter_set]
        q = self.clip(decay(s["trace_q"][j], p.beta_p) + (p.q_inc if spike else 0), 0, top)
        s["trace_q"][j] = q
        s["trace_p"][j] = self.clip(decay(s["trace_p"][j], p.alpha_p) + (q >> p.p_shift), 0, top)
        if not row.plastic:
            pq = qq = mark = 0
        elif row.always_on:
            pq = qq = p.pq_on
            mark = 3
        else:
            pq = min(s["trace_p"][j] >> p.pq_shift, self.geometry.pq_max)
            qq = min(q >> p.qq_shift, self.geometry.pq_max)
            mark = 3 if spike else 1
        s["trace_pq"][j] = pq
        if self.geometry.terms > 0:
            s["trace_qq"][j], s["mark"][j] = qq, mark

    def emissions(self) -> list[Destination]:
        found: list[Destination] = []
        for i in range(self.geometry.neurons):
            if self.state["spike"][i]:
                found += self.config.fanout[i]
        return found

    def reported(self) -> list[int]:
        lanes, groups = self.geometry.lanes, self.config.groups
        spikes = self.state["spike"]
        return [i for i in range(len(spikes)) if spikes[i] and groups[i // lanes].report]

    def learn(self, seed: int, t: int) -> None:
        limit = self.geometry.error_max
        for i in range(self.geometry.neurons):
            gated = sat(self.gated[i], limit) * self.state["box"][i]
            error = sat(gated + sat(self.ungated[i], limit), limit)
            for j in range(self.geometry.axons):
                self.learn_synapse(j, i, seed, t, error)
        self.gated = [0] * self.geometry.neurons
        self.ungated = [0] * self.geometry.neurons

    def learn_synapse(self, j: int, i: int, seed: int, t: int, error: int) -> None:
        p = self.neuron_set(i)
        words = [p.register(f"term_{k}") for k in range(self.geometry.terms)]
        if not any(term_is_on(word) for word in words):
            self.step(j, i, seed, t, 0, error * self.state["trace_pq"][j], p.eta_shift << 11)
            return
        for k, word in enumerate(words):
            if term_is_on(word):
                c, a = self.term_of_neuron(i, word, error), self.term_of_axon(j, word)
                self.step(j, i, seed, t, k, c * a, word)

    def term_of_neuron(self, i: int, word: int, error: int) -> int:
        """c of the page."""
        s, limit = self.state, 2 ** (self.geometry.error_bits - 1) - 1
        zq = min(s["trace_z"][i] >> self.neuron_set(i).z_shift, limit)
        n = (1, s["spike"][i], s["box"][i], zq)[word >> 3 & 3]
        x = n * (1, error, self.modulation)[word >> 5 & 3]
        size = abs(x) >> (word >> 8 & 7)
        c = sat(size if x > 0 else -size, limit)
        return -c if word >> 7 & 1 else c

    def term_of_axon(self, j: int, word: int) -> int:
        """a of the page."""
        mark = self.state["mark"][j]
        kinds = (0, mark & 1, mark >> 1, self.state["trace_qq"][j], self.state["trace_pq"][j])
        return kinds[word & 7]

    def step(self, j: int, i: int, seed: int, t: int, k: int, x: int, word: int) -> None:
        """W' of term k, by its word and the product x; nothing without x or a synapse."""
        old, most = self.weights[j][i], self.geometry.weight_max
        if x == 0 or old == self.geometry.no_synapse:
            return
        up, shift = x < 0, word >> 11 & 31
        headroom = most - old if up else most + old
        if word >> 16 & 1:
            x *= self.gain[up][headroom >> (self.geometry.weight_bits - 8)]
            shift += self.gain_shift[up]
        nearest = self.neuron_set(i).rounding == NEAREST
        random = h(seed, t, self.config.core, i, j, k) % 2**shift
        m = (x + (2**shift // 2 if nearest else random)) >> shift
        new = self.pulse(j, i, seed, t, k, m, up) if word >> 17 & 1 else sat(old - m, most)
        self.weights[j][i] = new
        self.counters["visits"] += 1
        self.counters["updates"] += new != old

    def pulse(self, j: int, i: int, seed: int, t: int, k: int, m: int, up: bool) -> int:
        """W' after |m| parts of a pulse."""
        p, core, old = self.neuron_set(i), self.config.core, self.weights[j][i]
        most = self.geometry.weight_max
        headroom = most - old if up else most + old
        n = min(abs(m), 255)
        g = h(seed, t, core, i, j, 4 + k)
        u = wrapped(g >> 12, 8)
        d = wrapped(h(seed, 0, core, i, j, 8) >> (0 if up else 8), 8)
        v = 256 + (p.cycle_to_cycle * u >> 7) + (p.device_to_device * d >> 7)
        n = min(n * max(v, 0) + 128 >> 8, 255)
        self.counters["writes"] += n > 0
        random = 2**11 if p.rounding == NEAREST else g % 2**12
        moved = (headroom * self.share[up][n] + random) >> 12
        return old + moved if up else old - moved


def term_is_on(word: int) -> bool:
    return word & 7 in (1, 2, 3, 4) and word >> 5 & 3 < 3


class NaiveChip:
    """Cores by number, and a walk through the mesh for each spike; the cores have the state.

    With `shuffle`, cores run in random order and each sends its spikes, in random order, as soon
    as it is done, whatever the others do.
    """

    def __init__(self, config: ChipConfig, shuffle: Random | None = None) -> None:
        self.columns = config.mesh.columns
        self.cores = {core.core: self.core_of(core) for core in config.cores}
        self.seed, self.t, self.learned = config.cores[0].seed, 0, True
        self.shuffle = shuffle

    def core_of(self, config: CoreConfig) -> NaiveCore:
        return NaiveCore(config)

    def tick(self) -> list[tuple[int, int]]:
        """Run a tick; the spikes reported, as (core, neuron)."""
        t, self.t = self.t, (self.t + 1) % 2**32
        self.learned = False
        numbers = list(self.cores)
        if self.shuffle:
            self.shuffle.shuffle(numbers)
        for number in numbers:
            self.cores[number].tick(self.seed, t)
            if self.shuffle:
                self.emit(number, t)
        if not self.shuffle:
            for number in numbers:
                self.emit(number, t)
        return [(n, i) for n, core in self.cores.items() for i in core.reported()]

    def emit(self, number: int, t: int) -> None:
        entries = self.cores[number].emissions()
        if self.shuffle:
            self.shuffle.shuffle(entries)
        for entry in entries:
            if len(self.cores) > 1:
                self.walk(number, entry.core)
            self.cores[entry.core].arrive_later(t + 1 + entry.delay, entry.axon)

    def walk(self, here: int, there: int) -> None:
        """One step after the other, as every router decides: first columns, then rows."""
        while here != there:
            column, row = here % self.columns, here // self.columns
            if column < there % self.columns:
                port, step = "east", 1
            elif column > there % self.columns:
                port, step = "west", -1
            elif row < there // self.columns:
                port, step = "south", self.columns
            else:
                port, step = "north", -self.columns
            self.cores[here].counters[port] += 1
            here += step
        self.cores[here].counters["local"] += 1

    def send_spike(self, core: int, axon: int, delay: int = 0) -> None:
        self.cores[core].arrive_later(self.t + delay, axon)

    def send_error(self, core: int, neuron: int, value: int, ungated: bool) -> None:
        self.cores[core].send_error(neuron, value, ungated)

    def modulate(self, value: int) -> None:
        for core in self.cores.values():
            core.modulation = value

    def learn(self) -> None:
        assert not self.learned
        self.learned = True
        for core in self.cores.values():
            core.learn(self.seed, (self.t - 1) % 2**32)

    def clear(self) -> None:
        for core in self.cores.values():
            core.clear()

    def joined(self, name: str) -> list[int]:
        """A state array of all cores, one after the other."""
        return [value for core in self.cores.values() for value in core.state[name]]
