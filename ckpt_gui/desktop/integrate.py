"""Makes ckpt_gui the program that opens checkpoints, for this user; undoes it; tells what was or would be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.desktop import defaults, launch, linux, macos, record
from ckpt_gui.desktop.kinds import OWN
from ckpt_gui.desktop.record import Record
from ckpt_gui.desktop.written import Change, Outcome, Tool, Written
from ckpt_gui.resources_path import resource

_TOOL_SECONDS = 120
SUFFIXES = " ".join(suffix for kind in OWN for suffix in kind.suffixes)


class _Plan(NamedTuple):
    """What an integration writes on this system."""

    files: list[Written]
    tools: list[Tool]
    defaults: dict[str, str]
    advice: tuple[str, ...] = ()


def integrate(*, dry: bool = False, environ: Mapping[str, str] = os.environ) -> Outcome:
    """Register for this user; twice is as good as once. ``dry``: only tell.

    Raises CheckpointError where something cannot be written.
    """
    if sys.platform == "win32":
        from ckpt_gui.desktop import registry

        return registry.integrate(launch.command(), _icon(), dry=dry)
    with _in_words():
        kept = record.load(_record_path(environ))
        plan = _plan(kept, environ)
        changes = tuple(record.note(kept, file) for file in plan.files)
        commands = tuple(" ".join(tool.command) for tool in plan.tools)
        sentence = f"ckpt_gui {'would open' if dry else 'opens'} {SUFFIXES} files by double-click"
        if dry:
            return Outcome(sentence, changes, commands, plan.advice)
        kept.defaults = plan.defaults
        record.save(_record_path(environ), kept)  # first, so that what is cut off half-way can be undone
        for file in plan.files:
            record.write(file)
        before = _generated(environ)
        ran, missing = _run(plan.tools, environ)
        kept.generated += [name for name in sorted(_generated(environ) - before) if name not in kept.generated]
        record.save(_record_path(environ), kept)
        _touch(environ)
        return Outcome(sentence, changes, ran, (*plan.advice, *missing))


def remove(*, dry: bool = False, environ: Mapping[str, str] = os.environ) -> Outcome:
    """Undo it: what was written goes, what stood there before comes back. ``dry``: only tell.

    Raises CheckpointError where something cannot be written.
    """
    if sys.platform == "win32":
        from ckpt_gui.desktop import registry

        return registry.remove(launch.command(), dry=dry)
    with _in_words():
        kept = record.load(_record_path(environ))
        if not kept.files:
            return Outcome("ckpt_gui is not registered with this desktop: there is nothing to remove", ())
        undone = [_undo(Path(name), kept, environ, dry=dry) for name in kept.files]
        changes = tuple(change for change in undone if change is not None)
        left = tuple(f"{each.path} was changed since and stays" for each in changes if each.what == "leave")
        tools = _tools(environ)
        sentence = f"ckpt_gui {'would no longer open' if dry else 'no longer opens'} {SUFFIXES} files by double-click"
        if dry:
            return Outcome(sentence, changes, tuple(" ".join(tool.command) for tool in tools), left)
        _remove_generated(kept)
        record.forget(_record_path(environ), kept)
        ran, missing = _run([tool for tool in tools if Path(tool.command[-1]).is_dir()], environ)
        _touch(environ)
        return Outcome(sentence, changes, ran, (*left, *missing))


def integrated(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this user has it registered. A look at the disk."""
    if sys.platform == "win32":
        from ckpt_gui.desktop import registry

        return registry.integrated()
    return _record_path(environ).is_file()


# ------------------------------------------------------------------------------------------------ what is written


def _plan(kept: Record, environ: Mapping[str, str]) -> _Plan:
    command = launch.command()
    if sys.platform == "darwin":
        return _Plan(macos.bundle(_home(environ), command, _content), _tools(environ), {})
    places = linux.places(environ, _home(environ))
    choice = defaults.choose(places, kept, environ)
    files = linux.files(places.data, command, choice.offered, _content)
    files.append(Written(places.mimeapps, choice.text.encode("utf-8", "surrogateescape")))
    return _Plan(files, _tools(environ), choice.defaults, _about_others(choice.offered))


def _about_others(offered: Sequence[str]) -> tuple[str, ...]:
    """A sentence on files that others open."""
    if not offered:
        return (".bin, .tar and .zip files of other programs stay theirs",)
    return (f"{', '.join(offered)}: offered under “Open with”, the default stays what it was",)


def _tools(environ: Mapping[str, str]) -> list[Tool]:
    if sys.platform == "darwin":
        return macos.tools(_home(environ))
    return linux.tools(linux.places(environ, _home(environ)).data)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _data(environ: Mapping[str, str]) -> Path:
    if sys.platform == "darwin":
        return _home(environ) / "Library" / "Application Support"
    return linux.places(environ, _home(environ)).data


def _record_path(environ: Mapping[str, str]) -> Path:
    return _data(environ) / "ckpt_gui" / "integration.json"


def _content(name: str) -> bytes:
    """A file that came with the program. Raises OSError."""
    return resource(name).read_bytes()


def _icon() -> str:
    return str(resource("icons/ckpt_gui.ico"))


# ------------------------------------------------------------------------------------------------ writing, undoing


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        named = f"{exc.filename}: " if exc.filename else ""
        raise CheckpointError(f"{named}{exc.strerror or exc}") from exc


def _undo(path: Path, kept: Record, environ: Mapping[str, str], *, dry: bool) -> Change | None:
    """Put a file back; of the user's choice of programs, changed since, only our lines go."""
    change = record.undo(path, kept.files[str(path)], dry=dry)
    if change is None or change.what != "leave" or path.name != "mimeapps.list":
        return change
    text = defaults.without_us(linux.places(environ, _home(environ)), kept).encode("utf-8", "surrogateescape")
    if text == record.content(path):
        return None
    if not dry:
        record.write(Written(path, text))
    return Change(str(path), "edit")


def _run(tools: Sequence[Tool], environ: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run what is there; the commands that ran, and sentences on those that did not."""
    ran, advice = [], []
    for tool in tools:
        words = " ".join(tool.command)
        found = shutil.which(tool.command[0], path=environ.get("PATH", ""))
        if found is None:
            advice.append(
                f"{tool.command[0]} is not installed, so {tool.effect}: install {tool.package}, then run: {words}"
            )
            continue
        try:
            ended = subprocess.run(
                [found, *tool.command[1:]], capture_output=True, check=False, timeout=_TOOL_SECONDS, env=dict(environ)
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            advice.append(f"{tool.command[0]} did not run ({exc}), so {tool.effect}")
            continue
        ran.append(words)
        if ended.returncode:
            said = ended.stderr.decode(errors="replace").strip().splitlines()[-1:]
            advice.append(f"{words} failed, so {tool.effect}: {' '.join(said) or f'exit code {ended.returncode}'}")
    return tuple(ran), tuple(advice)


def _generated(environ: Mapping[str, str]) -> set[str]:
    """What the desktop's own programs make of files like ours."""
    data = _data(environ)
    found = [path for path in (data / "mime").rglob("*") if path.is_file()]
    return {str(path) for path in (*found, data / "applications" / "mimeinfo.cache") if path.exists()}


def _remove_generated(kept: Record) -> None:
    """Remove what those programs made of our files, where nobody else's files lie beside them."""
    for name in kept.generated:
        path = Path(name)
        sources = path.parent.glob("*.desktop") if path.name == "mimeinfo.cache" else _packages(path)
        if not any(sources):
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.parent.rmdir()  # where it is empty


def _packages(generated: Path) -> Iterator[Path]:
    """The MIME packages beside a file that was generated below ``mime``."""
    root = next((parent for parent in generated.parents if parent.name == "mime"), generated.parent)
    return (root / "packages").glob("*.xml")


def _touch(environ: Mapping[str, str]) -> None:
    """Icon themes are read anew where their folder is newer than what is known of it."""
    with suppress(OSError):
        os.utime(_data(environ) / "icons" / "hicolor")
