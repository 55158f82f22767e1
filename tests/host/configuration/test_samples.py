"""The samples that settings name, and settings that go with them."""

from __future__ import annotations

import pytest

from axonloop.host.configuration import Settings, open_samples
from axonloop.host.data import Digits


def test_without_data_they_are_the_digits() -> None:
    with open_samples(Settings()) as (settings, data):
        assert isinstance(data, Digits)
        assert settings == Settings()


def test_the_digits_have_no_loss_of_numbers() -> None:
    numbers = Settings().changed({"objective": {"loss": "mse"}})
    wanted = "objective.loss must be left out or cross-entropy or integer, of classes, not 'mse'"
    with pytest.raises(ValueError, match=f"^{wanted}$"), open_samples(numbers):
        pass
