"""Which mutants a module has, and which of them are drawn."""

from __future__ import annotations

import ast

import pytest

from tests.mutation.mutants import mutants_of
from tests.mutation.sample import sampled

MODULE = '''"""A text of 3 < 4."""

from __future__ import annotations

__all__ = ["size"][0:1]

LIMIT = 8


@cached(5)
def size(values: tuple[int, 2], given: int | None = None) -> Array[3]:
    """Not 7 - 1."""
    assert len(values) > 2
    if not values or given is None:
        raise ValueError(f"values must be at least {1 + 1}")
    axes.plot(values[1:], linewidth=2)
    return min(values) << 1
'''
CHANGES = {
    "constant": ["8 -> 9", "8 -> 7", "1 -> 2", "1 -> 0", "1 -> 2", "1 -> 0"],
    "and, or": ["not values or given is None -> (not values and given is None)"],
    "negation": ["not values -> values"],
    "comparison": ["given is None -> (given is not None)"],
    "removed statement": [
        'raise ValueError(f"values must be at least {1 + 1}") -> pass',
        "axes.plot(values[1:], linewidth=2) -> pass",
    ],
    "slice": ["1: -> :"],
    "return value": ["return min(values) << 1 -> return None"],
    "min, max": ["min(values) -> max(values)"],
    "arithmetic": ["min(values) << 1 -> (min(values) >> 1)"],
}


def test_a_mutant_changes_what_the_program_does_and_nothing_else():
    found = mutants_of("size.py", MODULE)
    changes = {kind: [m.change for m in found if m.kind == kind] for kind in CHANGES}
    assert {kind: sorted(texts) for kind, texts in changes.items()} == {
        kind: sorted(texts) for kind, texts in CHANGES.items()
    }
    assert len(found) == sum(map(len, CHANGES.values()))
    assert {m.change for m in found if not m.inside} == {"8 -> 9", "8 -> 7"}


@pytest.mark.parametrize(
    ("source", "kind", "changed"),
    [
        ("x = a < b <= c", "comparison", "x = (a <= b <= c)"),
        ("x = [f(1)\n if a == b else c]", "comparison", "x = [f(1)\n if (a != b) else c]"),
        ("x = 2 * (a - b)", "arithmetic", "x = 2 * ((a + b))"),
        ("def f():\n    é, y = g(a, b - 1)", "arithmetic", "def f():\n    é, y = g(a, (b + 1))"),
        ("x -= 1", "arithmetic", "x += 1"),
        ("m.d.comb += x.eq(y)", "removed statement", "pass"),
        ("while x:\n    f(\n        y)", "removed statement", "while x:\n    pass"),
        ("while x:\n    y = z", "negation", "while (not x):\n    y = z"),
        ("y = 1 if f(x) else z", "negation", "y = 1 if (not f(x)) else z"),
        ("f(shown=True)", "negation", "f(shown=False)"),
        ("x = y[a:b:c]", "slice", "x = y[a:b]"),
        ("x.y = z", "removed statement", "pass"),
        ("x = np.maximum(y, z)", "min, max", "x = np.minimum(y, z)"),
        ("x = -1", "constant", "x = -2"),
    ],
)
def test_a_change_by_its_kind(source, kind, changed):
    texts = [m.applied(source) for m in mutants_of("x.py", source) if m.kind == kind]
    assert changed in texts
    for text in texts:
        ast.parse(text)


@pytest.mark.parametrize(
    "source",
    [
        "x = 'a' + b",
        "x: int | Text",
        "x = int | None",
        "if TYPE_CHECKING:\n    x = 1",
        "m.d.x += y",
    ],
)
def test_what_is_no_arithmetic_stays(source):
    kinds = {mutant.kind for mutant in mutants_of("x.py", source)}
    assert kinds <= {"removed statement"}


def test_what_is_never_run_stays():
    source = 'class A:\n    def f(self, x=1):\n        """Two."""\n\n    def g(self, x=2): ...\n'
    assert mutants_of("x.py", source) == []
    kinds = [mutant.kind for mutant in mutants_of("x.py", "def f(x=1):\n    del x\n")]
    assert kinds == ["constant", "constant"]


def modules(count: int) -> dict:
    texts = {f"{n}.py": "x = a < b\n" * 4 + f"y = {n}\n" for n in range(count)}
    return {file: mutants_of(file, text) for file, text in texts.items()}


def test_every_module_has_a_mutant_and_the_largest_have_more():
    everything = modules(5) | {"none.py": [], "large.py": mutants_of("large.py", "x = a < b\n" * 9)}
    files = [mutant.file for mutant in sampled(everything, 8, 1)]
    assert set(files) == {f"{n}.py" for n in range(5)} | {"large.py"}
    assert files.count("large.py") == 2
    assert len(sampled(everything, 3, 1)) == 6
    assert len(sampled(everything, 1000, 1)) == sum(map(len, everything.values()))


def test_a_draw_repeats_and_knows_no_other_module():
    whole, part = modules(30), modules(20)
    first = sampled(whole, 30, 1)
    assert first == sampled(whole, 30, 1) != sampled(whole, 30, 2)
    assert [mutant for mutant in first if mutant.file in part] == sampled(part, 20, 1)
    kinds = [mutant.kind for mutant in first]
    assert 5 < kinds.count("constant") < 25  # as likely as comparisons, of which there are more
