"""What `cost()` reads out of printed code is what running it takes: counted by arrays that count."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

import symbackprop as sb

SIZES = {"n": 7, "d": 5, "h": 4, "t": 6}
FORMULAS = [
    "X[n,d] w[d] y[n] -> mean(logaddexp(0, -y*(X @ w)))",
    "X[n,d] w[d] -> sum(exp(X @ w))",
    "X[n,d] W[d,h] b[h] -> sum(log_softmax(tanh(X @ W + b), axis=1)[:, 0])",
    "x[n] -> sum(x[1:]*x[:-1]**1.5) + max(x)",
    "x[n] k[h]:int -> sum(sin(x)[k]**2)",
    "A[d,d] x[d] -> x @ A @ x / sqrt(sum(x**2))",
    "x[t,d] a ->\ndef step(s, row): return tanh(a*s + row), s\nsum(scan(step, x[0], x)[0])",
]


class Counter:
    """Counts calls of NumPy and the bytes of arrays that these read and write."""

    def __init__(self) -> None:
        self.calls = self.moved = 0

    def count(self, read: Any, written: Any) -> None:
        self.calls += 1
        self.moved += sum(x.nbytes for x in _arrays((read, written)))


def _arrays(value: Any) -> list[np.ndarray[Any, Any]]:
    if isinstance(value, np.ndarray):
        return [value] if value.ndim else []
    return [x for item in value for x in _arrays(item)] if isinstance(value, (tuple, list)) else []


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.view(np.ndarray)
    return type(value)(map(_plain, value)) if isinstance(value, (tuple, list)) else value


def _counting(counter: Counter) -> tuple[Any, Any]:
    """Return a class of arrays that count what operators and indices do, and a namespace that counts functions."""

    def wrapped(value: Any) -> Any:
        return value.view(Counted) if isinstance(value, np.ndarray) and value.ndim else value

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
            plain = {**options, **({} if out is None else {"out": _plain(out)})}
            result = getattr(ufunc, method)(*_plain(inputs), **plain)
            counter.count(inputs, result)
            return out[0] if out is not None else wrapped(result)

        def __getitem__(self, index: Any) -> Any:
            plain = _plain(self)
            result = plain[_plain(index)]
            copies = isinstance(result, np.ndarray) and not np.shares_memory(plain, result)
            counter.count(index, [result, result] if copies else None)
            return wrapped(result)

        def __setitem__(self, index: Any, value: Any) -> None:
            plain, place = _plain(self), _plain(index)
            counter.count((index, value), plain[place])
            plain[place] = _plain(value)

        def astype(self, dtype: Any, **options: Any) -> Any:
            result = _plain(self).astype(dtype)
            counter.count(self, result)
            return wrapped(result)

        def dot(self, other: Any) -> Any:
            result = _plain(self).dot(_plain(other))
            counter.count((self, other), result)
            return wrapped(result)

        def copy(self, order: str = "C") -> Any:
            counter.count(self, self)
            return wrapped(_plain(self).copy())

    def counted(function: Any) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            result = function(*_plain(args), **{key: _plain(value) for key, value in named.items()})
            view = isinstance(result, np.ndarray) and any(np.shares_memory(x, result) for x in _arrays(args))
            into = any(named.get("out") is not None and np.shares_memory(result, x) for x in _arrays(named.get("out")))
            read = (args, tuple(value for key, value in named.items() if key != "out"))
            counter.count(None if view and not into else read, None if view and not into else result)
            return wrapped(result)

        return call

    names = {name: getattr(np, name) for name in dir(np)}
    functions = {name: counted(f) for name, f in names.items() if callable(f) and not isinstance(f, type)}
    functions["add"].at = lambda x, i, v: (
        counter.count((i, v, v, v), None),
        np.add.at(_plain(x), _plain(i), _plain(v)),
    )
    return Counted, types.SimpleNamespace(**{**names, **functions})


def _run(function: sb.CompiledFunction, seed: int = 0) -> Counter:
    counter = Counter()
    Counted, namespace = _counting(counter)
    rng = np.random.default_rng(seed)
    arguments = []
    for spec in function.signature:
        shape = tuple(SIZES[str(size)] for size in spec.shape)
        value = rng.integers(0, 3, shape) if spec.dtype == "int64" else rng.uniform(0.5, 1.0, shape)
        arguments.append(value.view(Counted) if shape else float(value))
    module: dict[str, Any] = {}
    exec(function.source, module)
    memory = next((name for name in module if name.endswith("_workspace")), None)
    work = (
        {}
        if memory is None
        else {"work": _counted(Counted, module[memory](*map(SIZES.get, _parameters(module[memory]))))}
    )
    module["np"] = namespace
    module[function.__name__](*arguments, **work)
    return counter


def _parameters(function: Any) -> tuple[str, ...]:
    return function.__code__.co_varnames[: function.__code__.co_argcount]


def _counted(Counted: Any, held: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(x.view(Counted) if isinstance(x, np.ndarray) else x for x in held)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("optimize", ["readable", "fast"])
def test_counts_are_those_of_a_run(formula, optimize):
    function = sb.compile_value_and_grad(formula, optimize=optimize)
    cost = function.cost()
    assert cost.of_function.unknown == ()
    value, numbers = cost.numbers(SIZES)
    ran = _run(function)
    assert (numbers.calls, numbers.moved) == (ran.calls, ran.moved), function.source
    assert value.calls == _run(function.value).calls
    assert numbers.transcendental > 0 or "exp" not in function.source


def test_scalars_call_no_numpy_and_a_table_has_every_count():
    cost = sb.compile_value_and_grad("sin(x)*exp(y)").cost()
    assert cost.of_function.calls == cost.of_function.moved == 0
    assert (cost.of_value.transcendental, cost.of_function.transcendental) == (2, 3)
    table = sb.compile_grad("X[n,d] w[d] -> sum(exp(X @ w))").cost().table({"n": 1000, "d": 10})
    for word in ("operations", "transcendental", "NumPy calls", "bytes moved", "bytes at once", "1,000"):
        assert word in table
