"""``ckpt-gui stats``: the contract of its JSON and CSV, its choice of tensors, what it says of every file there is."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import save_file

from ckpt_gui.cli import main
from tests.builders import CASES, EXPECTED, HOSTILE
from tests.builders.common import quiet
from tests.builders.registry import some
from tests.core.tensors.truth import stored
from tests.formats.contract import Case, good_names

FIELDS = {
    "path", "numel", "finite", "nan", "posinf", "neginf", "zeros", "min", "max", "mean", "std", "l2", "p01", "p50",
    "p99", "histogram",
}  # fmt: skip
"""What product.md promises of every row."""
CODES = {"tree": {0}, "noted": {0}, "refused": {2}, "either": {0, 2}}
LIES = {"problem", "of", "dtype", "shape", "path", "numel"}
"""What a row without statistics says all the same."""
Run = pytest.CaptureFixture[str]


def said(capsys: Run, *words: str | Path) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``stats``."""
    code = main(["stats", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def rows(capsys: Run, *words: str | Path) -> list[dict[str, Any]]:
    """The tensors that ``stats --json`` tells of; NaN and infinity are no JSON."""
    code, out, err = said(capsys, "--json", *words)
    assert (code, err) == (0, "")
    told: list[dict[str, Any]] = json.loads(out, parse_constant=_no_such_number)["tensors"]
    return told


def _no_such_number(word: str) -> float:
    raise AssertionError(f"{word} is no JSON")


def saved(folder: Path, value: object) -> Path:
    path = folder / "saved.pt"
    with quiet():
        torch.save(value, path)
    return path


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return CASES["torch-zip/training_adam"](tmp_path_factory.mktemp("stats"))


# ------------------------------------------------------------------------------------------------ numbers


def numbers(tensor: torch.Tensor) -> npt.NDArray[Any] | None:
    """What torch holds, as product.md counts it; None where torch has no numbers of them."""
    if tensor.is_quantized:
        return tensor.dequantize().double().numpy()
    tensor = stored(tensor).resolve_conj().resolve_neg()
    if tensor.is_complex():
        return np.asarray(np.abs(tensor.to(torch.complex128).numpy()))
    if tensor.dtype == torch.bool:
        return tensor.view(torch.uint8).ne(0).numpy().astype(np.int64)
    if tensor.dtype.is_floating_point:
        return tensor.double().numpy() if tensor.dtype != torch.float4_e2m1fn_x2 else None
    return tensor.numpy() if str(tensor.dtype).startswith(("torch.int", "torch.uint")) else None


def check(row: dict[str, Any], values: npt.NDArray[Any], *, narrow: bool) -> None:
    """One row against NumPy; ``narrow``: percentiles are exact."""
    finite = values[np.isfinite(values)].reshape(-1)
    infinite = (int((values == np.inf).sum()), int((values == -np.inf).sum()))
    assert (row["finite"], row["nan"]) == (finite.size, np.isnan(values).sum())
    assert (row["posinf"], row["neginf"]) == infinite
    assert row["zeros"] == (finite == 0).sum()
    if not finite.size:
        assert {row[name] for name in ("min", "max", "mean", "std", "l2", "p01", "p50", "p99")} == {None}
        assert row["histogram"] is None
        return
    assert (row["min"], row["max"]) == (finite.min(), finite.max())
    size = float(np.abs(finite.astype(np.float64)).max())
    wide = finite.astype(np.longdouble)
    assert row["mean"] == pytest.approx(float(wide.mean()), rel=1e-9, abs=1e-12 * size)
    assert row["std"] == pytest.approx(float(wide.std()), rel=1e-9, abs=1e-14 * size)
    assert row["l2"] == pytest.approx(float(np.sqrt((wide**2).sum())), rel=1e-9)
    for name, q in (("p01", 0.01), ("p50", 0.5), ("p99", 0.99)):
        exact = np.quantile(finite, q, method="inverted_cdf")
        assert row[name] == (exact if narrow else pytest.approx(float(exact), rel=0.01))
    check_histogram(row["histogram"], finite)


def check_histogram(told: dict[str, list[Any]], finite: npt.NDArray[Any]) -> None:
    """Edges increase, and the counts are NumPy's for them."""
    edges = np.array(told["edges"])
    if finite.min() == finite.max() and len(edges) == 2 and edges[0] == edges[1]:
        assert told == {"edges": [float(finite[0])] * 2, "counts": [finite.size]}
    else:
        assert (np.diff(edges) > 0).all()
    assert told["counts"] == np.histogram(finite.astype(np.float64), edges)[0].tolist()


@pytest.mark.parametrize("name", some(good_names(), 9))
def test_every_builder_has_the_numbers_of_numpy(name: str, tmp_path: Path, capsys: Run) -> None:
    case = Case(name, CASES[name](tmp_path))
    told = {json.dumps(row["path"]): row for row in rows(capsys, case.path)}

    assert [json.loads(key) for key in told] == [row["path"] for row in case.told["tensors"]]
    for key, row in case.judged.items():
        mine = told.get(key)
        if mine is None or "tensor" not in row:
            continue
        assert mine.keys() >= FIELDS
        if mine["problem"] is None:
            with quiet():
                values = numbers(row["tensor"])
            if values is not None:
                check(mine, values, narrow=mine["dtype"] in ("float16", "bfloat16", "int16", "int8", "uint8", "bool"))


def test_one_value_has_one_bin_without_width(tmp_path: Path, capsys: Run) -> None:
    one, many = rows(capsys, saved(tmp_path, [torch.tensor(-2.5), torch.full((40,), 0.1)]))

    assert one["histogram"] == {"edges": [-2.5, -2.5], "counts": [1]}
    assert many["histogram"] == {"edges": [many["min"]] * 2, "counts": [40]}
    assert (one["std"], many["std"]) == (0, 0)


def test_what_has_no_finite_value_has_nulls(tmp_path: Path, capsys: Run) -> None:
    nan = torch.tensor([float("nan"), float("inf"), -float("inf")])
    for row, counts in zip(
        rows(capsys, saved(tmp_path, [torch.empty(0, 3), nan])), [(0, 0, 0), (1, 1, 1)], strict=True
    ):
        assert (row["finite"], row["nan"], row["posinf"], row["neginf"]) == (0, *counts)
        assert {row[name] for name in ("min", "max", "mean", "std", "l2", "p01", "p50", "p99", "histogram")} == {None}
        assert row["problem"] is None


def test_integers_beyond_a_float_stay_whole(tmp_path: Path, capsys: Run) -> None:
    (row,) = rows(capsys, saved(tmp_path, torch.tensor([2**62 + 1, -(2**53) - 1])))

    assert (row["min"], row["max"]) == (-(2**53) - 1, 2**62 + 1)


def test_an_expanded_tensor_is_counted_not_made(tmp_path: Path, capsys: Run) -> None:
    (row,) = rows(capsys, saved(tmp_path, torch.tensor([[1.0], [3.0]]).expand(2, 1 << 40)))

    assert (row["numel"], row["finite"], row["mean"], row["std"]) == (2 << 40, 2 << 40, 2, 1)
    assert sum(row["histogram"]["counts"]) == 2 << 40


def test_meta_tensors_say_why_there_is_nothing(tmp_path: Path, capsys: Run) -> None:
    meta, plain = rows(capsys, saved(tmp_path, {"m": torch.empty(3, device="meta"), "w": torch.ones(2)}))

    assert "meta device" in meta["problem"]
    assert {meta[name] for name in meta.keys() - LIES} == {None}
    assert (plain["problem"], plain["max"]) == (None, 1)


def test_a_damaged_tensor_is_a_row_with_its_reason(tmp_path: Path, capsys: Run) -> None:
    path = tmp_path / "cut.safetensors"
    save_file({"a": torch.ones(8), "b": torch.ones(8)}, path)
    path.write_bytes(path.read_bytes()[:-4])

    whole, cut = rows(capsys, path)

    assert (whole["problem"], whole["max"]) == (None, 1)
    assert cut["problem"]
    assert {cut[name] for name in cut.keys() - LIES} == {None}
    assert (cut["path"], cut["numel"]) == (["b"], 8)


def test_keys_that_are_no_json_numbers_are_text(tmp_path: Path, capsys: Run) -> None:
    told = rows(capsys, saved(tmp_path, {float("nan"): torch.ones(1), float("inf"): torch.ones(1), 2.5: torch.ones(1)}))

    assert [row["path"] for row in told] == [["nan"], ["inf"], [2.5]]


# ------------------------------------------------------------------------------------------------ which tensors


@pytest.mark.parametrize(
    ("globs", "found"),
    [
        (["*"], None),
        (["exp_avg"], "the last key"),
        (["optimizer*/state/0/exp_avg"], "the whole path"),
        (["exp_avg", "exp_avg_sq"], "either"),
    ],
)
def test_globs_choose_by_whole_path_or_last_key(
    globs: list[str], found: str | None, training: Path, capsys: Run
) -> None:
    every = rows(capsys, training)
    told = rows(capsys, training, *(word for glob in globs for word in ("--key", glob)))

    if found is None:
        assert told == every
    else:
        last = [glob.rpartition("/")[2] for glob in globs]
        wanted = [row for row in every if row["path"][-1] in last]
        if found == "the whole path":
            wanted = [row for row in wanted if row["path"][-2] == 0]
        assert wanted
        assert told == wanted


def test_a_name_with_brackets_is_found_by_a_glob_that_says_so(tmp_path: Path, capsys: Run) -> None:
    path = saved(tmp_path, {"w[0]": torch.ones(1), "w0": torch.ones(1), "a/b": torch.ones(1)})

    assert [row["path"] for row in rows(capsys, path, "--key", "w[[]0]")] == [["w[0]"]]
    assert [row["path"] for row in rows(capsys, path, "--key", "w[0]")] == [["w0"]]
    assert [row["path"] for row in rows(capsys, path, "--key", r"a\/b")] == [["a/b"]]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--key", "nothing.like.it"], "no tensor of"),
        (["--key", "x" * 100_000], "longer than"),
        (["--bins", "0"], "from 1 to 100"),
        (["--bins", "101"], "from 1 to 100"),
        (["--bins", "many"], "--bins"),
        (["--json", "--csv"], "choose one"),
    ],
)
def test_trouble_is_one_line_and_exit_code_2(words: list[str], sentence: str, training: Path, capsys: Run) -> None:
    code, out, err = said(capsys, training, *words)

    assert (code, out) == (2, "")
    assert err.startswith("ckpt-gui: ")
    assert err.count("\n") == 1
    assert sentence in err


@pytest.mark.parametrize("bins", [1, 7, 100])
def test_bins_are_as_many_as_asked_for(bins: int, tmp_path: Path, capsys: Run) -> None:
    values = torch.randn(50_000, generator=torch.Generator().manual_seed(0))
    (row,) = rows(capsys, saved(tmp_path, values), "--bins", str(bins))

    assert len(row["histogram"]["counts"]) <= bins
    assert len(row["histogram"]["counts"]) >= min(bins, 90)  # two edges may fall on one border of a cell
    check_histogram(row["histogram"], values.double().numpy())


# ------------------------------------------------------------------------------------------------ other forms


def test_csv_is_the_same_without_lists(training: Path, capsys: Run) -> None:
    told = rows(capsys, training)
    code, out, err = said(capsys, "--csv", training)
    lines = list(csv.DictReader(out.splitlines()))

    assert (code, err) == (0, "")
    assert len(lines) == len(told)
    for line, row in zip(lines, told, strict=True):
        assert line.keys() == row.keys() - {"histogram"}
        assert line["path"] == "/".join(map(str, row["path"]))
        for name in ("finite", "min", "mean", "std", "p50"):
            assert (float(line[name]) if line[name] else None) == row[name]


def test_csv_of_no_tensors_is_its_heading(tmp_path: Path, capsys: Run) -> None:
    _, out, _ = said(capsys, "--csv", saved(tmp_path, {"epoch": 3}))

    assert out.startswith("path,dtype,shape,numel,")
    assert out.count("\n") == 1
    assert rows(capsys, tmp_path / "saved.pt") == []


def test_the_table_names_tensors_and_troubles(tmp_path: Path, capsys: Run) -> None:
    tensors = {"w[bold]": torch.tensor([1.0, float("nan")]), "m": torch.empty(2, device="meta")}
    code, out, err = said(capsys, saved(tmp_path, tensors))

    assert (code, err) == (0, "")
    assert "w[bold]" in out  # no markup of rich's
    assert "2 tensors, 1 with NaN or Inf" in out
    assert "meta device" in out


def test_a_long_table_ends_with_what_is_left_out(tmp_path: Path, capsys: Run) -> None:
    path = saved(tmp_path, {f"w{number}": torch.ones(1) for number in range(230)})

    assert "… 30 more rows (--all)" in said(capsys, path)[1]
    assert "w229" in said(capsys, path, "--all")[1]


def test_singular_values_stand_in_all_forms(tmp_path: Path, capsys: Run) -> None:
    matrix = torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
    path = saved(tmp_path, {"w": matrix, "b": torch.ones(4), "e": torch.eye(2).to(torch.complex64)})
    judged = torch.linalg.svdvals(matrix.double()).numpy()

    w, b, e = rows(capsys, "--spectrum", path)
    assert w["spectrum"]["singular_values"] == pytest.approx(judged)
    assert w["spectrum"]["condition"] == pytest.approx(judged[0] / judged[-1])
    assert "matrix" in b["spectrum"]["problem"]
    assert e["spectrum"]["rank"] == 2

    first, second, _ = csv.DictReader(said(capsys, "--spectrum", "--csv", path)[1].splitlines())
    assert float(first["spectral_norm"]) == pytest.approx(judged[0])
    assert second["spectral_norm"] == ""

    table = said(capsys, "--spectrum", path)[1]
    assert f"{judged[0]:.4g}" in table
    assert "stable rank" in table


def test_without_asking_there_are_no_singular_values(training: Path, capsys: Run) -> None:
    assert all("spectrum" not in row for row in rows(capsys, training))


# ------------------------------------------------------------------------------------------------ any file


SOME = {
    "pickle/laughs_of_tensors": ["--key", "good"],
    "pickle/many_tensors_of_one_storage": ["--key", "w19*"],
    "safetensors/120_000_tensors": ["--key", "t1199*"],
}
"""Of files with so many tensors that telling of each takes a minute."""
ODD_TEXT = tuple(name for name in HOSTILE if name.startswith(("tensor/", "pickle/key_", "pickle/name_")))


@pytest.mark.parametrize("name", some(HOSTILE, 14))
def test_a_hostile_file_ends_in_a_code_never_in_a_traceback(name: str, tmp_path: Path, capsys: Run) -> None:
    code, out, err = said(capsys, "--json", *SOME.get(name, []), HOSTILE[name](tmp_path))

    assert code in (CODES[EXPECTED[name]] if name != "file/unreadable" else {0, 2})
    if code == 2:
        assert out == ""
        assert err.startswith("ckpt-gui: ")
        assert err.count("\n") == 1
    else:
        assert err == ""
        told = json.loads(out, parse_constant=_no_such_number)
        assert all(row.keys() >= FIELDS for row in told["tensors"])


@pytest.mark.parametrize("name", ODD_TEXT)
def test_odd_names_and_sizes_have_their_line_in_a_table(name: str, tmp_path: Path, capsys: Run) -> None:
    path = HOSTILE[name](tmp_path)
    if (code := said(capsys, "--json", path)[0]) == 2:
        return  # judged above
    for words in (["--csv"], ["--all"]):
        again, out, err = said(capsys, *words, path)

        assert (again, err) == (code, "")
        assert not set(out) & set(map(chr, (*range(10), *range(11, 32), 0x202E, 0x2066)))


@pytest.mark.parametrize("form", ["--json", "--csv", "--all"])
def test_a_reader_that_goes_away_is_no_failure(form: str, training: Path) -> None:
    command = f"{sys.executable} -m ckpt_gui stats {form} '{training}' | head -c 5"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=True)

    assert len(done.stdout) == 5
    assert done.stderr == ""
