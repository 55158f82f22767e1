"""What the commands that compare devices tell while they work, and in the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.cli import inspect
from axonloop.host.cli.debug import soak as command
from axonloop.host.verification import soak
from axonloop.host.verification import verify as verification
from axonloop.models.config import Mesh
from tests.support.outlines.recorded import Recorded

Told = list[tuple[str, int, int]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What progress is told of."""
    found: Told = []

    @contextmanager
    def bars() -> Iterator[Callable[[str, int, int], None]]:
        yield lambda phase, done, total: found.append((phase, done, total))

    for module in (inspect, command):
        monkeypatch.setattr(module, "progress_bars", bars)
    return found


def test_verify_counts_its_ticks(
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recorded: Recorded,
    tmp_path: Path,
) -> None:
    def verified(*given: Any, **more: Any) -> verification.VerifyReport:
        devices, ticks, seed, names, after = given
        assert (devices, seed, more["mesh"]) == (["golden", "rtl"], 7, Mesh(2, 1))
        after(10)
        after(20)
        hashes = {name: name * 3 for name in devices}
        counters = dict.fromkeys(("spikes", "synops", "visits", "updates", "errors"), 1234)
        return verification.VerifyReport(
            tuple(devices), ticks, 4, names, hashes, hashes, counters, 5.25
        )

    monkeypatch.setattr(verification, "verify", verified)
    out = tmp_path / "report.json"
    inspect.verify(["golden", "rtl"], "2x1", 30, 7, ("small", "terms"), out)
    assert told == [("ticks", 10, 30), ("ticks", 30, 30)]
    recorded.check("verify", capsys.readouterr().out)
    assert json.loads(out.read_text())["ticks"] == 30


def test_a_soak_makes_its_folder_and_tells_what_it_was(
    told: Told,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    recorded: Recorded,
    tmp_path: Path,
) -> None:
    def soaked(shards: list[Any], path: Path, progress: Any, failed: Any) -> soak.SoakReport:
        path.touch()
        progress(1000)
        progress(500)
        ticks = {"golden": 70_000, "rtl": 60_000, "torch": 5_000}
        counters = {"spikes": 12_345, "updates": 678}
        return soak.SoakReport(
            len(shards), 70_000, 20, ticks, ticks, ticks, counters, 1234.5, 2, [], "c0ffee"
        )

    monkeypatch.setattr(soak, "soak", soaked)
    monkeypatch.setattr(command.torch, "set_num_threads", lambda count: None)
    out, file = tmp_path / "deep" / "down" / "soak.jsonl", tmp_path / "soak.json"
    command.run(1, 3, None, out, file)
    command.run(1, 3, 5, out, None)
    assert out.exists()
    (shard,) = soak.plan(1, 3)
    assert told[:2] == [("ticks", done, shard.ticks * shard.copies) for done in (1000, 1500)]
    recorded.check("soak", capsys.readouterr().out)
    assert json.loads(file.read_text())["skipped"] == 2
