"""Writes what ``windows`` lists into the registry of the user, and takes it away again. Runs on Windows only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.desktop.kinds import OWN
from ckpt_gui.desktop.windows import REGISTERED, Gone, Value, removal, values
from ckpt_gui.desktop.written import Change, Outcome

if sys.platform == "win32":
    import ctypes
    import winreg

    _ASSOCIATIONS_CHANGED = 0x08000000

    def integrate(command: Sequence[str], icon: str, *, dry: bool) -> Outcome:
        """Register for this user. Raises CheckpointError where the registry cannot be written."""
        wanted = values(command, icon, _present())
        changes = tuple(Change(_named(value.key, value.name), _what(value)) for value in wanted)
        if not dry:
            for value in wanted:
                _write(value)
            _tell()
        sentence = "ckpt_gui would open checkpoints" if dry else "ckpt_gui opens checkpoints"
        advice = "where another program has a suffix: Settings, Apps, Default apps, ckpt_gui"
        return Outcome(f"{sentence} by double-click", changes, advice=(advice,))

    def remove(command: Sequence[str], *, dry: bool) -> Outcome:
        """Undo it."""
        gone = [each for each in removal(command, _present()) if _stands(each)]
        if not dry:
            for each in gone:
                _delete(each)
            _tell()
        changes = tuple(Change(_named(each.key, each.name), "remove") for each in gone)
        return Outcome("ckpt_gui is no longer registered" if gone else "there is nothing to remove", changes)

    def integrated() -> bool:
        """Whether this user has it registered."""
        return _read(REGISTERED, "ckpt_gui") is not None

    def _present() -> dict[str, str]:
        """Suffix → the ProgID it has, the machine's included."""
        found = {}
        for kind in OWN:
            for suffix in kind.suffixes:
                with suppress(OSError):
                    found[suffix] = str(winreg.QueryValue(winreg.HKEY_CLASSES_ROOT, suffix))
        return found

    def _read(key: str, name: str) -> str | None:
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                return str(winreg.QueryValueEx(opened, name)[0])
        except OSError:
            return None

    def _what(value: Value) -> str:
        now = _read(value.key, value.name)
        return "write" if now is None else "same" if now == value.content else "edit"

    def _write(value: Value) -> None:
        try:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, value.key) as key:
                winreg.SetValueEx(key, value.name, 0, winreg.REG_SZ, value.content)
        except OSError as exc:
            raise CheckpointError(f"{_named(value.key, value.name)} cannot be written: {exc.strerror}") from exc

    def _stands(gone: Gone) -> bool:
        if gone.name is not None:
            return _read(gone.key, gone.name) is not None
        try:
            winreg.OpenKey(winreg.HKEY_CURRENT_USER, gone.key).Close()
        except OSError:
            return False
        return True

    def _delete(gone: Gone) -> None:
        if gone.name is None:
            _delete_tree(gone.key)
            return
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, gone.key, access=winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, gone.name)

    def _delete_tree(key: str) -> None:
        with suppress(OSError):
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                below = [winreg.EnumKey(opened, number) for number in range(winreg.QueryInfoKey(opened)[0])]
            for name in below:
                _delete_tree(rf"{key}\{name}")
            winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)

    def _tell() -> None:
        """The shell reads associations anew."""
        ctypes.windll.shell32.SHChangeNotify(_ASSOCIATIONS_CHANGED, 0, None, None)

    def _named(key: str, name: str | None) -> str:
        return rf"HKCU\{key}" + (rf"\@{name or '(default)'}" if name is not None else "")
