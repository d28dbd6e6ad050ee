"""``batch=`` of tangents, cotangents, products, Jacobians and Hessians: an example at a time, verified, saved."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from differences import body_of

import symbackprop as sb
from symbackprop.api import check_saved

RNG = np.random.default_rng(0)
LAYER = "x[d] A[k,d] -> tanh(A @ x)"
LOSS = "x[d] w[d] y -> (x @ w - y)**2"
X, A, W, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(2, 3)), RNG.normal(size=3), RNG.normal(size=4)

# what is compiled, its arguments, and which of these are batches along which axis
CASES: dict[str, tuple[Any, str, dict[str, int], tuple[Any, ...]]] = {
    "jacobian": (sb.compile_jacobian, LAYER, {"x": 0}, (X, A)),
    "jacobian along the last axis": (sb.compile_jacobian, LAYER, {"x": -1}, (X.T, A)),
    "jacobian of a sort": (sb.compile_jacobian, "x[d] w[d] -> sort(x * w)", {"x": 0}, (X, W)),
    "hessian": (sb.compile_hessian, LOSS, {"x": 0, "y": 0}, (X, W, Y)),
    "jvp": (sb.compile_jvp, LAYER, {"x": 0}, (X, A, RNG.normal(size=X.shape), A + 1)),
    "jvp along many directions": (sb.compile_jvp, LAYER, {"x_dot": 0}, (W, A, X, A + 1)),
    "vjp": (sb.compile_vjp, LAYER, {"x": 0}, (X, A, RNG.normal(size=(4, 2)))),
    "gnvp": (
        partial(sb.compile_gnvp, outputs="z"),
        "x[d] w[d] y -> z = x @ w; exp(y*z)",
        {"x": 0, "y": 0},
        (X, W, Y, X + 1, W - 1, Y * 2),
    ),
    "fvp": (
        partial(sb.compile_fvp, wrt="A", distribution="categorical"),
        "x[d] A[k,d] -> A @ x",
        {"x": 0},
        (X, A, A + 1),
    ),
    "hvp": (sb.compile_hvp, LOSS, {"x": 0, "y": 0}, (X, W, Y, X + 1, W - 1, Y * 2)),
}


def leaves(result: Any) -> list[np.ndarray]:
    """Return the arrays of nested tuples."""
    return [leaf for part in result for leaf in leaves(part)] if isinstance(result, tuple) else [np.asarray(result)]


@pytest.mark.parametrize("case", CASES)
def test_batches_are_stacks_of_single_calls(case: str, tmp_path: Path) -> None:
    compiler, text, batch, given = CASES[case]
    many, one = compiler(text, batch=batch), compiler(text)
    axes = {spec.name: batch.get(spec.name, batch.get(spec.of)) for spec in one.signature}
    axes |= {spec.name: 0 for spec in one.signature if spec.role == "cotangent"}
    names = [spec.name for spec in one.signature]
    examples = [
        [x if axes[name] is None else np.take(x, number, axis=axes[name]) for name, x in zip(names, given, strict=True)]
        for number in range(4)
    ]
    single = [leaves(one(*arguments)) for arguments in examples]
    for number, found in enumerate(leaves(many(*given))):
        np.testing.assert_allclose(found, np.stack([row[number] for row in single]), rtol=1e-12, atol=1e-14)
    assert "for " not in body_of(many)
    many.save(tmp_path / "many.py")
    check_saved(tmp_path / "many.py")
    assert pickle.loads(pickle.dumps(many)).source == many.source


@pytest.mark.parametrize("case", ["jacobian", "jvp along many directions", "vjp"])
def test_batches_of_derivatives_are_verified(case: str) -> None:
    compiler, text, batch, _ = CASES[case]
    report = compiler(text, batch=batch).verify(points=1, seconds=0.5)
    assert report, report


def test_the_value_of_many_directions_is_one() -> None:
    assert sb.compile_jvp(LAYER, batch={"x_dot": 0}).value(W, A).shape == (2,)


def test_a_tangent_that_there_is_not() -> None:
    with pytest.raises(sb.UnknownNameError, match="x_dot"):
        sb.compile_jvp(LAYER, batch={"x_dots": 0})
