"""Our verdict against torch's own: every good builder and every real file, loaded by torch with weights_only=True."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import _weights_only_unpickler as unpickler

from ckpt_gui.core.formats import open_checkpoint
from ckpt_gui.core.weights_only import ALLOWED, IMPLIED, verdict
from tests.builders import CASES, HOSTILE
from tests.builders.common import quiet
from tests.core.roles.trees import checkpoint, state_dict

TORCH_CASES = [
    name for name in CASES
    if name.startswith(("torch-", "framework/", "module/")) and not name.startswith(("torch-package/", "torch-tar/"))
]  # fmt: skip
FOLDERS = ("framework/mlflow", "framework/trainer_folder")
IMPORTED_FIRST = ("torch-layout/nested_jagged", "torch-class/dtensor")
"""torch takes these only after a module that is not imported with torch; other tests import it."""

REAL_NEEDS = {
    "chemprop_v1_regression.pt": {
        "argparse.Namespace", "numpy.core.multiarray._reconstruct", "numpy.dtype", "numpy.ndarray",
    },
    "pesto_mir-1k_g7.ckpt": {
        "builtins.dict", "builtins.int", "builtins.list", "collections.defaultdict", "omegaconf.base.ContainerMetadata",
        "omegaconf.base.Metadata", "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig",
        "omegaconf.nodes.AnyNode", "typing.Any",
    },
    "pesto_mir-1k.ckpt": set(), "lpips_v00_alex.pth": set(), "m6anet_hct116.pt": set(),
}  # fmt: skip
"""What ``torch.serialization.get_unsafe_globals_in_checkpoint`` of torch 2.13 names."""


def torch_takes(path: Path) -> bool:
    """Whether torch.load(weights_only=True) gives a value. Only for files made here or known by hand."""
    with quiet():
        try:
            torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # noqa: BLE001  (torch raises what its innards raise)
            return False
    return True


def unsafe_globals(path: Path) -> set[str] | None:
    """What torch itself says must be allowed; None where it cannot say."""
    with quiet():
        try:
            return set(torch.serialization.get_unsafe_globals_in_checkpoint(path))
        except Exception:  # noqa: BLE001
            return None


def test_our_list_is_that_of_torch_2_13() -> None:
    if not torch.__version__.startswith("2.13."):
        pytest.skip(f"the list was taken from torch 2.13; this is {torch.__version__}")
    assert frozenset(unpickler._get_allowed_globals()) == ALLOWED
    code = "import torch; print(*torch._weights_only_unpickler._get_user_allowed_globals())"
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert frozenset(fresh.stdout.split()) == IMPLIED


@pytest.mark.parametrize("name", [name for name in TORCH_CASES if name not in (*FOLDERS, *IMPORTED_FIRST)])
def test_the_verdict_is_that_of_torch(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    found = verdict(open_checkpoint(path))
    assert found.accepted == torch_takes(path), found.why
    assert bool(found.why) is not found.accepted
    needed = unsafe_globals(path)
    if needed is not None:
        assert set(found.needs) == needed


@pytest.mark.parametrize("name", IMPORTED_FIRST)
def test_what_must_be_imported_first_is_said(name: str, tmp_path: Path) -> None:
    path = CASES[name](tmp_path)
    found = verdict(open_checkpoint(path))
    assert found.accepted is False
    assert "must be imported before it is loaded" in found.why
    code = "import sys, torch; torch.load(sys.argv[1], weights_only=True)"
    fresh = subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(path)], capture_output=True, text=True)
    assert fresh.returncode == 1
    assert "must be imported" in fresh.stderr


def test_the_verdict_on_real_files(real: Path) -> None:
    looked = 0
    for path in sorted(p for p in real.rglob("*.*") if p.suffix in (".pt", ".pth", ".ckpt") and p.name != "broken.pt"):
        found = verdict(open_checkpoint(path))
        assert found.accepted == torch_takes(path), f"{path.name}: {found}"
        assert set(found.needs) == (unsafe_globals(path) or set()), path.name
        assert set(found.needs) == REAL_NEEDS.get(path.name, set(found.needs))
        looked += 1
    assert looked > 40


@pytest.mark.parametrize(
    ("form", "accepted", "words"),
    [
        ("safetensors", None, "no pickle"), ("torchscript", False, "TorchScript"), ("torch-tar", False, "tar"),
        ("pt2", False, "torch.export"), ("torch-package", False, "torch.package"), ("pickle", False, "bare pickle"),
        ("torch-zip", True, ""), ("torch-legacy", True, ""),
    ],
)  # fmt: skip
def test_formats(form: str, accepted: bool | None, words: str) -> None:
    made = checkpoint(state_dict(), form)
    if form == "safetensors":
        del made.facts["protocol"]
    found = verdict(made)
    assert found.accepted is accepted
    assert words in found.why


def test_every_reason_is_one_sentence() -> None:
    made = checkpoint(state_dict(), code=("os.system", "x.Y"), refused=["FRAME"], protocol=4, broken=True,
                      refused_by_torch="the version record is missing")  # fmt: skip
    found = verdict(made)
    assert found.needs == ("os.system", "x.Y")
    assert found.why == (
        "The version record is missing; its pickle is broken; it refers to 2 names not on torch's list: os.system and "
        "x.Y; torch blocks os.system even where it is allowed; it is written with an opcode that weights_only=True "
        "does not know (pickle protocol 4; torch writes 2): FRAME."
    )


def test_python_2_names_are_those_of_python_3() -> None:
    made = checkpoint(state_dict(), code=("__builtin__.set", "copy_reg._reconstructor", "__builtin__.eval"))
    assert verdict(made).needs == ("copyreg._reconstructor", "builtins.eval")


NOT_TOLD = (
    "pickle/broken_reduce_short_stack", "pickle/call_arguments_list",
    "pickle/call_bytes_by_rot13", "pickle/call_bytearray_2_40",
    "tensor/persistent_id_four", "tensor/persistent_id_seven",
)  # fmt: skip
"""Malformed calls of allowed names where our verdict and torch's differ: the index does not keep what would tell."""
MALFORMED = [
    name for name in HOSTILE
    if name.startswith(("pickle/broken_setitem_", "pickle/broken_append_", "pickle/broken_reduce_", "pickle/call_",
                        "tensor/persistent_id_")) and name not in NOT_TOLD
]  # fmt: skip


REFUSED = (
    "zip/no_directory", "zip/name_not_utf8", "zip/two_roots", "zip/count_too_small", "zip/count_too_large",
    "zip/zip64_locator_astray", "zip/deflated_size_too_small", "zip/deflated_size_too_large", "zip/pickle_beyond_file",
    "zip/zip64_sentinel_pickle", "legacy/keys_twice", "legacy/keys_flood", "legacy/keys_not_text", "legacy/view_odd",
    "pickle/broken_build_on_dict", "pickle/call_set_of_int", "pickle/call_layout_unknown", "tensor/v2_metadata_odd",
    "tensor/nested_of_floats", "tensor/state_set_on_tensor",
)  # fmt: skip
"""Files with a tree that torch refuses for how they are built."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_for_its_build_is_not_accepted(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path)
    found = verdict(open_checkpoint(path))
    assert found.accepted is False
    assert found.why
    assert not torch_takes(path)


@pytest.mark.parametrize("name", MALFORMED)
def test_streams_no_torch_ever_wrote_are_not_accepted(name: str, tmp_path: Path) -> None:
    path = HOSTILE[name](tmp_path)
    assert verdict(open_checkpoint(path)).accepted is torch_takes(path)


def test_hostile_names_are_escaped_in_the_sentence() -> None:
    found = verdict(checkpoint(state_dict(), code=("x.\u202eevil",)))
    assert "\u202e" not in found.why
    assert found.needs == ("x.\u202eevil",)
