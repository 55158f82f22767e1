"""The data that settings name, open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from axonloop.host.configuration.settings import Settings
from axonloop.host.data import Data, Digits, open_data, split_digits
from axonloop.models.checks import require


@contextmanager
def open_samples(
    settings: Settings, given: Mapping[str, Any] | None = None
) -> Iterator[tuple[Settings, Digits | Data]]:
    """The data that settings name, which are closed in the end, and the settings fitted to them.

    `given` as of `Settings.fitted`. Raises ValueError for data that cannot be opened or do not fit.
    """
    if settings.data is None:
        settings.require_loss(of_classes=True)
        yield settings, split_digits()
        return
    named = settings.data.path != "" or settings.data.set != ""
    require(named, "data.path", "a file, as set.npz", settings.data.path)
    with open_data(settings.data) as data:
        yield settings.fitted(data, given), data
