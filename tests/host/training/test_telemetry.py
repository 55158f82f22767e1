"""What training costs over a link: sums, and means over samples."""

from __future__ import annotations

from axonloop.host.devices import LinkUse
from axonloop.host.training.telemetry import SampleCost, link_metrics

LINE = LinkUse(baud=8000, bytes_down=300, bytes_up=100, round_trips=4)


def test_means_are_those_of_the_samples() -> None:
    costs = [SampleCost(10, 1.0, 0.5, 2.0, LINE), SampleCost(30, 3.0, 1.5, 4.0, LINE)]
    found = link_metrics(costs, LINE)
    seconds = found["seconds_per_training_sample"]
    assert (seconds["host"], seconds["loss"]) == (2.0, 1.0)
    assert seconds["link"] + seconds["chip"] == 3.0
    assert found["per_training_tick"]["bytes_down"] == 600 / 40
    assert found["training_samples"] == 2


def test_a_run_of_no_samples_spent_nothing() -> None:
    assert set(link_metrics([], LINE)["seconds_per_training_sample"].values()) == {0.0}
