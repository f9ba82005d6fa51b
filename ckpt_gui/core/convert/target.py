"""The files of a result: written beside their places, renamed when all is proven. Until then nothing has changed.

What is renamed has been written to the disk first (fsync), and its folder is afterwards, so that a power cut too
leaves the old or the new. See ``leftovers`` for what a killed process leaves.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from ckpt_gui.core.convert.leftovers import Unfinished, beside, clear, label, lock, this_process, unfinished
from ckpt_gui.core.errors import ConvertError
from ckpt_gui.core.text import escape, size

BUFFER = 64 << 10
"""Bytes gathered before they are written; what is more goes to the file at once."""


class Draft:
    """One file that is being written beside the place it will have. Raises ConvertError where it cannot be."""

    def __init__(self, path: Path, final: Path) -> None:
        self.path = path
        """Where it is now."""
        self.final = final
        self.nbytes = 0
        """Written so far."""
        old = None
        with contextlib.suppress(OSError):
            old = final.stat()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            fd = os.open(path, flags, 0o666 if old is None else 0o600)
        except FileExistsError:
            raise ConvertError(f"{told(final)} is being written right now by this program") from None
        except OSError as exc:
            raise self._why(exc) from exc
        lock(fd)
        if old is not None:
            _like(fd, old)
        self._file = io.BufferedWriter(io.FileIO(fd, "w"), BUFFER)

    def write(self, data: bytes | memoryview) -> None:
        """Append."""
        try:
            self._file.write(data)
        except OSError as exc:
            raise self._why(exc) from exc
        self.nbytes += len(data)

    def finish(self) -> None:
        """See to it that all of it is on the disk."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as exc:
            raise self._why(exc) from exc

    def close(self) -> None:
        """Give the file back."""
        try:
            self._file.close()
        except OSError as exc:
            self._file.raw.close()
            raise self._why(exc) from exc

    def discard(self) -> None:
        """As if it had never been."""
        with contextlib.suppress(OSError, ValueError):
            self._file.raw.close()  # what is still in the buffer need not be written
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _why(self, exc: OSError) -> ConvertError:
        name = told(self.final)
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            return ConvertError(f"{told(self.final.parent)} is full: after {size(self.nbytes)} there was no more room")
        if exc.errno == errno.EFBIG:
            return ConvertError(f"{name} cannot be written: files here may not be longer than {size(self.nbytes)}")
        return ConvertError(f"{name} cannot be written: {exc.strerror or exc}")


class Target:
    """Where a result goes: one file, or several that appear together, the last of them last.

    Raises ConvertError with a sentence where that cannot be: a folder that is not there or not to be written to,
    a name that belongs to a source or to something else than a file, an existing file without ``overwrite``, too
    little room for ``nbytes``, or somebody who is writing there right now.
    """

    def __init__(self, wanted: Sequence[Path], sources: Iterable[str], *, overwrite: bool, nbytes: int) -> None:
        self.notes: list[str] = []
        self._here = this_process()
        self._overwrite = overwrite
        self._drafts: list[Draft] = []
        known = list(sources)
        self.files = [self._place(path, known) for path in wanted]
        """Where they will be, links resolved."""
        for folder in dict.fromkeys(path.parent for path in self.files):
            left = clear(folder, self._here)
            for path in self.files:
                if path.parent == folder:
                    self._refuse_others(path, left)
        _check_room(self.files[0].parent, nbytes)

    @property
    def parts(self) -> tuple[tuple[Path, Path], ...]:
        """(Where it is now, where it will be) of each file begun."""
        return tuple((draft.path, draft.final) for draft in self._drafts)

    def draft(self, place: int) -> Draft:
        """Begin the file of that place."""
        final = self.files[place]
        draft = Draft(beside(final, self._here), final)
        self._drafts.append(draft)
        # Two that looked at the same time both see nobody; now at least one of them sees the other.
        self._refuse_others(final, [one for one in unfinished(final.parent) if one.path != draft.path], again=True)
        return draft

    def commit(self) -> None:
        """Give the files their names, in the order they were begun, and see to it that the disk knows."""
        new: list[Path] = []
        try:
            for draft in self._drafts:
                draft.close()
                replaced = draft.final.exists()
                _rename(draft.path, draft.final, self._overwrite)
                if not replaced:
                    new.append(draft.final)
        except (OSError, ConvertError) as exc:
            for path in new:
                with contextlib.suppress(OSError):
                    path.unlink()
            self.discard()
            if isinstance(exc, ConvertError):
                raise
            raise ConvertError(f"{told(draft.final)} cannot be written: {exc.strerror or exc}") from exc
        self._drafts.clear()
        for folder in dict.fromkeys(path.parent for path in self.files):
            _settle(folder)

    def discard(self) -> None:
        """Remove what was begun and not committed."""
        while self._drafts:
            self._drafts.pop().discard()

    def _place(self, path: Path, sources: list[str]) -> Path:
        try:
            final = Path(os.path.realpath(path))  # Path.resolve raises on a loop of links
            if path.is_symlink():
                self.notes.append(f"{told(path)} is a link; {told(final)} is what is written")
            _check_folder(final)
            _check_file(final, sources, self._overwrite)
        except (OSError, ValueError) as exc:
            why = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise ConvertError(f"{told(path)} cannot be written: {why or exc}") from exc
        return final

    def _refuse_others(self, final: Path, left: Iterable[Unfinished], *, again: bool = False) -> None:
        """Refuse if a process of this machine is writing the same file; tell of those of other machines."""
        for owner in (one.owner for one in left if one.label == label(final.name)):
            if owner.host == self._here.host:
                who = "this program" if owner == self._here else f"another conversion (process {owner.pid})"
                raise ConvertError(f"{told(final)} is being written right now by {who}")
            if not again:
                self.notes.append(
                    f"a conversion to {told(final)} was begun on the machine {owner.host}: its file stays"
                )


def told(path: Path) -> str:
    """A path in a sentence."""
    return escape(str(path))


def _check_folder(final: Path) -> None:
    folder = final.parent
    if not folder.exists():
        raise ConvertError(f"there is no folder {told(folder)}")
    if not folder.is_dir():
        raise ConvertError(f"{told(folder)} is a file, not a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConvertError(f"nothing can be written into the folder {told(folder)}: it is read-only")


def _check_file(final: Path, sources: list[str], overwrite: bool) -> None:
    try:
        facts = final.stat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(facts.st_mode):
        raise ConvertError(f"{told(final)} is a folder; give the name of a file in it")
    if not stat.S_ISREG(facts.st_mode):
        raise ConvertError(f"{told(final)} is something else than a file (a device, a pipe), and is left alone")
    for source in sources:
        with contextlib.suppress(OSError):
            if os.path.samestat(facts, Path(source).stat()):
                raise ConvertError(f"{told(final)} is the checkpoint itself; choose another name")
    if not overwrite:
        raise ConvertError(f"{told(final)} exists already, and nothing was said of overwriting it")


def _check_room(folder: Path, nbytes: int) -> None:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return
    if nbytes > free:
        raise ConvertError(f"this takes {size(nbytes)}, and {told(folder)} has {size(free)} free")


def _like(fd: int, old: os.stat_result) -> None:
    """Permissions, and where that is allowed the owner, of the file that will be replaced."""
    if hasattr(os, "fchmod"):
        with contextlib.suppress(OSError):
            os.fchown(fd, old.st_uid, old.st_gid)
        with contextlib.suppress(OSError):
            os.fchmod(fd, stat.S_IMODE(old.st_mode) & 0o777)


def _rename(path: Path, final: Path, overwrite: bool) -> None:
    if overwrite:
        path.replace(final)
        return
    taken = ConvertError(f"{told(final)} came to be in the meantime, and nothing was said of overwriting it")
    try:
        final.hardlink_to(path)
    except FileExistsError:
        raise taken from None
    except OSError:  # a file system without links
        if final.exists():
            raise taken from None
        path.rename(final)
        return
    with contextlib.suppress(OSError):
        path.unlink()


def _settle(folder: Path) -> None:
    """Write the folder itself to the disk, where the system can do that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
