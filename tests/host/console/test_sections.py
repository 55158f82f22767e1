"""Parts of pages between marks."""

from __future__ import annotations

import pytest

from axonloop.host.console import has_section, with_section

PAGE = "a\n<!-- soak: begin -->\nold\n<!-- soak: end -->\nb"


def test_a_section_is_replaced_and_the_rest_stays() -> None:
    after = with_section(PAGE, "soak", "new")
    assert after == "a\n<!-- soak: begin -->\n\nnew\n\n<!-- soak: end -->\nb"
    assert with_section(after, "soak", "new") == after


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("soak", "other"),
        PAGE.replace("<!-- soak: end -->", ""),
        PAGE.replace("<!-- soak: begin -->", ""),
        "<!-- soak: end -->\n<!-- soak: begin -->",
    ],
)
def test_a_page_must_have_both_marks_in_order(page: str) -> None:
    assert has_section(PAGE, "soak")
    assert not has_section(page, "soak")
    with pytest.raises(ValueError, match="^page must be one with the marks of 'soak', not "):
        with_section(page, "soak", "new")
