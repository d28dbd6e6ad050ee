"""Functions written in NumPy: ours against a gradient by hand and against autograd on the same function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

try:  # an optional peer: pip install 'symbackprop[bench]'
    import autograd
    import autograd.numpy
    import autograd.scipy.linalg
    import autograd.scipy.special
except ImportError:
    autograd = None

import symbackprop as sb
from benchmarks import by_hand_functions
from benchmarks.row import Row
from benchmarks.timing import interleaved, once
from examples.functions import cox, gaussian_process, masked_factors, mixture, multinomial, nmf, student_t, tsne
from symbackprop.read.from_numpy.trace import trace_function

__all__ = ["FUNCTIONS", "WORKLOADS", "agree", "compiled"]

Arguments = tuple[Mapping[str, Any], tuple[Any, ...]]  # the parameters, and the data


def of_multinomial(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    params = {"W": 0.1 * rng.normal(size=(64, 10)), "b": 0.1 * rng.normal(size=10)}
    return params, (rng.normal(size=(size, 64)), rng.integers(0, 10, size), 1.0)


def of_cox(size: int) -> Arguments:
    beta = 0.2 * np.random.default_rng(1).normal(size=20)
    return {"beta": beta}, cox.simulated(10 * size, beta + 0.1)


def of_student_t(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10 * size, 20))
    params = {"w": rng.normal(size=20), "b": 0.2, "log_scale": 0.3, "log_dof": 1.2}
    return params, (X, X @ rng.normal(size=20) + rng.standard_t(3, size=10 * size))


def of_tsne(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    count = size // 2
    P = rng.exponential(size=(count, count))
    np.fill_diagonal(P, 0.0)
    return {"Y": rng.normal(size=(count, 2))}, ((P + P.T) / (P + P.T).sum(),)


def of_nmf(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {"W": rng.uniform(size=(size, 16)), "H": rng.uniform(size=(16, 64))}, (rng.uniform(size=(size, 64)),)


def of_masked_factors(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    params = {"U": rng.normal(size=(size, 10)), "V": rng.normal(size=(100, 10))}
    return params, (rng.normal(size=(size, 100)), rng.random((size, 100)) < 0.3, 0.1)


def of_gaussian_process(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(size // 5, 5))
    params = {"log_variance": 0.1, "log_lengths": 0.3 + 0.1 * rng.normal(size=5), "log_noise": -1.0}
    return params, (X, np.sin(X[:, 0]) + 0.3 * rng.normal(size=len(X)))


def of_mixture(size: int) -> Arguments:
    rng = np.random.default_rng(0)
    params = {
        "logits": rng.normal(size=3),
        "means": rng.normal(size=(3, 8)),
        "log_diagonals": 0.1 * rng.normal(size=(3, 8)),
        "below": 0.1 * rng.normal(size=(3, 8, 8)),
    }
    return params, (rng.normal(size=(2 * size, 8)),)


WORKLOADS: dict[str, tuple[ModuleType, Callable[[int], Arguments]]] = {
    "multinomial": (multinomial, of_multinomial),
    "cox": (cox, of_cox),
    "student_t": (student_t, of_student_t),
    "tsne": (tsne, of_tsne),
    "nmf": (nmf, of_nmf),
    "masked_factors": (masked_factors, of_masked_factors),
    "gaussian_process": (gaussian_process, of_gaussian_process),
    "mixture": (mixture, of_mixture),
}


def compiled(name: str) -> sb.CompiledFunction:
    """Return value and gradient of a workload, compiled."""
    module, _ = WORKLOADS[name]
    return sb.compile_value_and_grad(module.loss, inputs=module.INPUTS, wrt="params")


def for_autograd(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function with autograd's NumPy and SciPy behind its names."""
    assert isinstance(function, FunctionType)
    found = dict(function.__globals__)
    for name, known in found.items():
        if isinstance(known, FunctionType) and known.__module__ == function.__module__:
            found[name] = FunctionType(known.__code__, found)
    for module in (autograd.scipy.special, autograd.scipy.linalg):
        found.update({name: getattr(module, name) for name in found if hasattr(module, name) and name[0] != "_"})
    found.update(np=autograd.numpy, cho_solve=_cho_solve, xlogy=by_hand_functions.xlogy)  # which is of constants here
    return FunctionType(function.__code__, found)


def _cho_solve(factor: tuple[Any, bool], b: Any) -> Any:
    """Solve with a Cholesky factor, for which autograd has no function."""
    L, lower = factor
    solve = autograd.scipy.linalg.solve_triangular
    return solve(L, solve(L, b, lower=lower), trans="T", lower=lower)


def agree(one: tuple[Any, Mapping[str, Any]], other: tuple[Any, Mapping[str, Any]]) -> None:
    """Compare values and gradients."""
    np.testing.assert_allclose(one[0], other[0], rtol=1e-9)
    assert list(one[1]) == list(other[1])
    for name, array in one[1].items():
        np.testing.assert_allclose(other[1][name], array, rtol=1e-8, atol=1e-10 * np.max(np.abs(array)), err_msg=name)


def functions(quick: bool) -> list[Row]:
    return [row for name in WORKLOADS for row in _rows(name, quick)]


def _rows(name: str, quick: bool) -> list[Row]:
    module, arguments = WORKLOADS[name]
    params, data = arguments(500 if quick else 2000)
    works = {"ours": compiled(name), "hand": getattr(by_hand_functions, name)}
    if autograd is not None:
        works["autograd"] = autograd.value_and_grad(for_autograd(module.loss))
    ours = works["ours"](params, *data)
    for work in works.values():
        agree(ours, work(params, *data))
    times = interleaved({who: partial(work, params, *data) for who, work in works.items()}, rounds=40 if quick else 80)
    ratio = times["ours"] / times["hand"]
    rows = [Row(f"{name.replace('_', ' ')}: ours / by hand", f"{ratio:.2f}", "1.5", ratio <= 1.5)]
    if "autograd" in times:
        against = times["ours"] / times["autograd"]
        rows.append(Row("  ours / autograd", f"{against:.2f}", "1.0", against < 1.0))
    return rows


def tracing(quick: bool) -> list[Row]:
    """Time what a function costs beyond the text that it becomes."""
    count = 3_000 if quick else 30_000
    x = np.array([0.3, 1.2])

    def loop(x):
        for _ in range(count):
            x = np.sin(x * x + 0.1)
        return x.sum()

    traced = trace_function(loop, {"x": "k"})
    text = min(once(partial(sb.compile_value, traced.text, inputs=traced.inputs)) for _ in range(3))
    whole = min(once(partial(sb.compile_value, loop, inputs={"x": "k"})) for _ in range(3))
    np.testing.assert_allclose(sb.compile_value(traced.text, inputs=traced.inputs)(x), loop(x))
    each = (whole - text) / (3 * count)
    calls = f"tracing {3 * count:,} calls of NumPy, each beyond its text"
    return [Row(calls, f"{1e6 * each:.0f} us", "150 us", each < 150e-6)]


FUNCTIONS = {"functions": functions, "tracing": tracing}
