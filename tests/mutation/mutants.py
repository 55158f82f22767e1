"""Mutants of a module: what each changes in its text, found in its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.mutation.operators import changes


@dataclass(frozen=True)
class Mutant:
    """One change of one file: `old`, the characters `begin` to `end` of it, becomes `new`.

    `line` is the number of the first line that changes, from 1, and `text` that whole line,
    stripped; `statement` the first line of the statement around it. `inside` says whether it lies
    in a function, and so runs only when that is called.
    """

    file: str
    kind: str
    statement: int
    line: int
    text: str
    old: str
    new: str
    begin: int
    end: int
    inside: bool

    @property
    def change(self) -> str:
        """What becomes what, on one line."""
        return f"{' '.join(self.old.split())} -> {' '.join(self.new.split())}"

    @property
    def key(self) -> str:
        """A name that stays while the file does."""
        return f"{self.file}:{self.begin}: {self.kind}: {self.change}"

    @property
    def title(self) -> str:
        """What people call it: where it is, and the change."""
        return f"{self.file}:{self.line}: {self.change}"

    def applied(self, source: str) -> str:
        """The text of the file with the change."""
        assert source[self.begin : self.end] == self.old, f"{self.file} has changed"
        return source[: self.begin] + self.new + source[self.end :]


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a file that Python can read, in the order of the text."""
    starts = _line_starts(source)
    lines = source.splitlines()
    found = []
    for node, statement, inside in _nodes(ast.parse(source), 1, False):
        for part, kind, new in changes(node):
            assert part.end_lineno is not None
            assert part.end_col_offset is not None
            begin = starts[part.lineno - 1] + _column(lines, part.lineno, part.col_offset)
            end = starts[part.end_lineno - 1]
            end += _column(lines, part.end_lineno, part.end_col_offset)
            text, old = lines[part.lineno - 1].strip(), source[begin:end]
            where = (statement, part.lineno, text)
            found.append(Mutant(file, kind, *where, old, new, begin, end, inside))
    return sorted(found, key=lambda mutant: (mutant.begin, mutant.end, mutant.new))


def _line_starts(source: str) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _column(lines: list[str], line: int, column: int) -> int:
    """A column in characters, from one in bytes of UTF-8."""
    return len(lines[line - 1].encode()[:column].decode())


NEVER = {"annotation", "returns", "decorator_list", "type_comment"}
"""Fields whose content says nothing of what the program does."""


def _nodes(
    node: ast.AST, statement: int, inside: bool
) -> Iterator[tuple[ast.expr | ast.stmt, int, bool]]:
    """The nodes that may change, each with its statement's line, and if it lies in a function."""
    if _untouched(node):
        return
    if isinstance(node, ast.stmt):
        statement = node.lineno
    if isinstance(node, ast.expr | ast.stmt):
        yield node, statement, inside
    if isinstance(node, ast.Raise | ast.JoinedStr):  # texts of errors, texts
        return
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for name, value in ast.iter_fields(node):
        if name not in NEVER:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    within = inside or (function and name == "body")
                    yield from _nodes(child, statement, within)


def _untouched(node: ast.AST) -> bool:
    """Say whether a node is a promise, a list of names, never run, or only for type checkers."""
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.FunctionDef):  # abstract, or of a protocol
        return all(isinstance(each, ast.Expr) and _is_constant(each.value) for each in node.body)
    if isinstance(node, ast.Delete):  # of an argument that is not used
        return all(isinstance(target, ast.Name) for target in node.targets)
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.unparse(node.test) or "__name__" in ast.unparse(node.test)
    if isinstance(node, ast.Assign):
        return any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets)
    return isinstance(node, ast.keyword) and node.arg in LOOKS


def _is_constant(node: ast.expr) -> bool:
    """Say whether an expression is a docstring or an ellipsis."""
    return isinstance(node, ast.Constant)


LOOKS = {
    *("alpha", "dpi", "figsize", "fontsize", "labelpad", "linewidth", "lw", "markersize"),
    *("ms", "pad", "rotation", "s", "zorder"),
}
"""Arguments that change how a picture looks and nothing that it says."""
