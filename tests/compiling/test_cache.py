"""A folder of compiled functions: what is found is what was compiled, whoever else writes, and whatever was damaged."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb

LOSS = "X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))"
ARGUMENTS = (np.ones((4, 2)), np.ones(2), np.ones(4))


def compiled(folder: Path, formula=LOSS, **options) -> sb.CompiledFunction:
    with sb.compiling(cache=folder):
        return sb.compile_value_and_grad(formula, **options)


def is_found(function: sb.CompiledFunction) -> bool:
    return function.compile_report().from_cache


@pytest.mark.parametrize("options", [{}, {"wrt": "w"}, {"dtype": "float32"}, {"optimize": "fast"}])
def test_what_is_found_is_what_was_compiled(tmp_path, options):
    first, again = (compiled(tmp_path, **options) for _ in range(2))
    assert (is_found(first), is_found(again)) == (False, True)
    assert (again.source, again.signature, again.guards) == (first.source, first.signature, first.guards)
    np.testing.assert_array_equal(again(*ARGUMENTS)[0], first(*ARGUMENTS)[0])
    with pytest.raises(sb.ArgumentError, match="n"):
        again(np.ones((4, 2)), np.ones(2), np.ones(5))
    if "optimize" in options:
        assert again.workspace(n=4, d=2).nbytes == first.workspace(n=4, d=2).nbytes
    assert again.rewrites == first.rewrites and str(again.graph) == str(first.graph)  # which are made again
    assert str(again.cost()) == str(first.cost())
    assert again.value(*ARGUMENTS) == first.value(*ARGUMENTS)
    assert pickle.loads(pickle.dumps(again)).source == first.source


def test_it_is_verified_and_saved(tmp_path):
    for _ in range(2):
        function = compiled(tmp_path / "cache", "x*exp(-y)")
    assert is_found(function) and function.verify(points=1, seconds=1.0)
    function.save(tmp_path / "grad.py")
    assert (tmp_path / "grad.py").read_text() == function.source


def test_each_option_array_and_kind_has_an_entry_of_its_own(tmp_path):
    table = np.arange(1000.0)

    def loss(x):
        return np.sum(table * x**2)

    with sb.compiling(cache=tmp_path):
        for scale in (1.0, 2.0, 1.0):
            table = scale * np.arange(1000.0)
            found = sb.compile_grad(loss, inputs={"x": "1000"})
            np.testing.assert_array_equal(found(np.ones(1000))[0], 2 * table)
        assert is_found(found)
        assert not is_found(sb.compile_value(loss, inputs={"x": "1000"}))
        assert not is_found(sb.compile_grad("x*y")) and not is_found(sb.compile_grad("x*y", wrt="x"))
        for known in (False, True):
            sparse = sb.compile_jacobian("x[6] -> x[1:]*x[:-1]", sparse=True)
            assert is_found(sparse) is known
            assert sparse(np.ones(6))[0].nnz == 10
            network = sb.compile_grad("input 2\ndense 3 tanh\nmean_squared_error")
            assert is_found(network) is known


def test_damaged_entries_are_made_again(tmp_path):
    source = compiled(tmp_path).source
    (entry,) = tmp_path.iterdir()
    whole = entry.read_bytes()
    for damaged in (
        b"",
        whole[:7],
        whole[:40],
        whole[:-1],
        whole[:200] + b"?" + whole[201:],
        whole + b"more",
        b"x" * 500,
    ):
        entry.write_bytes(damaged)
        assert not is_found(compiled(tmp_path)), damaged
        assert entry.read_bytes() == whole
    assert is_found(again := compiled(tmp_path)) and again.source == source


class _Harmful:
    def __reduce__(self):
        return os.mkdir, (os.environ["SYMBACKPROP_TEST_HARM"],)


def test_entries_hold_records_only(tmp_path, monkeypatch):
    harm = tmp_path / "harm"
    monkeypatch.setenv("SYMBACKPROP_TEST_HARM", str(harm))
    folder = tmp_path / "cache"
    compiled(folder)
    (entry,) = folder.iterdir()
    mark = entry.read_bytes().partition(b"\n")[0]
    payload = pickle.dumps(_Harmful())
    entry.write_bytes(b"\n".join([mark, hashlib.sha256(payload).hexdigest().encode(), payload]))
    assert not is_found(compiled(folder)) and not harm.exists()


def test_writers_do_not_disturb_each_other(tmp_path):
    def work(k: int) -> str:
        return compiled(tmp_path, "X[n,d] w[d] -> sum(tanh(X @ w)**2)").source

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(24)))) == 1
    code = (
        "import sys, symbackprop as sb\n"
        "with sb.compiling(cache=sys.argv[1]):\n"
        "    print(sb.compile_grad('x*sin(y)', wrt='x').compile_report().from_cache)"
    )
    command = [sys.executable, "-c", code, tmp_path]
    ran = [subprocess.run(command, check=False, capture_output=True, text=True) for _ in range(2)]
    assert [run.stdout.strip() for run in ran] == ["False", "True"], ran[0].stderr
    assert len(list(tmp_path.iterdir())) == 2  # and nothing temporary


def test_the_environment_names_a_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBACKPROP_CACHE", str(tmp_path))
    assert [is_found(sb.compile_grad("x*cos(y)")) for _ in range(2)] == [False, True]
    with sb.compiling(cache=False):
        assert not is_found(sb.compile_grad("x*cos(y)"))
    with sb.compiling(cache=tmp_path / "other"):
        assert not is_found(sb.compile_grad("x*cos(y)"))


def test_a_folder_that_cannot_be_written_is_told_of(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="could not be kept"):
        function = compiled(tmp_path / "file" / "cache")
    assert function(*ARGUMENTS)[0] > 0
    with pytest.raises(sb.ArgumentError, match="path"), sb.compiling(cache=True):
        pass
    with pytest.raises(sb.FormulaSyntaxError):
        compiled(tmp_path / "cache", "x*(")
    assert not (tmp_path / "cache").exists()


def entries(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_size for path in folder.iterdir()}


def test_what_was_not_used_for_longest_is_removed(tmp_path, monkeypatch):
    for name in "abc":
        compiled(tmp_path, f"{name}*sin({name})")
    for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)):
        os.utime(path, ns=(age, age))
    assert is_found(compiled(tmp_path, "a*sin(a)"))  # and so is newer than the others
    monkeypatch.setenv("SYMBACKPROP_CACHE_BYTES", str(max(entries(tmp_path).values()) * 7 // 2))
    compiled(tmp_path, "d*sin(d)")
    assert len(entries(tmp_path)) == 3
    assert [is_found(compiled(tmp_path, f"{name}*sin({name})")) for name in "acdb"] == [True, True, True, False]


def test_others_may_read_what_is_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBACKPROP_CACHE_BYTES", "1")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda k: compiled(tmp_path, f"x*{k % 3 + 2}")(1.0), range(24)))
    assert found == [(k % 3 + 2.0, (k % 3 + 2.0,)) for k in range(24)]
    compiled(tmp_path, "x*y")
    assert is_found(compiled(tmp_path, "x*y")) and len(entries(tmp_path)) == 1


def test_what_cannot_be_removed_stays(tmp_path, monkeypatch):
    def unlink(path, missing_ok=False):
        raise PermissionError("it is open")

    monkeypatch.setattr(Path, "unlink", unlink)
    with sb.compiling(cache_bytes=1):
        functions = [compiled(tmp_path, text) for text in ("x*y", "x/y", "x*y")]
    assert [is_found(function) for function in functions] == [False, False, True]
    assert len(entries(tmp_path)) == 2


def test_the_limit_is_a_number(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMBACKPROP_CACHE_BYTES", "1")
    for text in ("x*y", "x/y"):
        compiled(tmp_path, text)
    assert len(entries(tmp_path)) == 1
    monkeypatch.setenv("SYMBACKPROP_CACHE_BYTES", "much")
    with pytest.raises(sb.ArgumentError, match="SYMBACKPROP_CACHE_BYTES is 'much'"):
        compiled(tmp_path, "x - y")
    with pytest.raises(sb.ArgumentError, match="cache_bytes is -1"), sb.compiling(cache_bytes=-1):
        pass


DECLARED = """
import json, sys
import symbackprop as sb
from symbackprop.ops.elementwise import elementwise
factor = sys.argv[2]
text = "{0} * " + factor
elementwise("scaled_by", numpy=text, math=text, partials=(lambda x, out: float(factor),), points=[(1.0,)], source="a test")
sb.custom_rule(json.dumps, opaque=True, shape=())
with sb.compiling(cache=sys.argv[1]):
    assert not sb.compile_value("opaque('json.dumps', None, None, x, shape=())").compile_report().from_cache
    print(sb.compile_grad("scaled_by(x)**2", wrt="x")(1.0), sb.compile_value("x + 1").compile_report().from_cache)
"""


def test_what_others_declare_is_not_taken_from_before(tmp_path):
    commands = [[sys.executable, "-c", DECLARED, tmp_path, factor] for factor in ("2.0", "3.0")]
    ran = [subprocess.run(command, check=False, capture_output=True, text=True) for command in commands]
    assert [run.stdout.split() for run in ran] == [["8.0", "False"], ["18.0", "True"]], ran[0].stderr
