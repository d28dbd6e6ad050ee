"""Indexing, making arrays, signals and polynomials, and derivatives that are chosen."""

from __future__ import annotations

from coverage_table.forms import Forms

__all__ = ["TABLE"]

TABLE: dict[str, Forms] = {}
TABLE["index"] = [
    ("x[1]", "x[4]"),
    ("x[-1, ::2]", "x[3,5]"),
    ("x[1:, None, ..., 0]", "x[n,2,d]"),
    ("x[::-1]", "x[n]"),
    ("x[k]", "x[4] k[5]:int"),
    ("x[k, m]", "x[4,4] k[5]:int m[5]:int"),
    ("x[k[:, None], m]", "x[4,4] k[2]:int m[5]:int"),
    ("x[0, :, k]", "x[2,3,4] k[5]:int"),
    ("x[m]", "x[n,d] m[n]:bool"),
    ("x[x > 0]", "x[n,d]"),
    ("x[[0, 2, 0]]", "x[4,d]"),
]
TABLE["take"] = [
    ("take(x, k)", "x[4] k[5]:int"),
    ("take(x, k, axis=1)", "x[n,4] k[2]:int"),
    ("x.take([0, 2], axis=0)", "x[4,d]"),
    ("take(x, k + 2, mode='clip')", "x[4] k[3]:int"),
    ("take(x, k - 7, axis=-1, mode='wrap')", "x[n,4] k[2]:int"),
]
TABLE["take_along_axis"] = [
    ("take_along_axis(x, k, axis=1)", "x[n,4] k[n,2]:int"),
    ("take_along_axis(x, k, axis=0)", "x[4,d] k[2,d]:int"),
    ("take_along_axis(x, k, axis=None)", "x[2,3] k[4]:int"),
]
TABLE["choose"] = [
    ("choose(k, [x, 2*x, y])", "x[n] y[n] k[n]:int"),
    ("choose(k, (x, y, x))", "x[n,d] y[d] k[n,d]:int"),
    ("choose(k + 5, [x, y], mode='clip')", "x[n] y[n] k[n]:int"),
]
TABLE["compress"] = [
    ("compress(m, x)", "x[n] m[n]:bool"),
    ("compress([True, False, True], x, axis=0)", "x[3,d]"),
    ("x.compress(m, axis=1)", "x[n,d] m[d]:bool"),
]
TABLE["write"] = [
    ("x[1:3] = y; x", "x[5] y[2]"),
    ("x[k] = y; x", "x[4] y[5] k[5]:int"),
    ("x[m] = a; x", "x[n,d] a m[n]:bool"),
    ("x[0, ::2] *= a; x", "x[3,5] a"),
    ("t = zeros(4); t[0] = a; t[1:] = y; t", "a y[3]"),
]
TABLE["add.at"] = [
    ("np.add.at(x, k, y)", "x[4] y[5] k[5]:int"),
    ("np.add.at(x, (k, m), 1.5)", "x[3,3] k[4]:int m[4]:int"),
    ("np.add.at(x, 0, y)", "x[3,d] y[d]"),
]

for word in ["array", "asarray"]:
    TABLE[word] = [
        (f"{word}([x, y, 1.5])", "x y"),
        (f"{word}([[x, y], [y, 2]])", "x y"),
        (f"{word}(x, dtype=float64)", "x[n]"),
    ]
TABLE["array"] += [("array(x, ndmin=3)", "x[n,d]")]
for word in ("zeros", "ones"):
    TABLE[word] = [
        (f"x + {word}(len(x))", "x[n]"),
        (f"{word}((2, 3)) * x", "x"),
        (f"{word}(3, dtype=int64)", "x"),
        (f"{word}(shape=x.shape, dtype=float64) - x", "x[n,d]"),
    ]
    TABLE[f"{word}_like"] = [
        (f"x + {word}_like(x)", "x[n]"),
        (f"{word}_like(x, shape=(2, 3)) * x[0]", "x[4]"),
        (f"{word}_like(x, dtype=int64) + x", "x[n,d]"),
    ]
TABLE["empty"] = [
    ("0 * empty(3) + x", "x"),
    ("0 * empty((2, 3)) + x", "x[3]"),
    ("0 * empty(len(x), dtype=float64) + x", "x[n]"),
]
TABLE["full"] = [("full(3, x)", "x"), ("full((2, 3), x)", "x[3]"), ("full(len(x), 2.5, dtype=float64) * x", "x[n]")]
TABLE["full_like"] = [
    ("full_like(x, 2.5) * x", "x[n]"),
    ("full_like(x, y)", "x[n,d] y[d]"),
    ("full_like(x, y, shape=(2,))", "x[n] y"),
]
TABLE["arange"] = [
    ("x * arange(len(x))", "x[n]"),
    ("x * arange(1, 4)", "x[3]"),
    ("x * arange(0, 1, 0.25)", "x[4]"),
    ("x * arange(4, dtype=float64)", "x[4]"),
]
TABLE["linspace"] = [
    ("linspace(x, y, 5)", "x y"),
    ("linspace(x, 2, num=4, endpoint=False)", "x[n]"),
    ("linspace(x, y, 3, axis=-1)", "x[n] y[n]"),
    ("linspace(0, x, 4, retstep=True)[1]", "x"),
]
TABLE["logspace"] = [
    ("logspace(x, y, 4)", "x y"),
    ("logspace(x, 1, 3, base=2.0)", "x[n]"),
    ("logspace(x, y, num=3, endpoint=False)", "x[n] y[n]"),
]
TABLE["geomspace"] = [
    ("geomspace(0.5 + x**2, 9, 4)", "x"),
    ("geomspace(1 + x**2, 0.5 + y**2, num=3)", "x[n] y[n]"),
    ("geomspace(0.5 + x**2, 8, 3, endpoint=False, axis=1)", "x[n]"),
]
TABLE["eye"] = [("eye(3) * x", "x[3]"), ("eye(2, 3, k=1) @ x", "x[3]"), ("eye(len(x), dtype=float64) + x", "x[n]")]
TABLE["identity"] = [
    ("identity(3) @ x", "x[3]"),
    ("identity(len(x)) * x", "x[n]"),
    ("identity(2, dtype=float64) + x", "x"),
]
TABLE["tri"] = [("tri(3) @ x", "x[3]"), ("tri(2, 3, k=-1) @ x", "x[3]"), ("tri(len(x), dtype=float64) * x", "x[n]")]
TABLE["astype"] = [
    ("x.astype(float64)", "x[n]"),
    ("(x > 0).astype(float) * x", "x[n,d]"),
    ("x.astype(int64) * x", "x[n]"),
    ("astype(x, float64)", "x[n]"),
]
TABLE["copy"] = [("copy(x)", "x[n]"), ("x.copy()", "x[n,d]"), ("x.copy(order='F') * 2", "x[n,d]")]

TABLE["convolve"] = [
    ("convolve(x, y)", "x[n] y[d]"),
    ("convolve(x, y, 'same')", "x[5] y[3]"),
    ("convolve(x, y, mode='valid')", "x[3] y[5]"),
    ("convolve([1.0, 2.0], y)", "y[n]"),
]
TABLE["correlate"] = [
    ("correlate(x, y)", "x[5] y[3]"),
    ("correlate(x, y, 'full')", "x[n] y[d]"),
    ("correlate(x, y, mode='same')", "x[2] y[5]"),
]
TABLE["polyval"] = [
    ("polyval(x, y)", "x[n] y[d]"),
    ("polyval(x, y)", "x[3] y"),
    ("polyval([x, 2.0, 1.0], y)", "x y[n,d]"),
]
TABLE["interp"] = [
    ("interp(x, [-1.0, 0.1, 2.0], y)", "x[n] y[3]"),
    ("interp(x, sort(z), y, left=0.5, right=a)", "x[n,d] z[4] y[4] a"),
    ("interp(x, z, y, period=1.5)", "x[n] z[4] y[4]"),
    ("interp(x, sort(z), y)", "x z[4] y[4]"),
]
TABLE["searchsorted"] = [
    ("y * searchsorted(sort(x), y)", "x[n] y[d]"),
    ("searchsorted(sort(x), y, side='right')", "x[n] y[2,d]"),
    ("searchsorted(x, y, sorter=argsort(x))", "x[n] y[d]"),
    ("sort(x).searchsorted(0.1)", "x[n]"),
]
TABLE["digitize"] = [
    ("x * digitize(x, [-0.5, 0.0, 0.5])", "x[n]"),
    ("digitize(x, array([0.5, 0.0]), right=True)", "x[n,d]"),
    ("digitize(x, sort(y))", "x[n] y[d]"),
]
TABLE["gradient"] = [
    ("gradient(x)", "x[n]"),
    ("gradient(x, 0.5, axis=0)", "x[n,d]"),
    ("gradient(x, cumsum(0.5 + y**2), edge_order=2)", "x[n] y[n]"),
    ("gradient(x, y, 2.0)[1]", "x[n,d] y"),
    ("gradient(x, axis=-1, edge_order=2)", "x[2,4]"),
]
TABLE["stop_gradient"] = [
    ("stop_gradient(x)", "x[n]"),
    ("stop_gradient(x**2) * x", "x[n,d]"),
    ("stop_gradient(x * y) + x", "x y[n]"),
]
TABLE["straight_through"] = [
    ("straight_through(round(x), x)", "x[n]"),
    ("straight_through(x > 0, expit(x)) * x", "x[n,d]"),
    ("straight_through(x, y)", "x[n] y"),
]
