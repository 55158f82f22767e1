"""What the live view costs where nobody looks: `python -m tests.support.live.cost [DEVICE]`.

The same training with and without it, in turns; seconds of the process's processors for training
alone, all its threads together, so that other work on the machine hardly matters.
"""

from __future__ import annotations

import sys
from statistics import median
from time import process_time

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.live import Live
from axonloop.host.runs import Run
from axonloop.host.training import chip_config

TURNS = 9
SETTINGS = Settings().changed({"task": {"limit": 12}, "run": {"epochs": 1}})


def seconds(device: str, live: bool) -> float:
    """Processor seconds of a training."""
    with (
        open_device(device, chip_config(SETTINGS)) as chip,
        Run.open(None, SETTINGS, chip, False, split_digits()) as run,
    ):
        callbacks = [Live()] if live else []
        if live:
            callbacks[0].on_begin(run)
            run.callbacks = callbacks
        began = process_time()
        run.trainer.run()
        return process_time() - began


def main() -> None:
    device = sys.argv[1] if len(sys.argv) > 1 else "rtl"
    seconds(device, True)
    pairs = [(seconds(device, False), seconds(device, True)) for _ in range(TURNS)]
    without, beside = (median(each) for each in zip(*pairs, strict=True))
    ratios = sorted(b / a for a, b in pairs)
    middle = ratios[TURNS // 4], ratios[TURNS // 2], ratios[-TURNS // 4]
    print(f"{device}: {without:.3f} s without, {beside:.3f} s with it, nobody looking")
    print("ratio of a pair, quartiles and median: " + ", ".join(f"{each:.3f}" for each in middle))


if __name__ == "__main__":
    main()
