"""docs/convolution.md: its example runs, and its weights are torch's, transposed."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.configuration import Configuration
from axonloop.host.training import program_of
from axonloop.models.config import ConvolutionGeometry
from axonloop.models.protocol import Region
from axonloop.sim.batched import BatchedChip
from tests.support.contract import DOCS, examples

PAGE = DOCS / "convolution.md"


def test_the_pages_network_is_placed_as_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    block, *_ = examples(PAGE)
    names: dict[str, Any] = {}
    exec(compile(block, "convolution.md", "exec"), names)
    printed = [line for line in capsys.readouterr().out.splitlines() if line]
    page = [line.strip() for line in PAGE.read_text().splitlines()]
    first = page.index(printed[0])
    assert [line for line in page[first : first + 7] if line] == printed
    assert names["program"].units_of("edges").shape == (16 * 6 * 6, 4)


def test_the_pages_file_describes_convolutions() -> None:
    network, mesh, chip = (
        Configuration.of(tomllib.loads(text), "convolution.md")
        for text in re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    )
    geometry = chip.build("ulx3s-85f").geometry
    assert isinstance(geometry, ConvolutionGeometry)
    assert (geometry.neurons, geometry.kernel_rows, geometry.kernel_columns) == (4096, 512, 32)
    settings = network.settings
    shapes = [(own.channels, own.kernel, own.pool) for own in settings.network.convolutions]
    assert shapes == [(16, 5, 2), (32, 3, 1)]
    names = [each.name for each in program_of(settings).plan.network.populations]
    assert names == ["layer1", "layer2", "layer3"]
    plan = program_of(mesh.settings).plan
    cores = {name: set(plan.cores_of(name).tolist()) for name in names}
    assert cores == {"layer1": {0, 1}, "layer2": {2, 3}, "layer3": {3}}


def test_the_pages_large_cores_hold_the_network_of_the_paper(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names: dict[str, Any] = {}
    exec(compile(examples(PAGE)[1], "convolution.md", "exec"), names)
    geometry, program = names["geometry"], names["program"]
    assert [len(own) for own in program.neurons.values()] == [57600, 21632, 15488]
    assert geometry.large
    assert (geometry.neurons, geometry.axons, geometry.kernel_rows) == (57600, 21648, 6273)
    changed = (names["chips"].read_weights().numpy() != program.weights).mean(1)
    rows = geometry.kernel_rows
    assert [changed[core * rows :][:99].max() > 0.1 for core in range(3)] == [True] * 3
    spiking = re.findall(r"([\d.]+)% of", capsys.readouterr().out)
    assert [float(each) > 0.1 for each in spiking] == [True] * 3


def test_the_pages_example_is_a_convolution_that_learns(capsys: pytest.CaptureFixture[str]) -> None:
    *_, block = examples(PAGE)
    names: dict[str, Any] = {}
    exec(compile(block, "convolution.md", "exec"), names)
    synapses, changed = capsys.readouterr().out.splitlines()
    first, weights, rng = names["first"], names["weights"], names["rng"]
    assert re.findall(r"\d+", synapses) == ["2120", "5920"]
    assert 200 < int(changed.split()[-1]) <= 2120
    chip = BatchedChip(names["config"], 1, shared=True)
    chip.load_weights(weights)
    image = rng.random((1, 64)) < 0.3
    chip.tick(np.pad(image, ((0, 0), (0, 128))))
    kernel = torch.tensor(weights[: first.rows, : first.out_channels].T.reshape(8, 1, 3, 3))
    expected = torch.conv2d(
        torch.tensor(image.reshape(1, 1, 8, 8)).double(), kernel.double(), padding=1
    )
    current = chip.read(Region.CURRENT)[0, : first.neurons].view(8, 8, 8)
    found = expected[0].permute(1, 2, 0) * 2 ** names["config"].parameter_sets[0].w_exp
    assert current.tolist() == found.tolist()
