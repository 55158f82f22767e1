"""What most tests of the host do without."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of networks draw no pictures, which takes longer than a short training does.

    Those of tests marked `drawn` do.
    """
    if request.node.get_closest_marker("drawn") is None:
        for name in ("_draw", "_draw_curve"):
            monkeypatch.setattr(f"axonloop.host.runs.run.Run.{name}", lambda *_: None)
