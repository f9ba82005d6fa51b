"""The window by real key events: Xvfb shows it, xdotool types. What happens is read off windows' titles and files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ckpt_gui.resources_path import resource

MISSING = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X servers are a matter of Linux"),
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing on this machine"),
]
PATIENCE = 30.0
"""Seconds until something is seen, on a busy machine."""


@pytest.fixture
def display() -> Iterator[str]:
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1500x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        try:
            os.close(write)
            yield f":{os.read(read, 20).decode().strip()}"
        finally:
            os.close(read)
            server.kill()


class Desk:
    """A running program on a display, and hands on its keyboard."""

    def __init__(self, display: str, home: Path, files: list[Path]) -> None:
        self.home = home
        self._environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "HOME": str(home),
                             "CKPT_GUI_CONFIG_DIR": str(home / "config"), "XDG_RUNTIME_DIR": str(home),
                             "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # fmt: skip
        for name in ("WAYLAND_DISPLAY", "CKPT_GUI_THEME"):
            self._environment.pop(name, None)
        command = [sys.executable, "-m", "ckpt_gui", "open", "--new-window", *map(str, files)]
        self.program = subprocess.Popen(command, env=self._environment, stderr=subprocess.PIPE, text=True)

    def _do(self, *words: str) -> str:
        told = subprocess.run(["xdotool", *words], env=self._environment, capture_output=True, text=True, timeout=60,
                              check=False)  # fmt: skip
        return told.stdout.strip()

    def titles(self) -> list[str]:
        """Of all windows that are seen."""
        numbers = self._do("search", "--onlyvisible", "--name", ".").split()
        return sorted(self._do("getwindowname", number) for number in numbers)

    def wait(self, seen: Callable[[], bool]) -> bool:
        """Whether it is seen in time."""
        end = time.monotonic() + PATIENCE
        while not seen() and time.monotonic() < end and self.program.poll() is None:
            time.sleep(0.05)
        return seen()

    def focus(self, title: str) -> None:
        """There is no window manager, so the keyboard is handed over like this."""
        assert self.wait(lambda: any(title in one for one in self.titles())), (title, self.titles())
        number = self._do("search", "--onlyvisible", "--name", title).split()[-1]
        self._do("windowfocus", "--sync", number)
        time.sleep(0.1)

    def press(self, *keys: str) -> None:
        """Press keys, by X's names."""
        for key in keys:
            self._do("key", "--clearmodifiers", key)
            time.sleep(0.08)

    def type(self, words: str) -> None:
        """Type words."""
        self._do("type", "--delay", "20", words)

    def choices(self) -> dict[str, object]:
        """What the program has kept of the settings."""
        try:
            read: dict[str, object] = json.loads((self.home / "config" / "settings.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return read


@pytest.fixture
def desk(display: str, tmp_path: Path) -> Iterator[Desk]:
    files = [Path(shutil.copy(resource(f"demo/epoch_{number:03}.ckpt"), tmp_path)) for number in (3, 4)]
    made = Desk(display, tmp_path, files)
    with made.program:
        try:
            yield made
        finally:
            made.program.kill()


def test_the_window_by_keys_alone(desk: Desk) -> None:
    desk.focus("epoch_003.ckpt – ckpt_gui")

    desk.press("ctrl+Tab")
    assert desk.wait(lambda: "epoch_004.ckpt – ckpt_gui" in desk.titles()), desk.titles()
    desk.press("alt+Left")
    assert desk.wait(lambda: "epoch_003.ckpt – ckpt_gui" in desk.titles()), desk.titles()
    desk.press("alt+Right")
    assert desk.wait(lambda: "epoch_004.ckpt – ckpt_gui" in desk.titles()), desk.titles()

    desk.press("F1")
    desk.focus("Keyboard shortcuts")
    desk.press("Escape")
    assert desk.wait(lambda: not any("shortcuts" in one for one in desk.titles()))

    desk.focus("epoch_004.ckpt – ckpt_gui")
    desk.press("ctrl+comma")
    desk.focus("Settings")
    desk.press("alt+t", "Down", "Down")  # the theme: light, dark
    assert desk.wait(lambda: desk.choices().get("theme") == "dark"), desk.choices()
    desk.press("alt+e")
    assert desk.wait(lambda: desk.choices().get("theme") == "system"), desk.choices()
    desk.press("Escape")

    desk.focus("epoch_004.ckpt – ckpt_gui")
    desk.press("ctrl+plus")
    assert desk.wait(lambda: desk.choices().get("zoom") == 1), desk.choices()
    desk.press("ctrl+shift+p")
    desk.type("normal text")
    desk.press("Return")
    assert desk.wait(lambda: desk.choices().get("zoom") == 0), desk.choices()

    desk.press("ctrl+f")
    desk.type("bias")
    desk.press("Down", "ctrl+w")
    assert desk.wait(lambda: "epoch_003.ckpt – ckpt_gui" in desk.titles()), desk.titles()
    desk.press("ctrl+q")
    assert desk.program.wait(PATIENCE) == 0
