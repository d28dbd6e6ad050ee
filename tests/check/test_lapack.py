"""What stands for functions of LAPACK in verification gives what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import lapack

from symbackprop.check.elements import Digits
from symbackprop.check.vocabulary import vocabulary

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
B = RNG.normal(size=(3, 2))


@pytest.mark.parametrize("precision", ["d", "s"])
@pytest.mark.parametrize(
    ("name", "args", "named"),
    [
        ("potrf", (A @ A.T,), {}),
        ("potrf", (np.tril(A @ A.T),), {"lower": True}),
        ("potri", (A,), {}),
        ("potri", (A,), {"lower": True}),
        ("potrs", (A, B), {}),
        ("potrs", (A, B[:, 0]), {"lower": True}),
        ("trtri", (A,), {}),
        ("trtri", (A,), {"lower": True}),
        ("trtrs", (A, B), {}),
        ("trtrs", (A, B[:, 0]), {"lower": True, "trans": True}),
        ("trtrs", (A, B), {"trans": True, "unitdiag": True}),
    ],
)
def test_function(precision: str, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> None:
    words = vocabulary(Digits)
    lifted = [np.frompyfunc(words.lifted, 1, 1)(x) for x in args]
    found, failed = getattr(words.linalg.lapack, precision + name)(*lifted, **named)
    wanted, has_failed = getattr(lapack, precision + name)(*args, **named)
    assert failed == has_failed == 0
    floats = np.vectorize(lambda x: float(x.value), otypes=[float])(found + 0 * lifted[-1])
    np.testing.assert_allclose(
        floats, wanted, rtol=1e-4 if precision == "s" else 1e-12, atol=1e-6 if precision == "s" else 1e-13
    )


def test_a_function_that_is_not_there_is_named() -> None:
    with pytest.raises(AttributeError, match=r"no word 'linalg.lapack.dgesv'"):
        vocabulary(Digits).linalg.lapack.dgesv(A, A)
