"""The page of a run: what is chosen, buttons, and panels that follow the newest glimpse."""

from __future__ import annotations

from html import escape
from typing import Any

from bokeh.layouts import column, row
from bokeh.models import Toolbar
from bokeh.models.widgets import Button, Div, Select, TextInput

from axonloop.host.live.glimpse import OVER, Glimpse
from axonloop.host.live.pages.choice import Choice
from axonloop.host.live.pages.progress_panel import ProgressPanel
from axonloop.host.live.pages.sample_panel import SamplePanel
from axonloop.host.live.pages.weights_panel import WeightsPanel
from axonloop.host.live.watch import Watch
from axonloop.host.runs import Run

WIDE = 1200
FIRST = 4
"""Neurons that are chosen at first."""
OVER_A_LINE = (
    "Over a serial line nothing is read for this page: weights and counters are those of the last "
    "checkpoint, membranes are read in single ticks."
)
RECORDED = (
    "All words of this device are recorded, so nothing is read for this page: weights and counters "
    "are those of the last checkpoint."
)


class Page:
    """The widgets of one page; everything is called in the thread of the server.

    `view` is the root of the document; `update` takes what is new from `watch`.
    """

    def __init__(self, run: Run, watch: Watch) -> None:
        trainer = run.trainer
        self._watch, self._program = watch, trainer.program
        self._shown: tuple[Glimpse, Choice, bool] | None = None
        self.title = "axonloop" if run.folder is None else run.folder.name
        layers = list(trainer.layers.readers)
        every: list[Any] = [each.name for each in trainer.layers.layers]
        self._layer = Select(title="Layer", value=every[0], options=every, width=160)
        size = len(self._program.neurons[every[0]])
        first = ",".join(map(str, range(min(FIRST, size))))
        self._neurons = TextInput(title="Neurons, by commas", value=first, width=200)
        self._choice = Choice.parse(self._program, every[0], first)
        self._mistake = Div(width=300, styles={"color": "#b03020"})
        self._pause = Button(label="Pause", button_type="primary", width=90)
        self._step = Button(label="One tick", width=90)
        self._status = Div(width=WIDE, styles={"font-size": "15px"})
        self._sample = SamplePanel(trainer.settings.task.ticks, _unread(watch))
        self._progress = ProgressPanel(
            trainer.layers.measure.name, len(layers), trainer.settings.run.epochs
        )
        self._weights = WeightsPanel(self._program, run.image)
        self._layer.on_change("value", self._choose)
        self._neurons.on_change("value", self._choose)
        self._pause.on_click(self._toggle)
        self._step.on_click(watch.gate.step)
        self.view = self._laid_out(run)
        for toolbar in self.view.select({"type": Toolbar}):
            toolbar.autohide = True
        self.update()

    def _laid_out(self, run: Run) -> Any:
        device = run.trainer.device
        head = f"<b style='font-size:20px'>{escape(self.title)}</b> on {escape(device.name)}"
        buttons = row(self._pause, self._step, styles={"align-self": "end"})
        told = _told(self._watch)
        return column(
            Div(text=head, width=WIDE),
            self._status,
            row(buttons, self._layer, self._neurons, self._mistake, spacing=12),
            *([Div(text=told, width=WIDE)] if told else []),
            row(self._sample.view, self._progress.view, spacing=16),
            self._weights.view,
            styles={"font-family": "system-ui, sans-serif", "margin": "1rem auto"},
        )

    def _toggle(self) -> None:
        gate = self._watch.gate
        if gate.paused:
            gate.resume()
        else:
            gate.pause()

    def _choose(self, name: str, old: str, new: str) -> None:
        try:
            self._choice = Choice.parse(self._program, self._layer.value, self._neurons.value)
        except ValueError as error:
            self._mistake.text = escape(str(error))
        else:
            self._mistake.text = ""

    def update(self) -> None:
        """Show the newest glimpse, if it or what was chosen is new."""
        glimpse, choice, paused = self._watch.glimpse, self._choice, self._watch.gate.paused
        before, self._shown = self._shown, (glimpse, choice, paused)
        if before is not None and before[0] is glimpse and before[1:] == (choice, paused):
            return
        over = glimpse.phase == OVER
        self._status.text = _status(glimpse, paused)
        self._pause.update(label="Resume" if paused else "Pause", disabled=over)
        self._step.disabled = over
        if glimpse.sample is not None:
            self._sample.show(glimpse.sample, choice)
        self._progress.show(glimpse)
        self._weights.show(glimpse.weights, glimpse.read_at, choice)


def _unread(watch: Watch) -> str:
    """What is said where membranes are missing."""
    if watch.reads_state:
        return "are not read of this sample"
    return "are read in single ticks only" if watch.reads_steps else "are not read"


def _told(watch: Watch) -> str:
    """What is to be said of the device."""
    if watch.reads_state:
        return ""
    return OVER_A_LINE if watch.reads_steps else RECORDED


def _status(glimpse: Glimpse, paused: bool) -> str:
    """Where the run is, in a line."""
    done = f"{glimpse.done:,} of {glimpse.total:,} training samples are done"
    if glimpse.phase == OVER:
        return f"The run is over: {escape(glimpse.told)}"
    if paused and glimpse.sample is not None:
        tick, ticks = glimpse.sample.tick + 1, glimpse.sample.ticks
        return f"<b>Paused</b> behind tick {tick} of {ticks}; {done}. Closing the page resumes."
    return f"{glimpse.phase.capitalize()}: {done}."
