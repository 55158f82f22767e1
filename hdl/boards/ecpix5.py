"""ECPIX-5 of LambdaConcept: ECP5-5G-45F in CABGA554, speed grade 8, FT2232H."""

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry

ECPIX5_45F = Board(
    name="ecpix5-45f",
    title="ECPIX-5, ECP5-5G-45F",
    family="ecp5",
    part=("--um5g-45k", "--package", "CABGA554", "--speed", "8"),
    device="LFE5UM5G-45F",
    oscillator=100_000_000,
    pins={"oscillator": "K23", "rx": "R26", "tx": "R24"},
    leds=("R21", "W21", "K24"),
    leds_low=True,
    loader="ecpix5",
    build=Build(
        Geometry(update_lanes=2, trace_lanes=2, parameter_sets=2),
        clock=75_000_000,
    ),
)
