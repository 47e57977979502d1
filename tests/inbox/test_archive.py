"""Exact bytes, under their own digest, on the disk before anybody is told."""

import ctypes
import errno
import hashlib
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bot.files
from bot.inbox.archive import Archive, Damaged


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "deep" / "archive")


def files(archive: Archive) -> list[Path]:
    return [path for path in archive.folder.rglob("*") if path.is_file()]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(st.binary(max_size=2_000))
def test_any_bytes_come_back_under_their_digest(archive: Archive, content: bytes) -> None:
    digest = archive.put(content)
    assert digest == hashlib.sha256(content).hexdigest()
    assert archive.get(digest) == content == archive.path(digest).read_bytes()


def test_it_is_for_its_owner_alone(archive: Archive) -> None:
    assert archive.path(archive.put(b"x")).stat().st_mode & 0o777 == 0o600


def test_what_stands_is_never_written_again(archive: Archive) -> None:
    path = archive.path(archive.put(b"x"))
    before = path.stat()
    archive.put(b"x")
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert files(archive) == [path]


def test_the_same_content_from_many_hands_is_one_file(archive: Archive) -> None:
    content = b"a" * 500_000
    with ThreadPoolExecutor(8) as hands:
        digests = set(hands.map(archive.put, [content] * 32))
    assert [path.read_bytes() for path in files(archive)] == [content]
    assert digests == {hashlib.sha256(content).hexdigest()}


def test_damage_is_noticed(archive: Archive) -> None:
    digest = archive.put(b"what was signed")
    archive.path(digest).write_bytes(b"what was Signed")
    with pytest.raises(Damaged):
        archive.get(digest)


def test_synced_before_it_is_named_and_each_name_synced_after(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut at any moment leaves the whole file or none, and none once `put` returned."""
    steps: list[tuple[str, Path]] = []

    fsync, link, mkdir = os.fsync, os.link, os.mkdir

    def watched_fsync(descriptor: int) -> None:
        steps.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def watched_link(source: Path, target: Path) -> None:
        steps.append(("name", Path(target)))
        link(source, target)

    def watched_mkdir(path: Path, mode: int = 0o777) -> None:
        mkdir(path, mode)
        steps.append(("name", Path(path)))

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "link", watched_link)
    monkeypatch.setattr(os, "mkdir", watched_mkdir)
    path = archive.path(archive.put(b"x"))

    named = [step for step in steps if step[0] == "name"]
    top = archive.folder.parent
    assert [folder for _, folder in named] == [top, archive.folder, path.parent, path]
    for step in named:
        assert ("sync", step[1].parent) in steps[steps.index(step) :]
    before = steps[: steps.index(("name", path))]
    assert before[-1][0] == "sync"
    assert before[-1][1].parent == path.parent  # the draft, in its last state


def test_many_are_synced_before_the_first_is_named_and_after_the_last(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    sync, link = bot.files._sync_file_system, os.link

    def watched_sync(descriptor: int) -> None:
        assert Path(f"/proc/self/fd/{descriptor}").readlink() == archive.folder
        steps.append(f"sync {len(files(archive))}")
        sync(descriptor)

    def watched_link(source: Path, target: Path) -> None:
        steps.append("name")
        link(source, target)

    monkeypatch.setattr(bot.files, "_sync_file_system", watched_sync)
    monkeypatch.setattr(os, "link", watched_link)
    contents = [b"%d" % number for number in range(20)]
    digests = archive.put_all([*contents, contents[0]])
    assert [archive.get(digest) for digest in digests] == [*contents, contents[0]]
    assert steps == ["sync 20", *["name"] * 20, "sync 40"]  # drafts go when all is done
    assert len(files(archive)) == 20
    assert archive.path(digests[0]).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("failing", ["fchmod", "link", "syncfs"])
def test_a_disk_error_among_many_leaves_nothing_half_written(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object) -> int:
        if failing == "syncfs":
            ctypes.set_errno(errno.ENOSPC)
            return -1
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(bot.files.LIBC if failing == "syncfs" else os, failing, full)
        with pytest.raises(OSError, match="No space left"):
            archive.put_all([b"x", b"y"])
    assert files(archive) == []
    archive.put_all([b"x", b"y"])
    assert sorted(path.read_bytes() for path in files(archive)) == [b"x", b"y"]


@pytest.mark.parametrize("failing", ["fsync", "link"])
def test_a_disk_error_leaves_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    archive.put(b"before")
    with monkeypatch.context() as patch:
        patch.setattr(os, failing, full)
        with pytest.raises(OSError, match="No space left"):
            archive.put(b"x")
    assert [path.read_bytes() for path in files(archive)] == [b"before"]
    assert archive.get(archive.put(b"x")) == b"x"


def test_a_disk_that_fills_up_in_the_middle_leaves_nothing(archive: Archive) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            archive.put(b"a" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert files(archive) == []


KILLED = """
import os, signal, sys
from pathlib import Path
from bot.inbox.archive import Archive

def killed(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], killed)
Archive(Path(sys.argv[1])).put(b"a" * 100_000)
"""


@pytest.mark.parametrize("moment", ["fsync", "link"])
def test_a_process_killed_on_the_way_leaves_nothing_under_the_name(
    archive: Archive, moment: str
) -> None:
    archive.put(b"before")
    child = subprocess.run([sys.executable, "-c", KILLED, archive.folder, moment], check=False)
    assert child.returncode == -signal.SIGKILL
    content = b"a" * 100_000
    assert not archive.path(hashlib.sha256(content).hexdigest()).exists()
    assert archive.get(archive.put(content)) == content
