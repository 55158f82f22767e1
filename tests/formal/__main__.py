"""`python -m tests.formal`: every proof, every seeded bug, a table. Nonzero when one surprises."""

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.formal.chip import barrier, mesh, queue, router
from tests.formal.code import Mutant
from tests.formal.core import row_queue, scheduler, serial_update, split_scheduler, update
from tests.formal.engine import Claim, Outcome, check, require_tools
from tests.formal.figures import figures
from tests.formal.ports import bus, deframer, port
from tests.formal.processing import ear, map_reader, silence, tape

BLOCKS = (
    *(queue, router, mesh, barrier),
    *(scheduler, split_scheduler, row_queue, update, serial_update),
    *(port, deframer, bus),
    *(ear, map_reader, silence, tape),
)
CLAIMS = [claim for block in BLOCKS for claim in block.CLAIMS]
FOLDER = Path("build/formal")
Job = tuple[Claim, Mutant | None]


def jobs(claims: list[Claim]) -> list[Job]:
    """Each claim, followed by its seeded bugs."""
    return [(claim, mutant) for claim in claims for mutant in (None, *claim.mutants)]


def run(work: list[Job], workers: int, console: Console) -> dict[int, Outcome]:
    """All jobs; says how far it is after each."""
    outcomes: dict[int, Outcome] = {}
    with ThreadPoolExecutor(workers) as pool:
        running = {
            pool.submit(check, claim, FOLDER / f"{index:02}-{claim.block}", mutant): index
            for index, (claim, mutant) in enumerate(work)
        }
        for done in as_completed(running):
            index = running[done]
            claim, mutant = work[index]
            outcomes[index] = outcome = done.result()
            what = f"seeded bug: {mutant.words}" if mutant else claim.words
            console.print(
                f"{len(outcomes)}/{len(work)} {claim.block}: {what}: "
                f"{verdict(outcome, mutant)}, {outcome.seconds:.1f} s",
                highlight=False,
                soft_wrap=True,
            )
    return outcomes


def good(outcome: Outcome, mutant: Mutant | None) -> bool:
    """A claim must hold, a seeded bug must be caught."""
    return outcome.holds == (mutant is None)


def verdict(outcome: Outcome, mutant: Mutant | None) -> str:
    """In a word; what goes wrong in capitals, with the trace."""
    if mutant is not None:
        return "MISSED" if outcome.holds else "caught"
    return "proved" if outcome.holds else f"FAILED ({outcome.stage}), see {outcome.trace}"


def table(work: list[Job], outcomes: dict[int, Outcome]) -> Table:
    """Block, property, method, result, seconds."""
    result = Table("block", "property", "method", "result", "seconds")
    for index, (claim, mutant) in enumerate(work):
        outcome = outcomes[index]
        words = f"  seeded bug: {mutant.words}" if mutant else claim.words
        method = "search from reset" if mutant else claim.method
        result.add_row(
            claim.block, words, method, verdict(outcome, mutant), f"{outcome.seconds:.1f}"
        )
    return result


def main() -> int:
    """Run what is asked for; 1 if a claim fails or a seeded bug is missed, 2 without tools."""
    parser = argparse.ArgumentParser(prog="make prove", description=__doc__)
    parser.add_argument("blocks", nargs="*", help="blocks to prove; all where none is named")
    parser.add_argument("--json", type=Path, help="write the figures to this file, of all blocks")
    parser.add_argument("--workers", type=int, default=2, help="proofs at a time")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.blocks) - {claim.block for claim in CLAIMS})
    if unknown:
        parser.error(f"blocks must be among {sorted({c.block for c in CLAIMS})}, not {unknown}")
    if arguments.json and arguments.blocks:
        parser.error("--json must go without blocks: its figures are those of all")
    try:
        require_tools()
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    chosen = [c for c in CLAIMS if not arguments.blocks or c.block in arguments.blocks]
    begin, console, work = time.monotonic(), Console(), jobs(chosen)
    outcomes = run(work, arguments.workers, console)
    console.print(table(work, outcomes))
    wrong = [index for index, (_, mutant) in enumerate(work) if not good(outcomes[index], mutant)]
    claims = sum(mutant is None for _, mutant in work)
    console.print(
        f"{claims} claims, {len(work) - claims} seeded bugs, {len(wrong)} of them not as they "
        f"should be, {time.monotonic() - begin:.0f} s",
        highlight=False,
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures(work, outcomes), indent=1) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
