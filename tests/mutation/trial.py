"""One mutant on trial: the tests that run its line, until one of them fails."""

from __future__ import annotations

import ast
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.mutation.checkout import environment_of, forget
from tests.mutation.chips import CHIPS, chip_tests
from tests.mutation.mutants import Mutant
from tests.mutation.reach import QUICK, Reach, Test
from tests.mutation.results import Result
from tests.mutation.worker import Order, run_tests

FIRST_SECONDS = 4.0
"""Tests that are run first take no longer together; they kill most mutants."""
KILLER_SECONDS = 10.0
"""What a test that killed a mutant before is thought to take."""
OF_FILE = 0.3
"""Seconds that it takes to import a file of tests."""
NO_TESTS, NOT_FOUND = 5, 4


@dataclass
class Bench:
    """Where mutants are tried: a copy of the checkout, a cache, which tests run what, and a log.

    A mutant is shown tests of `most` seconds at most, as recorded. With it a test may take five
    times as long as the slowest of them, and `spare` seconds of the processor's time.
    """

    checkout: Path
    cache: Path
    reach: Reach
    log: Path
    most: float
    spare: float = 5
    tried: int = 0

    def trial(self, mutant: Mutant, digest: str, killer: str = "") -> Result:
        """Try a mutant, on the test `killer` first; the copy is as before afterwards."""
        self.tried += 1
        begin = time.monotonic()
        result = Result(mutant.key, digest, "survived", "", 0, 0.0)
        environment = environment_of(self.checkout) | {"AXONLOOP_CACHE": str(self.cache)}
        with applied(mutant, self.checkout, self.tried):
            for tests in self._stages(mutant, killer):
                result = replace(result, tests=result.tests + len(tests))
                outcome, by = self._run(tests, environment)
                if outcome != "survived":
                    result = replace(result, outcome=outcome, by=by)
                    break
        forget(self.cache)
        return replace(result, seconds=round(time.monotonic() - begin, 1))

    def _stages(self, mutant: Mutant, killer: str) -> Iterator[list[Test]]:
        if (self.checkout / killer.partition("::")[0]).is_file():
            yield [Test(killer, KILLER_SECONDS)]
        yield from stages(mutant, self.reach, self.most)

    def _run(self, tests: Sequence[Test], environment: dict[str, str]) -> tuple[str, str]:
        slowest = max(test.seconds for test in tests)
        seconds, whole = self.spare + 5 * slowest, self.spare + 5 * cost_of(tests)
        names = [test.name for test in tests]
        order = Order(self.checkout, [*QUICK, *names], environment, seconds, whole)
        verdict = run_tests(order, self.log)
        if verdict.status == NOT_FOUND and not verdict.failed:  # it changed the tests' parameters
            files = list(dict.fromkeys(test.file for test in tests))
            verdict = run_tests(replace(order, arguments=[*QUICK, *files]), self.log)
        if verdict.status in (0, NO_TESTS):
            return "survived", ""
        slow = verdict.status in (None, -signal.SIGPROF, -signal.SIGXCPU, -signal.SIGKILL)
        return ("time" if slow else "killed"), verdict.failed


def stages(mutant: Mutant, reach: Reach, most: float) -> Iterator[list[Test]]:
    """The tests that run a mutant's line, in runs of pytest of their own: first the quickest.

    A mutant of gateware makes every chip another one, which is compiled: for a few tests only, and
    before the slower simulations. Tests that would exceed `most` seconds together are left out.
    """
    chip = mutant.file.startswith(CHIPS)
    light = [test for test in reach.tests_of(mutant) if not (chip and test.compiles)]
    first = _fitting(light, min(most, FIRST_SECONDS))
    rest = [test for test in light if test not in set(first)]
    chips = [[Test(name, seconds)] for name, seconds in chip_tests(mutant)]
    for stage in (first, *chips, rest):
        if fitting := _fitting(stage, most):
            most -= cost_of(fitting)
            yield fitting


def _fitting(tests: Sequence[Test], seconds: float) -> list[Test]:
    """Those of the tests, in their order, that take some seconds together."""
    fitting, files = list[Test](), set[str]()
    for test in tests:
        cost = test.seconds + OF_FILE * (test.file not in files)
        if cost <= seconds:
            seconds -= cost
            fitting.append(test)
            files.add(test.file)
    return fitting


def cost_of(tests: Sequence[Test]) -> float:
    """The seconds that tests take together, importing their files included."""
    return sum(test.seconds for test in tests) + OF_FILE * len({test.file for test in tests})


@contextmanager
def applied(mutant: Mutant, checkout: Path, number: int) -> Iterator[None]:
    """A file of a copy has a mutant in it, for the block."""
    path = checkout / mutant.file
    source, times = path.read_text(), path.stat()
    try:
        text = mutant.applied(source)
        ast.parse(text)
        path.write_text(text)
        # Python knows compiled files by size and whole seconds: no two mutants have the same.
        os.utime(path, (times.st_atime, times.st_mtime + number))
        yield
    finally:
        path.write_text(source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
