"""One window: real second processes, a window that hears them, and everything that may lie in between."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ckpt_gui.cli import show
from ckpt_gui.cli.arguments import parser
from ckpt_gui.gui import app as app_module
from ckpt_gui.gui import one_window
from ckpt_gui.gui.window import Window
from ckpt_gui.handover.claim import Claim, meet, take
from ckpt_gui.handover.offer import Answer, offer
from ckpt_gui.handover.place import find_place
from ckpt_gui.handover.request import GREETING, REFUSED, TAKEN, Request, encode
from tests.gui.conftest import Settle

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets in folders are not Windows' way")
SEEN = "import sys; from ckpt_gui.cli import main; code = main(sys.argv[1:]); print(code, *sorted(sys.modules))"


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for sockets of its own."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    return folder


@pytest.fixture
def claim(runtime: Path) -> Iterator[Claim]:
    """The right to be the running window."""
    claim = meet(None)
    assert isinstance(claim, Claim)
    yield claim
    claim.give_up()


@pytest.fixture
def running(claim: Claim, window: Window, dressed: QApplication) -> Window:
    """A window that hears what is handed over."""
    app_module.listen(dressed, window, claim)
    return window


def start(*arguments: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """A second start; says its exit code and what it has imported."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", SEEN, *arguments], stdout=subprocess.PIPE, text=True, cwd=cwd, env=environ
    )


def finish(second: subprocess.Popen[str], qtbot: QtBot) -> tuple[int, set[str]]:
    """Wait for it while the window lives."""
    qtbot.waitUntil(lambda: second.poll() is not None, timeout=20_000)
    code, *modules = second.communicate()[0].split()
    return int(code), set(modules)


# ------------------------------------------------------------------------------------------------ handing over


def test_a_second_start_hands_its_file_over(
    running: Window, sample: Path, settle: Settle, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    running.showMinimized()
    code, modules = finish(start("open", f"{sample.name}::epoch", "--tab", "info", cwd=sample.parent), qtbot)
    qtbot.waitUntil(lambda: bool(running.files.all()))
    settle(running)

    assert code == 0
    assert not modules & {"PySide6", "shiboken6", "numpy", "torch", "numba", "pyqtgraph", "rich", "dataclasses"}
    file = running.current()
    assert file is not None
    assert file.opened is not None
    assert file.path == str(sample)
    assert [file.opened.checkpoint.path_of(node) for node in file.nodes] == [("epoch",)]
    assert not running.isMinimized()


def test_select_goes_along(running: Window, sample: Path, settle: Settle, qtbot: QtBot) -> None:
    assert finish(start(str(sample), "--select", "epoch"), qtbot)[0] == 0
    qtbot.waitUntil(lambda: bool(running.files.all()))
    settle(running)

    file = running.current()
    assert file is not None
    assert file.opened is not None
    assert [file.opened.checkpoint.path_of(node) for node in file.nodes] == [("epoch",)]


def test_a_file_that_is_not_there_is_told_by_the_window(
    running: Window, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:  # fmt: skip
    assert finish(start(str(tmp_path / "gone.pt")), qtbot)[0] == 0
    qtbot.waitUntil(lambda: bool(running.files.all()))
    settle(running)

    assert len(running.notices.sentences()) == 1
    assert "gone.pt" in running.notices.sentences()[0]


def test_two_real_processes(runtime: Path, sample: Path, tmp_path: Path) -> None:
    """The first is a whole program too; it says the titles of its window as trees appear."""
    first = (
        "import sys; from ckpt_gui.gui.app import run; from ckpt_gui.handover.claim import meet\n"
        "def painted():\n"
        "    from PySide6.QtWidgets import QApplication\n"
        "    print(*(w.windowTitle() for w in QApplication.topLevelWidgets() if w.windowTitle()), flush=True)\n"
        "sys.exit(run([], claim=meet(None), painted=painted))"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CKPT_GUI_CONFIG_DIR": str(tmp_path / "config")}
    with subprocess.Popen([sys.executable, "-c", first], stdout=subprocess.PIPE, text=True, env=environ) as running:
        try:
            _wait(lambda: any(runtime.glob("*.sock")))
            # The window may not stand yet: the request waits for it.
            second = subprocess.run(
                [sys.executable, "-m", "ckpt_gui", str(sample)], env=environ, check=False, timeout=60
            )
            assert running.stdout is not None
            assert sample.name in running.stdout.readline()
            assert second.returncode == 0
        finally:
            running.kill()


def test_two_at_the_same_moment_are_one_window(runtime: Path, sample: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "CKPT_GUI_CONFIG_DIR": str(tmp_path / "config")}
    both = [subprocess.Popen([sys.executable, "-m", "ckpt_gui", str(sample)], env=environ) for _ in range(2)]
    try:
        _wait(lambda: any(each.poll() is not None for each in both))
        assert sorted(str(each.poll()) for each in both) == ["0", "None"]
    finally:
        for each in both:
            each.kill()
            each.wait()


def _wait(until: Callable[[], bool], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    "words",
    [
        ["open", "a.pt", "--new-window"],
        ["open", "a.pt", "--screenshot", "x.png"],
        ["compare", "a.pt", "b.pt"],
        ["demo"],
    ],
    ids=" ".join,
)
def test_who_wants_a_window_of_its_own_hands_nothing_over(words: list[str], claim: Claim) -> None:
    assert claim.listening is not None
    claim.listening.settimeout(0)
    assert show.meet_window(parser().parse_args(words)) in (None, Answer.NOBODY)
    with pytest.raises(BlockingIOError):
        claim.listening.accept()


# ------------------------------------------------------------------------------------------------ what lies in between


def test_a_stale_socket_is_no_obstacle(runtime: Path) -> None:
    place = find_place()
    assert place is not None
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(place.address)  # closed without being unlinked, as by a crash
    assert offer(place, Request()) is Answer.NOBODY
    claim = meet(Request())
    assert isinstance(claim, Claim)
    claim.give_up()
    assert not Path(place.address).exists()


def test_a_process_that_dies_leaves_no_obstacle(runtime: Path) -> None:
    program = "import os; from ckpt_gui.handover.claim import meet; meet(None); os._exit(1)"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environ, check=False, timeout=60)
    assert list(runtime.glob("*.sock"))
    claim = meet(Request(("/a.pt",)))
    assert isinstance(claim, Claim)
    claim.give_up()


def test_there_is_one_claim(claim: Claim) -> None:
    assert take(claim.place) is None
    assert meet(None) is Answer.NOBODY
    claim.give_up()
    again = take(claim.place)
    assert again is not None
    again.give_up()


def talk(window: Window, said: bytes, qtbot: QtBot) -> bytes:
    """What a window answers, greeting included, until it hangs up."""
    place = find_place()
    assert place is not None
    heard = bytearray()
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(place.address)
        caller.setblocking(False)
        left = memoryview(said)

        def over() -> bool:
            nonlocal left
            try:
                if left:
                    left = left[caller.send(left) :]
                heard.extend(more := caller.recv(1000))
            except BlockingIOError:
                return False
            except (ConnectionResetError, BrokenPipeError):
                return True
            return not more

        qtbot.waitUntil(over, timeout=10_000)
    return bytes(heard)


@pytest.mark.parametrize(
    "said",
    [
        b"\n", b"\x80\x04\x95pickle.\n", b"GET / HTTP/1.1\r\n\r\n", b"[" * 60_000 + b"\n", b"x" * ((1 << 20) + 10),
        json.dumps({"version": 1, "files": ["a.pt"], "select": None, "tab": None, "token": ""}).encode() + b"\n",
    ],
    ids=["nothing", "pickle", "http", "deep", "endless", "relative"],
)  # fmt: skip
def test_garbage_is_refused_and_the_next_is_heard(said: bytes, running: Window, sample: Path, qtbot: QtBot) -> None:
    answer = talk(running, said, qtbot)
    assert answer in (GREETING + REFUSED, GREETING)  # what is not read to its end is cut off, answer and all
    assert running.files.all() == ()

    line = encode(Request((str(sample),)))
    assert line is not None
    assert talk(running, line, qtbot) == GREETING + TAKEN
    qtbot.waitUntil(lambda: len(running.files.all()) == 1)


def test_who_says_nothing_is_hung_up_on(running: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_window, "_PATIENCE_MS", 50)
    assert talk(running, b"", qtbot) == GREETING


def test_a_window_that_hangs_is_not_waited_for(claim: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ckpt_gui.handover.offer._PATIENCE", 0.05)
    assert meet(Request(("/a.pt",))) is Answer.REFUSED


@pytest.mark.parametrize(("said", "answer"), [(b"ckpt_gui 2\n", Answer.REFUSED), (b"", Answer.NOBODY)])
def test_another_version_is_left_alone(claim: Claim, said: bytes, answer: Answer) -> None:
    def speak() -> None:
        assert claim.listening is not None
        connection, _ = claim.listening.accept()
        with connection:
            connection.sendall(said)

    thread = threading.Thread(target=speak)
    thread.start()
    assert offer(claim.place, Request()) is answer
    thread.join()


def test_the_socket_is_the_users_alone(claim: Claim, runtime: Path) -> None:
    assert Path(claim.place.address).stat().st_mode & 0o777 == 0o600
    runtime.chmod(0o755)
    place = find_place()
    assert place is None or not place.address.startswith(str(runtime))


def test_displays_have_windows_of_their_own(runtime: Path) -> None:
    def place(**environ: str) -> object:
        return find_place({"XDG_RUNTIME_DIR": str(runtime), **environ})

    assert place(DISPLAY=":0") == place(DISPLAY=":0.0") != place(DISPLAY=":1")
    assert place(WAYLAND_DISPLAY="wayland-0") != place(WAYLAND_DISPLAY="../../wayland-1")
    assert "/wayland" not in str(place(WAYLAND_DISPLAY="../../wayland-1"))


def test_a_place_whose_name_is_too_long_is_not_used(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir(mode=0o700)
    place = find_place({"XDG_RUNTIME_DIR": str(long), "TMPDIR": str(long)})
    assert place is None
