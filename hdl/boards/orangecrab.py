"""OrangeCrab r0.2 of Good Stuff Department: ECP5-25F in CSFBGA285, speed grade 8.

It has no serial port of its own: the line is at pins 0 (in) and 1 (out) of the Feather header.
"""

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry

ORANGECRAB_25F = Board(
    name="orangecrab-25f",
    title="OrangeCrab r0.2, ECP5-25F",
    family="ecp5",
    part=("--25k", "--package", "CSFBGA285", "--speed", "8"),
    device="LFE5U-25F",
    oscillator=48_000_000,
    pins={"oscillator": "A9", "rx": "N17", "tx": "M18"},
    leds=("K4", "M3", "J3"),
    leds_low=True,
    loader="orangeCrab",
    build=Build(
        Geometry(lanes=4, update_lanes=1, trace_lanes=1, multipliers=4, parameter_sets=2),
        clock=60_000_000,
    ),
)
