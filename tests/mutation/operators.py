"""What a mutant may change: for one node of the syntax tree, other texts that it could have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}
ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Add(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.FloorDiv(),
    ast.Pow: ast.Mult(),
    ast.LShift: ast.RShift(),
    ast.RShift: ast.LShift(),
    ast.BitAnd: ast.BitOr(),
    ast.BitOr: ast.BitAnd(),
    ast.BitXor: ast.BitOr(),
}
EXTREMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum"}
Changes = Iterator[tuple[str, ast.AST]]


def changes(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """Part, kind and text of each change of a node; the text stands in place of the part."""
    for kind, new in _BY_NODE.get(type(node), _nothing)(node):
        text = ast.unparse(ast.fix_missing_locations(new))
        yield node, kind, f"({text})" if isinstance(new, _LOOSE) else text
    if isinstance(node, ast.If | ast.While | ast.IfExp) and not isinstance(node.test, _OPPOSED):
        yield node.test, "negation", f"(not {ast.unparse(node.test)})"


_LOOSE = (ast.BinOp, ast.BoolOp, ast.Compare, ast.UnaryOp)
_OPPOSED = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Constant)
"""Conditions that have changes of their own."""


def _nothing(node: ast.AST) -> Changes:
    yield from ()


def _compare(node: ast.Compare) -> Changes:
    for index, operator in enumerate(node.ops):
        new = deepcopy(node)
        new.ops[index] = COMPARISONS[type(operator)]
        yield "comparison", new


def _arithmetic(node: ast.BinOp) -> Changes:
    if type(node.op) in ARITHMETIC and not (_is_text(node.left) or _is_text(node.right)):
        if isinstance(node.op, ast.BitOr) and (_is_type(node.left) or _is_type(node.right)):
            return
        yield "arithmetic", ast.BinOp(node.left, ARITHMETIC[type(node.op)], node.right)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.Dict) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


def _is_type(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    nothing = isinstance(node, ast.Constant) and node.value is None
    return nothing or name[:1].isupper() or name in ("int", "float", "str", "bytes", "bool")


def _both(node: ast.BoolOp) -> Changes:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "and, or", ast.BoolOp(other, node.values)


def _constant(node: ast.Constant) -> Changes:
    if isinstance(node.value, bool):
        yield "negation", ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield "constant", ast.Constant(node.value + 1)
        yield "constant", ast.Constant(node.value - 1)


def _unary(node: ast.UnaryOp) -> Changes:
    if isinstance(node.op, ast.Not):
        yield "negation", node.operand


def _call(node: ast.Call) -> Changes:
    new = deepcopy(node)
    if isinstance(new.func, ast.Name) and new.func.id in EXTREMES:
        new.func.id = EXTREMES[new.func.id]
        yield "min, max", new
    elif isinstance(new.func, ast.Attribute) and new.func.attr in EXTREMES:
        new.func.attr = EXTREMES[new.func.attr]
        yield "min, max", new


def _slice(node: ast.Slice) -> Changes:
    for bound in ("lower", "upper", "step"):
        if getattr(node, bound) is not None:
            new = ast.Slice(node.lower, node.upper, node.step)
            setattr(new, bound, None)
            yield "slice", new


def _return(node: ast.Return) -> Changes:
    if node.value is not None and not isinstance(node.value, ast.Constant | ast.Compare):
        yield "return value", ast.Return(ast.Constant(None))


def _removed(node: ast.stmt) -> Changes:
    yield "removed statement", ast.Pass()


def _removed_call(node: ast.Expr) -> Changes:
    if isinstance(node.value, ast.Call | ast.Await):
        yield "removed statement", ast.Pass()


def _augmented(node: ast.AugAssign) -> Changes:
    yield "removed statement", ast.Pass()
    if type(node.op) in ARITHMETIC and not _is_domain(node.target) and not _is_text(node.value):
        new = ARITHMETIC[type(node.op)]
        yield "arithmetic", ast.AugAssign(node.target, new, node.value)


def _is_domain(node: ast.expr) -> bool:
    """Say whether it is where Amaranth gathers statements, which `+=` adds and nothing takes."""
    return ast.unparse(node).startswith(("m.d", "m.submodules"))


def _assigned(node: ast.Assign) -> Changes:
    if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        yield "removed statement", ast.Pass()


_BY_NODE: dict[type[ast.AST], Callable[..., Changes]] = {
    ast.Compare: _compare,
    ast.BinOp: _arithmetic,
    ast.BoolOp: _both,
    ast.Constant: _constant,
    ast.UnaryOp: _unary,
    ast.Call: _call,
    ast.Slice: _slice,
    ast.Return: _return,
    ast.Raise: _removed,
    ast.Break: _removed,
    ast.Continue: _removed,
    ast.Delete: _removed,
    ast.Expr: _removed_call,
    ast.AugAssign: _augmented,
    ast.Assign: _assigned,
}
