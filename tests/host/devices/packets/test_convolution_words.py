"""The words of a core with convolutions: its identification, its descriptors, its far neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from axonloop.host.devices import DeviceError
from axonloop.host.devices.board import check_configuration
from axonloop.host.devices.packets import chip_of, described, load_words, table_words
from axonloop.host.devices.packets.addresses import Addresses
from axonloop.models.config import ChipConfig, CoreConfig, Geometry, Mesh
from axonloop.models.protocol import (
    CONVOLUTION_INDEX,
    IDENTITY_WORDS,
    Identity,
    LinkConfig,
    Region,
    configuration_hash,
    identity_words,
    packets,
)
from tests.support.random.convolutions import far_core

CORE = far_core()
CHIP = ChipConfig.of(CORE)


def identity(geometry: Geometry, mesh: Mesh = CHIP.mesh) -> np.ndarray:
    return np.array(identity_words(LinkConfig(), geometry, mesh, 0, 5), np.uint32)


def test_a_board_tells_of_its_convolutions() -> None:
    words = identity(CORE.geometry, Mesh(2, 1))
    assert len(words) == IDENTITY_WORDS + 2
    assert words[-2:].tolist() == [4, 4 << 16 | 2112]
    found = chip_of(words)
    assert (found.geometry, found.mesh) == (CORE.geometry, Mesh(2, 1))
    told = described(words)
    assert (told["convolutions"], told["kernels"]) == ("4", str(4 << 16 | 2112))


def test_a_board_without_or_with_others_is_refused() -> None:
    check_configuration(identity(CORE.geometry), CHIP)
    plain = ChipConfig.of(CoreConfig(Geometry()))
    with pytest.raises(DeviceError, match="convolutions 0 instead of 4, kernels 0 instead of"):
        check_configuration(identity(plain.geometry), CHIP)
    with pytest.raises(DeviceError, match="convolutions 4 instead of 0, kernels 264256 instead"):
        check_configuration(identity(CORE.geometry), plain)


def test_an_identification_with_a_word_too_many_is_refused() -> None:
    words = np.append(identity(CORE.geometry), np.uint32(0))
    words[Identity.CONFIGURATION] = configuration_hash(words[Identity.CORE :].tolist())
    with pytest.raises(DeviceError, match="board must be of a known geometry"):
        chip_of(words)


def test_descriptors_as_words() -> None:
    words = table_words(CORE)[Region.CONVOLUTION].reshape(4, 16)
    for row, shape in zip(words.tolist(), CORE.convolutions, strict=True):
        named = {name: row[index] for name, index in CONVOLUTION_INDEX.items()}
        assert named == vars(shape)
        assert row[12:] == [0] * 4
    assert Region.CONVOLUTION not in table_words(CoreConfig(Geometry(entries=4)))


def test_weights_are_kernel_rows_of_kernel_columns() -> None:
    weights = np.full((2112, 4), CORE.geometry.no_synapse, np.int32)
    weights[5:17] = np.arange(48).reshape(12, 4)
    packed = load_words(CORE, weights)
    start = packed.tolist().index(Region.WEIGHT << 24) + 1
    assert packed[start + 5] == 0x03020100
    assert packed[start + 16] == 0x2F2E2D2C


def test_errors_of_neurons_from_2048_on_have_a_kind_of_their_own() -> None:
    neurons = np.array([0, 2047, 2048, 2303], np.int32)
    values = np.array([1, -2, 3, -4], np.int32)
    for ungated in (False, True):
        sent = Addresses(CHIP).errors(neurons, values, ungated)
        events = zip(neurons.tolist(), values.tolist(), strict=True)
        assert sent.tolist() == [packets.error(0, *event, ungated) for event in events]
    assert [packets.neuron_of_error(word) for word in sent.tolist()] == neurons.tolist()


def test_errors_of_such_neurons_name_their_core_on_a_mesh() -> None:
    chip = ChipConfig((CORE, replace(CORE, core=1)), Mesh(2, 1))
    neurons = np.array([2048, 2303, 2304, 2304 + 2047, 2304 + 2048], np.int32)
    sent = Addresses(chip).errors(neurons, np.full(5, -3, np.int32), False)
    named = [(0, 2048), (0, 2303), (1, 0), (1, 2047), (1, 2048)]
    assert sent.tolist() == [packets.error(*each, -3) for each in named]
