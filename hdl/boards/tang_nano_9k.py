"""Tang Nano 9K of Sipeed (https://wiki.sipeed.com): Gowin GW1NR-9C in QN88P, BL702."""

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry, Layout

TANG_NANO_9K = Board(
    name="tang-nano-9k",
    title="Tang Nano 9K, GW1NR-9C",
    family="gowin",
    part=("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
    device="GW1N-9C",
    oscillator=27_000_000,
    pins={"oscillator": "52", "rx": "18", "tx": "17"},
    leds=("10", "11", "13"),
    leds_low=True,
    loader="tangnano9k",
    build=Build(
        Geometry(
            axons=128,
            neurons=128,
            lanes=2,
            update_lanes=1,
            trace_lanes=1,
            multipliers=1,
            layout=Layout.PLAIN,
            entries=256,
        ),
        clock=27_000_000,
        command_depth=256,
        reply_depth=256,
    ),
)
