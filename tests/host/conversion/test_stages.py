"""Modules of torch as matrices between ReLUs, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from axonloop.host.conversion.stages import read_stages


class Functional(nn.Module):
    """The same with functions in place of layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(2, 3, 3), nn.Linear(12, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.avg_pool2d(torch.relu(self.conv(x)), 2)
        return self.linear(x.view(x.size(0), -1)).relu() * 2


class Skip(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(5, 5), nn.Linear(5, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(torch.relu(self.one(x))) + x


class Branch(Skip):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.one(x) if x.sum() > 0 else self.two(x)


class Square(Skip):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.two(torch.relu(self.one(x) * x))


class Pair(Skip):
    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.one(x) + y


def dense() -> nn.Sequential:
    layers = (nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.5), nn.Linear(7, 6), nn.Linear(6, 3))
    return nn.Sequential(*layers)


def convolutional() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(2, 4, 3, padding=1, stride=2), nn.BatchNorm2d(4), nn.ReLU()),
        nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3, bias=False), nn.ReLU()),
    )


@pytest.mark.parametrize(
    ("make", "shape", "sizes"),
    [
        (dense, (5,), [(5, 7), (7, 3)]),
        (convolutional, (2, 4, 4), [(32, 16), (16, 3)]),
        (Functional, (2, 6, 6), [(72, 48), (48, 4), (4, 4)]),
    ],
)
def test_stages_compute_what_the_module_does(
    make: type[nn.Module], shape: tuple[int, ...], sizes: list[tuple[int, int]]
) -> None:
    torch.manual_seed(1)
    module = make()
    module(torch.rand(8, *shape))  # BatchNorm has seen something
    stages = read_stages(module, shape)
    assert [stage.weights.shape for stage in stages] == sizes
    x = torch.randn(6, *shape)
    found = x.reshape(6, -1).double().numpy()
    for stage in stages:
        found = stage.apply(found)
    wanted = module.eval()(x).detach().numpy()
    assert np.abs(found - wanted).max() < 1e-5
    assert np.abs(wanted).max() > 0.1


def test_a_module_stays_as_it_was() -> None:
    module = dense()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    read_stages(module, (5,))
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(2)),
            (1, 6, 6),
            "MaxPool2d '1' must be linear or ReLU; AvgPool2d in its place, and training with it, "
            "would do",
        ),
        (
            nn.Sequential(nn.Linear(5, 4), nn.Sigmoid()),
            (5,),
            "Sigmoid '1' must be linear or ReLU; ReLU, and training with it, would do",
        ),
        (
            nn.Sequential(nn.Linear(5, 4), nn.LogSoftmax(1)),
            (5,),
            "LogSoftmax '1' must be linear or ReLU; leaving it out (the largest logit stays the "
            "largest) would do",
        ),
        (Skip(), (5,), "inputs of 'add' must be made of 'relu', not of 'x' before it; "),
        (Square(), (5,), "what lies between two ReLUs must be linear, not one, mul, which is off"),
        (Branch(), (5,), "forward of Branch must be a chain of layers without branches on values"),
        (Pair(), (5,), "inputs of the module must be one tensor, not 2 (x, y)"),
        (dense(), (4,), "inputs must be of the module's shape, not (4,): "),
        (nn.Sequential(), (4,), "module must be one with a Linear or a convolution, not an empty"),
    ],
)
def test_what_is_no_chain_is_one_clear_line(
    module: nn.Module, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        read_stages(module, shape)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
