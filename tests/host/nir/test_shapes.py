"""Shapes that do not go together are refused, with the node, the parameter and its value."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from axonloop.host.nir.nodes import NirError
from axonloop.host.nir.shapes import source_shape, window
from tests.support.nir_graphs import nir


def test_a_source_says_its_shape() -> None:
    assert source_shape("in", nir.Input(np.array([2, 8, 8]))) == (2, 8, 8)
    for said in ({}, {"input": np.array([0, 8])}, None):
        with pytest.raises(NirError, match="input_type of 'in' must be a shape"):
            source_shape("in", SimpleNamespace(input_type=said))


def convolution(weight: Any = (4, 2, 3, 3), bias: int = 4, **changes: Any) -> Any:
    fields = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | changes
    return nir.Conv2d(None, np.ones(weight), bias=np.ones(bias), **fields)


def changed(**fields: Any) -> Any:
    node = convolution()
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def test_windows_that_fit() -> None:
    assert window("c", convolution(), (2, 8, 6)).output_shape == (4, 6, 4)
    assert window("c", convolution(padding="same"), (2, 8, 6)).output_shape == (4, 8, 6)
    assert window("c", convolution(padding="valid"), (2, 8, 6)).output_shape == (4, 6, 4)
    assert window("c", convolution(stride=2, padding=1), (2, 8, 6)).output_shape == (4, 4, 3)
    flat = nir.Conv1d(None, np.ones((3, 2, 5)), 1, 0, 1, 1, np.ones(3))
    assert window("c", flat, (2, 9)).output_shape == (3, 5)


@pytest.mark.parametrize(
    ("node", "heard", "why"),
    [
        (convolution(), (8, 6), r"what 'c' \(Conv2d\) hears must be of 3 dimensions"),
        (convolution(), (3, 8, 6), "weight of 'c' must be for 3 channels in 1 groups"),
        (changed(groups=3), (2, 8, 6), "weight of 'c' must be for 2 channels in 3 groups"),
        (changed(bias=np.ones(3)), (2, 8, 6), r"bias of 'c' must be of shape \(4,\)"),
        (changed(weight=np.ones((4, 2, 3))), (2, 8, 6), "weight of 'c' must be of 4 dimensions"),
        (convolution(), (2, 8, 2), r"kernel of 'c' must be within \(2, 8, 2\)"),
        (changed(stride=0), (2, 8, 6), "stride of 'c' must be whole numbers from 1, not "),
        (changed(padding=(1, -1)), (2, 8, 6), "padding of 'c' must be whole numbers from 0"),
        (changed(dilation=(1, 1.5)), (2, 8, 6), "dilation of 'c' must be whole numbers from 1"),
        (
            changed(padding="same", stride=(2, 2)),
            (2, 8, 6),
            "stride of 'c' must be 1 with padding 'same'",
        ),
    ],
)
def test_windows_that_do_not_fit(node: Any, heard: tuple[int, ...], why: str) -> None:
    with pytest.raises(NirError, match=why):
        window("c", node, heard)
