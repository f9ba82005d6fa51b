"""Resources are found wherever the program stands."""

from __future__ import annotations

import pytest

from ckpt_gui.resources_path import resource


@pytest.mark.parametrize("name", ["demo/epoch_003.ckpt", "demo/epoch_004.ckpt", "ckpt_gui.svg", "ckpt_gui.desktop"])
def test_what_the_program_needs_came_along(name: str) -> None:
    assert resource(name).is_file()


def test_a_missing_resource_says_what_and_where() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such\.file is missing from this installation"):
        resource("no_such.file")
