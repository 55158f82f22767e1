"""How Verilator's C++ becomes objects: levels, halves, and the run-time library beside."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from axonloop.sim.build import BuildError, stored, toolchain
from axonloop.sim.cosim import RtlChip, objects, verilate
from tests.support.tiny_chips import ECHO


def quiet(message):
    pass


def test_libraries_of_each_level_are_kept_apart(monkeypatch):
    tools, keys = toolchain.find_toolchain(), set()
    for level in (*objects.LEVELS, None):
        monkeypatch.setenv(objects.LEVEL, level or "2")
        if level is None:
            monkeypatch.delenv(objects.LEVEL)
        keys.add(verilate.library_key(tools, ECHO))
    assert len(keys) == 5
    assert objects.fast_flags()[0] == "-O2"


def test_a_harness_may_fix_its_level(monkeypatch):
    monkeypatch.setenv(objects.LEVEL, "3")
    assert objects.fast_flags("-O1") == ("-O1", *objects.COMMON_FLAGS)


def test_a_wrong_level_is_refused(monkeypatch):
    monkeypatch.setenv(objects.LEVEL, "fast")
    with pytest.raises(
        ValueError, match="AXONLOOP_RTL_LEVEL must be one of 0, 1, 2, 3, g, not 'fast'"
    ):
        verilate.build(ECHO)


def test_much_code_is_compiled_in_halves_of_about_a_size(monkeypatch, tmp_path):
    for name, size in {"a": 50, "b": 40, "c": 30, "d": 20, "e__Slow": 99}.items():
        (tmp_path / f"{name}.cpp").write_text("/" * size)
    monkeypatch.setattr(objects, "SPLIT", 139)
    united = {path.stem: path.read_text().count("#") for path in objects.unite(tmp_path)}
    assert united == {"fast_0": 2, "fast_1": 2, "all__Slow": 1}  # 50 + 20, 40 + 30
    for path in tmp_path.glob("fast_*.cpp"):
        path.unlink()
    (tmp_path / "all__Slow.cpp").unlink()
    monkeypatch.setattr(objects, "SPLIT", 140)
    united = {path.stem: path.read_text().count("#") for path in objects.unite(tmp_path)}
    assert united == {"fast_0": 4, "all__Slow": 1}


def test_a_chip_of_two_halves_works(monkeypatch, tmp_path):
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))
    monkeypatch.setattr(objects, "SPLIT", 0)
    words = np.array([5, 0x3000_0000], np.uint32)
    with RtlChip(verilate.build(ECHO, notify=quiet)) as chip:
        assert np.array_equal(chip.exchange(words, 1), words)


def test_the_run_time_library_is_compiled_beside_the_verilog(monkeypatch, tmp_path):
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))
    key = objects._runtime_key(toolchain.find_toolchain())
    began, names = threading.Event(), []

    def compile_all(tools, work, sources, flags, fast):
        names.extend(source.stem for source in sources)
        began.set()

    monkeypatch.setattr(objects, "compile_all", compile_all)
    with objects.runtime_beside():
        assert began.wait(60)
        assert names == ["runtime"]
    assert stored("runtime", key)
    with objects.runtime_beside():
        pass
    assert names == ["runtime"]


def test_a_failure_beside_the_verilog_is_told_by_the_build(monkeypatch, tmp_path):
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))

    def compile_all(*arguments):
        raise BuildError("g++ must succeed, not exit 1")

    monkeypatch.setattr(objects, "compile_all", compile_all)
    with objects.runtime_beside():
        pass
    with pytest.raises(BuildError, match="g.. must succeed, not exit 1"):
        verilate.build(ECHO, notify=quiet)
