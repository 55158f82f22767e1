"""Tang Nano 20K of Sipeed (https://wiki.sipeed.com): Gowin GW2AR-18 in QN88, BL616."""

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry

TANG_NANO_20K = Board(
    name="tang-nano-20k",
    title="Tang Nano 20K, GW2AR-18",
    family="gowin",
    part=("--device", "GW2AR-LV18QN88C8/I7", "--vopt", "family=GW2A-18C"),
    device="GW2A-18C",
    oscillator=27_000_000,
    pins={"oscillator": "4", "rx": "70", "tx": "69"},
    leds=("15", "16", "17"),
    leds_low=True,
    loader="tangnano20k",
    build=Build(
        Geometry(
            axons=128,
            neurons=128,
            lanes=4,
            update_lanes=1,
            trace_lanes=1,
            multipliers=4,
            parameter_sets=1,
            entries=256,
        ),
        clock=54_000_000,
    ),
)
