"""A pair, and several, in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ckpt_gui.core.diff.sections import at_largest, look, of_pair, of_several
from ckpt_gui.core.facts import Section
from tests.core.diff.pairs import Two, normal


def said(sections: tuple[Section, ...]) -> dict[str, str]:
    return {fact.label: fact.text for section in sections for fact in section.facts}


def pair_facts(two: Two, key: str) -> dict[str, str]:
    place = two.place(key)
    row, found = two.rows()[place], two.picked(key)
    where = row.measures.where if row.measures is not None else None
    return said(
        of_pair(two.left.checkpoint, two.right.checkpoint, row, place, values=at_largest(found, where),
                looked=look(found))
    )  # fmt: skip


def test_a_pair_says_how_far_apart_it_is(tmp_path: Path) -> None:
    a = normal(10, 20)
    b = a.clone()
    b[5:] += 0.25
    b[7, 3] = a[7, 3] - 2
    facts = pair_facts(Two(tmp_path, {"w": a}, {"w": b}), "w")
    apart = np.abs((b.double() - a.double()).numpy())
    assert facts["Change"] == "changed"
    assert facts["Shape"] == "10 × 20"
    assert facts["Dtype"] == "float32"
    assert facts["Changed"] == "100 elements of 200   (50 %)"
    assert facts["Largest |Δ|"].startswith("2   at [7, 3]   ")
    assert facts["Largest |Δ|"].endswith(f"{a[7, 3].item():.8g} → {b[7, 3].item():.8g}".replace("-", "−"))
    assert facts["50 % of |Δ| up to"] == "0"
    assert facts["90 % of |Δ| up to"].startswith("0.25   ")
    assert facts["99.9 % of |Δ| up to"].startswith(f"{np.sort(apart.ravel())[199]:.6g} ")
    assert facts["Relative L2"].startswith(f"{np.linalg.norm(apart) / a.double().norm():.6g}   of A’s norm ")
    assert facts["Mean"] == f"{a.double().mean():.6g} → {b.double().mean():.6g}".replace("-", "−")


def test_types_and_shapes_are_told_of_both(tmp_path: Path) -> None:
    two = Two(tmp_path, {"v": normal(3), "w": normal(4)}, {"v": normal(3).half(), "w": normal(2, 2)})
    assert pair_facts(two, "v")["Dtype"] == "float32 → float16"
    assert pair_facts(two, "v")["Change"].startswith("other element types")
    assert pair_facts(two, "w")["Shape"] == "4 → 2 × 2"
    assert "Changed" not in pair_facts(two, "w")


def test_one_side_alone(tmp_path: Path) -> None:
    two = Two(tmp_path, {"v": normal(3)}, {"v": normal(3), "w": torch.ones(2)})
    facts = pair_facts(two, "w")
    assert facts["Change"] == "added: only B has it"
    assert (facts["Elements"], facts["Mean"]) == ("2", "1")
    assert "A" not in facts


def test_one_sided_nan_is_an_alarm(tmp_path: Path) -> None:
    two = Two(tmp_path, {"w": torch.tensor([1.0, 2, 3])}, {"w": torch.tensor([1.0, float("nan"), 3])})
    row = two.rows()[0]
    sections = of_pair(two.left.checkpoint, two.right.checkpoint, row, 0)
    (alarm,) = [fact for section in sections for fact in section.facts if fact.alarm]
    assert (alarm.label, alarm.text) == ("NaN", "1 only in B")


def test_equal_pairs_say_so_at_once(tmp_path: Path) -> None:
    facts = pair_facts(Two(tmp_path, {"w": normal(3)}, {"w": normal(3)}), "w")
    assert facts["Change"] == "the same, bit for bit"
    assert facts["Changed"] == "none"
    assert "Relative L2" not in facts


def test_several_are_summed_up_with_the_largest_first(tmp_path: Path) -> None:
    left = {f"h.{n}": normal(6, seed=n) for n in range(4)}
    right = {"h.0": left["h.0"], "h.1": left["h.1"] * 1.1, "h.2": left["h.2"] * 3, "new": normal(2)}
    two = Two(tmp_path, left, right)
    rows = two.rows()
    sections = of_several(rows, range(len(rows)))
    facts = said(sections)
    assert (facts["Tensors"], facts["Same"], facts["Changed"], facts["Added"], facts["Removed"]) == (
        "5", "1", "12 elements of 18   (66.7 %)", "1", "1",
    )  # fmt: skip
    largest = next(section for section in sections if section.title.startswith("Changed the most"))
    assert [fact.text for fact in largest.facts] == ["h.2", "h.1"]
    assert largest.facts[0].node == two.place("h.2")
