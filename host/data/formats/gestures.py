"""DVS128 Gesture (Amir et al. 2017): recordings in AEDAT 3.1, a CSV of labels beside each.

`NAME_labels.csv` says of `NAME.aedat` which gesture is from when to when, in microseconds: class,
startTime_usec, endTime_usec, classes from 1. A list of recordings, as trials_to_train.txt, has the
name of one in every line.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from axonloop.host.data.formats.plain_file import require_file
from axonloop.host.files import read_text, write_text
from axonloop.models.checks import cut, require

COLUMNS = "class,startTime_usec,endTime_usec"
CLASSES = 11


@dataclass(frozen=True)
class Gesture:
    """A gesture of a recording: its class, from 0, and its time `start`..`stop`, in us."""

    label: int
    start: int
    stop: int


def labels_path(recording: Path) -> Path:
    """The file of the labels of a recording."""
    return recording.with_name(f"{recording.stem}_labels.csv")


def read_gestures(path: Path, classes: int = CLASSES) -> list[Gesture]:
    """The gestures that a CSV names; ValueError says what is wrong with it."""
    wanted = f"beside its recording, with the columns {COLUMNS}"
    require(path.is_file(), f"labels {path.name}", wanted, str(path))
    require_file(path)
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    first = lines[0].replace(" ", "") if lines else ""
    require(first == COLUMNS, f"{path.name}: first line", COLUMNS, first)
    require(len(lines) > 1, path.name, "of at least 1 gesture", 0)
    return [
        _gesture(f"{path.name}: line {k}", line, classes) for k, line in enumerate(lines[1:], 2)
    ]


def write_gestures(path: Path, gestures: list[Gesture]) -> None:
    """Write a CSV, whole or not at all."""
    rows = [f"{each.label + 1},{each.start},{each.stop}" for each in gestures]
    write_text(path, "\n".join([COLUMNS, *rows]) + "\n")


def read_trials(path: Path) -> list[Path]:
    """The recordings that a list names, beside it; ValueError where one of them is missing."""
    require_file(path)
    names = [line.strip() for line in _text(path).splitlines() if line.strip()]
    require(len(names) > 0, path.name, "of at least 1 recording", 0)
    paths = [path.parent / name for name in names]
    for each in paths:
        wanted = f"beside {path.name}, which names it (copy it there, or take the line out)"
        require(each.is_file(), f"recording {cut(each.name)}", wanted, str(each))
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, f"{path.name}: recordings", "named once each", twice[:3])
    return paths


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except ValueError as error:
        raise ValueError(f"{path.name} must be a text, not what it is ({error})") from error


def _gesture(thing: str, line: str, classes: int) -> Gesture:
    try:
        numbers = [int(word) for word in line.split(",")]
    except ValueError:
        numbers = []
    require(len(numbers) == 3, thing, "three whole numbers by commas", line)
    label, start, stop = numbers
    require(1 <= label <= classes, f"{thing}: class", f"in 1..{classes}", label)
    require(
        0 <= start < stop, f"{thing}: times", "from 0 on, the start before the end", (start, stop)
    )
    return Gesture(label - 1, start, stop)
