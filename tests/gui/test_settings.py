"""What is remembered, and that losing it is no trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_gui.gui.settings import MAX_RECENT, Settings, settings_path


def test_values_come_back(tmp_path: Path) -> None:
    kept = Settings(tmp_path / "new" / "window.json")
    kept.keep("zoom", 2)
    kept.save()

    assert Settings(tmp_path / "new" / "window.json").value("zoom", 0) == 2


def test_a_value_of_another_type_is_ignored(tmp_path: Path) -> None:
    kept = Settings(tmp_path / "window.json")
    kept.keep("zoom", "large")

    assert kept.value("zoom", 0) == 0


@pytest.mark.parametrize(
    "damage", ["", "{", "[1, 2]", "\x00\xff", '{"recents": 5}', '{"recents": [1, "a"]}', "[" * 100_000]
)
def test_a_damaged_file_is_ignored(tmp_path: Path, damage: str) -> None:
    (tmp_path / "window.json").write_bytes(damage.encode("latin-1"))

    assert Settings(tmp_path / "window.json").recents() in ([], ["a"])


def test_the_newest_file_comes_first_once(tmp_path: Path) -> None:
    kept = Settings(tmp_path / "window.json")
    for number in range(MAX_RECENT + 3):
        kept.add_recent(f"/{number}.pt")
    kept.add_recent("/5.pt")

    assert kept.recents()[:2] == ["/5.pt", f"/{MAX_RECENT + 2}.pt"]
    assert len(kept.recents()) == MAX_RECENT
    assert kept.recents().count("/5.pt") == 1


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    Settings(tmp_path / "file" / "window.json").save()


def test_saving_leaves_one_file(tmp_path: Path) -> None:
    Settings(tmp_path / "window.json").save()

    assert [path.name for path in tmp_path.iterdir()] == ["window.json"]


def test_a_picture_leaves_no_trace(tmp_path: Path) -> None:
    Settings(tmp_path / "window.json", picture=True).save()

    assert list(tmp_path.iterdir()) == []


def test_the_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CKPT_GUI_CONFIG_DIR", str(tmp_path))

    assert settings_path().parent == tmp_path
