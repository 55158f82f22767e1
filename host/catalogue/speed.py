"""The figures of speed that pages show: each line says which figures of which bench it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axonloop.host.console import Column, Row, markdown
from axonloop.models.checks import require

COMPLETE = "one with all figures that pages show"


@dataclass(frozen=True)
class Measured:
    """The rows of one `bench` of the file, by their names."""

    bench: str
    rows: Mapping[str, Row]

    def row(self, name: str) -> Row:
        """The row of a figure; ValueError where the file has none."""
        lacks = f"without {name!r} of bench {self.bench}"
        require(name in self.rows, "bench.json", COMPLETE, lacks)
        return self.rows[name]

    def value(self, name: str) -> float:
        """The value of a figure."""
        return float(self.row(name)["value"])

    def ratio(self, name: str) -> float:
        """How many times better than its peer a figure is; ValueError where it has none."""
        lacks = f"without a peer of {name!r} of bench {self.bench}"
        require(self.row(name)["ratio"] is not None, "bench.json", COMPLETE, lacks)
        return float(self.row(name)["ratio"])


Take = Callable[[Measured], float | str]
"""How a number of a line is found."""


def value(name: str, scale: float = 1.0) -> Take:
    """A figure, times `scale`."""
    return lambda measured: scale * measured.value(name)


def total(*names: str) -> Take:
    """The sum of figures."""
    return lambda measured: sum(measured.value(name) for name in names)


def quotient(name: str, other: str) -> Take:
    """A figure by another one."""
    return lambda measured: measured.value(name) / measured.value(other)


def share(name: str) -> Take:
    """The share of the time of the peer that the figure is held against."""
    return lambda measured: 1 / measured.ratio(name)


def cost_of_peer(name: str) -> Take:
    """The same figure of the peer, of which less is better."""
    return lambda measured: measured.value(name) * measured.ratio(name)


def rate_of_peer(name: str) -> Take:
    """The same figure of the peer, of which more is better."""
    return lambda measured: measured.value(name) / measured.ratio(name)


def bar(name: str) -> Take:
    """The bar of a figure, in words."""
    return lambda measured: str(measured.row(name)["bar"])


@dataclass(frozen=True)
class SpeedLine:
    """A line of a table: `what` it shows, and `said`, a format of the numbers that are `taken`.

    `brief`: the short table has it too.
    """

    bench: str
    what: str
    said: str
    taken: Sequence[Take]
    brief: bool = False

    def shown(self, benches: Mapping[str, Mapping[str, Row]]) -> Row:
        """The cells, from the rows of all benches by their names."""
        measured = Measured(self.bench, benches.get(self.bench, {}))
        figure = self.said.format(*(take(measured) for take in self.taken))
        return {"what": self.what, "figure": figure, "command": f"`axonloop bench {self.bench}`"}


COLUMNS = (Column("what"), Column("figure"), Column("command"))
OURS, LOOP, DECOLLE = "axonloop", "torch, three-factor loop", "torch, DECOLLE by autograd"
MANY, ONE = "learning, batch 128", "learning, batch 1"
SMALL, PAPER = "convolutions", "DECOLLE's network"
LINES = (
    SpeedLine(
        "mesh",
        "mesh of 4 x 4 routers, uniform traffic",
        "{:.0f} cycles per hop, {:.2f} spikes per core and cycle at saturation",
        (value("latency per hop, unloaded"), value("accepted at the highest load")),
    ),
    SpeedLine(
        "mesh",
        "1024 neurons, all-to-all, on one core, two, four",
        "{:.0f}, {:.0f}, {:.0f} cycles per tick: {:.1f} times faster on four",
        (
            value("tick, 1 x 1024 neurons"),
            value("tick, 2 x 512 neurons"),
            value("tick, 4 x 256 neurons"),
            value("speed-up, 4 cores"),
        ),
        brief=True,
    ),
    SpeedLine(
        "batched",
        "a network on many chips at once, integers, one thread, beside plain float torch: "
        "inference of 128 samples; of one",
        "{:.2f} of the time; {:.2f}",
        (share(f"inference, batch 128: {OURS}"), share(f"inference, batch 1: {OURS}")),
        brief=True,
    ),
    SpeedLine(
        "batched",
        "the same, learning from events at every tick: 128 samples, one; beside a three-factor "
        "loop in torch; beside DECOLLE's loop by autograd",
        "{:.2f}, {:.2f} of the time; {:.2f}, {:.2f}",
        tuple(
            quotient(f"{task}: {OURS}", f"{task}: {other}")
            for other in (LOOP, DECOLLE)
            for task in (MANY, ONE)
        ),
        brief=True,
    ),
    SpeedLine(
        "convolution",
        "three layers of convolutions (16, 32, 64 channels), a batch of 32, one thread, beside "
        "float torch: inference; learning at every tick, beside DECOLLE by autograd",
        "{:.2f} of the time; {:.2f}",
        (
            share(f"{SMALL}, inference, batch 32: {OURS}"),
            share(f"{SMALL}, learning, batch 32: {OURS}"),
        ),
    ),
    SpeedLine(
        "convolution",
        "DECOLLE's network at the paper's size (94,720 neurons, 1,210,496 weights), a batch of 4, "
        "one thread, beside float torch: inference; learning at every tick, beside DECOLLE by "
        "autograd",
        "{:.2f} of the time; {:.2f}",
        (
            share(f"{PAPER}, inference, batch 4: {OURS}"),
            share(f"{PAPER}, learning, batch 4: {OURS}"),
        ),
        brief=True,
    ),
    SpeedLine(
        "link",
        "serial line, co-simulated board, answers 1 ms late: weight upload; link idle in training "
        "at error latency 0, 2",
        "{:.0f} % of the line's rate; {:.0f} %, {:.0f} % of the time",
        (
            value("weights to the board", 100),
            value("latency 0: link idle", 100),
            value("latency 2: link idle", 100),
        ),
    ),
    SpeedLine(
        "node",
        "the same board with a processing node: bytes of a training tick, and round trips of a "
        "sample, with the loss in the host and in the node",
        "{:.0f} and {:.0f}, {:.0f} and {:.0f}",
        (
            total("host: down", "host: up"),
            total("node: down", "node: up"),
            value("host: round trips"),
            value("node: round trips"),
        ),
    ),
    SpeedLine(
        "core",
        "cycles per synaptic operation, 16 lanes",
        "{:.3f} (ReckOn {:.2f})",
        (value("cycles per SynOp"), cost_of_peer("cycles per SynOp")),
    ),
    SpeedLine(
        "core",
        "learning with 5 % of 256 neurons in error, all 256 axons active",
        "{:.0f} cycles (ReckOn {:,.0f}, whatever the error)",
        (value("learning"), cost_of_peer("learning")),
    ),
    SpeedLine(
        "core",
        "compiled RTL at 5 % activity",
        "{:.1f} million SynOps per CPU second (bar: {}; tinyODIN {:.1f})",
        (value("RTL"), bar("RTL"), rate_of_peer("RTL")),
        brief=True,
    ),
    SpeedLine(
        "core",
        "golden model at 5 % activity, a core of 256 x 256",
        "{:,.0f} ticks per CPU second (bar: {})",
        (value("golden"), bar("golden")),
    ),
    SpeedLine(
        "core",
        "the host's own share of a training tick with the compiled RTL",
        "{:.0f} us (bar: {})",
        (value("host"), bar("host")),
        brief=True,
    ),
)
"""The lines, in the order of the pages."""
TERMS = "pair STDP, "
"""What the names of figures of learning by terms begin with."""
TERMS_COLUMNS = (Column("figure", "name"), Column("value"), Column("unit"))


def all_lines(metrics: Mapping[str, Any]) -> str:
    """Every line, behind the machine."""
    return _section(metrics, LINES)


def brief_lines(metrics: Mapping[str, Any]) -> str:
    """The lines that are most asked for, behind the machine."""
    return _section(metrics, [line for line in LINES if line.brief])


def terms_lines(metrics: Mapping[str, Any]) -> str:
    """What `bench batched` finds of learning by terms, behind the machine."""
    rows = [row for row in metrics["rows"] if row["name"].startswith(TERMS)]
    require(bool(rows), "bench.json", COMPLETE, f"without {TERMS!r}")
    return f"{measured_on(metrics)}\n\n{markdown(TERMS_COLUMNS, rows)}"


def measured_on(metrics: Mapping[str, Any]) -> str:
    """Where all figures of the file were measured."""
    note = f" {metrics['note']}" if metrics.get("note") else ""
    return f"Measured by `{metrics['command']}`. Machine: {metrics['machine']}.{note}"


def _section(metrics: Mapping[str, Any], lines: Sequence[SpeedLine]) -> str:
    benches: dict[str, dict[str, Row]] = {}
    for row in metrics["rows"]:
        benches.setdefault(row["bench"], {})[row["name"]] = row
    return f"{measured_on(metrics)}\n\n{markdown(COLUMNS, [line.shown(benches) for line in lines])}"
