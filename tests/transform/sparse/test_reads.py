"""Sparse derivatives for sizes that have names, of what is read in other ways than slice by slice, against dense ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import symbackprop as sb
from symbackprop.errors import SymbackpropError

SIZES = (0, 1, 2, 3, 4, 7)  # smaller than bands, as wide, odd and even
JACOBIANS = [
    ("x[n] -> roll(x, 1)*x - roll(x**2, -2)", "x"),
    ("X[n,3] -> roll(X, 1, axis=0)*X - roll(sin(X), (1, 1), axis=(0, 1))", "X"),
    ("x[n] -> x[::-1]*sin(x)", "x"),
    ("x[n] -> x[::2], x[1::3]**2, sin(x)[::-2]", "x"),
    ("x[n] e[m,2]:int -> x[e[:,0]] - x[e[:,1]]**2", "x"),
    ("X[n,3] e[m,2]:int -> sum(diff(sin(X)[e], axis=1)**2, axis=2)[:, 0]", "X"),
    ("x[n] i[m]:int j[k]:int -> exp(x[1:][i])*x[0], x[i][j]*x[j], roll(x, 1)[i]", "x"),
    ("X[n,3] e[m,2]:int -> X[e[:, 0], e[:, 1] % 3]**2", "X"),
    ("x[n] a -> x[0]*x - a*x[-1]", ("x", "a")),
    ("x[n] -> pad(x**2, 1)[2:] - pad(x, 1)[:-2][::-1]", "x"),
    ("X[n,3] -> sum(roll(X, 1, axis=0)[:, 1:]*X[:, ::-1][:, :2], axis=1)", "X"),
    ("x[n] a b -> concatenate([x[:1] - a, x[1:] - x[:-1]**2, x[-1:] - b])**2", ("x", "a", "b")),
    ("x[n] -> c = concatenate((x[:2]**2, x[2:]*x[:-2])); roll(c, 1) - c[::-1]*x", "x"),
    ("x[n] -> c = concatenate((sin(x), x[::2]**2)); c[1:]*c[:-1], c[::-2]*x[0]", "x"),
    ("x[n] -> reshape(stack((x, roll(x, 1)*x), axis=1), (-1,))**2, stack((x[0]*x, x[-1] - x))", "x"),
]
HESSIANS = [
    ("x[n] -> sum((roll(x, 1) - 2*x + roll(x, -1))**4)", "x"),
    ("x[n] -> sum(x[::-1]*x**2)", "x"),
    ("x[n] a -> sum((x[0] - a)**2*x**2)", ("x", "a")),
    ("x[n] e[m,2]:int -> sum(diff(x[e], axis=1)**4)", "x"),
    ("X[n,3] -> sum((roll(X, 1, axis=0) - X)[::2]**3)", "X"),
    (
        "x[n] a -> r = concatenate((x[:1] - a, x[1:] - x[:-1]**2)); r @ r + sum(ravel(stack((x, x[::-1]), axis=1))**3)",
        "x",
    ),
]


def arguments(compiled: sb.CompiledFunction, n: int) -> list[Any]:
    rng = np.random.default_rng(n)
    found: list[Any] = []
    for spec in compiled.signature:
        shape = tuple({"n": n, "m": 4, "k": 3}.get(str(size), size) for size in spec.shape or ())
        found.append(rng.integers(-3, 3, shape) if spec.dtype == "int64" else rng.uniform(0.1, 0.9, shape))
    return found


def blocks(result: Any) -> list[Any]:
    return [leaf for item in result for leaf in blocks(item)] if isinstance(result, tuple) else [result]


def assert_same(sparse: sb.CompiledFunction, dense: sb.CompiledFunction, n: int) -> None:
    """Both have the same entries, or both refuse the arguments."""
    given = arguments(sparse, n)
    try:
        wanted = dense(*given)
    except (SymbackpropError, IndexError) as error:
        with pytest.raises(type(error)):
            sparse(*given)
        return
    for found, full in zip(blocks(sparse(*given)), blocks(wanted), strict=True):
        assert found.has_canonical_format
        np.testing.assert_allclose(found.toarray(), np.reshape(full, found.shape), atol=1e-13)


@pytest.mark.parametrize(("text", "wrt"), JACOBIANS)
def test_jacobians(text: str, wrt: Any) -> None:
    sparse, dense = (sb.compile_jacobian(text, wrt=wrt, **form) for form in ({"sparse": True}, {}))
    assert not sparse.constants
    for n in SIZES:
        assert_same(sparse, dense, n)


@pytest.mark.parametrize(("text", "wrt"), HESSIANS)
def test_hessians(text: str, wrt: Any) -> None:
    sparse, dense = (sb.compile_hessian(text, wrt=wrt, **form) for form in ({"sparse": True}, {}))
    for n in SIZES:
        assert_same(sparse, dense, n)
