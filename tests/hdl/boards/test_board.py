"""Builds from names and values, boards by name."""

from __future__ import annotations

import pytest

from axonloop.hdl.boards import find_board
from axonloop.hdl.boards.board import Build


def test_a_build_takes_the_names_of_a_geometry_and_no_other():
    assert Build().changed({"geometry": {"entries": 8}}).geometry.entries == 8
    with pytest.raises(ValueError, match=r"^geometry must be among axons, .*, not \['lines'\]$"):
        Build().changed({"geometry": {"lines": 8}})


def test_a_board_that_nobody_knows():
    with pytest.raises(ValueError, match=r"^board must be one of ulx3s-\S+, .*, not 'ulx3s-99f'$"):
        find_board("ulx3s-99f")
