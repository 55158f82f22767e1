"""ULX3S of Radiona (https://radiona.org/ulx3s): ECP5 in CABGA381, speed grade 6, FT231X."""

from dataclasses import replace

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry

ULX3S_85F = Board(
    name="ulx3s-85f",
    title="ULX3S, ECP5-85F",
    family="ecp5",
    part=("--85k", "--package", "CABGA381", "--speed", "6"),
    device="LFE5U-85F",
    oscillator=25_000_000,
    pins={"oscillator": "G2", "rx": "M1", "tx": "L4"},
    leds=("B2", "C2", "C1"),
    leds_low=False,
    high=("L2",),  # GPIO0 of the radio module, which could take the board over otherwise
    loader="ulx3s",
    build=Build(
        Geometry(lanes=32, update_lanes=4, trace_lanes=4, multipliers=32, parameter_sets=2),
        clock=60_000_000,
    ),
)
ULX3S_25F = replace(
    ULX3S_85F,
    name="ulx3s-25f",
    title="ULX3S, ECP5-25F",
    part=("--25k", "--package", "CABGA381", "--speed", "6"),
    device="LFE5U-25F",
    build=Build(
        Geometry(lanes=4, update_lanes=1, trace_lanes=1, multipliers=4, parameter_sets=2),
        clock=50_000_000,
    ),
)
