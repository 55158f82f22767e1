"""The tests that compile a chip for a mutant of gateware: few, on small chips that have its room.

Each costs a compilation, so what simulates in Amaranth is tried before.
"""

from __future__ import annotations

from tests.mutation.mutants import Mutant

LOCKSTEP = "tests/host/verification/test_lockstep_mutants.py::test_the_chip_as_it_is_passes"
CYCLES = "tests/models/test_cycles.py"
PARALLEL = (
    f"{LOCKSTEP}[seed1-plain]",
    f"{LOCKSTEP}[seed1-analogue]",
    f"{CYCLES}::test_the_model_of_ticks_and_learning[0.3]",
    f"{LOCKSTEP}[seed1-terms]",
)
SERIAL = (f"{CYCLES}::test_lanes_that_are_alone",)
MESH = ("tests/host/verification/test_verify.py::test_golden_and_rtl_agree_on_a_mesh",)
LINK = ("tests/host/devices/test_board.py::test_lockstep_with_the_golden_model",)
OF_ROOM = {
    "hdl/boards": (),
    "hdl/bus": (),
    "hdl/chip": (*PARALLEL[:1], *MESH),
    "hdl/flow": (),
    "hdl/link": LINK,
    "hdl/serial": SERIAL,
    "models/config": (),
}
CHIPS = ("hdl/", "models/config/")
"""Where a change makes every chip another one."""
COMPILING_SECONDS = 30.0
"""What a compilation takes of the processor's time, or somewhat less."""


def chip_tests(mutant: Mutant) -> tuple[str, ...]:
    """The names of the tests that compile a chip for a mutant, the likeliest first."""
    room = "/".join(mutant.file.split("/")[:2])
    return OF_ROOM.get(room, (*PARALLEL, *SERIAL)) if mutant.file.startswith(CHIPS) else ()
