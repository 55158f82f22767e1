"""A stimulus in a file: JSON that holds configuration, state, steps, and the difference shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.bisect.difference import Difference
from axonloop.host.bisect.script import Place, Script, registers_of
from axonloop.host.devices import GoldenDevice
from axonloop.host.files import read_json, write_json
from axonloop.host.verification import Operation, TrafficStep
from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Region, writable

FORMAT, VERSION = "axonloop stimulus", 1
METHODS = ("send_spikes", "send_errors", "learn", "clear", "modulate", "write") + (
    "configure",
    "load_weights",
)


def write_stimulus(
    path: Path, script: Script, difference: Difference, devices: Sequence[str]
) -> None:
    """Write a script that starts from a snapshot, and what two devices, by name, made of it."""
    start = script.start
    assert start.snapshot is not None
    registers = registers_of(start.snapshot, start.config)
    state: dict[str, Any] = {name: int(start.snapshot[name]) for name in registers}
    for name, fill in _arrays(start.config).items():
        values = np.asarray(start.snapshot[name])
        state[name] = {str(k): int(values.flat[k]) for k in np.flatnonzero(values != fill)}
    steps = [
        {
            "before": [_written(operation) for operation in step.before],
            "axons": step.axons.tolist(),
            "learn": step.learn,
            "after": [_written(operation) for operation in step.after],
            "exchange": step.exchange,
            "moved_tick": step.moved_tick,
        }
        for step in script.steps
    ]
    about = {"format": FORMAT, "version": VERSION, "devices": list(devices)}
    shown = {"difference": dataclasses.asdict(difference), "steps": steps, "state": state}
    write_json(path, about | shown | {"configuration": start.config.to_dict()})


def read_stimulus(path: Path) -> tuple[Script, Difference]:
    """The script in a file, and the difference that it showed.

    Raises ValueError for what is no such file, or of another version.
    """
    found = read_json(path)
    good = found.get("format") == FORMAT
    require(good, "stimulus", "a file that `axonloop bisect` wrote", str(path))
    require(found["version"] == VERSION, "version of the stimulus", f"{VERSION}", found["version"])
    try:
        config = ChipConfig.from_dict(found["configuration"])
        start = Place(0, config, _snapshot(config, found["state"]))
        steps = [_step(step) for step in found["steps"]]
        told = found["difference"]
        told |= {"index": tuple(told["index"]), "values": tuple(told["values"])}
        return Script(start, steps), Difference(**told)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        whole = "whole, as `axonloop bisect` wrote it"
        raise ValueError(f"stimulus must be {whole}, not {str(path)!r} ({error!r})") from error


def _arrays(config: ChipConfig) -> dict[str, int]:
    """The arrays of a snapshot, and the value that most of their words have."""
    regions = {region.key: 0 for region in writable(config.geometry)}
    return {"weights": config.geometry.no_synapse} | regions


def _snapshot(config: ChipConfig, state: dict[str, Any]) -> dict[str, Any]:
    """A snapshot that every device of the chip takes; ValueError for a word out of range."""
    with GoldenDevice(config) as device:
        snapshot = device.snapshot()
        snapshot |= {name: state[name] for name in registers_of(snapshot, config)}
        for name, fill in _arrays(config).items():
            values = np.full_like(snapshot[name], fill)
            for word, value in state[name].items():
                values.flat[int(word)] = value
            snapshot[name] = values
        device.restore(snapshot)
        return device.snapshot()


def _step(step: dict[str, Any]) -> TrafficStep:
    return TrafficStep(
        [_read(each) for each in step["before"]],
        np.array(step["axons"], np.int32),
        bool(step["learn"]),
        [_read(each) for each in step["after"]],
        bool(step["exchange"]),
        step["moved_tick"],
    )


def _written(operation: Operation) -> list[Any]:
    """An operation as JSON: its method, and arguments that say what they are."""
    return [operation.method, *(_argument(each) for each in operation.arguments)]


def _argument(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, Region):
        return {"region": value.key}
    if isinstance(value, ChipConfig):
        return {"configuration": value.to_dict()}
    return bool(value) if isinstance(value, bool | np.bool_) else int(value)


def _read(written: list[Any]) -> Operation:
    method, *arguments = written
    require(method in METHODS, "operation", f"one of {', '.join(METHODS)}", method)
    return Operation(method, tuple(_value(each) for each in arguments))


def _value(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    if "array" in written:
        return np.array(written["array"], np.int32)
    if "region" in written:
        return Region[written["region"].upper()]
    return ChipConfig.from_dict(written["configuration"])
