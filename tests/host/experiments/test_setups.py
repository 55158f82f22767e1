"""What every experiment is set to: who changes it must measure docs/results again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import Settings
from axonloop.host.data import open_data
from axonloop.host.experiments import changing_tasks, latency_digits, yin_yang
from axonloop.host.experiments.decolle import regression_experiment, variants
from axonloop.host.experiments.decolle_events import gestures, saccades
from axonloop.host.experiments.depth import experiment as depth
from axonloop.host.experiments.erbp import digits as erbp_digits
from axonloop.host.experiments.erbp import ways as erbp_ways
from axonloop.host.experiments.memristor import crossbar_digits
from axonloop.host.experiments.memristor import digits as memristor_digits
from axonloop.host.experiments.memristor_wear import ways as wear_ways
from axonloop.host.experiments.recurrence import chip as recurrence_chip
from axonloop.host.experiments.spoken_digits import chip as spoken_chip
from axonloop.host.experiments.spoken_digits import float as spoken_float
from axonloop.host.experiments.spoken_digits import words
from axonloop.host.experiments.stdp import digits as stdp_digits
from axonloop.host.experiments.stdp import hybrid
from tests.support.events.words import made_words
from tests.support.outlines.numbers import told
from tests.support.outlines.recorded import Recorded

HOST = Path(__file__).parents[3] / "host"
SEED = 11
MOST = 240
"""Letters of a line, at most."""


def lines(name: str, value: Any) -> Iterator[str]:
    """A value with all that is in it, each on a line with its name.

    What is as usual is left out, but of an experiment's own classes.
    """
    if is_dataclass(value) and not isinstance(value, type):
        whole = type(value).__module__.startswith("axonloop.host.experiments")
        for each in fields(value):
            own = getattr(value, each.name)
            usual = each.default if each.default_factory is MISSING else each.default_factory()
            if whole or usual is MISSING or isinstance(own, np.ndarray) or own != usual:
                yield from lines(f"{name}.{each.name}", own)
    elif isinstance(value, Mapping):
        for key, own in value.items():
            yield from lines(f"{name}[{key}]", own)
    elif isinstance(value, (list, tuple)) and any(map(is_dataclass, value)):
        for number, own in enumerate(value):
            yield from lines(f"{name}[{number}]", own)
    elif isinstance(value, np.ndarray):
        yield f"{name}: {told(value)}"
    elif isinstance(value, Enum):
        yield f"{name}: {value.name}"
    elif callable(value):
        yield f"{name}: {getattr(value, '__name__', type(value).__name__)}"
    else:
        yield f"{name}: {value!r}"[:MOST]


def trained(each: Any) -> list[Settings]:
    """The settings of a way to send errors, for a few epochs and for as many as it has."""
    return [each.settings(SEED, 3, 40), each.settings(SEED, 1, None)]


def spoken() -> list[Settings]:
    """Those of both networks of `spoken-digits`."""
    every = made_words(each=(1, 1, 1))
    every["spikes"] = every["spikes"][:, : words.TICKS]
    with open_data(words.description(), every) as data:
        return [spoken_chip.settings_of(kind, SEED, 12, data) for kind in spoken_chip.KINDS]


SETUPS: dict[str, Callable[[], Any]] = {
    "changing_tasks": lambda: [
        changing_tasks.settings_of(SEED, 3),
        changing_tasks.settings_of(SEED, 3, 2),
    ],
    "decolle.variants": lambda: {each.name: trained(each) for each in variants.VARIANTS},
    "decolle.regression": lambda: regression_experiment.TASK,
    "decolle_events.gestures": lambda: gestures.TASK.settings(SEED, gestures.TASK.description()),
    "decolle_events.saccades": lambda: saccades.TASK.settings(SEED, saccades.TASK.description()),
    "depth": lambda: depth.settings_of(depth.LAYERS, SEED, depth.EPOCHS),
    "erbp.digits": lambda: [erbp_digits.settings_of(SEED, 3), erbp_digits.settings_of(SEED, 9, 7)],
    "erbp.ways": lambda: {each.name: [each.teaching, *trained(each)] for each in erbp_ways.WAYS},
    "latency_digits": lambda: [
        latency_digits.settings_of(code, SEED, 12) for code in latency_digits.CODES
    ],
    "memristor.crossbar_digits": lambda: crossbar_digits.settings_of(SEED, 40),
    "memristor.digits": lambda: [
        memristor_digits.settings_of(kind, doubled, SEED, 3, 40)
        for kind in memristor_digits.kinds_of("mo-tiox-tin")
        for doubled in (0, 3)
    ],
    "memristor_wear.ways": lambda: {
        each.name: each.settings(SEED, "mo-tiox-tin", None, 40, 900.0)
        for each in (wear_ways.YARDSTICK, wear_ways.CHOSEN, *wear_ways.OTHERS)
    },
    "recurrence.chip": lambda: [
        recurrence_chip.settings_of(SEED, 2),
        recurrence_chip.feed_forward(recurrence_chip.settings_of(SEED, 2, 40)),
        *(
            recurrence_chip.narrowed(recurrence_chip.settings_of(SEED, 8), bits)
            for bits in recurrence_chip.NARROW
        ),
    ],
    "spoken_digits.chip": spoken,
    "spoken_digits.float": lambda: spoken_float.TASK,
    "stdp.digits": lambda: [stdp_digits.few(), stdp_digits.MANY],
    "stdp.hybrid": lambda: [hybrid.settings_of(SEED, start) for start in hybrid.THETA],
    "yin_yang": lambda: [
        yin_yang.settings_of(SEED, 6),
        yin_yang.tuned_of(yin_yang.settings_of(SEED, 6, 40)),
    ],
}


@pytest.mark.parametrize("name", SETUPS)
def test_how_an_experiment_trains(name: str, recorded: Recorded) -> None:
    recorded.check(f"trains-{name}", "\n".join(lines(name, SETUPS[name]())) + "\n")


def constants(path: Path) -> Iterator[str]:
    """The constants that a module itself gives values to."""
    module = import_module(
        ".".join(["axonloop.host", *path.relative_to(HOST).with_suffix("").parts])
    )
    for node in ast.parse(path.read_text()).body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            for each in ast.walk(target):
                if isinstance(each, ast.Name) and each.id.isupper() and each.id != "TABLES":
                    yield from lines(each.id, getattr(module, each.id))


def test_the_constants_of_all_experiments(recorded: Recorded) -> None:
    found = []
    for path in sorted((HOST / "experiments").rglob("*.py")):
        found += [f"{path.relative_to(HOST)} {line}" for line in constants(path)]
    recorded.check("constants", "\n".join(found) + "\n")
