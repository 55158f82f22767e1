"""The command line: results for machines, and one line for each mistake."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axonloop.host.cli import inspect
from axonloop.host.cli import train as commands
from axonloop.host.cli.app import FAILURE, INTERRUPTED, MISTAKE, run
from axonloop.host.devices import open_device
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.models.config import CoreConfig
from axonloop.sim.build import MissingToolError
from tests.support.commands import refused

TINY = {"epochs": 1, "limit": 6, "ticks": 12, "burn_in": 3}
KEYS = [
    "test_accuracy",
    "weight_hash",
    "trace_hash",
    "spike_hash",
    "seed",
    "device",
    "epochs",
    "ticks",
    "synops",
    "visits",
    "updates",
    "spikes",
    "seconds",
    "counters",
    "time",
    "history",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    arguments = ["--device", "golden", "--config", str(folder / "tiny.json"), "--seed", "3"]
    results = ["--out", str(folder / "run"), "--json", str(folder / "results.json")]
    assert run(["train", "digits", *arguments, *results]) == 0
    return folder


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def test_results(trained: Path) -> None:
    results = read(trained / "results.json")
    assert set(KEYS) <= set(results)
    assert (results["seed"], results["device"]) == (3, "golden")
    assert results["ticks"] == 12 * (6 + 6 + 6)
    assert results == read(trained / "run" / "metrics.json")
    assert read(trained / "run" / "config.json")["run"]["seed"] == 3


def test_run_folder(trained: Path) -> None:
    pictures = {"learning_curve.png", "weights.png", "raster.png"}
    files = {"config.json", "history.json", "metrics.json", "checkpoint.npz", "network.txt"}
    files |= {"journal.jsonl", "kept.npz", "report.html"}
    pictures |= {"channel.png"}
    assert set(os.listdir(trained / "run")) == files | pictures
    for name in pictures:
        assert (trained / "run" / name).read_bytes().startswith(b"\x89PNG")


def test_eval_repeats_the_score(trained: Path, tmp_path: Path) -> None:
    assert run(["eval", str(trained / "run"), "--json", str(tmp_path / "eval.json")]) == 0
    found, results = read(tmp_path / "eval.json"), read(trained / "results.json")
    for name in ("test_accuracy", "weight_hash", "trace_hash"):
        assert found[name] == results[name]


@pytest.mark.slow
def test_more_epochs(trained: Path, tmp_path: Path) -> None:
    """A finished run goes on to more epochs, and ends like one that had them from the start."""
    for name, steps in (("whole", [["--epochs", "2"]]), ("parts", [[], ["--epochs", "2"]])):
        for place, step in enumerate(steps):
            first = ["--config", str(trained / "tiny.json")] if place == 0 else ["--resume"]
            out = ["--device", "golden", "--out", str(tmp_path / name)]
            assert run(["train", "digits", *out, *first, *step]) == 0
    whole, parts = (read(tmp_path / name / "metrics.json") for name in ("whole", "parts"))
    assert parts["weight_hash"] == whole["weight_hash"]
    assert parts["history"] == whole["history"]


def test_falls_back_to_golden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    def without_compiler(name: str, config: CoreConfig, record: Path | None = None) -> Any:
        if name == "rtl":
            raise MissingToolError("a C++ compiler must be installed")
        return open_device(name, config, record)

    monkeypatch.setattr(commands, "open_device", without_compiler)
    config, out = str(trained / "tiny.json"), str(trained / "fallback")
    assert run(["train", "digits", "--config", config, "--out", out]) == 0
    assert read(trained / "fallback" / "metrics.json")["device"] == "golden"
    assert "notice: training on the golden model" in capsys.readouterr().err
    arguments = ["train", "digits", "--config", config, "--device", "rtl", "--out", out + "2"]
    assert run(arguments) == FAILURE
    assert capsys.readouterr().err == "error: a C++ compiler must be installed\n"
    assert not (trained / "fallback2").exists()


def test_run_folder_is_not_overwritten(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (trained / "run" / "metrics.json").read_bytes()
    line = refused(capsys, "train", "digits", "--device", "golden", "--out", f"{trained / 'run'}")
    assert line.startswith("run folder must be new (or go on with --resume), not '")
    assert (trained / "run" / "metrics.json").read_bytes() == before


def test_resume_keeps_the_settings(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", "digits", "--out", str(trained / "run"), "--resume", "--seed", "4"]
    line = refused(capsys, *arguments)
    assert line == "seed must be 3, with which the run began, not 4"


def test_full_disk(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trained: Path
) -> None:
    """A file system without room: the limit on a file's size stands in for it."""
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from axonloop.host.cli.app import main\n"
        "main()\n"
    )
    folder = trained / "full"
    config = str(trained / "tiny.json")
    arguments = ["train", "digits", "--device", "golden", "--config", config, "--out", str(folder)]
    found = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert found.returncode == FAILURE
    place = str(folder / "checkpoint.npz")
    assert found.stderr.splitlines()[-1] == (
        f"error: checkpoint.npz must be written whole, not cut short at {place!r} (File too large)"
    )
    assert "Traceback" not in found.stderr
    assert os.listdir(folder) == ["config.json"]


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["info"]) == 0
    text = capsys.readouterr().out
    assert "golden" in text
    assert "weight_bits" in text


@pytest.mark.parametrize(("gpus", "said"), [(0, "no NVIDIA driver"), (2, "2 NVIDIA GPUs in")])
def test_info_counts_gpus(
    gpus: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(gpus):
        (tmp_path / "gpus" / f"0000:0{number}").mkdir(parents=True)
    monkeypatch.setattr(inspect, "DRIVER", tmp_path / "gpus")
    assert run(["info"]) == 0
    assert f"batched  ready on the CPU; {said}" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["cut", "foreign"])
def test_bad_checkpoints(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained / "run", folder)
    (folder / "metrics.json").unlink()
    whole = (folder / "checkpoint.npz").read_bytes()
    if damage == "cut":
        (folder / "checkpoint.npz").write_bytes(whole[:-100])
        message = "error: checkpoint must be a whole file of this program, not '"
    else:
        settings = read(folder / "config.json")
        settings["run"]["seed"] = 9
        (folder / "config.json").write_text(json.dumps(settings))
        message = "error: settings of the checkpoint must be the run's own, not {'network': {"
    before = (folder / "checkpoint.npz").read_bytes()
    arguments = ["--device", "golden", "--out", str(folder), "--resume"]
    assert run(["train", "digits", *arguments]) == MISTAKE
    assert capsys.readouterr().err.splitlines()[-1].startswith(message)
    assert (folder / "checkpoint.npz").read_bytes() == before
    assert not (folder / "metrics.json").exists()


@pytest.mark.slow
def test_verilog(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, out = tmp_path / "chip.json", tmp_path / "chip.v"
    small = dict.fromkeys(("axons", "neurons"), 8)
    small |= dict.fromkeys(("lanes", "update_lanes", "trace_lanes", "multipliers"), 4)
    config.write_text(json.dumps({"geometry": small}))
    assert run(["verilog", "--out", str(out), "--config", str(config)]) == 0
    assert "module axonloop_chip(" in out.read_text()
    assert "lint_off" in out.with_suffix(".vlt").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["chip.json", "chip.v", "chip.vlt"]
    serial = ["verilog", "--out", str(out), "--config", str(config), "--top", "serial"]
    assert run([*serial, "--with-headers"]) == 0
    assert "module axonloop_serial(" in out.read_text()
    names = ("chip.core", "chip.h", "chip.rdl", "chip_map.py")
    assert "#define AXONLOOP_AXONS 0x8u" in (tmp_path / "chip.h").read_text()
    assert all((tmp_path / name).is_file() for name in names)
    capsys.readouterr()
    line = refused(capsys, "verilog", "--out", str(tmp_path / "x"), "--config", str(config))
    assert line.startswith("file to write must be named after its kind, as chip.v, not '")
    for wrong, message in (
        ({"lanes": 3}, "geometry.lanes must be a power of two, not 3"),
        ({"wires": 3}, "geometry.wires must be left out or one of axons, "),
    ):
        config.write_text(json.dumps({"geometry": wrong}))
        line = refused(capsys, "verilog", "--out", str(tmp_path / "x.v"), "--config", str(config))
        assert line.startswith(f"{config}: {message}")
        assert not (tmp_path / "x.v").exists()


@pytest.mark.slow
def test_study_of_layers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On a handful of samples: an accuracy for the one layer, and for each of the two."""
    arguments = ["study", "layers", "--seeds", "1", "--epochs", "1", "--jobs", "1", "--limit", "2"]
    assert run([*arguments, "--device", "batched", "--out", str(tmp_path)]) == 0
    metrics = json.loads((tmp_path / "two-layers-seed1" / "metrics.json").read_text())
    assert metrics["device"] == "batched"
    assert len(capsys.readouterr().out.splitlines()) == 4
    points = json.loads((tmp_path / "layers.json").read_text())["rows"]
    found = [(point["network"], point["layer"]) for point in points]
    assert found == [("one layer", 1), ("two layers", 1), ("two layers", 2)]
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "two-layers-seed1" / "mesh.png").exists()
    done = (tmp_path / "two-layers-seed1" / "metrics.json").stat().st_mtime_ns
    assert run([*arguments, "--device", "batched", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "two-layers-seed1" / "metrics.json").stat().st_mtime_ns == done
    assert run([*arguments[:-1], "3", "--out", str(tmp_path)]) == MISTAKE
    assert "error: study folder must be new or of the same study, not '" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command", ["train digits --device golden", "eval run", "verify", "verilog"]
)
@pytest.mark.parametrize(
    ("place", "condition"),
    [
        ("missing/x", "in a folder that exists"),
        ("file/x", "in a folder that exists"),
        ("folder", "a plain file or new"),
        ("pipe", "a plain file or new"),
    ],
)
def test_files_that_cannot_be_written(
    command: str,
    place: str,
    condition: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Refused before any work; a pipe or a device is not replaced by a file of its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    option = "--out" if command == "verilog" else "--json"
    line = refused(capsys, *command.split(), option, place)
    assert line == f"file to write must be {condition}, not {place!r}"
    assert set(os.listdir(tmp_path)) == {"file", "folder", "pipe"}
    assert (tmp_path / "pipe").is_fifo()


@pytest.mark.parametrize("command", ["train digits --device golden", "study layers"])
@pytest.mark.parametrize("place", ["file", "file/below"])
def test_folders_that_are_files(
    command: str, place: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    out = str(tmp_path / place)
    line = refused(capsys, *command.split(), "--out", out)
    assert line == f"folder to write to must be a folder or new, and below folders, not {out!r}"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('{"peak": NaN}', "peak must be a finite number, not nan"),
        ('{"peak": null}', "task.peak must be a number, not None"),
        ('{"logit_scale": Infinity}', "logit_scale must be a finite number, not inf"),
        ('{"event_rate": "x"}', "objective.event_rate must be a number, not 'x'"),
        ('{"threshold": true}', "objective.threshold must be a number, not True"),
        ('{"layers": ["x"]}', "network.layers[0] must be a whole number, not 'x'"),
        ('{"lanes": 0}', "lanes must be a whole number in 1..64, not 0"),
        ('{"classes": 9}', "task.classes must be at least 10, as the data has, not 9"),
        ('{"white": 15}', "task.white must be at least 16, as in the data, not 15"),
        ('{"inputs": 65}', "task.inputs must be 64, as the data has, not 65"),
        ('{"tune": 3}', "tune must be true or false, not 3"),
        ('{"weight_span": 1000}', "weights of pixels -> layer1 must be in -127..127, not "),
        ('{"errors": "x"}', "errors must be one of dense, threshold, sigma-delta, sample, not 'x'"),
        ("[" * 5000, "c.json must be a JSON file, not "),
        ("{", "c.json must be a JSON file, not "),
    ],
)
def test_bad_settings(
    settings: str, message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Refused before there is a run folder."""
    (tmp_path / "c.json").write_text(settings)
    out, config = str(tmp_path / "run"), str(tmp_path / "c.json")
    arguments = ["--device", "golden", "--out", out, "--config", config]
    assert message in refused(capsys, "train", "digits", *arguments)
    assert os.listdir(tmp_path) == ["c.json"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "settings",
            3,
            "settings of checkpoint.npz: content must be tables of names and values, not",
        ),
        ("device", 3, "snapshot must be a dictionary, not 3"),
        ("objective", 3, "checkpoint must be a training run's, not foreign (AttributeError: "),
        ("objective/0_level", np.zeros(3), "level must be (1, 10), not (3,)"),
        (
            "objective/overtaken",
            None,
            "checkpoint must be a training run's, not foreign (KeyError: ",
        ),
        ("position/sample", -5, "sample of the run must be a whole number in 0..1000000, not -5"),
        ("times", None, "checkpoint must be a training run's, not foreign (KeyError: 'times')"),
    ],
)
def test_foreign_checkpoints(
    trained: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    path: str,
    value: Any,
    message: str,
) -> None:
    """Files that are whole but hold something else: one line from eval and from --resume."""
    folder = tmp_path / "run"
    shutil.copytree(trained / "run", folder)
    tree = load_checkpoint(folder / "checkpoint.npz")
    *above, name = path.split("/")
    place = tree[above[0]] if above else tree
    place[name] = value
    if value is None:
        del place[name]
    save_checkpoint(folder / "checkpoint.npz", tree)
    assert refused(capsys, "eval", str(folder)).startswith(message)
    arguments = ["--device", "golden", "--out", str(folder), "--resume"]
    assert refused(capsys, "train", "digits", *arguments).startswith(message)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("axonloop ")


@pytest.mark.parametrize(
    ("home", "name", "begun"),
    [(commands, "open_any", False), (commands.Run, "save", False), (commands.Run, "finish", True)],
)
def test_only_a_run_with_a_checkpoint_promises_to_go_on(
    home: Any,
    name: str,
    begun: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(home, name, stop)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    out, config = str(tmp_path / "run"), str(tmp_path / "tiny.json")
    arguments = ["--device", "golden", "--config", config, "--out", out]
    assert run(["train", "digits", *arguments]) == INTERRUPTED
    promise = f"; a run goes on from its last checkpoint with --resume --out {out}"
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"error: stopped{promise if begun else ''}"
