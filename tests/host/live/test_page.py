"""A page of the live view, without a server: what it says of a run, and what its widgets do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models.widgets import Button, Div, Select, TextInput

from axonloop.host.configuration import Settings
from axonloop.host.data import split_digits
from axonloop.host.devices import open_device
from axonloop.host.live.gate import Gate
from axonloop.host.live.glimpse import OVER, TRAINING, Glimpse, SampleGlimpse
from axonloop.host.live.pages import Page
from axonloop.host.live.pages.progress_panel import ProgressPanel
from axonloop.host.live.viewers import Viewers
from axonloop.host.live.watch import Watch
from axonloop.host.runs import Run
from axonloop.host.training import chip_config
from tests.support.outlines.models import outline
from tests.support.outlines.recorded import Recorded

SETTINGS = Settings().changed(
    {
        "network": {"layers": (16, 12), "lanes": 4},
        "task": {"limit": 6, "ticks": 12},
        "objective": {"burn_in": 3},
        "run": {"epochs": 3},
    }
)


@pytest.fixture
def run() -> Iterator[Run]:
    device = open_device("golden", chip_config(SETTINGS))
    with device, Run.open(None, SETTINGS, device, False, split_digits()) as run:
        yield run


def glimpse_of(run: Run) -> Glimpse:
    """Training, seven ticks into a sample, of which potentials were read but for one tick."""
    random = np.random.default_rng(1)
    neurons = run.trainer.program.config.neurons
    spikes = np.array([[0, 3], [2, 15], [2, 16], [5, 27]], np.int32)
    errors = np.array([[4, 1, 12], [4, 20, -7], [6, 2, -1]], np.int32)
    potential = random.normal(0, 1, (7, neurons)).astype(np.float32)
    potential[3] = np.nan
    return Glimpse(
        TRAINING,
        "",
        8,
        18,
        SampleGlimpse("Sample 3 of epoch 2, class 4", 6, 12, spikes, errors, potential),
        [{"layer_accuracies": [0.25, 0.5]}],
        [(0.5, 31.0), (1.25, 17.5)],
        {"device": 210.0, "loss": 55.5, "host": 12.25},
        {"ticks": 1200, "spikes": 345, "errors": 0, "updates": 6},
        random.integers(-100, 100, run.trainer.program.weights.shape, dtype=np.int32),
        "before sample 3",
    )


def page_of(run: Run) -> tuple[Page, Watch]:
    watch = Watch(run.trainer, Gate())
    watch.glimpse = glimpse_of(run)
    return Page(run, watch), watch


def widget(page: Page, kind: type[Any], **told: Any) -> Any:
    (found,) = [
        each
        for each in page.view.select({"type": kind})
        if all(getattr(each, name) == value for name, value in told.items())
    ]
    return found


def texts(page: Page) -> list[str]:
    return [each.text for each in page.view.select({"type": Div})]


def test_all_that_a_page_says(run: Run, recorded: Recorded) -> None:
    page, _ = page_of(run)
    recorded.check("page", outline(page.view))


def test_a_page_of_the_second_layer(run: Run, recorded: Recorded) -> None:
    """Its neurons are numbered from 0, and more weights come into it from the first."""
    page, _ = page_of(run)
    widget(page, TextInput).value = "11,0"
    widget(page, Select).value = "layer2"
    page.update()
    recorded.check("page-of-layer2", outline(page.view))


def test_a_page_without_potentials_and_weights(run: Run) -> None:
    page, watch = page_of(run)
    watch.glimpse = replace(glimpse_of(run), sample=None, weights=None)
    before = outline(page.view)
    page.update()
    assert outline(page.view) == before  # they stay as they were shown


def test_numbers_that_no_neuron_has_are_told(run: Run) -> None:
    page, _ = page_of(run)
    widget(page, TextInput).value = "0,16"
    assert "neurons must be whole numbers in 0..15 by commas, as 0,1,2, not &#x27;0,16&#x27;" in (
        texts(page)
    )
    widget(page, TextInput).value = "0,15"
    assert not any("neurons must be" in text for text in texts(page))


def test_a_paused_page_says_where_the_run_stands(run: Run) -> None:
    page, watch = page_of(run)
    assert "Training: 8 of 18 training samples are done." in texts(page)
    watch.gate.pause()
    page.update()
    told = "<b>Paused</b> behind tick 7 of 12; 8 of 18 training samples are done. "
    assert told + "Closing the page resumes." in texts(page)
    assert widget(page, Button, label="Resume").disabled is False


def test_a_run_that_is_over_takes_no_buttons(run: Run) -> None:
    page, watch = page_of(run)
    watch.glimpse = replace(watch.glimpse, phase=OVER, told="test accuracy 90.00 %")
    page.update()
    assert "The run is over: test accuracy 90.00 %" in texts(page)
    assert all(each.disabled for each in page.view.select({"type": Button}))


def test_progress_of_errors_has_no_upper_end(recorded: Recorded) -> None:
    """A mean squared error is in no percent."""
    panel = ProgressPanel("mse", 1, 3)
    panel.show(Glimpse(TRAINING, "", 1, 3, None, [{"layer_mses": [0.125]}, {"layer_mses": [0.5]}]))
    recorded.check("progress-of-errors", outline(panel.view))


def test_a_run_is_watched_until_its_last_page_is_closed(run: Run) -> None:
    watch = Watch(run.trainer, Gate())
    viewers, documents = Viewers(watch, run), [Document(), Document()]
    assert not watch.looked_at
    for document in documents:
        viewers.add(document)
    assert [document.title for document in documents] == ["axonloop"] * 2
    assert [len(document.roots) for document in documents] == [1, 1]
    watch.gate.pause()
    left = [next(iter(document.session_destroyed_callbacks)) for document in documents]
    left[0](None)
    assert (watch.looked_at, watch.gate.paused) == (True, True)
    left[1](None)
    assert (watch.looked_at, watch.gate.paused) == (False, False)
