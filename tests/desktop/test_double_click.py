"""The whole way on a real X server: integrate, open a file as a file manager does, see the window, undo."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ckpt_gui.desktop import integrate
from ckpt_gui.handover.startup_notice import finish_start
from ckpt_gui.resources_path import resource

TOOLS = ("Xvfb", "xdotool", "gio", "update-mime-database", "update-desktop-database")
MISSING = [tool for tool in TOOLS if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the desktops of Linux"),
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing on this machine"),
]


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user with an empty home before an X server; everything started there ends with it."""
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(write)
            monkeypatch.setenv("DISPLAY", f":{os.read(read, 20).decode().strip()}")
            yield tmp_path
        finally:
            os.close(read)
            server.kill()  # its clients go with it


def titles() -> list[str]:
    """The titles of all windows that are seen."""
    found = subprocess.run(
        ["xdotool", "search", "--onlyvisible", "--name", " – ckpt_gui$", "getwindowname", "%@"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return found.stdout.split("\n")[:-1]


def wait_for(wanted: list[str], patience: float = 60) -> None:
    end = time.monotonic() + patience
    while titles() != wanted and time.monotonic() < end:
        time.sleep(0.1)
    assert titles() == wanted


@pytest.mark.skipif(shutil.which("xev") is None, reason="xev missing on this machine")
def test_a_start_that_handed_its_file_over_is_told_to_be_over(session: Path) -> None:
    log = session / "heard"
    with log.open("w") as out, subprocess.Popen(["xev", "-root", "-event", "property"], stdout=out) as listener:
        try:
            time.sleep(0.5)
            assert finish_start({**os.environ, "DESKTOP_STARTUP_ID": "files-1-host_TIME123"})
            time.sleep(0.5)
        finally:
            listener.kill()
    heard = log.read_text()
    assert heard.count("ClientMessage event") == 2
    assert "_NET_STARTUP_INFO_BEGIN" in heard
    assert not finish_start({**os.environ, "DESKTOP_STARTUP_ID": ""})


def test_two_double_clicks_are_one_window_with_both_files(session: Path) -> None:
    files = [Path(shutil.copy(resource(f"demo/epoch_{number:03}.ckpt"), session)) for number in (3, 4)]
    integrate.integrate()
    for file in files:
        subprocess.run(["gio", "open", str(file)], check=True, timeout=60, stderr=subprocess.DEVNULL)
        wait_for([f"{file.name} – ckpt_gui"])

    integrate.remove()

    refused = subprocess.run(["gio", "open", str(files[0])], check=False, timeout=60, stderr=subprocess.DEVNULL)
    assert refused.returncode != 0
