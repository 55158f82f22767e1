"""Which engine computes a batched chip, and who is told."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import torch

from axonloop.models.config import CoreConfig, Geometry
from axonloop.sim.batched import BatchedChip, choice
from axonloop.sim.batched.kernels import MAX_COPIES, CompiledEngine
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.batched.tensors import TensorEngine
from axonloop.sim.build import BuildError, MissingToolError

CONFIG, CPU = CoreConfig(Geometry(16, 16)), torch.device("cpu")


@pytest.fixture
def without_compiler(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """No compiler is found, for the first time; the reason."""
    reason = "a C++ compiler must be on the PATH, not missing"

    def fail() -> None:
        raise MissingToolError(reason)

    monkeypatch.setattr(library, "find_compiler", fail)
    caches = library.load, library.missing, choice.warn_slow
    for each in caches:
        each.cache_clear()
    yield reason
    for each in caches:
        each.cache_clear()


def test_the_fall_back_to_torch_is_told_once_with_its_reason(without_compiler: str) -> None:
    message = (
        f"batched chips run in torch, 50 to 300 times slower than compiled: {without_compiler}"
    )
    with pytest.warns(choice.SlowEmulatorWarning, match=f"^{re.escape(message)}$"):
        chip = BatchedChip(CONFIG, 1, shared=True)
    assert isinstance(chip.engine, TensorEngine)
    assert isinstance(BatchedChip(CONFIG, 2, shared=False).engine, TensorEngine)


@pytest.mark.usefixtures("without_compiler")
def test_who_asks_for_torch_hears_nothing() -> None:
    assert choice.resolve("float64", CPU, 1) == "float64"
    assert choice.resolve("auto", CPU, MAX_COPIES + 1) == "auto"
    assert choice.resolve("auto", torch.device("cuda"), 1) == "auto"
    with pytest.raises(MissingToolError):
        choice.resolve("compiled", CPU, 1)


def test_a_cache_that_cannot_be_written_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BuildError("no space")

    monkeypatch.setattr(library, "load", fail)
    assert library.missing.__wrapped__() == "no space"


def test_compiled_code_is_taken_where_it_can_be_had() -> None:
    assert isinstance(BatchedChip(CONFIG, 1, shared=True).engine, CompiledEngine)
    with pytest.raises(ValueError, match="device for compiled arithmetic must be the CPU, not 'c"):
        choice.resolve("compiled", torch.device("cuda"), 1)
