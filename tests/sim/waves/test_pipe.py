"""From the simulator's pipe into a file: the same changes in FST and VCD as Verilator tells."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from axonloop.sim.build import MissingToolError, SimulationError
from axonloop.sim.cosim import RtlChip, verilate
from axonloop.sim.waves import choose, has_fst, read_signals, received, require_format
from tests.support.tiny_chips import ECHO
from tests.support.waves.readers import Changes, of_fst, of_vcd

WORDS = np.array([5, 0xFFFF_FFFF, 0x3000_0000], np.uint32)
INNER = "chip.axonloop_simulated."


def recorded(folder: Path, name: str, patterns: tuple[str, ...] = ()) -> Path:
    """The waveform of a few words, whole by Verilator itself (ITS) or through the pipe."""
    library = verilate.build(ECHO, trace=True, notify=lambda message: None)
    with RtlChip(library) as chip:
        chip.record(folder / "header.vcd")
        chip.stop_recording()
        chosen = choose(read_signals(folder / "header.vcd"), patterns)
        if name == "verilator.vcd":
            chip.record(folder / name)
            chip.exchange(WORDS, 1)
            chip.stop_recording()
        else:
            with received(folder / name, name.rpartition(".")[2], chosen) as pipe:
                chip.record(pipe)
                chip.exchange(WORDS, 1)
                chip.stop_recording()
    return folder / name


def inner(changes: Changes) -> Changes:
    """The signals of the chip itself, of a file that has what is around it too."""
    return {
        name.removeprefix(INNER): told
        for name, told in changes.items()
        if name.startswith(f"{INNER}chip.")
    }


@pytest.mark.parametrize("form", ["vcd", "fst"])
def test_both_forms_hold_what_verilator_tells(tmp_path: Path, form: str) -> None:
    if form == "fst" and not has_fst():
        pytest.skip("pylibfst is missing")
    told = inner(of_vcd(recorded(tmp_path, "verilator.vcd")))
    path = recorded(tmp_path, f"a.{form}")
    found = of_vcd(path) if form == "vcd" else of_fst(path)
    assert found == told
    payload = [value for _, value in found["chip.commands__payload[31:0]"]]
    assert [f"{word:b}" for word in WORDS] == payload[-3:]


def test_only_what_was_chosen_is_there(tmp_path: Path) -> None:
    found = of_vcd(recorded(tmp_path, "a.vcd", ("replies__*",)))
    assert sorted(found) == [
        "chip.replies__payload[31:0]", "chip.replies__ready", "chip.replies__valid",
    ]  # fmt: skip


def test_what_is_no_vcd_is_refused_and_taken_all_the_same(tmp_path: Path) -> None:
    recorded(tmp_path, "verilator.vcd")
    signals = read_signals(tmp_path / "verilator.vcd")
    with (
        pytest.raises(SimulationError, match="must be VCD of its signals"),
        received(tmp_path / "a.vcd", "vcd", signals) as pipe,
        pipe.open("w") as writer,
    ):
        writer.write("$enddefinitions $end\n#1\nb01 word\n" + "x\n" * 200_000)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_an_error(tmp_path: Path) -> None:
    recorded(tmp_path, "verilator.vcd")
    text = (tmp_path / "verilator.vcd").read_text()
    signals = read_signals(tmp_path / "verilator.vcd")
    with (
        pytest.raises(OSError, match="No space left"),
        received(Path("/dev/full"), "vcd", signals) as pipe,
        pipe.open("w") as writer,
    ):
        writer.write(text)


def test_a_file_is_fst_or_vcd_and_fst_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"waveform must be a file that ends with .fst or .vcd"):
        require_format(Path("a.txt"))
    assert require_format(Path("a.vcd")) == "vcd"
    monkeypatch.setitem(sys.modules, "pylibfst", None)
    assert not has_fst()
    with pytest.raises(MissingToolError, match=r"'pylibfst' must be .* pip install axonloop\[wav"):
        require_format(Path("a.fst"))
