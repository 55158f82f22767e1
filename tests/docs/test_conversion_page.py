"""The examples in docs/conversion.md run, and its figures are those of the experiment."""

from __future__ import annotations

import ast
import json
from statistics import mean

import pytest

from axonloop.host.processing import one_thread
from tests.support.contract import DOCS, examples, table

PAGE = DOCS / "conversion.md"


def test_the_pages_first_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    with one_thread():
        exec(compile(examples(PAGE)[0], "conversion.md", "exec"), {})
    said = capsys.readouterr().out.splitlines()
    right = float(next(line for line in said if line.startswith("ReLU")).split()[-1])
    after = ast.literal_eval(next(line for line in said if line.startswith("{")))
    assert right > 0.9
    assert abs(after[64] - right) < 0.02


@pytest.mark.filterwarnings("ignore:nirtorch:DeprecationWarning")  # of snntorch
def test_the_pages_second_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("snntorch")
    exec(compile(examples(PAGE)[1], "conversion.md", "exec"), {})
    assert capsys.readouterr().out.count("LayerComparison") == 2


def test_the_pages_figures_are_the_experiments() -> None:
    metrics = json.loads((DOCS / "results" / "ann-snn.json").read_text())
    at = [metrics["ticks"].index(ticks) for ticks in (4, 8, 16, 64)]
    wanted = [
        [f"{100 * mean(found['ann']):.2f} %", f"{bits} bits"]
        + [f"{100 * mean(curve[k] for curve in curves):.2f} %" for k in at]
        for found in metrics["networks"].values()
        for bits, curves in found["snn"].items()
    ]
    assert [row[1:] for row in table("network", "ReLU, float", page=PAGE)] == wanted
    for found in metrics["networks"].values():  # the bars
        for curves in found["snn"].values():
            lost = [mean(found["ann"]) - mean(curve[k] for curve in curves) for k in at]
            assert lost[2] <= 0.005
            assert lost[3] <= 0.01
