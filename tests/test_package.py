"""The distributions: nothing is left out of them, and what they install runs without a checkout."""

from __future__ import annotations

import ast
import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from axonloop.host.cli import app
from tests.support.contract import examples
from tests.support.outside.environment import install, run
from tests.support.outside.verilog_tools import require_simulator

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECTORIES: dict[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
FLOORS = ("models", "hdl", "sim", "host")
MADE = ("build", "runs", "site")
"""Folders of results at the top of a checkout."""
NOT_PUBLISHED = (".git-blame-ignore-revs",)
"""Files of a checkout that are of no use without its history."""


def unpublished(folder: str, names: list[str]) -> list[str]:
    """What a folder of a checkout holds beside its sources."""
    at_top = Path(folder) == ROOT
    return [
        name
        for name in names
        if name.endswith(("__pycache__", ".egg-info"))
        or (at_top and name in MADE)
        # .typecheck has links for mypy, which `make lint` makes
        or (name.startswith(".") and (Path(folder) / name).is_dir())
    ]


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def installed(path: str) -> str:
    """Where an installation has a source file: `host/api` is `axonloop`, `hdl` `axonloop/hdl`."""
    package = max(
        (name for name, home in DIRECTORIES.items() if path.startswith(f"{home}/")),
        key=lambda name: len(DIRECTORIES[name]),
    )
    return package.replace(".", "/") + path.removeprefix(DIRECTORIES[package])


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout, because a build writes into the folder that it builds from."""
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("build") / "axonloop", ignore=unpublished)


@pytest.fixture(scope="module")
def distributions(sources: Path) -> Path:
    """The folder with the source distribution, and the wheel that was built from it."""
    before = files_of(sources)
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", "../dist")
    run(*command, cwd=sources)
    for path in files_of(sources) - before:
        (sources / path).unlink()
    return sources.parent / "dist"


def test_every_folder_is_a_package() -> None:
    folders = {path.parent for floor in FLOORS for path in (ROOT / floor).rglob("__init__.py")}
    found = {installed(f"{path.relative_to(ROOT).as_posix()}/").rstrip("/") for path in folders}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == {
        path.replace("/", ".") for path in found
    }


def test_the_source_distribution_has_every_file(sources: Path, distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    # In a work tree `.git` is a file.
    assert files_of(sources) - names - {".git"} == set(NOT_PUBLISHED)


def test_the_wheel_has_every_file_of_the_packages(sources: Path, distributions: Path) -> None:
    (path,) = distributions.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {
        installed(f"{floor}/{name}") for floor in FLOORS for name in files_of(sources / floor)
    }


def test_the_wheel_runs_outside_of_a_checkout(distributions: Path, tmp_path: Path) -> None:
    (wheel,) = distributions.glob("*.whl")
    site = install(wheel, requirements(), tmp_path)
    binaries = tmp_path / "venv" / "bin"

    where = run(binaries / "python", "-c", "import axonloop; print(axonloop)", cwd=tmp_path)
    assert str(site) in where
    version = run(binaries / "axonloop", "--version", cwd=tmp_path)
    assert version.strip() == f"axonloop {PROJECT['project']['version']}"
    train = ("train", "digits", "--limit", "20", "--device", "golden", "--out", "run")
    run(binaries / "axonloop", *train, cwd=tmp_path)
    assert (tmp_path / "run" / "metrics.json").is_file()


@pytest.fixture(scope="module")
def user(distributions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the environment of a user of `axonloop[cocotb]`."""
    (wheel,) = distributions.glob("*.whl")
    folder = tmp_path_factory.mktemp("user")
    site = install(wheel, requirements("cocotb"), folder)
    program = "import axonloop.sim.cocotb as package; print(package.__file__)"
    assert run(folder / "venv/bin/python", "-c", program, cwd=folder).startswith(str(site))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_users_cocotb_bench_runs_outside_of_a_checkout(user: Path, simulator: str) -> None:
    """The example of docs/cocotb.md, with what its page says to install and no more."""
    require_simulator(simulator)
    bench, runner = examples(ROOT / "docs" / "cocotb.md")
    folder = user / simulator
    folder.mkdir()
    (folder / "my_bench.py").write_text(bench)
    (folder / "test_my_bench.py").write_text(runner.replace('"verilator"', f'"{simulator}"'))
    cache = str(folder / "cache")
    told = run(user / "venv/bin/python", "-m", "pytest", "-q", cwd=folder, AXONLOOP_CACHE=cache)
    assert "1 passed" in told


def test_windows_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(app, "os", SimpleNamespace(name="nt"))
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == app.MISTAKE
    expected = "error: axonloop must run on a POSIX system, not Windows itself; try WSL\n"
    assert capsys.readouterr().err == expected


def requirements(*extras: str) -> list[Requirement]:
    lines = [*PROJECT["project"]["dependencies"]]
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def test_dependencies_are_ranges() -> None:
    """An exact version would keep axonloop from living beside packages that ask for another."""
    for requirement in requirements():
        assert [entry for entry in requirement.specifier if entry.operator in (">=", "~=")]
        assert not [entry for entry in requirement.specifier if entry.operator in ("==", "===")]


def test_the_lock_is_within_the_ranges() -> None:
    lines = re.findall(r"^(\S+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    locked = {canonicalize_name(name): version for name, version in lines}
    for requirement in requirements("test", "docs", "prove", "synth"):
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement


def test_every_import_is_a_declared_dependency() -> None:
    homes = packages_distributions()
    declared = {canonicalize_name(requirement.name) for requirement in requirements()}
    for path in (path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")):
        for module in imported(ast.parse(path.read_text())) - sys.stdlib_module_names:
            known = {canonicalize_name(name) for name in homes.get(module, ())}
            assert module == "axonloop" or known & declared, f"{path}: {module}"


def imported(tree: ast.Module) -> set[str]:
    """Top-level modules that a file imports; those in a `try` are optional."""
    optional = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.Try)
        for inner in ast.walk(node)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and id(node) not in optional:
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and id(node) not in optional:
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_links_of_the_readme_work_anywhere() -> None:
    """The page is also shown by package indexes, where a relative link leads nowhere."""
    targets = re.findall(r"\]\((\S+?)\)|src=\"(\S+?)\"", (ROOT / "README.md").read_text())
    assert targets
    for target in map("".join, targets):
        assert target.startswith("https://"), target
