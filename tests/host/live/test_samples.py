"""What the live view keeps of samples."""

from __future__ import annotations

import numpy as np

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.live.running_sample import RunningSample
from axonloop.host.live.seen_samples import SeenSamples
from axonloop.host.processing.objective import MSE
from axonloop.host.training import chip_config, lone_trainer


def test_a_sample_is_whole_if_it_was_looked_at_from_its_first_tick() -> None:
    spikes = np.zeros((1, 4), bool)
    late, whole = RunningSample((0, 0), 3), RunningSample((0, 1), 3)
    for tick in range(3):
        if tick:
            late.add(tick, spikes, None)
        whole.add(tick, spikes, None)
    assert (late.ended, late.whole) == (True, False)
    assert (whole.ended, whole.whole) == (True, True)


def test_a_sample_of_numbers_has_no_class() -> None:
    settings = Settings().changed({"network": {"layers": (8,)}, "task": {"limit": 4}})
    with open_device("golden", chip_config(settings)) as device:
        trainer = lone_trainer(device, settings, split_digits())
        trainer.layers.measure = MSE
        assert SeenSamples(trainer).told(RunningSample((1, 2), 3)) == "Sample 3 of epoch 2"


def test_the_class_is_that_of_the_sample_in_the_order_of_its_epoch() -> None:
    settings = Settings().changed({"network": {"layers": (8,)}, "task": {"limit": 20}})
    with open_device("golden", chip_config(settings)) as device:
        trainer = lone_trainer(device, settings, split_digits())
        task, count = trainer.tasks[0], len(trainer.train)
        seen, seed = SeenSamples(trainer), settings.run.seed
        for epoch in (0, 1):
            classes = [task.train.target(int(place)) for place in task.places(seed, epoch)]
            told = [seen.told(RunningSample((epoch, n), 3)) for n in range(count)]
            assert told == [
                f"Sample {n + 1} of epoch {epoch + 1}, class {own}" for n, own in enumerate(classes)
            ]
