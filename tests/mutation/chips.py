"""The tests of whole chips for a mutant of gateware: few, on small chips that have its room.

Those in Amaranth's simulator come first; the others compile the chip.
"""

from __future__ import annotations

from tests.mutation.mutants import Mutant

CORE = "tests/hdl/core/test_core.py::test_a_whole_core_agrees_with_the_golden_one"
LOCKSTEP = "tests/host/verification/test_lockstep_mutants.py::test_the_chip_as_it_is_passes"
CYCLES = "tests/models/test_cycles.py"
PARALLEL = (f"{CORE}[parallel]", f"{CORE}[terms]", f"{CORE}[analogue]")
SERIAL = (f"{CORE}[serial]",)
KERNELS = ("tests/hdl/core/test_core.py::test_a_core_of_kernels_agrees_with_the_golden_one",)
CORES = (
    "tests/hdl/core/test_core.py::"
    "test_two_cores_that_send_each_other_spikes_agree_with_golden_ones",
)
REFUSALS = "tests/cosim/test_refusals_rtl.py::test_a_refused_packet_is_answered_and_changes_nothing"
COMPILED = (
    f"{LOCKSTEP}[seed1-plain]",
    f"{LOCKSTEP}[seed1-analogue]",
    f"{CYCLES}::test_the_model_of_ticks_and_learning[0.3]",
    f"{LOCKSTEP}[seed1-terms]",
    REFUSALS,
    f"{CYCLES}::test_lanes_that_are_alone",
)
MESH = ("tests/host/verification/test_verify.py::test_golden_and_rtl_agree_on_a_mesh",)
LINK = ("tests/host/devices/test_board.py::test_lockstep_with_the_golden_model",)
OF_ROOM = {
    "hdl/boards": (),
    "hdl/bus": (),
    "hdl/chip": (*CORES, *MESH),
    "hdl/convolution": KERNELS,
    "hdl/flow": (),
    "hdl/link": LINK,
    "hdl/parallel": (*PARALLEL, *COMPILED[:-1]),
    "hdl/serial": (*SERIAL, *COMPILED[-1:]),
    "models/config": (),
}
"""The likeliest first."""
EVERYWHERE = (*PARALLEL, *SERIAL, *KERNELS, *CORES, *COMPILED)
CHIPS = ("hdl/", "models/config/")
"""Where a change makes every chip another one."""
SIMULATED = "tests/hdl/core/test_core.py"
SIMULATION_SECONDS, COMPILATION_SECONDS = 5.0, 30.0


def chip_tests(mutant: Mutant) -> list[tuple[str, float]]:
    """The names of the tests of whole chips for a mutant, with about the seconds that they take."""
    if not mutant.file.startswith(CHIPS):
        return []
    room = "/".join(mutant.file.split("/")[:2])
    return [
        (name, SIMULATION_SECONDS if name.startswith(SIMULATED) else COMPILATION_SECONDS)
        for name in OF_ROOM.get(room, EVERYWHERE)
    ]
