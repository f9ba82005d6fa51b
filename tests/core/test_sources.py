"""The one door to bytes: regular files only, read by place; and streams that unpack within bounds."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_gui.core.errors import OpenError, ReadError
from ckpt_gui.core.sources import Inflating, LocalFile, Memory, Window, inflate

posix = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX matter")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.write_bytes(bytes(range(256)) * 40)
    return path


@pytest.fixture
def hang_guard() -> Iterator[None]:
    """A reader that waits for a pipe ends the test, not the run."""
    if hasattr(signal, "alarm"):
        signal.alarm(20)
    yield
    if hasattr(signal, "alarm"):
        signal.alarm(0)


class TestLocalFile:
    def test_reads_by_place(self, data: Path) -> None:
        with LocalFile(data) as file:
            assert (file.read(254, 4), file.nbytes) == (b"\xfe\xff\x00\x01", 10_240)

    def test_reads_short_only_at_the_end(self, data: Path) -> None:
        with LocalFile(data) as file:
            assert (file.read(10_239, 5), file.read(10_240, 5), file.read(10**12, 5)) == (b"\xff", b"", b"")

    @pytest.mark.parametrize("vectored", [True, False])
    def test_reads_into_a_buffer(self, data: Path, monkeypatch: pytest.MonkeyPatch, vectored: bool) -> None:
        if not vectored:
            monkeypatch.delattr(os, "preadv", raising=False)
        with LocalFile(data) as file:
            for at, nbytes in ((254, 4), (10_239, 5), (10_240, 5), (10**12, 5)):
                into = bytearray(nbytes)
                wanted = file.read(at, nbytes)
                assert file.read_into(at, memoryview(into)) == len(wanted)
                assert into[: len(wanted)] == wanted

    def test_reading_into_a_buffer_after_closing(self, data: Path) -> None:
        file = LocalFile(data)
        file.close()
        with pytest.raises(ReadError, match="cannot be read"):
            file.read_into(0, memoryview(bytearray(1)))

    def test_knows_what_it_opened(self, data: Path) -> None:
        with LocalFile(data) as file:
            facts = data.stat()
            assert (file.source.nbytes, file.source.inode) == (facts.st_size, facts.st_ino)

    def test_a_file_as_it_was_passes_the_check(self, data: Path) -> None:
        with LocalFile(data) as file:
            file.check(file.source)

    @pytest.mark.parametrize("change", ["appended", "truncated", "touched"])
    def test_a_changed_file_says_so(self, data: Path, change: str) -> None:
        with LocalFile(data) as file:
            if change == "appended":
                data.write_bytes(data.read_bytes() + b"!")
            elif change == "truncated":
                os.truncate(data, 5)
            else:
                os.utime(data, ns=(0, 0))
            with pytest.raises(ReadError, match="has changed"):
                file.check(file.source)

    def test_a_replaced_file_says_so_when_it_is_opened_again(self, data: Path) -> None:
        with LocalFile(data) as file:
            before = file.source
        other = data.with_name("other")
        other.write_bytes(data.read_bytes())
        os.utime(other, ns=(before.mtime_ns, before.mtime_ns))
        keep = data.open("rb")  # so that the inode is not used again
        other.replace(data)
        with keep, LocalFile(data) as file, pytest.raises(ReadError, match="has changed"):
            file.check(before)

    def test_a_file_cut_while_open_reads_short(self, data: Path) -> None:
        with LocalFile(data) as file:
            os.truncate(data, 100)
            assert len(file.read(0, 10_000)) == 100

    def test_a_closed_descriptor_is_a_read_error(self, data: Path) -> None:
        file = LocalFile(data)
        file.close()
        with pytest.raises(ReadError, match="cannot be read"):
            file.read(0, 1)


@pytest.mark.usefixtures("hang_guard")
class TestWhatIsNoFile:
    def test_nothing_there(self, tmp_path: Path) -> None:
        with pytest.raises(OpenError, match="does not exist"):
            LocalFile(tmp_path / "absent")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(OpenError, match=r"a folder, not a file|cannot be opened|no permission"):
            LocalFile(tmp_path)

    @posix
    def test_a_pipe(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OpenError, match="named pipe"):
            LocalFile(tmp_path / "pipe")

    @posix
    @pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
    def test_a_device(self, path: str) -> None:
        with pytest.raises(OpenError, match="a device"):
            LocalFile(path)

    @posix
    def test_a_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)  # the names of sockets must be short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s")
            with pytest.raises(OpenError, match=r"cannot be opened|socket"):
                LocalFile("s")

    @posix
    def test_a_file_that_may_not_be_read(self, data: Path) -> None:
        data.chmod(0)
        if os.access(data, os.R_OK):
            pytest.skip("root may read everything")
        with pytest.raises(OpenError, match="no permission"):
            LocalFile(data)

    @posix
    def test_a_link_to_itself(self, tmp_path: Path) -> None:
        (tmp_path / "loop").symlink_to("loop")
        with pytest.raises(OpenError, match="cannot be opened"):
            LocalFile(tmp_path / "loop")

    @posix
    @pytest.mark.parametrize("name", ["x" * 5000, "nul\0byte"])
    def test_a_name_no_file_can_have(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(OpenError):
            LocalFile(tmp_path / name)

    def test_no_descriptor_is_left_open(self, tmp_path: Path) -> None:
        code = (
            "import os, sys\nfrom ckpt_gui.core.sources import LocalFile\nfrom ckpt_gui.core.errors import OpenError\n"
            "for _ in range(3000):\n    try: LocalFile(sys.argv[1])\n    except OpenError: pass\n"
        )
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


class TestWindow:
    def test_counts_from_its_own_start(self) -> None:
        window = Window(Memory(b"0123456789"), 3, 4)
        assert (window.read(0, 2), window.read(3, 9), window.read(4, 1), window.nbytes) == (b"34", b"6", b"", 4)

    def test_fills_a_buffer_up_to_its_own_end(self) -> None:
        into = bytearray(b"......")
        assert Window(Memory(b"0123456789"), 3, 4).read_into(1, memoryview(into)) == 3
        assert into == b"456..."

    def test_ends_where_its_parent_ends(self) -> None:
        assert Window(Memory(b"0123456789"), 8, 100).nbytes == 2

    def test_beyond_its_parent_is_empty(self) -> None:
        window = Window(Memory(b"0123456789"), 20, 5)
        assert (window.nbytes, window.read(0, 5)) == (0, b"")


def deflated(data: bytes, level: int = 6) -> bytes:
    engine = zlib.compressobj(level, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


class TestInflate:
    @given(st.binary(max_size=2000), st.integers(0, 9))
    def test_gives_back_what_was_packed(self, data: bytes, level: int) -> None:
        packed = deflated(data, level)
        assert inflate(Memory(b"xx" + packed), 2, len(packed), 10_000) == (data, None)

    def test_stops_at_its_limit(self) -> None:
        packed = deflated(bytes(10_000_000))
        data, trouble = inflate(Memory(packed), 0, len(packed), 5000)
        assert (len(data), trouble) == (5000, "unpacks to more than 5,000 bytes")

    def test_the_limit_itself_is_allowed(self) -> None:
        packed = deflated(bytes(5000))
        assert inflate(Memory(packed), 0, len(packed), 5000) == (bytes(5000), None)

    def test_a_cut_stream_says_so(self) -> None:
        packed = deflated(random.Random(0).randbytes(5000))[:-100]
        data, trouble = inflate(Memory(packed), 0, len(packed), 10_000)
        assert (0 < len(data) < 5000, trouble) == (True, "the compressed data end early")

    def test_a_damaged_stream_says_so(self) -> None:
        data, trouble = inflate(Memory(b"\xff" * 50), 0, 50, 10_000)
        assert (data, str(trouble)[:31]) == (b"", "the compressed data are damaged")

    def test_what_follows_the_stream_is_not_read(self) -> None:
        packed = deflated(b"abc") + b"garbage"
        assert inflate(Memory(packed), 0, len(packed), 100) == (b"abc", None)


class TestInflating:
    """The same stream, read piece by piece."""

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 70_000)), max_size=8), st.integers(0, 2))
    def test_any_piece_is_the_piece_of_the_whole(self, places: list[tuple[int, int]], seed: int) -> None:
        data = random.Random(seed).randbytes(1000) * 400
        packed = deflated(data)
        stream = Inflating(Memory(packed), 0, len(packed), len(data))
        assert [stream.read(*place) for place in places] == [data[at : at + size] for at, size in places]

    def test_keeps_a_bounded_part(self) -> None:
        packed = deflated(bytes(64 << 20))
        stream = Inflating(Memory(packed), 0, len(packed), 64 << 20)
        for at in range(0, 64 << 20, 1 << 20):
            assert len(stream.read(at, 1 << 20)) == 1 << 20
        assert len(stream._held) < 2 * Inflating.KEEP

    def test_fills_a_buffer(self) -> None:
        packed = deflated(bytes(range(100)))
        into = bytearray(30)
        assert Inflating(Memory(packed), 0, len(packed), 100).read_into(80, memoryview(into)) == 20
        assert into == bytes(range(80, 100)) + bytes(10)

    def test_gives_no_more_than_the_container_says(self) -> None:
        packed = deflated(bytes(1000))
        assert Inflating(Memory(packed), 0, len(packed), 10).read(0, 1000) == bytes(10)

    @pytest.mark.parametrize("packed", [b"", b"\xff" * 40, deflated(bytes(100))[:4]])
    def test_damage_ends_the_bytes_early(self, packed: bytes) -> None:
        assert len(Inflating(Memory(packed), 0, len(packed), 100).read(0, 100)) < 100
