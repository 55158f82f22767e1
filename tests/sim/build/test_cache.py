"""The build cache: damage, interruption, concurrency, full and forbidden disks."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import time

import pytest

from axonloop.sim.build import BuildError, cache


@pytest.fixture(autouse=True)
def private_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path))


def count_builds(log):
    """A build that writes one file and a line of `log`."""

    def build(folder):
        (folder / "result").write_text("42")
        with log.open("a") as file:
            file.write("built\n")

    return build


def test_an_entry_is_built_once(tmp_path):
    log = tmp_path / "log"
    for _ in range(3):
        assert (cache.entry("thing", "key", count_builds(log)) / "result").read_text() == "42"
    assert log.read_text() == "built\n"


@pytest.mark.parametrize("damage", ["truncate", "change", "delete", "add", "manifest"])
def test_a_damaged_entry_is_built_again(tmp_path, damage):
    log = tmp_path / "log"
    folder = cache.entry("thing", "key", count_builds(log))
    if damage == "delete":
        (folder / "result").unlink()
    else:
        name = {"add": "stray", "manifest": cache.MANIFEST}.get(damage, "result")
        (folder / name).write_text("" if damage == "truncate" else "43")
    again = cache.entry("thing", "key", count_builds(log))
    assert (again / "result").read_text() == "42"
    assert sorted(path.name for path in again.iterdir()) == [cache.MANIFEST, "result"]
    assert log.read_text() == "built\nbuilt\n"


def test_a_failed_build_leaves_nothing(tmp_path):
    def build(folder):
        (folder / "half").write_text("half")
        raise BuildError("compiler must succeed, not fail")

    with pytest.raises(BuildError, match="compiler must succeed"):
        cache.entry("thing", "key", build)
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["key.lock"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(tmp_path, code):
    def build(folder):
        (folder / "half").write_text("half")
        raise OSError(code, os.strerror(code))

    with pytest.raises(BuildError, match="must be on a disk with free space, not"):
        cache.entry("thing", "key", build)
    assert [path.name for path in (tmp_path / "thing").iterdir()] == ["key.lock"]


def test_a_file_in_the_way_is_named(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AXONLOOP_CACHE", str(tmp_path / "file"))
    with pytest.raises(BuildError, match="must be writable, not"):
        cache.entry("thing", "key", count_builds(tmp_path / "log"))


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, tmp_path):
    monkeypatch.delenv("AXONLOOP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache.cache_root() == tmp_path / "caches" / "axonloop"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_root() == tmp_path / ".cache" / "axonloop"


@pytest.mark.parametrize(
    ("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o002, 0o775, 0o664)]
)
def test_a_second_user_may_do_what_the_umask_allows(tmp_path, umask, folder, file):
    before = os.umask(umask)
    try:
        entry = cache.entry("thing", "key", count_builds(tmp_path / "log"))
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (entry, entry.parent)} == {folder}
    files = (entry / "result", entry / cache.MANIFEST, entry.with_name("key.lock"))
    assert {path.stat().st_mode & 0o777 for path in files} == {file}


def test_a_whole_entry_needs_no_lock(monkeypatch, tmp_path):
    """So a second user reads what lies in a folder that is closed to writing."""
    log = tmp_path / "log"
    cache.entry("thing", "key", count_builds(log))

    def forbidden(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(cache, "FileLock", forbidden)
    assert (cache.entry("thing", "key", count_builds(log)) / "result").read_text() == "42"
    with pytest.raises(BuildError, match="must be writable, not .* set AXONLOOP_CACHE to another"):
        cache.entry("thing", "other", count_builds(log))
    assert log.read_text() == "built\n"


def _slow_entry(log, seconds):
    def build(folder):
        (folder / "result").write_text("4")
        with log.open("a") as file:
            file.write("started\n")
        time.sleep(seconds)
        (folder / "result").write_text("42")

    cache.entry("thing", "key", build)


def test_concurrent_builds_build_once(tmp_path):
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_slow_entry, args=(log, 0.5)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert log.read_text() == "started\n"


def test_a_killed_build_leaves_no_entry_and_no_lock(tmp_path):
    log = tmp_path / "log"
    worker = multiprocessing.get_context("fork").Process(target=_slow_entry, args=(log, 60))
    worker.start()
    while not log.exists():
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)
    assert not (tmp_path / "thing" / "key").exists()
    folder = cache.entry("thing", "key", count_builds(tmp_path / "second"))
    assert (folder / "result").read_text() == "42"
    assert sorted(path.name for path in (tmp_path / "thing").iterdir()) == ["key", "key.lock"]


def test_keys_keep_the_borders_of_their_parts():
    assert cache.content_key("ab", "c") != cache.content_key("a", "bc")
    assert cache.content_key("ab", b"c") == cache.content_key("ab", "c")
