"""The integration with a Linux desktop: in a home of its own, judged by the desktop's own tools where they are."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ckpt_gui.cli import main
from ckpt_gui.core.errors import CheckpointError
from ckpt_gui.desktop import integrate, launch, linux, mimeapps
from ckpt_gui.desktop.kinds import OWN
from ckpt_gui.desktop.linux import ENTRY
from ckpt_gui.resources_path import resource
from tests.builders.common import quiet

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the desktops of Linux")
TORCH, SAFETENSORS = (kind.mime for kind in OWN)


def needs(*tools: str) -> pytest.MarkDecorator:
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} missing on this machine")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's empty home; the machine's own programs do not count."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "system" / "applications").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_DIRS", f"{tmp_path / 'system'}:/usr/share")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "GNOME")  # xdg-mime asks gio then, which reads what we write
    return home


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, and the folders as such."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def data(home: Path) -> Path:
    return home / ".local" / "share"


def install(system: Path, entry: str, *types: str) -> None:
    """Another program that opens these types, for everybody."""
    folder = system / "applications"
    words = ["[Desktop Entry]", "Type=Application", f"Name={entry}", "Exec=true %f", f"MimeType={';'.join(types)};", ""]
    (folder / entry).write_text("\n".join(words))
    cache = folder / "mimeinfo.cache"
    text = cache.read_text() if cache.exists() else "[MIME Cache]\n"
    cache.write_text(text + "".join(f"{mime}={entry};\n" for mime in types))


# ------------------------------------------------------------------------------------------------ what is written


def test_everything_is_written_and_undone_without_a_trace(home: Path) -> None:
    outcome = integrate.integrate()

    names = {Path(change.path).relative_to(home).as_posix() for change in outcome.changes}
    assert names >= {
        ".local/share/applications/ckpt_gui.desktop",
        ".local/share/mime/packages/ckpt_gui.xml",
        ".local/share/icons/hicolor/scalable/apps/ckpt_gui.svg",
        ".local/share/icons/hicolor/16x16/apps/ckpt_gui.png",
        ".local/share/icons/hicolor/512x512/apps/ckpt_gui.png",
        ".config/mimeapps.list",
    }
    assert names <= tree(home).keys()
    integrate.remove()
    assert tree(home) == {}


def test_twice_is_as_good_as_once(home: Path) -> None:
    integrate.integrate()
    once = tree(home)
    again = integrate.integrate()

    assert {change.what for change in again.changes} == {"same"}
    kept = {name for name in once if "mime/" not in name and not name.endswith("mimeinfo.cache")}
    assert {name: tree(home)[name] for name in kept} == {name: once[name] for name in kept}
    integrate.remove()
    assert tree(home) == {}
    assert integrate.remove().changes == ()


def test_a_dry_run_tells_the_same_and_writes_nothing(home: Path) -> None:
    told = integrate.integrate(dry=True)
    assert tree(home) == {}
    done = integrate.integrate()
    assert told.changes == done.changes
    before = tree(home)
    would = integrate.remove(dry=True)
    assert tree(home) == before
    assert integrate.remove().changes == would.changes


def test_what_stood_there_before_comes_back(home: Path) -> None:
    config, applications = home / ".config", data(home) / "applications"
    config.mkdir()
    applications.mkdir(parents=True)
    chosen = f"# mine\n[Default Applications]\n{TORCH}=netron.desktop\nimage/png=viewer.desktop"
    (config / "mimeapps.list").write_text(chosen)
    (applications / ENTRY).write_text("[Desktop Entry]\nName=by hand\n")
    (applications / "other.desktop").write_text("[Desktop Entry]\nName=other\n")
    before = tree(home)

    integrate.integrate()
    assert mimeapps.default_of((config / "mimeapps.list").read_text(), TORCH) == [ENTRY, "netron.desktop"]
    integrate.integrate()
    integrate.remove()

    after = tree(home)
    after.pop(".local/share/applications/mimeinfo.cache", None)  # the desktop's own, beside the other program
    assert after == before


def test_what_was_changed_since_is_theirs(home: Path) -> None:
    integrate.integrate()
    choice, entry = home / ".config" / "mimeapps.list", data(home) / "applications" / ENTRY
    choice.write_text(choice.read_text() + "image/png=viewer.desktop\n")
    entry.write_text(entry.read_text() + "X-Mine=yes\n")

    outcome = integrate.remove()

    assert choice.read_text() == "[Default Applications]\nimage/png=viewer.desktop\n"
    assert entry.read_text().endswith("X-Mine=yes\n")
    assert [change.path for change in outcome.changes if change.what == "leave"] == [str(entry)]
    assert any("was changed since" in sentence for sentence in outcome.advice)


def test_a_choice_made_in_between_stays_through_a_second_integration(home: Path) -> None:
    integrate.integrate()
    choice = home / ".config" / "mimeapps.list"
    choice.write_text(f"[Default Applications]\n{TORCH}=netron.desktop\n")
    integrate.integrate()
    assert mimeapps.default_of(choice.read_text(), TORCH) == [ENTRY, "netron.desktop"]
    integrate.remove()
    assert choice.read_text() == f"[Default Applications]\n{TORCH}=netron.desktop\n"


def test_the_users_own_folders_are_respected(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    integrate.integrate()
    assert (tmp_path / "d" / "applications" / ENTRY).is_file()
    assert (tmp_path / "c" / "mimeapps.list").is_file()
    assert tree(home) == {}
    integrate.remove()
    assert not (tmp_path / "d").exists()
    monkeypatch.setenv("XDG_DATA_HOME", "relative/counts/as/none")
    assert linux.places(os.environ, home).data == data(home)


def test_without_the_desktops_tools_a_person_is_told_what_to_run(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["integrate"]) == 0
    said = capsys.readouterr().out
    assert f"install shared-mime-info, then run: update-mime-database {data(home)}/mime" in said
    assert f"install desktop-file-utils, then run: update-desktop-database {data(home)}/applications" in said
    assert (data(home) / "applications" / ENTRY).is_file()
    assert main(["integrate", "--remove"]) == 0
    assert tree(home) == {}


def test_a_home_that_cannot_be_written_to_is_a_sentence(home: Path) -> None:
    (home / ".local").write_text("a file where a folder should be")
    with pytest.raises(CheckpointError, match=r"\.local"):
        integrate.integrate()


# ------------------------------------------------------------------------------------------------ other programs


def test_other_programs_keep_their_files(home: Path, tmp_path: Path) -> None:
    """A user's entry counts before everybody's: offered for zip files it would be their default, were none chosen."""
    install(tmp_path / "system", "archiver.desktop", "application/zip")
    integrate.integrate()
    entry, choice = data(home) / "applications" / ENTRY, home / ".config" / "mimeapps.list"
    types = configparser.ConfigParser(interpolation=None)
    types.read(entry)
    offered = types["Desktop Entry"]["MimeType"].split(";")
    assert "application/zip" in offered
    assert "application/octet-stream" not in offered  # nobody opens those: we would
    assert mimeapps.default_of(choice.read_text(), "application/zip") == ["archiver.desktop"]
    integrate.integrate()
    integrate.remove()
    assert tree(home) == {}


@needs("gio", "update-desktop-database", "xdg-mime")
def test_the_desktop_agrees_that_zip_files_stay_theirs(home: Path, tmp_path: Path) -> None:
    install(tmp_path / "system", "archiver.desktop", "application/zip")
    before = ask("xdg-mime", "query", "default", "application/zip")
    integrate.integrate()
    assert ask("xdg-mime", "query", "default", "application/zip") == before == "archiver.desktop"
    said = ask("gio", "mime", "application/zip")
    assert said.splitlines()[0].endswith("archiver.desktop")
    assert ENTRY in said


# ------------------------------------------------------------------------------------------------ the entry


@pytest.mark.parametrize(
    "program", ["/opt/bin/ckpt-gui-w", "/home/a b/ckpt-gui-w", '/we$rd`"\\/100%/ckpt-gui-w', "/x;y&z/ckpt-gui-w"]
)
def test_any_path_can_be_started(program: str) -> None:
    entry = linux.desktop_entry(resource("ckpt_gui.desktop").read_text(), (program, "-m"), ())
    lines = dict(line.split("=", 1) for line in entry.splitlines() if "=" in line and not line.startswith("MimeType"))
    unescaped = entry.split("\nExec=", 1)[1].split("\n", 1)[0].replace("\\\\", "\\")
    # As the specification reads Exec: string escapes, then quotation marks (a backslash protects $ and ` too), fields.
    words = [re.sub(r"\\([$`])", r"\1", word).replace("%%", "%") for word in shlex.split(unescaped)]
    assert words == [program, "-m", "open", "%F"]
    assert lines["TryExec"].replace("\\\\", "\\") == program
    assert entry.count("Exec=") == 3


def test_the_program_is_found_by_an_absolute_path() -> None:
    first = launch.command()[0]
    assert Path(first).is_absolute()
    assert os.access(first, os.X_OK)


@needs("desktop-file-validate")
@pytest.mark.parametrize("program", ["/opt/bin/ckpt-gui-w", "/home/a b/100%/$x`\\/ckpt-gui-w"])
def test_the_entry_is_valid(program: str, tmp_path: Path) -> None:
    entry = tmp_path / ENTRY
    entry.write_text(linux.desktop_entry(resource("ckpt_gui.desktop").read_text(), (program,), ["application/zip"]))
    assert ask("desktop-file-validate", str(entry)) == ""
    assert ask("desktop-file-validate", str(resource("ckpt_gui.desktop"))) == ""


# ------------------------------------------------------------------------------------------------ file types


def ask(*command: str) -> str:
    """What a tool says."""
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return ended.stdout.strip() + (ended.stderr if ended.returncode else "")


def files(folder: Path) -> dict[str, str]:
    """Files by name → the type each has to have."""
    import torch
    from safetensors.torch import save_file

    weights = {"w": torch.zeros(2, 2)}
    for name in ("a.pt", "a.pth", "a.ckpt", "a.pt2", "a.ptl", "plain_name", "pytorch_model.bin", "torch.zip"):
        torch.save(weights, folder / name)
    torch.save(weights, folder / "old.bin", _use_new_zipfile_serialization=False)
    with quiet():
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(folder / "script"))
    save_file(weights, folder / "a.safetensors")
    save_file(weights, folder / "tensors.bin")
    for name in ("other.zip", "other", "other.bin"):
        with zipfile.ZipFile(folder / name, "w") as made:
            made.writestr("data.txt", "hello")
    (folder / "random.bin").write_bytes(bytes(range(256)) * 4)
    (folder / "none.tar").write_bytes(bytes(1024))
    ours = ("a.pt", "a.pth", "a.ckpt", "a.pt2", "a.ptl", "plain_name", "pytorch_model.bin", "old.bin", "script")
    return {
        **dict.fromkeys(ours, TORCH),
        **dict.fromkeys(("a.safetensors", "tensors.bin"), SAFETENSORS),
        **dict.fromkeys(("torch.zip", "other.zip", "other", "other.bin"), "application/zip"),
        "random.bin": "application/octet-stream",
        "none.tar": "application/x-tar",
    }


@needs("gio", "xdg-mime", "update-mime-database", "update-desktop-database")
@pytest.mark.skipif(not Path("/usr/share/mime/magic").exists(), reason="no MIME types on this machine")
def test_files_are_known_by_suffix_and_by_content_and_others_stay(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    wanted = files(folder)
    others = {name for name, mime in wanted.items() if mime not in (TORCH, SAFETENSORS)}
    before = {name: ask("xdg-mime", "query", "filetype", str(folder / name)) for name in others}

    integrate.integrate()

    assert {name: ask("xdg-mime", "query", "filetype", str(folder / name)) for name in wanted} == wanted
    assert {name: wanted[name] for name in others} == before
    for mime in (TORCH, SAFETENSORS):
        assert ask("xdg-mime", "query", "default", mime) == ENTRY
        assert ENTRY in ask("gio", "mime", mime).splitlines()[0]

    integrate.remove()

    assert ask("xdg-mime", "query", "default", TORCH) == ""
    assert ask("xdg-mime", "query", "filetype", str(folder / "a.pt")) == "application/zip"
