"""The save file with which GTKWave opens a waveform on the signals that matter."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from vcd.gtkw import GTKWSave

from axonloop.sim.waves.outputs import CHIP
from axonloop.sim.waves.signals import Signal, matching

ENDING = ".gtkw"
FIRST = ("clk", "commands__*", "replies__*", "ticks__*", "core.control.*", "core.neurons.lane_0.*")
"""What is shown where nothing else is asked for, as far as the file has it."""
MOST_SHOWN = 80


def write_save_file(wave: Path, signals: Sequence[Signal], shown: Sequence[str] = ()) -> Path:
    """Write the save file beside the waveform `wave`, which has `signals`; its path.

    It shows the signals that match one of the patterns `shown`, at most MOST_SHOWN of them, in
    groups by module; patterns that match nothing are passed over.
    """
    path, found = wave.with_suffix(ENDING), shown_signals(signals, shown)
    with path.open("w") as file:
        save = GTKWSave(file)
        save.dumpfile(str(wave))
        save.savefile(str(path))
        save.size(1600, 900)
        save.signals_width(360)
        save.sst_expanded(True)
        for module in dict.fromkeys(each.modules[:1] for each in found):
            save.treeopen(".".join((CHIP, *module)))
        for modules, group in groupby(found, lambda each: each.modules):
            with save.group(".".join((CHIP, *modules))):
                for each in group:
                    bits = each.range.strip()
                    save.trace(f"{CHIP}.{each.path}{bits}", datafmt="hex" if bits else "bin")
    return path


def shown_signals(signals: Sequence[Signal], shown: Sequence[str]) -> list[Signal]:
    """The signals that a save file shows: whole signals, one of those that are always the same."""
    whole = [each for each in signals if "$" not in each.name and "." not in each.name]
    found: dict[str, Signal] = {}
    for pattern in shown or FIRST:
        for each in matching(whole, pattern):
            found.setdefault(each.identifier, each)
    return list(found.values() or whole)[:MOST_SHOWN]
