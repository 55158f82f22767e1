"""A run and its folder: config.json, checkpoint.npz, history.json, metrics.json and pictures."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from time import perf_counter
from typing import Any

from axonloop.host.configuration import Configuration, Settings
from axonloop.host.console import Progress, notice
from axonloop.host.data import SIDE, Data, Digits, split_digits
from axonloop.host.devices import Device, weight_hash
from axonloop.host.energy import chip_energy
from axonloop.host.files import NEW, write_json
from axonloop.host.processing import Loss, at_limits, clipped, no_better
from axonloop.host.report import Kept, write_report
from axonloop.host.runs.callback import Callback, hears_samples
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.runs.journal import Journal
from axonloop.host.runs.lock import locked_folder
from axonloop.host.runs.network_report import channel_metrics, channel_of, write_account
from axonloop.host.runs.restore import restore_checkpoint
from axonloop.host.training import (
    TRACED,
    OwnNetwork,
    Score,
    Trainer,
    link_metrics,
    lone_trainer,
)
from axonloop.host.wear import WriteAccount
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require

CONFIG, CHECKPOINT, METRICS = "config.json", "checkpoint.npz", "metrics.json"
HISTORY = "history.json"
"""What metrics.json holds of the epochs, written after each of them."""
CURVE, WEIGHTS, RASTER = "learning_curve.png", "weights.png", "raster.png"
OUTPUTS = "outputs.png"
ACCOUNT, MESH, LINK, CHANNEL = "network.txt", "mesh.png", "link.png", "channel.png"
WRITES = "writes.png"
CHECKPOINT_SECONDS = 5.0
"""Least time between two checkpoints within an epoch."""
Given = Mapping[str, Mapping[str, Any]]
"""Tables of settings that somebody names, as `Settings.changed` takes them."""
CHECKPOINT_SAMPLES = 100
"""Samples between two of them where a device is recorded or replayed."""


def require_new(folder: Path) -> None:
    """ValueError if `folder` holds a run already, or cannot become a folder."""
    found = (folder / CONFIG).exists()
    require(not found, "run folder", "new (or go on with --resume)", str(folder))
    require_folder(folder)


def require_folder(folder: Path) -> None:
    """ValueError if `folder` cannot be made, because a file is in its place or above it."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    require(
        nearest.is_dir(), "folder to write to", "a folder or new, and below folders", str(folder)
    )


def _tidy(folder: Path) -> None:
    """Remove the files that killed processes left half written; the folder must be locked."""
    for leftover in folder.glob(f"*{NEW}"):
        leftover.unlink()


def resumed_settings(folder: Path, given: Given) -> Settings:
    """The settings of the run in `folder`; of what is `given`, only `epochs` may differ.

    Raises ValueError for another difference, or where there is no run.
    """
    settings = Configuration.read(folder / CONFIG).settings
    for table, values in given.items():
        for name, value in values.items():
            stored = getattr(getattr(settings, table), name)
            same = value == stored or name == "epochs"
            require(same, name, f"{stored!r}, with which the run began", value)
    return settings.changed(given)


_COUNTED = ("ticks", "synops", "visits", "updates", "spikes")


@dataclass
class Run:
    """A trainer with the folder that it saves to; without one it writes nothing.

    `image`: rows and columns of a sample that is one.
    """

    folder: Path | None
    trainer: Trainer
    image: tuple[int, int] | None
    started: float
    saved: float = 0.0
    callbacks: Sequence[Callback] = ()
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.folder)

    @classmethod
    @contextmanager
    def open(
        cls,
        folder: Path | None,
        settings: Settings,
        device: Device,
        resume: bool,
        data: Digits | Data | None = None,
        loss: Loss | None = None,
        own: OwnNetwork | None = None,
    ) -> Iterator[Run]:
        """A run on an open device, in a folder of its own or where its checkpoint stands.

        `data`, which `settings` are fitted to, stay the caller's; None: the digits. `own` is a
        network in place of that of the settings. No other process can open a run in the folder
        until the block ends. Raises ValueError where one has it, where a new run finds an older
        one, or for a checkpoint of another run, other data or another network.
        """
        samples = split_digits() if data is None else data
        image = samples.image if isinstance(samples, Data) else (SIDE, SIDE)
        with ExitStack() as stack:
            if resume and folder is not None:
                stack.enter_context(locked_folder(folder))
            trainer = lone_trainer(device, settings, samples, loss, own)
            if folder is None:
                with closing(cls(None, trainer, image, perf_counter())) as run:
                    yield run
                return
            if resume:
                _tidy(folder)
                if (folder / CHECKPOINT).exists():
                    restore_checkpoint(trainer, folder / CHECKPOINT)
            else:
                require_folder(folder)
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(locked_folder(folder))
                require_new(folder)
            write_json(folder / CONFIG, settings.to_dict())
            with closing(cls(folder, trainer, image, perf_counter())) as run:
                yield run

    def close(self) -> None:
        """Tell the callbacks that the run is left."""
        for each in self.callbacks:
            each.on_close(self)

    def save(self) -> None:
        """Write the checkpoint."""
        if self.folder is None:
            return
        save_checkpoint(self.folder / CHECKPOINT, self.trainer.state())
        self.saved = perf_counter()

    def train(
        self,
        progress: Progress,
        after_epoch: Callable[[dict[str, Any]], None] = lambda scored: None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        """Train to the end, with checkpoints; the last one is of the trained network.

        After each epoch history.json and the learning curve are written, then `after_epoch` gets
        what was scored, the epoch's entry of the history. `callbacks` hear of each sample and
        epoch, and may end it.
        """
        trainer = self.trainer
        samples = len(trainer.train)
        total = trainer.settings.run.epochs * samples
        every = hears_samples(callbacks)

        def after_sample() -> bool:
            done = trainer.position.epoch * samples + trainer.position.sample
            progress("train", done, total)
            self.journal.progress(done, total, self._times)
            if trainer.at_rest and self._due(done):
                self.save()
            return not every or self._tell(lambda each: each.on_sample(self, done, total))

        def rest() -> bool:
            done = trainer.position.epoch * samples + trainer.position.sample + 1
            return every or self._due(done)

        def note(scored: dict[str, Any]) -> bool:
            self._note_epoch()
            self.journal.write("epoch", epoch=len(trainer.position.history), **scored)
            after_epoch(scored)
            return self._tell(lambda each: each.on_epoch(self, scored))

        self.callbacks = callbacks
        self.save()
        begun = trainer.position.epoch * samples + trainer.position.sample
        self.journal.write("begin", done=begun, total=total, device=trainer.device.name)
        self._tell(lambda each: each.on_begin(self))
        trainer.run(after_sample, rest, note)
        self.save()

    def _tell(self, call: Callable[[Callback], bool | None]) -> bool:
        """Call every callback while the chip rests; does training go on?

        What one raises comes behind a checkpoint.
        """
        try:
            told = [call(each) for each in self.callbacks]
        except BaseException:
            self.save()
            raise
        return all(each is not False for each in told)

    def _note_epoch(self) -> None:
        """Write what there is to see of the epochs so far."""
        if self.folder is None:
            return
        history, settings = self.trainer.position.history, self.trainer.settings
        done = {"epochs_done": len(history), "epochs": settings.run.epochs}
        warnings = list(self.trainer.rates.warnings.values())
        write_json(self.folder / HISTORY, done | {"warnings": warnings, "history": history})
        self._draw_curve(self.folder, None)

    def _draw_curve(self, folder: Path, final: Sequence[float] | None) -> None:
        """The learning curve; `final` as in `draw_learning_curve`."""
        # Matplotlib takes half a second to import, so only the end of an epoch does.
        from axonloop.host.pictures import save
        from axonloop.host.runs.pictures import draw_learning_curve

        trainer = self.trainer
        curve = draw_learning_curve(
            trainer.position.history, trainer.parts.held_out, final, self.validation_baseline
        )
        save(curve, folder / CURVE)

    @cached_property
    def validation_baseline(self) -> float | None:
        """`Trainer.baseline` of the validation part."""
        return self.trainer.baseline(self.trainer.validation)

    @cached_property
    def writes(self) -> WriteAccount | None:
        """The writes of all memristors, once it is trained; None where no pulses are sent."""
        return next(iter(self.trainer.write_accounts()), None)

    def _due(self, done: int) -> bool:
        """Is it time for a checkpoint, with `done` samples done? It asks for the chip's state."""
        if self.folder is None:
            return False
        if self.trainer.device.telemetry.recorded:
            return done % CHECKPOINT_SAMPLES == 0
        return perf_counter() - self.saved > CHECKPOINT_SECONDS

    def finish(self, progress: Progress) -> dict[str, Any]:
        """Score the trained network, write metrics.json and pictures, and return the metrics."""
        trainer = self.trainer
        samples = len(trainer.test)
        (score,) = trainer.scores(
            trainer.test, TRACED, lambda done: progress("score", done, samples)
        )
        metrics = self._metrics(score)
        if self.folder is not None:
            self._write(self.folder, metrics, score)
            self.journal.write("end", **results_of(trainer, score))
        for each in self.callbacks:
            each.on_end(self, metrics)
        return metrics

    def _write(self, folder: Path, metrics: dict[str, Any], score: Score) -> None:
        trainer = self.trainer
        write_json(folder / METRICS, metrics)
        write_account(
            folder / ACCOUNT,
            folder / MESH,
            trainer.program,
            trainer.layers,
            trainer.device,
            trainer.settings.objective.strategy,
        )
        self._draw(folder, score)

    def _draw(self, folder: Path, score: Score) -> None:
        from axonloop.host.network import Convolution, draw_channel, kernel_rows
        from axonloop.host.pictures import save
        from axonloop.host.runs import pictures
        from axonloop.host.wear import draw_writes

        trainer = self.trainer
        device = trainer.device
        self._draw_curve(folder, None if trainer.settings.task.tune else score.layers)
        if trainer.costs:
            save(pictures.draw_link(trainer.costs), folder / LINK)
        if (writes := self.writes) is not None and writes.populations:
            save(draw_writes(writes.populations, writes.limit), folder / WRITES)
        program = trainer.program
        network = program.plan.network
        objective = trainer.settings.objective
        channel = channel_of(program, trainer.layers, objective.strategy)
        usual = "cross-entropy" if trainer.parts.of_classes else "mse"
        save(draw_channel(network, channel, objective.loss or usual), folder / CHANNEL)
        source = network.sources[0].name
        first = next(each for each in network.projections if each.source == source)
        weights = kernel_rows(program.weights_of(first, device.read_weights()))
        top = device.config.geometry.weight_max
        image = self.image
        if isinstance(first, Convolution):
            image = first.weights.shape[1] * first.kernel, first.kernel
        save(pictures.draw_weights(weights, image, top), folder / WEIGHTS)
        place = score.wrong[0] if score.wrong else 0
        trains = trainer.trains(trainer.test, place)
        target = trainer.test.target(place)
        recording = pictures.record(device, trainer.layers, trains, target)
        spikes = pictures.flags_of(recording.spikes, device.config.neurons)[:, None]
        if trainer.parts.of_classes:
            answer = int(trainer.layers.votes(spikes)[-1].argmax())
            what = "digit" if trainer.settings.data is None else "sample of class"
            title = f"A {what} {target}, read as {answer}"
        else:
            outputs, quiet = trainer.layers.outputs(spikes)[-1][:, 0], trainer.settings.objective
            title = f"Sample {trainer.test.number(place)}, with the largest error"
            save(pictures.draw_outputs(outputs, target, quiet.burn_in, title), folder / OUTPUTS)
        save(pictures.draw_raster(recording, title), folder / RASTER)
        kept = Kept(
            kernel_rows(program.weights_of(first, program.weights)),
            weights,
            top,
            image,
            pictures.trace_of(recording, title),
        )
        kept.save(folder)
        with warnings.catch_warnings():  # bokeh adds filters when it is loaded
            write_report(folder)

    def _metrics(self, score: Score) -> dict[str, Any]:
        trainer = self.trainer
        device, settings = trainer.device, trainer.settings
        counters = {c.name.lower(): n for c, n in device.counters().items()}
        weights = device.read_weights()
        scored = "validation" if settings.task.tune else "test"
        results = results_of(trainer, score)
        return {
            **results,
            "weight_hash": weight_hash(weights, device.config.geometry),
            "trace_hash": score.trace_hash,
            "spike_hash": trainer.spike_hashes()[0],
            "seed": settings.run.seed,
            "device": device.name,
            "epochs": settings.run.epochs,
            "samples": {"train": len(trainer.train), scored: score.samples},
            "trained_on": "train" if trainer.parts.held_out else "train + validation",
            "data": trainer.parts.fingerprint,
            **{name: counters[name] for name in _COUNTED},
            "seconds": perf_counter() - self.started,
            "time": self._times(),
            **self._link(),
            **({} if self.writes is None else {"writes": self.writes.metrics()}),
            "warnings": self._warnings(counters, weights, results),
            "errors_overtaken": trainer.layers.overtaken,
            "channel": channel_metrics(
                channel_of(trainer.program, trainer.layers, settings.objective.strategy)
            ),
            "history": trainer.position.history,
            "counters": counters,
            "energy": asdict(chip_energy(counters, trainer.program.config.neurons)),
            "line": device.telemetry.line_counters(),
        }

    def _warnings(
        self, counters: dict[str, int], weights: Int32Array, results: dict[str, Any]
    ) -> list[str]:
        """The warnings of the last epoch, and those that the run's end gives rise to."""
        trainer, neurons = self.trainer, self.trainer.program.config.neurons
        found = clipped(counters["saturations"], counters["ticks"], neurons)
        found |= at_limits(trainer.program, weights)
        if "baseline_mse" in results:
            found |= no_better(results["layer_mses"][-1], results["baseline_mse"])
        if self.writes is not None and (text := self.writes.warning):
            found["writes"] = text
        for text in found.values():
            notice(f"warning: {text}")
        return [*trainer.rates.warnings.values(), *found.values()]

    def _link(self) -> dict[str, Any]:
        """What the link to the chip carried, if there is one."""
        use = self.trainer.device.telemetry.link_use
        return {} if use is None else {"link": link_metrics(self.trainer.costs, use)}

    def _times(self) -> dict[str, float]:
        """Seconds of training by who spent them, and microseconds per training tick."""
        times, trainer = self.trainer.times, self.trainer
        done = trainer.position.epoch * len(trainer.train) + trainer.position.sample
        ticks = max(1, done) * trainer.settings.task.ticks
        spent = {"host": times.host, "device": times.device, "loss": times.loss}
        per_tick = {f"{who}_us_per_tick": 1e6 * value / ticks for who, value in spent.items()}
        return spent | per_tick


def results_of(trainer: Trainer, score: Score) -> dict[str, Any]:
    """How the part did that a run scores in the end: as metrics.json says it."""
    part, measure = "validation" if trainer.settings.task.tune else "test", trainer.layers.measure
    found = {f"{part}_{measure.name}": score.value, f"layer_{measure.plural}": list(score.layers)}
    baseline = trainer.baseline(trainer.test)
    return found if baseline is None else found | {"baseline_mse": baseline}
