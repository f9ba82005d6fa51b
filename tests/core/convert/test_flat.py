"""One mapping of names: every kind of tensor, as torch.load(weights_only=True) gives it."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from ckpt_gui.core.convert.nouns import Options
from ckpt_gui.core.errors import ConvertError
from tests.builders import CASES
from tests.core.convert.converting import converted, equal, facts, loaded, saved

NOT_HELD = {("torch-dtype/all_plain", "legacy"), ("torch-layout/nested_strided", "legacy")}


class TestOneMapping:
    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("to", ["torch", "legacy"])
    @pytest.mark.parametrize(
        "name", ["torch-dtype/all_plain", "torch-dtype/quantized", "torch-layout/sparse", "torch-view/conj_neg",
                 "torch-layout/nested_strided", "torch-view/meta", "torch-view/views", "torch-view/empty_shapes"]
    )  # fmt: skip
    def test_every_kind_of_tensor(self, name: str, to: str, tmp_path: Path) -> None:
        source = CASES[name](tmp_path)
        before, options = torch.load(source, weights_only=True), Options(state_dict=True, to=to, select=())
        if (name, to) in NOT_HELD:
            with pytest.raises(ConvertError):
                converted(source, options)
            return
        after = torch.load(converted(source, options), weights_only=True)
        found = [key for key in after if isinstance(before, dict) and isinstance(before.get(key), torch.Tensor)]
        assert found
        for key in found:
            assert facts(after[key]) == facts(before[key])

    def test_a_module_gives_what_its_state_dict_gives(self, tmp_path: Path) -> None:
        model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
        kept = loaded(converted(saved({"model": model, "epoch": 1}, tmp_path), Options(state_dict=True)))
        assert equal(kept, model.state_dict())
        assert not any(value.requires_grad for value in kept.values())

    def test_a_mapping_keeps_gradients_and_parameters(self, tmp_path: Path) -> None:
        state = OrderedDict(p=torch.nn.Parameter(torch.ones(2)), t=torch.ones(2))
        kept = loaded(converted(saved(state, tmp_path), Options(state_dict=True)))
        assert [type(value) for value in kept.values()] == [torch.nn.Parameter, torch.Tensor]
        assert [value.requires_grad for value in kept.values()] == [True, False]

    @pytest.mark.parametrize("legacy", [True, False])
    def test_versions_of_modules_are_kept(self, legacy: bool, tmp_path: Path) -> None:
        model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.BatchNorm1d(2)))
        state = {"epoch": 1, "state_dict": model.state_dict()}
        kept = loaded(converted(saved(state, tmp_path, legacy=legacy), Options(state_dict=True)))
        assert kept._metadata == cast(Any, model.state_dict())._metadata
        renamed = Options(state_dict=True, rename=("^1\\. => body.",))
        kept = loaded(converted(saved(state, tmp_path, legacy=legacy), renamed))
        assert list(kept._metadata) == ["", "0", "body", "body.0"]
        assert kept._metadata["body.0"] == {"version": 2}

    def test_of_several_mappings_too(self, tmp_path: Path) -> None:
        parts = {name: torch.nn.BatchNorm1d(2).state_dict() for name in ("encoder", "decoder")}
        kept = loaded(converted(saved({"model": parts}, tmp_path), Options(state_dict=True, select=("model",))))
        assert kept._metadata == OrderedDict(encoder={"version": 2}, decoder={"version": 2})
