"""iCEBreaker of 1BitSquared (https://1bitsquared.com): iCE40UP5K in SG48, FT2232H."""

from axonloop.hdl.boards.board import Board, Build
from axonloop.models.config import Geometry, Layout

ICEBREAKER = Board(
    name="icebreaker",
    title="iCEBreaker, iCE40UP5K",
    family="ice40",
    part=("--up5k", "--package", "sg48"),
    device="up5k",
    oscillator=12_000_000,
    pins={"oscillator": "35", "rx": "6", "tx": "9"},
    leds=("37", "11"),
    leds_low=True,
    loader="ice40_generic",
    build=Build(
        Geometry(
            lanes=2,
            update_lanes=1,
            trace_lanes=1,
            multipliers=1,
            weight_ports=1,
            layout=Layout.PLAIN,
            state_bits=14,
            error_bits=7,
            entries=256,
        ),
        clock=12_000_000,
        command_depth=256,
        reply_depth=256,
    ),
)
