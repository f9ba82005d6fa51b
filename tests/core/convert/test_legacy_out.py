"""The older stream of ours, byte for byte beside torch's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from ckpt_gui.core.convert import contents
from ckpt_gui.core.convert.legacy_out import count, write_legacy
from ckpt_gui.core.convert.nouns import Record
from ckpt_gui.core.convert.target import Target
from ckpt_gui.core.errors import ReadError
from ckpt_gui.core.pickles.machine import read_pickle
from ckpt_gui.core.reader import read
from ckpt_gui.core.sources import LocalFile
from ckpt_gui.core.tensors import Reading
from tests.builders import CASES
from tests.builders.common import save_legacy
from tests.core.convert.plans import each, untouched


def rebuilt(path: Path, to: Path, records: Sequence[Record] | None = None) -> Path:
    """The stream at ``path`` once more: its own object and storages, through our hands."""
    checkpoint = read(path).checkpoint
    with LocalFile(path) as file:
        at = 0
        for _ in range(3):
            at = read_pickle(file, at).end
        body = file.read(at, read_pickle(file, at).end - at)
    listed = untouched(checkpoint, "legacy").records if records is None else records
    target = Target([to], [str(path)], overwrite=False, nbytes=0)
    with Reading(checkpoint) as reading:
        draft = target.draft(0)
        write_legacy(draft, [body], listed, lambda record: contents.chunks(reading, record))
        draft.finish()
    target.commit()
    return to


def _typed(path: Path) -> list[Record]:
    """Storages with their element types, which the counts before them need."""
    checkpoint = read(path).checkpoint
    tensors = [checkpoint.tensor(number) for number in range(checkpoint.rows)]
    dtypes = {info.storage: info.dtype for info in tensors}
    records = []
    for record in untouched(checkpoint, "legacy").records:
        dtype = dtypes[record.storage]
        records.append(
            Record(record.key, record.storage, 0, -1, dtype, dtype, 0, record.nbytes, record.device)
        )  # fmt: skip
    return records


@pytest.mark.parametrize("name", ["plain", "training", "dtypes", "dtypes_untyped", "module", "no_storages"])
def test_what_torch_saved_comes_out_byte_for_byte(name: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = CASES[f"torch-legacy/{name}"](tmp_path / "a")
    assert rebuilt(path, tmp_path / path.name, _typed(path)).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("many", [1, 2, 1000, 1001, 2600])
def test_the_list_of_storages_is_pickled_as_python_does(many: int, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    path = save_legacy([torch.ones(1, dtype=torch.uint8) for _ in range(many)], tmp_path / "a" / "m.pt")
    made = rebuilt(path, tmp_path / "m.pt")
    assert made.read_bytes() == path.read_bytes()
    assert len(torch.load(made)) == many


def test_counts_are_of_elements_where_the_type_has_a_storage_class() -> None:
    def counted(dtype: str, nbytes: int) -> int:
        return count(Record("0", 0, 0, -1, dtype, dtype, 0, nbytes, None))

    assert counted("float32", 12) == 3
    assert counted("complex128", 32) == 2
    assert counted("quint4x2", 5) == 5
    assert counted("uint16", 6) == 6
    assert counted("float8_e5m2", 6) == 6


def test_a_storage_of_another_length_is_refused(tmp_path: Path) -> None:
    draft = Target([tmp_path / "m.pt"], [], overwrite=False, nbytes=0).draft(0)
    record = Record("7", 0, 0, -1, "float32", "float32", 3, 12, "cpu")
    with pytest.raises(ReadError, match="storage 7 has 4 B where 12 B were expected"):
        write_legacy(draft, [b"N."], [record], lambda _: [b"abcd"])
    draft.discard()


def test_deflated_and_swapped_storages_come_out_plain(tmp_path: Path) -> None:
    path = CASES["torch-zip/big_endian"](tmp_path)
    checkpoint = read(path).checkpoint
    plan = each(checkpoint, "legacy")
    state = torch.load(path)
    with Reading(checkpoint) as reading:
        draft = Target([tmp_path / "m.pt"], [], overwrite=False, nbytes=0).draft(0)
        write_legacy(draft, [], plan.records, lambda record: contents.chunks(reading, record))
        draft.finish()
        content = draft.path.read_bytes()
        draft.discard()
    for tensor in state.values():
        assert tensor.contiguous().view(torch.uint8).numpy().tobytes() in content if tensor.dim() else True
