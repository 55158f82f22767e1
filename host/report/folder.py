"""A run's folder, as far as a report reads it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration, Settings
from axonloop.host.data import DataDescription, EventBins, SpikeCode, Split
from axonloop.host.files import read_json
from axonloop.host.report.kept import KEPT, Kept
from axonloop.models.checks import require

CONFIG, METRICS, ACCOUNT = "config.json", "metrics.json", "network.txt"
PICTURES = {
    "outputs.png": "Outputs, and the numbers that they should be",
    "channel.png": "The learning channel",
    "mesh.png": "The mesh",
    "link.png": "The link",
    "writes.png": "Writes of memristors",
}
"""Pictures of a run that a report shows as they are."""


@dataclass(frozen=True)
class RunFolder:
    """What the files of a run say."""

    path: Path
    metrics: dict[str, Any]
    settings: Settings

    @classmethod
    def read(cls, path: Path) -> RunFolder:
        """Read a finished run's files; ValueError where there are none."""
        for name in (CONFIG, METRICS):
            told = "a finished run's, with config.json and metrics.json"
            require((path / name).is_file(), "run folder", told, str(path))
        return cls(path, read_json(path / METRICS), Configuration.read(path / CONFIG).settings)

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.path.resolve().name

    @property
    def scored(self) -> tuple[str, str]:
        """What was scored in the end, and how: accuracy in percent, or mean squared error."""
        key = next(
            k for k in self.metrics if k.endswith(("_accuracy", "_mse")) and k[:5] != "basel"
        )
        part, _, what = key.rpartition("_")
        value = float(self.metrics[key])
        if what == "accuracy":
            return f"accuracy, {part} part", f"{100 * value:.2f} %"
        return f"mean squared error, {part} part", f"{value:.4g}"

    @property
    def kept(self) -> Kept | None:
        """The numbers behind its pictures; None for a run that kept none."""
        return Kept.load(self.path) if (self.path / KEPT).exists() else None

    @property
    def account(self) -> str:
        """Placement, traffic and learning channel as a text; "" without one."""
        path = self.path / ACCOUNT
        return path.read_text() if path.is_file() else ""

    @property
    def pictures(self) -> dict[str, str]:
        """The pictures to show as they are, by their captions, as data in base 64."""
        return {
            caption: b64encode((self.path / name).read_bytes()).decode()
            for name, caption in PICTURES.items()
            if (self.path / name).is_file()
        }


def flat(settings: Settings) -> dict[str, Any]:
    """All settings by their names with dots, as `network.parameters.theta`."""
    return _flat(settings.to_dict())


def usual_values(settings: Settings) -> dict[str, Any]:
    """The usual values by the same names, those of the table [data] too if `settings` have it."""
    usual = Settings().to_dict()
    if settings.data is not None:
        data = {each.name: each.default for each in fields(DataDescription)}
        bins = {each.name: each.default for each in fields(EventBins)}
        parts = {"encoding": asdict(SpikeCode()), "split": asdict(Split()), "events": bins}
        usual["data"] = data | parts
    return _flat(usual)


def _flat(tables: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def take(path: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for name, inner in value.items():
                take(f"{path}.{name}" if path else name, inner)
        else:
            found[path] = value

    take("", tables)
    return found
