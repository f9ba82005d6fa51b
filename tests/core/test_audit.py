"""The promise, watched by Python itself: reading runs nothing, imports nothing, starts nothing, writes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import CASES, HOSTILE

WATCHED = """
import json, sys
from ckpt_gui.core.info import info_json
from ckpt_gui.core.progress import Deadline
from ckpt_gui.core.reader import read
import ckpt_gui.core.words
import encodings.cp437, encodings.latin_1, encodings.raw_unicode_escape, encodings.utf_8, encodings.unicode_escape
FORBIDDEN = (
    "import", "exec", "compile", "marshal.", "pickle.", "os.system", "os.exec", "os.fork", "os.posix_spawn",
    "subprocess.", "socket.", "ctypes.", "code.", "os.remove", "os.rename", "shutil.",
)
seen = []
def hook(event, arguments):
    if event.startswith(FORBIDDEN):
        seen.append(f"{event} {str(arguments)[:200]}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        seen.append(f"open for writing {arguments[0]!r}")
paths = json.load(sys.stdin)
sys.addaudithook(hook)
opened = 0
for path in paths:
    try:
        for part in info_json(read(path, Deadline())):
            pass
        opened += 1
    except Exception as exc:
        if type(exc).__module__ != "ckpt_gui.core.errors":
            seen.append(f"{path}: {exc!r}")
found = list(seen)
print(json.dumps({"opened": opened, "seen": found}))
"""

SLOW = ("laughs", "bomb", "flood", "deep_", "120_000", "many_")
"""Files made to take long; ``test_hostile`` opens them, one of each kind is enough here."""


def watch(paths: list[Path]) -> tuple[int, list[str]]:
    """How many of the files gave a tree, and every forbidden event while they were read."""
    command = [sys.executable, "-c", WATCHED]
    asked = json.dumps([str(path) for path in paths])
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, timeout=300)
    told = json.loads(done.stdout.splitlines()[-1])
    return told["opened"], told["seen"]


def built(registry: dict[str, Callable[[Path], Path]], folder: Path) -> list[Path]:
    """One file of each builder, each in a folder of its own."""
    paths = []
    for number, (name, builder) in enumerate(registry.items()):
        if not any(word in name for word in SLOW):
            place = folder / str(number)
            place.mkdir()
            paths.append(builder(place))
    return paths


@pytest.mark.parametrize("registry", [CASES, HOSTILE], ids=["good files", "hostile files"])
def test_reading_triggers_no_code(registry: dict[str, Callable[[Path], Path]], tmp_path: Path) -> None:
    paths = built(registry, tmp_path)
    opened, seen = watch(paths)

    assert seen == []
    assert opened > len(paths) // 3


def test_real_files_trigger_no_code(real: Path) -> None:
    paths = [path for path in real.rglob("*") if path.is_file()]
    opened, seen = watch(paths)

    assert seen == []
    assert opened >= 40


def test_the_watch_itself_sees(tmp_path: Path) -> None:
    """A hook that missed an import would pass everything."""
    code = WATCHED.replace("opened = 0", "opened = 0; import colorsys; exec('1')")
    done = subprocess.run([sys.executable, "-c", code], input="[]", capture_output=True, text=True, check=True)

    assert [line.split()[0] for line in json.loads(done.stdout)["seen"]][:1] == ["import"]
    assert any(line.startswith("exec") for line in json.loads(done.stdout)["seen"])
