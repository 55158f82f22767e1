"""Which boards hold a network as they are, and what stands in the way of the others."""

from __future__ import annotations

from axonloop.hdl.boards import BOARDS
from axonloop.host.network import Program, compile_network

FITS = "holds it with its own build"


def board_fits(program: Program) -> dict[str, str]:
    """For every board: that its own build, of one core, holds the network, or why it does not.

    Another build is a matter of `axonloop synth --config`, which says whether the FPGA has room.
    """
    return {name: _fit(program, name) for name in BOARDS}


def _fit(program: Program, name: str) -> str:
    cores = program.config.mesh.cores
    if cores > 1:
        return f"another build may; its own has one core, not {cores}"
    own = BOARDS[name].build.geometry
    for width in ("weight_bits", "state_bits"):  # fewer would clip what is not clipped here
        has, needs = getattr(own, width), getattr(program.geometry, width)
        if has < needs:
            return f"another build may; its own has {width} {has}, not {needs}"
    try:
        compile_network(program.plan.network, own)
    except ValueError as error:
        return f"another build may; in its own {error}"
    return FITS
