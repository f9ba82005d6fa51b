"""Where a result may go, and what is left there whatever happens."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ckpt_gui.core.convert.leftovers import MAX_NAME, Owner, beside, label, this_process, unfinished
from ckpt_gui.core.convert.target import Draft, Target
from ckpt_gui.core.errors import ConvertError

NAMES = ["plain.pt", "with space.pt", "ümläut.pt", "new\nline.pt", "x" * 252 + ".pt", "ü" * 126 + ".pt", "-rf", "a.b.c"]


_HOLD = "import fcntl,sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print(flush=True); input()"


def target(*paths: Path, sources: tuple[Path, ...] = (), overwrite: bool = False, nbytes: int = 0) -> Target:
    return Target(paths, map(str, sources), overwrite=overwrite, nbytes=nbytes)


def write(made: Target, *contents: bytes) -> None:
    for place, content in enumerate(contents):
        draft = made.draft(place)
        draft.write(content)
        draft.finish()


@pytest.fixture
def dead() -> Iterator[Owner]:
    """A process that is gone."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return Owner(this_process().host, child.pid, 12345)  # type: ignore[return-value]


@pytest.mark.parametrize("name", NAMES)
def test_the_file_appears_whole_and_nothing_else(name: str, tmp_path: Path) -> None:
    final = tmp_path / name
    made = target(final)
    write(made, b"content")
    ((now, then),) = made.parts
    assert then == final
    assert not final.exists()
    assert now.read_bytes() == b"content"
    assert len(os.fsencode(now.name)) <= MAX_NAME
    made.commit()
    assert final.read_bytes() == b"content"
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_long_names_that_differ_at_their_ends_stay_apart() -> None:
    assert label("x" * 200 + "1") != label("x" * 200 + "2")
    assert label("short.pt") == "short.pt"


def test_without_commit_the_old_file_is_untouched(tmp_path: Path) -> None:
    final = tmp_path / "m.pt"
    final.write_bytes(b"old")
    before = final.stat()
    made = target(final, overwrite=True)
    write(made, b"new")
    made.discard()
    assert final.read_bytes() == b"old"
    assert final.stat() == before
    assert list(tmp_path.iterdir()) == [final]


def test_an_existing_file_needs_saying_so(tmp_path: Path) -> None:
    final = tmp_path / "m.pt"
    final.write_bytes(b"old")
    with pytest.raises(ConvertError, match="exists already"):
        target(final)
    made = target(final, overwrite=True)
    write(made, b"new")
    made.commit()
    assert final.read_bytes() == b"new"


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    made = target(tmp_path / "m.pt")
    write(made, b"new")
    (tmp_path / "m.pt").write_bytes(b"theirs")
    with pytest.raises(ConvertError, match="in the meantime"):
        made.commit()
    assert (tmp_path / "m.pt").read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_permissions_are_those_of_the_file_replaced_or_by_umask(tmp_path: Path) -> None:
    (tmp_path / "old.pt").write_bytes(b"old")
    (tmp_path / "old.pt").chmod(0o640)
    before = os.umask(0o027)
    try:
        made = target(tmp_path / "old.pt", tmp_path / "new.pt", overwrite=True)
        write(made, b"1", b"2")
        assert stat.S_IMODE(made.parts[0][0].stat().st_mode) == 0o640
        made.commit()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "old.pt").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "new.pt").stat().st_mode) == 0o640


def test_links_are_followed_and_told(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.pt").symlink_to("there/real.pt")
    made = target(tmp_path / "link.pt")
    assert made.notes == [f"{tmp_path}/link.pt is a link; {tmp_path}/there/real.pt is what is written"]
    write(made, b"new")
    made.commit()
    assert (tmp_path / "link.pt").is_symlink()
    assert (tmp_path / "there" / "real.pt").read_bytes() == b"new"


@pytest.mark.parametrize("how", ["itself", "symlink", "hard link", "link to its folder", "a shard"])
def test_the_source_is_never_the_target(how: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    source = folder / "m.pt"
    source.write_bytes(b"precious")
    final = {"symlink": tmp_path / "s", "hard link": tmp_path / "h", "link to its folder": tmp_path / "l" / "m.pt"}.get(
        how, source
    )
    (tmp_path / "s").symlink_to(source)
    (tmp_path / "h").hardlink_to(source)
    (tmp_path / "l").symlink_to(folder)
    with pytest.raises(ConvertError, match="is the checkpoint itself"):
        target(*(folder / "new.pt", final) if how == "a shard" else (final,), sources=(source,), overwrite=True)
    assert source.read_bytes() == b"precious"


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "loop").symlink_to("loop")
    for path, words in (
        (tmp_path, "is a folder; give the name of a file"), (tmp_path / "pipe", "something else than a file"),
        (Path("/dev/null"), "something else than a file"), (tmp_path / "absent" / "m.pt", "there is no folder"),
        (tmp_path / "file" / "m.pt", "is a file, not a folder"), (tmp_path / "loop", "cannot be written"),
        (tmp_path / ("x" * 300), "cannot be written: File name too long"), (tmp_path / "a\0b", "cannot be written"),
    ):  # fmt: skip
        with pytest.raises(ConvertError, match=words):
            target(path, overwrite=True)


@pytest.mark.skipif(not Path("/proc/sys").is_dir(), reason="needs a folder that not even root may write into")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    folder = Path("/proc/sys")
    if os.getuid():
        folder = tmp_path / "closed"
        folder.mkdir(mode=0o500)
    with pytest.raises(ConvertError, match=f"nothing can be written into the folder {folder}|cannot be written"):
        target(folder / "m.pt").draft(0)


def test_too_little_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match=r"this takes 4\.00 EiB, and .* has .* free"):
        target(tmp_path / "m.pt", nbytes=4 << 60)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("finish", [True, False])
def test_a_disk_that_is_full_at_last(finish: bool, tmp_path: Path) -> None:
    """By the limit of a process on its files' lengths, which needs no mount."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    made = target(tmp_path / "m.pt")
    draft = made.draft(0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(ConvertError, match="files here may not be longer"):
            _fill(draft, finish)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    made.discard()
    assert not list(tmp_path.iterdir())


def _fill(draft: Draft, finish: bool) -> None:
    for _ in range(1 if finish else 40):
        draft.write(b"x" * ((1 << 20) + 1 if finish else 100_000))
    draft.finish()


def test_what_a_dead_process_left_is_removed_and_nothing_else(tmp_path: Path, dead: Owner) -> None:
    here = this_process()
    left = beside(tmp_path / "other.pt", dead)
    reused = beside(tmp_path / "reused.pt", Owner(here.host, here.pid, here.start + 1))
    kept = [
        beside(tmp_path / "elsewhere.pt", Owner("another_machine", dead.pid, 1)),
        beside(tmp_path / "ours.pt", here),
        beside(tmp_path / "parents.pt", Owner(here.host, os.getppid(), 0)),
        tmp_path / ".m.pt.not-one-of-ours.ckpt-gui-part",
        tmp_path / "m.pt.part",
    ]
    for path in (left, reused, *kept):
        path.write_bytes(b"half")
    beside(tmp_path / "folder", dead).mkdir()
    beside(tmp_path / "link", dead).symlink_to(left)
    target(tmp_path / "m.pt")
    assert not left.exists()
    assert not reused.exists()
    assert all(path.exists() for path in kept)
    assert len(list(tmp_path.iterdir())) == len(kept) + 2


def test_what_is_open_and_marked_stays_whatever_the_numbers_say(tmp_path: Path, dead: Owner) -> None:
    """Another container on this machine has process numbers of its own."""
    path = beside(tmp_path / "other.pt", dead)
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        child.stdout.readline()
        target(tmp_path / "m.pt")
        assert path.exists()
    finally:
        child.communicate(b"\n")
    target(tmp_path / "m.pt")
    assert not path.exists()


def test_two_conversions_to_one_target_do_not_meet(tmp_path: Path) -> None:
    final = tmp_path / "m.pt"
    first, second = target(final), target(final)
    first.draft(0)
    with pytest.raises(ConvertError, match="being written right now by this program"):
        second.draft(0)
    with pytest.raises(ConvertError, match="being written right now by this program"):
        target(final)
    apart = target(tmp_path / "other.pt")
    apart.draft(0)
    apart.discard()
    other = beside(final, Owner(this_process().host, os.getppid(), 0))
    first.discard()
    other.write_bytes(b"half")
    with pytest.raises(ConvertError, match=rf"by another conversion \(process {os.getppid()}\)"):
        target(final)


def test_the_second_of_two_that_began_at_the_same_moment_gives_way(tmp_path: Path) -> None:
    final = tmp_path / "m.pt"
    second = target(final)
    theirs = beside(final, Owner(this_process().host, os.getppid(), 0))
    theirs.write_bytes(b"half")
    with pytest.raises(ConvertError, match="by another conversion"):
        second.draft(0)
    second.discard()
    assert list(tmp_path.iterdir()) == [theirs]


def test_a_conversion_of_another_machine_is_told(tmp_path: Path) -> None:
    beside(tmp_path / "m.pt", Owner("far_away", 1, 1)).write_bytes(b"half")
    made = target(tmp_path / "m.pt")
    assert made.notes == [f"a conversion to {tmp_path}/m.pt was begun on the machine far_away: its file stays"]


def test_several_files_get_their_names_in_order_or_not_at_all(tmp_path: Path) -> None:
    names = [tmp_path / "a", tmp_path / "b", tmp_path / "index"]
    made = target(*names)
    write(made, b"1", b"2", b"3")
    (tmp_path / "index").write_bytes(b"theirs")
    with pytest.raises(ConvertError, match="in the meantime"):
        made.commit()
    assert [one.name for one in tmp_path.iterdir()] == ["index"]
    made = target(*names, overwrite=True)
    write(made, b"1", b"2", b"3")
    made.commit()
    assert [path.read_bytes() for path in names] == [b"1", b"2", b"3"]
    assert not list(unfinished(tmp_path))
