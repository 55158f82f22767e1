"""A trainer put where a run's checkpoint stands, if the checkpoint is that run's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axonloop.host.configuration import Configuration
from axonloop.host.runs.checkpoint import load_checkpoint
from axonloop.host.training import Trainer
from axonloop.models.checks import require

_HASH = re.compile("[0-9a-f]{64}")


def restore_checkpoint(trainer: Trainer, path: Path) -> None:
    """Put the trainer where the checkpoint stands; ValueError if it is another run's."""
    state = load_checkpoint(path)
    with foreign_refused():
        stored = Configuration.of(state["settings"], f"settings of {path.name}").settings
        same = stored.changed({"run": {"epochs": trainer.settings.run.epochs}}) == trainer.settings
        require(same, "settings of the checkpoint", "the run's own", state["settings"])
        require_origin(trainer, state)
        _check_position(trainer, state)
        trainer.restore(state)


def require_origin(trainer: Trainer, state: dict[str, Any]) -> None:
    """ValueError unless the trainer has the data and the network of the checkpoint's."""
    own, stored = trainer.parts.fingerprint, state.get("data")
    for name in own or {}:
        found, wanted = (own or {})[name], (stored or {}).get(name)
        require(found == wanted, f"{name} of the data", f"{wanted}, as when the run began", found)
    require(own == stored, "data", "those of the run", own)
    network = None if trainer.own is None else trainer.own.fingerprint
    same = network == state.get("network")
    require(same, "network", "the one that the run began with, first weights too", "another")


def _check_position(trainer: Trainer, state: dict[str, Any]) -> None:
    """ValueError unless the run can stand where its checkpoint says it does."""
    epoch, sample = (int(state["position"][name]) for name in ("epoch", "sample"))
    epochs = trainer.settings.run.epochs
    begun = epoch + (0 < sample <= len(trainer.train))
    require(epochs >= begun, "epochs", f"at least {begun}, which are done or begun", epochs)
    last = len(trainer.train) if epoch < epochs else 0
    require(sample <= last, "sample of the run", f"at most {last}, the epoch's last", sample)
    entries = len(state["position"]["history"])
    require(entries == epoch, "history of the run", f"of {epoch} epochs, which are done", entries)
    for link in state["spike_hashes"]:
        require(bool(_HASH.fullmatch(link)), "spike hash of the run", "64 hexadecimal digits", link)


@contextmanager
def foreign_refused() -> Iterator[None]:
    """Turn what a checkpoint of something else brings about into ValueError."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(f"checkpoint must be a training run's, not foreign ({reason})") from error
