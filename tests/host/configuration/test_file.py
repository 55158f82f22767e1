"""Configuration files: what commands read of them, and one line for every mistake in one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from axonloop.hdl.boards import find_board
from axonloop.host.cli.app import MISTAKE, run
from axonloop.host.configuration import Configuration, Settings
from axonloop.host.training import build_of, chip_config
from axonloop.models.config import ConvolutionGeometry, Geometry, Layout, Mesh, NodeGeometry

FORMER = Path(__file__).with_name("config-0.1.json")
"""What version 0.1 wrote into the folder of a run."""
SMALL = """
[network]
layers = [16]
mesh = "1x2"

[network.deep]
reset_mode = "none"

[run]
seed = 4
"""
CHIP = """
[geometry]
axons = 128
neurons = 32
layout = "skewed"

[board]
baud = 500000
"""


def written(tmp_path: Path, text: str, name: str = "c.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_toml_and_json_are_the_same(tmp_path: Path) -> None:
    tables = {
        "network": {"layers": [16], "mesh": "1x2", "deep": {"reset_mode": "none"}},
        "run": {"seed": 4},
    }
    one = Configuration.read(written(tmp_path, SMALL))
    other = Configuration.read(written(tmp_path, json.dumps(tables), "c.json"))
    assert one.tables == other.tables
    assert one.settings == other.settings == Settings().changed(one.tables)
    assert one.settings.network.deep.reset_mode == 0


def test_no_file_is_the_usual_settings_and_build() -> None:
    assert Configuration.read(None).settings == Settings()
    own = find_board("icebreaker").build
    assert build_of(Configuration.read(None), "icebreaker") == own


def test_a_geometry_holds_the_network(tmp_path: Path) -> None:
    """Instead of the smallest one; its lanes and weight bits are the network's."""
    text = SMALL + CHIP + "[network.parameters]\ntheta = 900\n"
    lanes = "lanes = 8\nmultipliers = 8\nupdate_lanes = 8"
    path = written(tmp_path, text.replace("neurons = 32", f"neurons = 32\n{lanes}"))
    settings = Configuration.read(path).settings
    geometry = chip_config(settings).geometry
    assert geometry == settings.geometry
    assert (geometry.axons, geometry.neurons, geometry.lanes) == (128, 32, 8)
    assert (settings.network.lanes, settings.network.weight_bits) == (8, 8)
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_lanes_of_a_network_are_those_of_its_geometry(tmp_path: Path) -> None:
    path = written(tmp_path, "[network]\nlanes = 8\n" + CHIP)
    with pytest.raises(ValueError) as refused:
        _ = Configuration.read(path).settings
    assert str(refused.value) == f"{path}: network.lanes must be the geometry's, 16, not 8"


def test_a_chip_is_the_files_geometry_else_its_networks_else_the_boards(tmp_path: Path) -> None:
    own = find_board("ulx3s-25f").build
    network = Configuration.read(written(tmp_path, SMALL))
    chip = Configuration.read(written(tmp_path, CHIP))
    both = Configuration.read(written(tmp_path, SMALL + CHIP))
    held = chip_config(network.settings).geometry
    for board in (None, "ulx3s-25f"):
        assert build_of(network, board).geometry == held
        assert build_of(network, board).mesh == Mesh(1, 2)
        assert (build_of(both, board).geometry.axons, build_of(both, board).mesh.rows) == (128, 2)
    assert build_of(chip, None).geometry == Geometry(axons=128, neurons=32)
    assert build_of(chip, "ulx3s-25f").geometry.lanes == own.geometry.lanes == 4
    assert build_of(chip, "ulx3s-25f").baud == 500_000
    assert build_of(chip, "ulx3s-25f").clock == own.clock


def test_a_geometry_may_have_convolutions(tmp_path: Path) -> None:
    lanes = "lanes = 8\nupdate_lanes = 8\nmultipliers = 8\n"
    text = f"[geometry]\nconvolutions = 2\nneurons = 4096\n{lanes}"
    for board in ("", '[board]\nname = "ulx3s-85f"\n'):
        found = Configuration.read(written(tmp_path, text + board))
        built = build_of(found).geometry
        assert isinstance(built, ConvolutionGeometry)
        assert built == found.settings.geometry
        assert (built.convolutions, built.neurons, built.lanes) == (2, 4096, 8)
    with pytest.raises(ValueError, match="kernel_columns must be a multiple of lanes"):
        Configuration.read(written(tmp_path, text + "kernel_columns = 12\n"))


def test_the_board_that_a_file_names_completes_its_geometry(tmp_path: Path) -> None:
    """So that train, verilog and synth mean the same chip."""
    text = '[geometry]\nneurons = 64\n[board]\nname = "icebreaker"\n'
    chip = Configuration.read(written(tmp_path, text))
    assert chip.settings.geometry == build_of(chip).geometry == chip.build("icebreaker").geometry
    assert build_of(chip).geometry.layout is Layout.PLAIN
    with pytest.raises(
        ValueError, match=r"board\.name must be ulx3s-85f, which was asked for, not"
    ):
        chip.build("ulx3s-85f")


def test_flat_settings_of_earlier_runs_are_read() -> None:
    """As version 0.1 wrote them into config.json: names map one to one."""
    settings = Configuration.read(FORMER).settings
    assert settings == Settings().changed(
        {
            "network": {"layers": [24, 16], "mesh": "2x1", "weight_span": 16},
            "task": {"limit": 6, "ticks": 12},
            "objective": {"burn_in": 3, "threshold": 3.5},
            "run": {"seed": 3, "epochs": 1},
        }
    )


def test_info_prints_what_a_file_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info"]) == 0
    lines = capsys.readouterr().out.split("core by default:")[1].splitlines()
    rows = [line.split() for line in lines if line.strip()]
    text = "[geometry]\n" + "\n".join(
        f"{name} = {value if value.isdecimal() else repr(value)}" for name, value in rows
    )
    found = Configuration.read(written(tmp_path, text)).settings
    assert found.geometry == Geometry()


WRONG = {
    "empty": ("", "content must be one table at least, as [network], not {}"),
    "syntax": ("[run]\nseed = \n", "at line 2, column 8"),
    "open table": ("[run\nseed = 1", "at line 1, column 5"),
    "key twice": ("[run]\nseed = 1\nseed = 2", "Cannot overwrite a value"),
    "table twice": ("[run]\n[run]\n", "Cannot declare ('run',) twice"),
    "table of lists": ("[[run]]\nseed = 1", "run must be a table of names and values, not [{"),
    "no table": ("run = 3", "run must be a table of names and values, not 3"),
    "unknown table": ("[runs]", "runs must be left out or one of network, task, objective, run, "),
    "unknown key": ("[run]\nsed = 1", "run.sed must be left out or one of seed, epochs, anneal, "),
    "other table": ("[geometry]\n[x]\n", "x must be left out or one of network, "),
    "key without its table": ("axons = 8", "axons must be in its table, [geometry], not 'axons'"),
    "clock without its table": ("clock = 8", "clock must be in its table, [board], not 'clock'"),
    "key beside tables": ("ticks = 8\n[run]", "ticks must be in its table, [task], not "),
    "text for a number": (
        '[network]\nlanes = "8"',
        "network.lanes must be a whole number, not '8'",
    ),
    "text in a set": (
        '[network.parameters]\ntheta = "1536"',
        "network.parameters.theta must be a whole number, not '1536'",
    ),
    "bool": ("[run]\nseed = true", "run.seed must be a whole number, not True"),
    "float": ("[run]\nepochs = 2.0", "run.epochs must be a whole number, not 2.0"),
    "nan": ("[task]\npeak = nan", "task.peak must be a finite number, not nan"),
    "infinite": (
        "[objective]\nlogit_scale = -inf",
        "objective.logit_scale must be a finite number",
    ),
    "date": ("[run]\nseed = 2020-01-01", "run.seed must be a whole number, not datetime.date(2020"),
    "list for text": ("[task]\nencoding = []", "task.encoding must be text, not []"),
    "number for a list": ("[network]\nlayers = 8", "network.layers must be a list, not 8"),
    "in a list": (
        "[network]\nlayers = [8, 0]",
        "network.layers[1] must be a whole number in 1..2048",
    ),
    "unknown word": (
        '[geometry]\nlayout = "flat"',
        "geometry.layout must be one of plain, skewed, not",
    ),
    "number of no word": (
        "[geometry]\nlayout = 7",
        "geometry.layout must be one of plain, skewed, not 7",
    ),
    "in a term": (
        '[[network.deep.terms]]\naxon = "qp"',
        "network.deep.terms[0].axon must be one of off, one, spike, qq, pq, not 'qp'",
    ),
    "range": ("[run]\nepochs = 0", "run.epochs must be a whole number in 1..1000000, not 0"),
    "range of a set": (
        "[network.deep]\npq_shift = 16",
        "network.deep.pq_shift must be a whole number",
    ),
    "together": ("[objective]\nburn_in = 40", "objective.burn_in must be a whole number in 0..39"),
    "geometry": ("[geometry]\nlanes = 3", "geometry.lanes must be a power of two, not 3"),
    "board": ('[board]\nname = "nexys"\n[geometry]', "board must be one of ulx3s-85f, "),
    "huge": (
        f"[run]\nseed = {'9' * 400}",
        "run.seed must be a whole number in 0..4294967295, not 9",
    ),
    "huge in hex": (f"[run]\nseed = 0x{'f' * 9000}", "not a int too large to show (ValueError)"),
    "very huge": (f"[run]\nseed = {'9' * 9000}", "must be a TOML file, not "),
    "long": (f'[network]\nmesh = "{"1" * 10**6}"', "(1000002 characters)"),
    "long key": (
        f"[run]\n{'k' * 10**5} = 1",
        "... (100004 characters) must be left out or one of seed",
    ),
    "deep": (f"[run]\nseed = {'[' * 3000}", "must be a TOML file, not "),
    "two mistakes": ("[run]\nseed = 1.5\nepochs = 1.5", "a whole number, not 1.5 (and 1 more)"),
    "too many layers": (
        f"[network]\nlayers = {[16] * 5000}",
        "network.layers must be of at most 2048 neurons on a mesh of 1x1, not 80000",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_one_clear_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, text)
    refused(path, message, capsys)


WRONG_JSON = {
    "empty": (b"", "Expecting value: line 1 column 1"),
    "null": (b"null", "c.json must be a JSON object, not None"),
    "list": (b"[1]", "c.json must be a JSON object, not [1]"),
    "object without tables": (b"{}", "content must be one table at least"),
    "syntax": (b'{"run": {"seed": 1,}}', "line 1 column"),
    "binary": (b"\x80\x04\x95\xff\xfe", "c.json must be a JSON file, not "),
    "key twice": (b'{"run": {"seed": 1, "seed": 2}}', "there once each, not 'seed'"),
    "table null": (b'{"run": null}', "run must be a table of names and values, not None"),
    "set null": (
        b'{"network": {"parameters": null}}',
        "network.parameters must be a table of names",
    ),
    "nan": (b'{"task": {"peak": NaN}}', "task.peak must be a finite number, not nan"),
    "beyond float": (b'{"task": {"peak": 1e999}}', "task.peak must be a finite number, not inf"),
    "deep": (b"[" * 5000, "c.json must be a JSON file, not "),
    "flat and wrong": (
        b'{"parameters": {"theta": "1536"}}',
        "network.parameters.theta must be a whole",
    ),
    "flat build": (b'{"clock": 60000000, "geometry": {}}', "clock must be in its table, [board]"),
}


@pytest.mark.parametrize(("data", "message"), WRONG_JSON.values(), ids=WRONG_JSON)
def test_a_wrong_json_file_is_one_clear_line(
    data: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(data)
    refused(path, message, capsys)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.toml", "none.toml must be there, not missing "),
        ("folder.toml", "folder.toml must be a TOML file, not "),
        ("folder.json", "folder.json must be a JSON file, not "),
        ("binary.toml", "binary.toml must be a TOML file, not "),
        ("c.yaml", "configuration must be a .toml or .json file, not "),
        ("c", "configuration must be a .toml or .json file, not "),
    ],
)
def test_what_is_no_file_of_settings(
    name: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "binary.toml").write_bytes(b"\x7fELF\xff\x00")
    for folder in ("folder.toml", "folder.json"):
        (tmp_path / folder).mkdir()
    refused(tmp_path / name, message, capsys)


def refused(path: Path, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command that takes a file says the same line and names it; nothing is written."""
    out, before = path.parent / "out", sorted(path.parent.iterdir())
    commands = (
        ("train", "digits", "--device", "golden", "--out", str(out)),
        ("board",),
        ("verilog", "--out", str(out)),
        ("synth", "--board", "ulx3s-85f"),
    )
    lines = set()
    for command in commands:
        assert run([*command, "--config", str(path)]) == MISTAKE
        (line,) = capsys.readouterr().err.splitlines()
        lines.add(line)
    (line,) = lines
    assert message in line
    assert path.name in line
    assert len(line) < 1000
    assert sorted(path.parent.iterdir()) == before


def test_a_board_may_have_a_node(tmp_path: Path) -> None:
    text = "[board]\nprocessor = true\n\n[board.node]\nlanes = 8\n"
    build = Configuration.read(written(tmp_path, text)).build("ulx3s-25f")
    assert build.built_node == NodeGeometry(lanes=8, program=1024)
    assert Configuration.read(written(tmp_path, text)).node == build.built_node
    node = Configuration.read(written(tmp_path, f"{text}tape = 8192\n")).node
    assert node == NodeGeometry(lanes=8, program=1024, tape=8192)
    assert Configuration.read(written(tmp_path, CHIP)).node is None
    with pytest.raises(ValueError, match=r"board\.processor must be true or false, not 'yes'"):
        Configuration.read(written(tmp_path, '[board]\nprocessor = "yes"\n'))
