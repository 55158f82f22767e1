"""Build results on disk, addressed by content, safe against interruption and concurrency.

An entry is a folder `<root>/<name>/<key>`. It is made in a folder of its own under a lock and moved
into place in one step, together with a manifest of hashes, so that an entry is either whole or
absent. An entry that does not match its manifest is thrown away and built again.

Several users of a machine can share a cache: each sets `AXONLOOP_CACHE` to the same folder. Files
get the permissions that the builder's umask leaves, so under the usual 022 everybody reads what one
user built; a whole entry is read without a lock, also from a folder that is closed to writing. To
let all users of a group add entries, give the folder to the group (chmod g+ws) and use umask 002.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from axonloop.sim.build.errors import BuildError

MANIFEST = "manifest.json"


def cache_root() -> Path:
    """The cache folder: `AXONLOOP_CACHE`, or `axonloop` in the user's cache folder."""
    given = os.environ.get("AXONLOOP_CACHE")
    return Path(given or user_cache_path("axonloop", appauthor=False)).resolve()


def content_key(*parts: str | bytes) -> str:
    """A name for `parts`: 32 hexadecimal digits of SHA-256, with the parts' borders kept."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


def stored(name: str, key: str) -> bool:
    """Say whether the cache has an entry; it may still turn out to be damaged."""
    return (cache_root() / name / key / MANIFEST).is_file()


def entry(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder of an entry; `build(folder)` fills it first where it is missing or damaged.

    Processes that want the same entry at once wait for the one that builds it. Raises BuildError
    where the disk is full or cannot be written; other errors of `build` pass through. In every
    case nothing of the failed build stays.
    """
    advice = "set AXONLOOP_CACHE to another folder"
    return entry_in(cache_root() / name, key, build, advice)


def entry_in(shelf: Path, key: str, build: Callable[[Path], None], advice: str) -> Path:
    """Like `entry`, in a folder of entries; `advice` says what to do if it cannot hold one."""
    with _storage_errors(shelf, advice):
        if not _intact(shelf / key):
            shelf.mkdir(parents=True, exist_ok=True)
            with FileLock(shelf / f"{key}.lock"):
                if not _intact(shelf / key):
                    _make(shelf, key, build)
    return shelf / key


def _make(shelf: Path, key: str, build: Callable[[Path], None]) -> None:
    for leftover in shelf.glob(f"{key}.*.new"):  # of builds that were killed: we hold the lock
        shutil.rmtree(leftover, ignore_errors=True)
    shutil.rmtree(shelf / key, ignore_errors=True)
    work = shelf / f"{key}.{secrets.token_hex(4)}.new"
    work.mkdir()
    try:
        build(work)
        _write_manifest(work)
        work.rename(shelf / key)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    files = {str(path.relative_to(folder)): _fingerprint(path) for path in _files(folder)}
    (folder / MANIFEST).write_text(json.dumps(files, indent=1, sort_keys=True) + "\n")


def _intact(folder: Path) -> bool:
    try:
        files = json.loads((folder / MANIFEST).read_text())
        return bool(files == {str(p.relative_to(folder)): _fingerprint(p) for p in _files(folder)})
    except (OSError, ValueError):
        return False


def _files(folder: Path) -> list[Path]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if path != folder / MANIFEST]


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _storage_errors(shelf: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise BuildError(
                f"the cache folder must be on a disk with free space, not {str(shelf)!r}; "
                f"free some, or {advice}"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise BuildError(
                f"the cache folder must be writable, not {str(shelf)!r} ({error.strerror}); "
                f"{advice}"
            ) from error
        raise
