"""`python -m tests.mutation`: breaks the sources by seed, and counts what the tests notice.

Nonzero when fewer mutants are killed than 95 of 100, or when a listed equivalent is none.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation.checkout import ROOT, copied_checkout, overlaid_cache
from tests.mutation.equivalents import read_equivalents, stale
from tests.mutation.figures import page
from tests.mutation.figures.merge import merged
from tests.mutation.mutants import Mutant
from tests.mutation.reach import Reach, record, recording, test_files
from tests.mutation.recorder import digest
from tests.mutation.results import Result, Results
from tests.mutation.sample import all_mutants, sampled
from tests.mutation.trial import Bench
from tests.mutation.worker import stop

FOLDER = Path("build/mutants")


def arguments() -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="mutants, one of each module first")
    parser.add_argument("--seed", type=int, default=1, help="which mutants")
    parser.add_argument("--only", nargs="*", default=[""], help="files whose paths begin so")
    parser.add_argument("--workers", type=int, default=2, help="mutants at a time")
    parser.add_argument("--most", type=float, default=90, help="seconds of tests for a mutant")
    parser.add_argument("--retry", action="store_true", help="try survivors again")
    parser.add_argument("--recorded", action="store_true", help="record no further tests' lines")
    parser.add_argument("--show", action="store_true", help="only what was found before")
    parser.add_argument("--page", action="store_true", help="write the figures into the page")
    merge = "with --page: keep its figures of rooms of which not all is known"
    parser.add_argument("--merge", action="store_true", help=merge)
    return parser.parse_args()


@dataclass(frozen=True)
class Place:
    """What a worker has for itself: a copy of the checkout, and a cache."""

    number: int
    checkout: Path
    cache: Path


def shared_out(jobs: Sequence[Callable[[Place], None]], workers: int) -> None:
    """Do jobs, each at a worker's place; a signal or an error ends all."""
    waiting = iter(jobs)
    with ExitStack() as stack:
        places = [
            Place(
                number,
                stack.enter_context(copied_checkout()),
                stack.enter_context(overlaid_cache()),
            )
            for number in range(workers)
        ]

        def work(number: int) -> None:
            for job in waiting:
                job(places[number])

        with ThreadPoolExecutor(workers) as pool:
            try:
                for done in [pool.submit(work, number) for number in range(workers)]:
                    done.result()
            except BaseException:
                stop()
                raise


def record_all(lines: Path, workers: int) -> None:
    """Record which tests run what, for the test files of which nothing is recorded."""

    def job(file: str) -> Callable[[Place], None]:
        def recorded(place: Place) -> None:
            done = record(place.checkout, file, lines, place.number)
            print(f"{'recorded' if done else 'NOT RECORDED'} {file}", flush=True)

        return recorded

    missing = [file for file in test_files(ROOT) if not recording(ROOT, file, lines).exists()]
    shared_out([job(file) for file in missing], workers)


def try_all(
    mutants: Sequence[Mutant], results: Results, lines: Path, workers: int, most: float
) -> None:
    """Try mutants, each result written at once."""
    recordings = {file: recording(ROOT, file, lines) for file in test_files(ROOT)}
    known = [path for path in recordings.values() if path.exists()]
    unknown = [file for file, path in recordings.items() if not path.exists()]
    reach = Reach(ROOT, known, {mutant.file for mutant in mutants}, unknown)
    benches: dict[int, Bench] = {}

    def job(mutant: Mutant) -> Callable[[Place], None]:
        def tried(place: Place) -> None:
            log = place.checkout.parent / "pytest.log"
            bench = benches.setdefault(
                place.number, Bench(place.checkout, place.cache, reach, log, most)
            )
            killer = results.killer(mutant)
            result = bench.trial(mutant, digest(place.checkout / mutant.file), killer)
            if result.tests or not unknown:
                results.add(result)
            print(f"{said(mutant, result)}, {result.seconds:.0f} s", flush=True)

        return tried

    shared_out([job(mutant) for mutant in mutants], workers)


def said(mutant: Mutant, result: Result) -> str:
    """A mutant and what became of it, in a line."""
    return f"{mutant.title}: {result.outcome} {result.by}"


def main() -> int:
    """Try what is asked for, print the table; 1 under the bar or with a stale equivalent."""
    asked = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    everything = all_mutants(ROOT)
    listed = read_equivalents()
    for entry in stale(listed, everything):
        print(f"equivalents.toml: {entry.file}: {entry.change}: no such mutant, or no reason")
    chosen = [
        mutant
        for mutant in sampled(everything, asked.count, asked.seed)
        if mutant.file.startswith(tuple(asked.only))
    ]
    lines = ROOT / FOLDER / "lines"
    lines.mkdir(parents=True, exist_ok=True)
    if not (asked.recorded or asked.show):
        record_all(lines, asked.workers)
    results = Results(ROOT / FOLDER / "results.jsonl")
    same = {mutant: any(e.is_of(mutant) for e in listed) for mutant in chosen}
    if not asked.show:
        found = {mutant: results.of(mutant, digest(ROOT / mutant.file)) for mutant in chosen}
        again = [
            mutant
            for mutant, result in found.items()
            if not same[mutant]
            and (result is None or (asked.retry and result.outcome == "survived"))
        ]
        try_all(again, results, lines, asked.workers, asked.most)
    return report(chosen, same, results, asked, bool(stale(listed, everything)))


def report(
    chosen: Sequence[Mutant],
    same: dict[Mutant, bool],
    results: Results,
    asked: argparse.Namespace,
    wrong: bool,
) -> int:
    """Print survivors and the table; write the page if asked."""
    outcomes, survivors = [], []
    for mutant in chosen:
        result = results.of(mutant, digest(ROOT / mutant.file))
        if same[mutant] or result:
            outcome = "equivalent" if same[mutant] else result.outcome if result else ""
            outcomes.append((mutant, outcome))
            if result and outcome == "survived":
                survivors.append(mutant.title)
                print(f"{survivors[-1]}: survived {result.tests} tests")
    rooms = page.count(outcomes)
    print(page.table(rooms))
    print(f"{len(outcomes)} of {len(chosen)} tried, {100 * page.score(rooms):.1f} % killed")
    if asked.page:
        new = page.figures(rooms, len(chosen), asked.seed, survivors)
        if asked.merge:
            new = merged(json.loads((ROOT / page.FIGURES).read_text()), new, outcomes, chosen)
        write_page(new)
    return int(wrong or page.score(rooms) < page.BAR or len(outcomes) < len(chosen))


def write_page(kept: dict[str, Any]) -> None:
    """Keep figures, and write them into the page."""
    from axonloop.host.console import with_section  # not above: workers must not have the package

    figures = ROOT / page.FIGURES
    figures.parent.mkdir(exist_ok=True)
    figures.write_text(json.dumps(kept, indent=1) + "\n")
    text = (ROOT / page.PAGE).read_text()
    (ROOT / page.PAGE).write_text(with_section(text, page.SECTION, page.section(kept)))


if __name__ == "__main__":
    sys.exit(main())
