"""What is said of the machine on which something is measured."""

from __future__ import annotations

import platform
from pathlib import Path
from types import SimpleNamespace

import pytest

from axonloop.host import machine

INTEL = """processor\t: 0
model name\t: A Processor @ 2.0GHz
flags\t\t: fpu sse2 avx avx2 avx512f avx512_vnni amx_int8
processor\t: 1
model name\t: A Processor @ 2.0GHz
"""
ARM = "processor : 0\nFeatures : fp asimd sve\n"


@pytest.mark.parametrize(
    ("told", "kind", "said"),
    [
        (INTEL, "x86_64", "A Processor @ 2.0GHz, x86_64, 4 CPUs, AVX2, AVX-512, VNNI, AMX"),
        (INTEL.replace("avx5", "x"), "x86_64", "A Processor @ 2.0GHz, x86_64, 4 CPUs, AVX2, AMX"),
        ("flags : avx2 avx_vnni\n", "x86_64", "x86_64, 4 CPUs, AVX2, VNNI"),
        (ARM, "aarch64", "aarch64, 4 CPUs, NEON, SVE"),
        ("", "riscv64", "riscv64, 4 CPUs"),
    ],
)
def test_what_the_system_tells_is_said(told: str, kind: str, said: str) -> None:
    assert machine.described(told, kind, 4) == said


def test_this_machine_is_described() -> None:
    assert platform.machine() in machine.machine()
    assert "CPUs" in machine.machine()


@pytest.mark.parametrize(("system", "said"), [("Darwin", "Chip X, "), ("Other", "")])
def test_a_mac_is_asked_by_its_own_tool(
    system: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = SimpleNamespace(stdout="Chip X\n")
    monkeypatch.setattr(machine, "CPU_INFO", tmp_path / "none")
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(machine.subprocess, "run", lambda *_, **__: answer)
    assert machine.machine().startswith(f"{said}{platform.machine()}, ")
