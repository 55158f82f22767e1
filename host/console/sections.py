"""Parts of pages that commands write: between two marks, comments that no reader sees."""

from __future__ import annotations

from axonloop.models.checks import require


def marks(name: str) -> tuple[str, str]:
    """The marks before and behind the section of a name."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def has_section(page: str, name: str) -> bool:
    """Does a page have the marks of a name, one behind the other?"""
    begin, end = marks(name)
    return end in page.partition(begin)[2]


def with_section(page: str, name: str, text: str) -> str:
    """A page with `text` between the marks of a name; ValueError where it has none."""
    require(has_section(page, name), "page", f"one with the marks of {name!r}", "without")
    begin, end = marks(name)
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
