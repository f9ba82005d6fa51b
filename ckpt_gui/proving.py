"""The process that says what torch and safetensors think of a file. No Qt: the window and the command line use it.

Started before a conversion begins, so that torch is imported while we write. It runs isolated, as the window's other
processes do, and without any variable that changes what torch does; it is killed where it takes too long or nobody
wants its answer any more, and begun anew once where it fell silent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

from ckpt_gui.core.convert.torch_check import ABSENT, ACCEPTED, REFUSED, SILENT, UNASKED, Answer, Row
from ckpt_gui.core.progress import SILENT as NOBODY
from ckpt_gui.core.progress import Report

__all__ = ["Prover", "command"]

_ROOT = str(Path(__file__).resolve().parents[1])
_PROGRAM = "import sys; sys.path += sys.argv[1:]; from ckpt_gui.core.convert.torch_check import main; sys.exit(main())"
_LOOK = 0.05
"""Seconds between two looks at whether the answer is still wanted."""
PATIENCE = 120.0
"""Seconds for an import and a small file; a slow disk may need most of them for the import."""
FOR_A_FILE = 45.0
"""Seconds for a small file by a process that has answered before: one made to keep torch busy shall not hold us up."""
RATE = 2 << 20
"""Bytes of a file a second, at the very least: only structure is loaded, which is a small part of it."""
TOO_LONG = "it took too long"
MAX_LINE = 64 << 20
"""Characters of one line of an answer."""
_STRANGE = ("PYTHON", "TORCH", "PYTORCH")
_QUIET = {
    "TORCH_DEVICE_BACKEND_AUTOLOAD": "0",  # no plug-ins
    "CUDA_VISIBLE_DEVICES": "",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}


def command() -> list[str]:
    """The command line of a process that answers; [] where this installation has no torch to ask."""
    if getattr(sys, "frozen", False):
        return []
    # torch and safetensors lie where this process would find them.
    installed = [place for place in sys.path if Path(place).name in ("site-packages", "dist-packages")]
    return [sys.executable, "-I", "-S", "-c", _PROGRAM, _ROOT, *installed]


class Prover:
    """Asks the process. For one thread at a time; a context manager, or to be closed.

    ``argv`` replaces its command line (tests), ``patience`` what it is allowed in seconds.
    """

    def __init__(self, argv: list[str] | None = None, patience: float = PATIENCE) -> None:
        self._argv = command() if argv is None else argv
        self._patience = patience
        self._running: _Process | None = None
        self._broken = ""

    def warm(self, form: str) -> None:
        """Start it, and let it import what checks ``form``, while something else is done."""
        if self._begun():
            assert self._running is not None
            self._running.tell({"format": form})
            self._running.owed += 1

    def ask(self, path: str | Path, form: str, report: Report = NOBODY) -> Answer:
        """What the loader of ``form`` (``torch``, ``legacy``, ``safetensors``) says of the file.

        Never raises for whatever the process does; raises what ``report`` raises, and the process is gone then.
        """
        path = Path(path)
        answer = self._asked(path, form, report)
        if answer.status == SILENT and answer.error != TOO_LONG:
            # It died: killed by someone for memory, perhaps. Once more, in a new one.
            answer = self._asked(path, form, report)
        return answer

    def _asked(self, path: Path, form: str, report: Report) -> Answer:
        if not self._begun():
            return Answer(ABSENT, self._broken or "this installation has no torch")
        assert self._running is not None
        wanted = str(path.resolve())
        more = path.stat().st_size / RATE if path.exists() else 0
        try:
            self._running.tell({"path": wanted, "format": form})
            return self._running.heard(self._patience, more, report)
        except _NoAnswer as exc:
            self.close()
            return Answer(SILENT, str(exc))
        except BaseException:
            self.close()
            raise

    def _begun(self) -> bool:
        if self._running is None and self._argv and not self._broken:
            try:
                self._running = _Process(self._argv)
            except OSError as exc:
                self._broken = f"the process that asks torch cannot be started: {exc.strerror}"
        return self._running is not None

    def close(self) -> None:
        """End it, whatever it does."""
        if self._running is not None:
            self._running.close()
            self._running = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _NoAnswer(Exception):
    """None came, for the reason told."""


class _Process:
    """One process, and a thread that listens to it, so that nobody waits on a pipe."""

    def __init__(self, argv: list[str]) -> None:
        self.owed = 0
        """Answers still to come to what was asked for warmth."""
        self._answers = False
        self._popen = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._popen.stdout is not None
        self._lines: SimpleQueue[bytes] = SimpleQueue()
        self._listener = Thread(target=_listen, args=(self._popen.stdout, self._lines), daemon=True)
        self._listener.start()

    def tell(self, asked: dict[str, str]) -> None:
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(asked).encode() + b"\n")
            self._popen.stdin.flush()
        except OSError:
            pass  # it has ended; listening will tell

    def heard(self, patience: float, more: float, report: Report) -> Answer:
        """The answer; ``patience`` and ``more`` are seconds, for an import and for what the file is larger than small.

        Raises _NoAnswer, and what ``report`` raises.
        """
        rows: list[Row] = []
        limit = self._limit(patience, more)
        while True:
            said = self._line(limit, report)
            self._answers = True
            if "rows" in said:
                rows += _checked(said["rows"])
            elif self.owed:
                self.owed -= 1
                limit = self._limit(patience, more)
            else:
                return _answer(said, rows)

    def _limit(self, patience: float, more: float) -> float:
        return time.monotonic() + (min(patience, FOR_A_FILE) if self._answers else patience) + more

    def _line(self, limit: float, report: Report) -> dict[str, Any]:
        begun = time.monotonic()
        while True:
            report.at(int(time.monotonic() - begun), 0, "s")
            try:
                line = self._lines.get(timeout=_LOOK)
            except Empty:
                if time.monotonic() > limit:
                    raise _NoAnswer(TOO_LONG) from None
                continue
            if not line:
                raise _NoAnswer("its process ended before it answered")
            return _parsed(line)

    def close(self) -> None:
        self._popen.kill()
        with self._popen:  # closes the pipes and waits
            self._listener.join()


def _listen(pipe: IO[bytes], lines: SimpleQueue[bytes]) -> None:
    try:
        while line := pipe.readline(MAX_LINE):
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(b"")


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _NoAnswer("what its process answered makes no sense")
    return said


def _checked(rows: object) -> list[Row]:
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise _NoAnswer("what its process answered makes no sense")
    return rows


def _answer(said: dict[str, Any], rows: list[Row]) -> Answer:
    if said.get("status") not in (ACCEPTED, REFUSED, ABSENT, UNASKED):
        raise _NoAnswer("what its process answered makes no sense")
    told = [str(said.get(name, "")) for name in ("error", "loader", "way")]
    return Answer(said["status"], told[0], told[1], told[2], tuple(rows))


def _is_row(row: object) -> bool:
    if not isinstance(row, list) or len(row) != 5:
        return False
    path, shape, stride, dtype, storage = row
    lists = isinstance(path, list) and all(one is None or isinstance(one, list) for one in (shape, stride))
    return lists and isinstance(dtype, str) and (storage is None or isinstance(storage, int))


def _environment() -> dict[str, str]:
    """Ours, without what changes Python or torch; TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD is one of those."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_STRANGE)} | _QUIET
