"""A stimulus shrinks to what matters, and is kept in a file that replays."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.bisect import (
    DevicePair,
    Difference,
    Script,
    bisect,
    random_script,
    random_use_script,
    read_stimulus,
    shrink,
    write_stimulus,
)
from axonloop.host.devices import GoldenDevice
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.config import ChipConfig, CoreConfig, ParameterSet
from axonloop.models.protocol import Region
from tests.support.broken.faulty_devices import FaultyDevice, faulty
from tests.support.tiny_chips import TINY

DIFFERENCE = Difference(3, "membrane", (1,), 0, (5, 6))


def too_excited(device: FaultyDevice) -> None:
    """A fault that needs a trace of an axon and the current of a neuron."""
    if device.read(Region.TRACE_Q)[1] > 0 and device.read(Region.CURRENT)[2] > 0:
        device.flip(Region.RESET, 2)


def test_the_stimulus_that_is_left_is_a_spike_and_a_synapse() -> None:
    config = CoreConfig(TINY, parameter_sets=(ParameterSet(theta=30000),))
    random = np.random.default_rng(3)
    load = Operation("load_weights", (random.integers(1, 9, (4, 4)),))
    trains = [random.permutation(4)[: random.integers(5)].astype(np.int32) for _ in range(200)]
    steps = [TrafficStep([load] if tick == 150 else [], axons) for tick, axons in enumerate(trains)]
    script = Script(random_use_script(ChipConfig.of(config), 1, 1).start, steps)
    with DevicePair([GoldenDevice, faulty(too_excited)], script.start.config) as pair:
        found = bisect(pair, script)
        assert found is not None
        small = shrink(pair, script, found)
        assert small.size["ticks"] == 1
        assert small.size["spikes"] + small.size["state words"] + small.size["synapses"] == 2
        assert (small.difference.unit, small.difference.index) == ("reset", (2,))
        seen, _ = pair.play(small.script, every=True)
        assert seen == small.difference
        assert shrink(pair, script, found, trials=0).trials <= 3


def test_a_stimulus_survives_its_file(tmp_path: Path) -> None:
    script = random_script("terms-blank", 30, 5)
    chip, none = script.start.config, np.zeros(0, np.int32)
    with GoldenDevice(chip) as device:
        device.load_weights(script.steps[0].before[0].arguments[0])
        device.run([np.arange(9)] * 3)
        device.modulate(-3)
        start = replace(script.start, snapshot=device.snapshot())
    operations = [
        Operation("configure", (chip,)),
        Operation("write", (Region.TRACE_P, np.arange(chip.axons, dtype=np.int32))),
        Operation("send_spikes", (np.array([1, 2], np.int32), 1)),
        Operation("send_errors", (np.array([1], np.int32), np.array([-4], np.int32), True)),
        Operation("modulate", (5,)),
    ]
    steps = [TrafficStep(operations, np.array([3], np.int32), True, [], True, 2**32 - 2)]
    whole = Script(start, [*steps, TrafficStep([], none, after=[Operation("clear")])])
    write_stimulus(tmp_path / "a.json", whole, DIFFERENCE, ("golden", "rtl"))
    read, difference = read_stimulus(tmp_path / "a.json")
    assert difference == DIFFERENCE
    assert repr(read.steps) == repr(whole.steps)
    with DevicePair([GoldenDevice, GoldenDevice], chip) as pair:
        (_, one), (_, other) = pair.play(whole), pair.play(read)
    assert one is not None
    assert other is not None
    assert all(np.array_equal(one[name], other[name]) for name in one if name != "counters")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"format": "axonloop run"}, "stimulus must be a file that `axonloop bisect` wrote"),
        ({"version": 2}, "version of the stimulus must be 1, not 2"),
        ({"steps": [{"before": []}]}, "stimulus must be whole, as `axonloop bisect` wrote it"),
        ({"steps": 7}, "stimulus must be whole"),
        ({"state": {"tick": 0}}, "stimulus must be whole"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, changed: dict[str, object], message: str) -> None:
    script = random_script("small", 1)
    with GoldenDevice(script.start.config) as device:
        start = replace(script.start, snapshot=device.snapshot())
    path = tmp_path / "a.json"
    write_stimulus(path, Script(start, script.steps), DIFFERENCE, ("golden", "rtl"))
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(ValueError, match=message):
        read_stimulus(path)


def test_foreign_operations_and_words_out_of_range_are_refused(tmp_path: Path) -> None:
    script = random_script("small", 1)
    with GoldenDevice(script.start.config) as device:
        start = replace(script.start, snapshot=device.snapshot())
    path = tmp_path / "a.json"
    step = TrafficStep([Operation("close")], np.zeros(0, np.int32))
    write_stimulus(path, Script(start, [step]), DIFFERENCE, ("golden", "rtl"))
    with pytest.raises(ValueError, match="operation must be one of .*, not 'close'"):
        read_stimulus(path)
    write_stimulus(path, Script(start, []), DIFFERENCE, ("golden", "rtl"))
    found = json.loads(path.read_text())
    found["state"]["membrane"] = {"0": 1 << 20}
    path.write_text(json.dumps(found))
    with pytest.raises(ValueError, match="membrane must be in"):
        read_stimulus(path)
