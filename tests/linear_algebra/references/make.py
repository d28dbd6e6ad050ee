"""Write gradients of linear algebra as autograd 1.9.1 finds them: an independent peer, stored so that tests need none.

Run with the extra ``bench``: ``python tests/linear_algebra/references/make.py``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import autograd
import autograd.numpy as np
import autograd.scipy.linalg as sl
import numpy

FUNCTIONS = {
    "sum(linalg.inv(A)**2)": lambda A: np.sum(np.linalg.inv(A) ** 2),
    "linalg.det(A)**2": lambda A: np.linalg.det(A) ** 2,
    "linalg.slogdet(A)[1]**2": lambda A: np.linalg.slogdet(A)[1] ** 2,
    "sum(linalg.solve(A, B)**2)": lambda A, B: np.sum(np.linalg.solve(A, B) ** 2),
    "sum(linalg.solve(AA, BB)**3)": lambda AA, BB: np.sum(np.linalg.solve(AA, BB) ** 3),
    "sum(linalg.cholesky(K)**3)": lambda K: np.sum(np.linalg.cholesky(K) ** 3),
    "sum(linalg.cholesky(KK)**3)": lambda KK: np.sum(np.linalg.cholesky(KK) ** 3),
    "sum(linalg.eigh(S)[0]**3)": lambda S: np.sum(np.linalg.eigh(S)[0] ** 3),
    "sum(linalg.eigh(SS)[0]**3)": lambda SS: np.sum(np.linalg.eigh(SS)[0] ** 3),
    "sum(linalg.svd(X, full_matrices=False)[0]**4)": lambda X: np.sum(np.linalg.svd(X, full_matrices=False)[0] ** 4),
    "sum(linalg.svd(X, full_matrices=False)[2]**4)": lambda X: np.sum(np.linalg.svd(X, full_matrices=False)[2] ** 4),
    "sum(linalg.svd(XX, compute_uv=False)**3)": lambda XX: np.sum(np.linalg.svd(XX, compute_uv=False) ** 3),
    "sum(linalg.pinv(X)**3)": lambda X: np.sum(np.linalg.pinv(X) ** 3),
    "linalg.norm(X, 'nuc')": lambda X: np.linalg.norm(X, "nuc"),
    "sum(scipy.linalg.solve_triangular(A, B, lower=True)**2)": lambda A, B: np.sum(
        sl.solve_triangular(A, B, lower=True) ** 2
    ),
    "sum(scipy.linalg.solve_triangular(A, B, trans='T')**2)": lambda A, B: np.sum(
        sl.solve_triangular(A, B, trans="T") ** 2
    ),
    "sum(scipy.linalg.sqrtm(N)**3)": lambda N: np.sum(sl.sqrtm(N) ** 3),
    "sum(scipy.linalg.solve_sylvester(A, D, B)**2)": lambda A, D, B: np.sum(sl.solve_sylvester(A, D, B) ** 2),
    "0.5*b @ linalg.solve(K, b) + sum(log(diag(linalg.cholesky(K))))": lambda K, b: (
        0.5 * b @ np.linalg.solve(K, b) + np.sum(np.log(np.diag(np.linalg.cholesky(K))))
    ),
}


def main() -> None:
    """Draw inputs, differentiate, write."""
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from linear_algebra_cases import drawn

    found: dict[str, Any] = {}
    for number, (formula, function) in enumerate(FUNCTIONS.items()):
        rng = numpy.random.default_rng(number)
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        values = {name: drawn(name, rng) for name in names}
        gradients = autograd.grad(function, tuple(range(len(names))))(*values.values())
        found[formula] = {
            "inputs": {name: array.tolist() for name, array in values.items()},
            "gradients": {name: numpy.real(g).tolist() for name, g in zip(names, gradients, strict=True)},
        }
    rows = [f" {json.dumps(formula)}: {json.dumps(row)}" for formula, row in found.items()]
    text = "{\n" + ",\n".join(rows) + "\n}\n"
    Path(__file__).with_name("autograd.json").write_text(text)


if __name__ == "__main__":
    main()
