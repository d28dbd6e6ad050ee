"""Reductions and products of arrays."""

from __future__ import annotations

from coverage_table.forms import Forms, over_axes, reduction

__all__ = ["TABLE"]

TABLE: dict[str, Forms] = {}
for word in ["sum", "prod"]:
    TABLE[word] = over_axes(
        word,
        f"{word}(x, 0, where=x > 0, initial=2.0)",
        f"{word}(x, axis=1, dtype=float64)",
        f"x.{word}(axis=-1, keepdims=True)",
        f"x.{word}()",
    )
TABLE["nansum"] = over_axes("nansum", "nansum(x, axis=0, initial=1.0, where=x > 0)")
TABLE["mean"] = over_axes("mean", "mean(x, axis=1, where=x > -9, keepdims=True)", "x.mean(0)")
for word in ["var", "std"]:
    TABLE[word] = over_axes(
        word, f"{word}(x, axis=0, ddof=1)", f"{word}(x, correction=1)", f"x.{word}(axis=1)", f"{word}(x, where=x > -9)"
    )
for word in ["max", "min", "amax", "amin"]:
    TABLE[word] = over_axes(
        word, f"{word}(x, axis=0, initial=0.5, where=x < 1)", f"{word}(x, initial=0.25)", f"{word}(a=x, axis=1)"
    )
TABLE["max"] += [("x.max(axis=0)", "x[n,d]")]
TABLE["ptp"] = reduction("ptp", "ptp(x, 0)")
TABLE["median"] = over_axes("median", "median(x, 1)")
for word in ["any", "all"]:
    TABLE[word] = [
        (f"x * {word}(x > 0)", "x[n]"),
        (f"x * {word}(x > 0, axis=0)", "x[n,d]"),
        (f"x * {word}(x > 0, axis=(0, -1), keepdims=True)", "x[2,n,d]"),
        (f"{word}(x, axis=1, where=x > 0)", "x[n,d]"),
        (f"(x > 0).{word}(axis=0)", "x[n,d]"),
    ]
for word in ["argmax", "argmin"]:
    TABLE[word] = [
        (f"{word}(x)", "x[n]"),
        (f"{word}(x, axis=0) * y", "x[n,d] y"),
        (f"x * {word}(x, axis=-1, keepdims=True)", "x[n,d]"),
        (f"x[x.{word}()]", "x[n]"),
    ]
TABLE["count_nonzero"] = [
    ("x * count_nonzero(x)", "x[n]"),
    ("count_nonzero(x > 0, axis=0)", "x[n,d]"),
    ("count_nonzero(x > 0, axis=(0, 1), keepdims=True) * x", "x[n,d]"),
]
for word in ["cumsum", "cumprod", "cummax"]:
    TABLE[word] = [
        (f"{word}(x)", "x[n]"),
        (f"{word}(x)", "x[n,d]"),
        (f"{word}(x, axis=0)", "x[n,d]"),
        (f"{word}(x, axis=-1)", "x[n,d]"),
    ]
TABLE["cumsum"] += [("x.cumsum(axis=1)", "x[n,d]"), ("cumsum(x, 0, dtype=float64)", "x[n]")]
TABLE["cummax"] += [("np.maximum.accumulate(x, axis=1)", "x[n,d]")]
TABLE["diff"] = [
    ("diff(x)", "x[n]"),
    ("diff(x, n=2, axis=0)", "x[n,d]"),
    ("diff(x, prepend=0.0, append=y)", "x[n] y[d]"),
    ("diff(x, 0)", "x[n]"),
]
TABLE["trapezoid"] = [
    ("trapezoid(x)", "x[n]"),
    ("trapezoid(x, dx=0.5, axis=0)", "x[n,d]"),
    ("trapezoid(x, y)", "x[n,d] y[d]"),
    ("trapezoid(x, y, axis=0)", "x[n,d] y[n,d]"),
]
TABLE["linalg.norm"] = [
    ("linalg.norm(x)", "x[n]"),
    ("linalg.norm(x, axis=0)", "x[n,d]"),
    ("linalg.norm(x, 1, axis=-1, keepdims=True)", "x[n,d]"),
    ("linalg.norm(x, inf)", "x[n]"),
    ("linalg.norm(x, -inf, axis=1)", "x[n,d]"),
    ("linalg.norm(x, 3)", "x[n]"),
    ("linalg.norm(x, 'fro')", "x[n,d]"),
    ("linalg.norm(x, 'nuc')", "x[n,d]"),
    ("linalg.norm(x, 2)", "x[n,d]"),
    ("linalg.norm(x, 1, axis=(0, 2))", "x[2,n,d]"),
]
TABLE["average"] = [
    ("average(x)", "x[n]"),
    ("average(x, axis=0)", "x[n,d]"),
    ("average(x, axis=1, weights=1 + y**2)", "x[n,d] y[d]"),
    ("average(x, weights=exp(y))", "x[n,d] y[n,d]"),
    ("average(x, axis=1, weights=exp(y), returned=True)[1]", "x[n,d] y[d]"),
]
TABLE["cov"] = [
    ("cov(x)", "x[n,4]"),
    ("cov(x, rowvar=False, ddof=0)", "x[n,d]"),
    ("cov(x, y, bias=True)", "x[n] y[n]"),
    ("cov(x, aweights=exp(y))", "x[n,4] y[4]"),
]
TABLE["corrcoef"] = [
    ("corrcoef(x)", "x[2,4]"),
    ("corrcoef(x, rowvar=False)", "x[4,2]"),
    ("corrcoef(x, y)", "x[4] y[4]"),
]

TABLE["dot"] = [
    ("dot(x, y)", "x[n] y[n]"),
    ("dot(x, y)", "x[n,d] y[d]"),
    ("dot(x, y)", "x[n,d] y[2,d,n]"),
    ("x.dot(y)", "x[n,d] y[d,2]"),
    ("dot(x, 2.0)", "x[n]"),
]
TABLE["vdot"] = [("vdot(x, y)", "x[n] y[n]"), ("vdot(x, y)", "x[n,d] y[n,d]"), ("vdot(x, y)", "x[2,3] y[6]")]
TABLE["inner"] = [("inner(x, y)", "x[n] y[n]"), ("inner(x, y)", "x[n,d] y[2,d]"), ("inner(x, 3.0)", "x[n]")]
TABLE["outer"] = [
    ("outer(x, y)", "x[n] y[d]"),
    ("outer(x, y)", "x[n,d] y[2]"),
    ("np.multiply.outer(x, y)", "x[n] y[d]"),
]
TABLE["matmul"] = [
    ("matmul(x, y)", "x[n,d] y[d,2]"),
    ("x @ y", "x[2,n,d] y[d,n]"),
    ("x @ y", "x[n] y[2,n,d]"),
    ("x @ y", "x[n,d] y[d]"),
]
TABLE["tensordot"] = [
    ("tensordot(x, y, 1)", "x[n,d] y[d,2]"),
    ("tensordot(x, y)", "x[2,n,d] y[n,d]"),
    ("tensordot(x, y, axes=([0, 1], [1, 0]))", "x[n,d] y[d,n]"),
    ("tensordot(x, y, axes=0)", "x[n] y[d]"),
]
TABLE["einsum"] = [
    ("einsum('ij,jk->ik', x, y)", "x[n,d] y[d,2]"),
    ("einsum('ij,jk', x, y)", "x[n,d] y[d,2]"),
    ("einsum('...i,...i->...', x, y)", "x[2,n,d] y[n,d]"),
    ("einsum('ii->i', x)", "x[n,n]"),
    ("einsum('ij,i,j', x, y, z)", "x[n,d] y[n] z[d]"),
    ("einsum(x, [0, 1], y, [1, 2], [2, 0])", "x[n,d] y[d,2]"),
]
TABLE["kron"] = [("kron(x, y)", "x[2,3] y[3,2]"), ("kron(x, y)", "x[n] y[d]"), ("kron(x, y)", "x[n,d] y[2]")]
TABLE["cross"] = [
    ("cross(x, y)", "x[3] y[3]"),
    ("cross(x, y, axis=0)", "x[3,n] y[3,n]"),
    ("cross(x, y, axisb=0)", "x[n,3] y[3,n]"),
]
TABLE["trace"] = [
    ("trace(x)", "x[n,n]"),
    ("trace(x, offset=1)", "x[3,4]"),
    ("trace(x, 0, 1, 2)", "x[2,n,n]"),
    ("x.trace()", "x[n,d]"),
]
TABLE["linalg.multi_dot"] = [
    ("linalg.multi_dot([x, y])", "x[n,d] y[d,2]"),
    ("linalg.multi_dot([x, y, z])", "x[n,d] y[d,2] z[2]"),
    ("linalg.multi_dot([z, x, y])", "x[n,d] y[d,2] z[n]"),
]
TABLE["linalg.matrix_power"] = [
    ("linalg.matrix_power(x, 3)", "x[n,n]"),
    ("linalg.matrix_power(x, 0) * y", "x[n,n] y"),
    ("linalg.matrix_power(x, 2)", "x[2,n,n]"),
    ("linalg.matrix_power(x + 3*eye(2), -2)", "x[2,2]"),
]
TABLE["vecdot"] = [
    ("vecdot(x, y)", "x[n] y[n]"),
    ("vecdot(x, y, axis=0)", "x[n,d] y[n,d]"),
    ("vecdot(x, y)", "x[n,d] y[d]"),
]
TABLE["matvec"] = [
    ("matvec(x, y)", "x[n,d] y[d]"),
    ("matvec(x, y)", "x[2,n,d] y[d]"),
    ("matvec(x, y)", "x[2,n,d] y[2,d]"),
]
