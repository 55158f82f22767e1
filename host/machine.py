"""The machine on which something is measured, in words."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

VECTORS = {
    "AVX2": ("avx2",),
    "AVX-512": ("avx512f",),
    "VNNI": ("avx512_vnni", "avx_vnni"),
    "AMX": ("amx_int8",),
    "NEON": ("asimd",),
    "SVE": ("sve",),
}
"""Vector extensions, and the flags by which Linux names them."""
CPU_INFO = Path("/proc/cpuinfo")


def machine() -> str:
    """Processor, its kind, its threads, and its vector extensions as far as the system tells."""
    told = CPU_INFO.read_text() if CPU_INFO.exists() else ""
    return described(told or _told_by_sysctl(), platform.machine(), os.cpu_count() or 1)


def described(told: str, kind: str, threads: int) -> str:
    """A machine of a `kind` with `threads` CPUs, of which `told` is what /proc/cpuinfo says."""
    name = re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE)
    listed = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", told, re.MULTILINE)
    flags = set(listed[1].split()) if listed else set()
    found = [vector for vector, names in VECTORS.items() if flags & {*names}]
    known = [name[1].strip()] if name else []
    return ", ".join([*known, kind, f"{threads} CPUs", *found])


def _told_by_sysctl() -> str:
    """The processor of a Mac, as /proc/cpuinfo would tell it; nothing elsewhere."""
    if platform.system() != "Darwin":
        return ""
    command = ["sysctl", "-n", "machdep.cpu.brand_string"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"model name : {asked.stdout.strip()}" if asked.stdout.strip() else ""
