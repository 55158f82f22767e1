"""Parts, oscillators and pins are those of the package amaranth-boards, for boards that it has."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from axonloop.hdl.boards import BOARDS, Board

DEFINITIONS = {
    "ulx3s-85f": "ulx3s.ULX3S_85F_Platform",
    "ulx3s-25f": "ulx3s.ULX3S_25F_Platform",
    "orangecrab-25f": "orangecrab_r0_2.OrangeCrabR0_2_25FPlatform",
    "ecpix5-45f": "ecpix5.ECPIX545Platform",
    "icepi-zero": "icepi_zero.IcepiZero1_3Platform",
    "icebreaker": "icebreaker.ICEBreakerPlatform",
    "tang-nano-9k": "tang_nano_9k.TangNano9kPlatform",
}
PACKAGES = {"CABGA": "BG", "CSFBGA": "MG", "sg48": "SG48"}
"""How nextpnr's name of a package begins, and the vendor's."""
HEADER_LINE = {"orangecrab-25f": ("0", "1")}
"""Boards whose line, in and out, is at pins of a header."""


@pytest.fixture(params=DEFINITIONS)
def pair(request: pytest.FixtureRequest) -> tuple[Board, Any]:
    """A board of ours, and the definition in the package."""
    module, name = DEFINITIONS[request.param].split(".")
    platform = getattr(import_module(f"amaranth_boards.{module}"), name)
    return BOARDS[request.param], platform


def resources(platform: Any, name: str) -> list[Any]:
    return [each for each in platform.resources if each.name == name]


def pins(resource: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, site and inversion of every pin of a resource."""
    for part in resource.ios:
        if hasattr(part, "ios"):
            yield from ((part.name, *pin[1:]) for pin in pins(part))
        else:
            yield from ((resource.name, site, part.invert) for site in part.names)


def test_the_oscillator(pair: tuple[Board, Any]) -> None:
    board, platform = pair
    (clock,) = resources(platform, platform.default_clk)
    assert [site for _, site, _ in pins(clock)] == [board.pins["oscillator"]]
    assert round(clock.clock.frequency) == board.oscillator


def test_the_line(pair: tuple[Board, Any]) -> None:
    board, platform = pair
    if board.name in HEADER_LINE:
        sites = [platform.connectors[0].mapping[pin] for pin in HEADER_LINE[board.name]]
    else:
        named = {name: site for name, site, _ in pins(resources(platform, "uart")[0])}
        sites = [named["rx"], named["tx"]]
    assert [board.pins["rx"], board.pins["tx"]] == sites


def test_the_lights(pair: tuple[Board, Any]) -> None:
    board, platform = pair
    lights = [*resources(platform, "led"), *resources(platform, "rgb_led")]
    known = {site: inverted for light in lights for _, site, inverted in pins(light)}
    assert {known[site] for site in board.leds} == {board.leds_low}


def test_the_part(pair: tuple[Board, Any]) -> None:
    board, platform = pair
    told = " ".join(board.part)
    if board.family == "gowin":
        assert platform.part in board.part
        assert f"family={platform.family.replace('GW1NR', 'GW1N')}" in board.part
        return
    (package,) = [PACKAGES[start] for start in PACKAGES if f"--package {start}" in told]
    assert platform.package.upper().startswith(package)
    if board.family == "ecp5":
        kind = "--um5g-" if "UM5G" in platform.device else "--"
        assert board.part[0] == f"{kind}{platform.device[-3:-1]}k"
        assert platform.package[2:] == board.part[2][-3:]
        assert board.part[4] == platform.speed
