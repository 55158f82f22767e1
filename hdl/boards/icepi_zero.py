"""Icepi Zero: ECP5-25F in CABGA256, speed grade 6."""

from axonloop.hdl.boards.board import Board
from axonloop.hdl.boards.ulx3s import ULX3S_25F

ICEPI_ZERO = Board(
    name="icepi-zero",
    title="Icepi Zero, ECP5-25F",
    family="ecp5",
    part=("--25k", "--package", "CABGA256", "--speed", "6"),
    device="LFE5U-25F",
    oscillator=50_000_000,
    pins={"oscillator": "M1", "rx": "K16", "tx": "K15"},
    leds=("E13", "D14", "E12"),
    leds_low=False,
    loader="icepi-zero",
    build=ULX3S_25F.build,
)
