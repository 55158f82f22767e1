"""The pages that `axonloop results` writes: the results, and sections of speed on other pages."""

from __future__ import annotations

import os
from pathlib import Path

from axonloop.host.catalogue.results import SPEED, page_of
from axonloop.host.catalogue.speed import all_lines, brief_lines, terms_lines
from axonloop.host.console import has_section, with_section
from axonloop.host.files import read_json

SECTIONS = (
    ("figures.md", "speed", all_lines),
    ("batched.md", "speed of terms", terms_lines),
    ("../README.md", "speed in brief", brief_lines),
)
"""Pages, as seen from the folder of the results page; the name of a section; what makes it."""


def pages_of(folder: Path, page: Path) -> dict[Path, str]:
    """The text of the results page `page` and of the pages beside it, all from `folder`.

    Pages that are not there, or lack the marks of their section, are left as they are; so are all
    where the folder lacks the figures of `axonloop bench all`. Raises ValueError as `page_of`, and
    where a page shows a figure that is not in the file.
    """
    pages = {page: page_of(folder)}
    measured = folder / f"{SPEED}.json"
    for name, section, text in SECTIONS if measured.exists() else ():
        other = Path(os.path.normpath(page.parent / name))
        old = other.read_text() if other.exists() else ""
        if has_section(old, section):
            pages[other] = with_section(old, section, text(read_json(measured)))
    return pages
