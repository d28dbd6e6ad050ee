"""Formulas that between them use every word of the vocabulary, with the shapes of their inputs."""

from __future__ import annotations

M = "X[3,4]"
V = "x[5]"

ELEMENTWISE = (
    [
        f"{V} -> sum({f}(x))"
        for f in [
            "abs",
            "absolute",
            "fabs",
            "negative",
            "positive",
            "sign",
            "cbrt",
            "square",
            "reciprocal",
            "exp",
            "exp2",
            "expm1",
            "sin",
            "cos",
            "tan",
            "arctan",
            "sinh",
            "cosh",
            "tanh",
            "arcsinh",
            "sinc",
            "deg2rad",
            "rad2deg",
            "degrees",
            "radians",
            "floor",
            "ceil",
            "trunc",
            "rint",
            "round",
            "nan_to_num",
            "heaviside",
            "relu",
            "erf",
            "erfc",
            "expit",
            "sigmoid",
            "softplus",
            "log_expit",
            "atan",
            "asinh",
        ]
    ]
    + [
        f"{V} -> sum({f}(0.1 + 0.8*expit(x)))"
        for f in [
            "sqrt",
            "log",
            "log2",
            "log10",
            "log1p",
            "arcsin",
            "arccos",
            "arctanh",
            "logit",
            "gammaln",
            "loggamma",
            "digamma",
            "entr",
            "asin",
            "acos",
            "atanh",
        ]
    ]
    + [f"{V} -> sum(arccosh(1.5 + x**2))", f"{V} -> sum(polygamma(1, 1 + x**2))", f"{V} -> sum(round(x, 1))"]
)

PAIRS = (
    [
        f"{V} y[5] -> sum({f}(x, y))"
        for f in [
            "add",
            "subtract",
            "multiply",
            "maximum",
            "minimum",
            "fmax",
            "fmin",
            "hypot",
            "arctan2",
            "logaddexp",
            "logaddexp2",
            "copysign",
            "atan2",
            "heaviside",
        ]
    ]
    + [
        f"{V} y[5] -> sum({f}(x, 1.5 + y**2))"
        for f in ["divide", "true_divide", "mod", "remainder", "fmod", "floor_divide", "xlogy", "xlog1py"]
    ]
    + [
        f"{V} y[5] -> sum(power(1 + x**2, y))",
        f"{V} y[5] -> sum((1 + x**2)**y)",
        f"{V} -> sum(x**3 + x**-2 + (1 + x*x)**0.5 + (1 + x*x)**-0.5 + (1 + x*x)**1.7 + x**0)",
        f"{V} y -> sum((x + y)**4)",
        f"{V} -> sum(2**x + x // 0.3 + x % 0.7)",
        f"{V} y[5] -> sum(log(1 + x**2, 2) * y)",
    ]
)

LOGIC = [
    f"{V} y[5] -> sum(where(x > y, x*y, x - y))",
    f"{V} y[5] -> sum(x if x > y else x*y)",
    f"{V} -> sum(where((x > 0) & (x < 1) | ~(x > -1), x**2, 3*x))",
    f"{V} -> sum(where(logical_and(x > 0, logical_not(x > 1)), x**2, 3*x))",
    f"{V} -> sum((x > 0) * x**2)",
    f"{V} -> sum(x**2 if 0 < x < 1 else -x if not x > 0 and x > -5 or x == 100 else 2*x)",
    f"{V} -> sum(where(isnan(x), 0, x) + where(isfinite(x), x, 0) + where(isinf(x), 0, x))",
    f"{V} -> sum(select([x > 1, x > 0], [x, x**2], 3*x))",
    f"{V} -> sum(piecewise(x, [x > 1, x > 0], [x, x**2, 3*x]))",
    f"{V} -> sum(clip(x, -0.5, 0.5)) + sum(x.clip(0, None))",
    f"{V} -> sum(where(x > 0, log(x), 0))",
    f"{V} -> sum(where(x > 0, sqrt(x)*log(x), x))",
    f"{V} y[5] -> sum(where(greater(x, y), less_equal(x, y) * x, not_equal(x, y) * y))",
]

STABLE = [
    f"{V} -> sum(log(1 + exp(x)))",
    f"{V} -> log(sum(exp(x)))",
    f"{V} -> sum(exp(x) - 1) + sum(1 - exp(x**2))",
    f"{V} -> sum(1 / (1 + exp(-x)))",
    f"{V} -> sum((exp(x) / sum(exp(x)))**2)",
    f"{V} y[5] -> -sum(y * log(softmax(x)))",
    f"{V} -> sum(1 - cos(x))",
    f"{V} y[5] -> sum(sqrt(x**2 + y**2))",
    f"{V} -> sum((1 + x**2) * log(1 + x**2))",
    f"{M} -> sum(log(sum(exp(X), axis=1))**2)",
    f"{V} y[5] -> sum(log(exp(x) + exp(y)))",
    f"{V} -> sum(log(expit(x)))",
]

REDUCTIONS = (
    [
        f"{M} -> sum(cos({f}(X)))"
        for f in [
            "sum",
            "mean",
            "prod",
            "max",
            "min",
            "amax",
            "amin",
            "ptp",
            "var",
            "std",
            "logsumexp",
            "median",
            "average",
        ]
    ]
    + [
        f"{M} -> sum(sin({f}(X, axis={axis})))"
        for f in [
            "sum",
            "mean",
            "prod",
            "max",
            "min",
            "ptp",
            "var",
            "std",
            "logsumexp",
            "median",
            "cumsum",
            "cumprod",
            "sort",
            "linalg.norm",
        ]
        for axis in (0, -1)
    ]
    + [
        f"{M} -> sum(X * {f}(X, axis=1, keepdims=True))"
        for f in ["sum", "mean", "prod", "max", "min", "var", "std", "logsumexp"]
    ]
    + [f"{M} -> sum(X.{f}(axis=0)**2)" for f in ["sum", "mean", "prod", "max", "min", "var", "std"]]
    + [
        f"{M} -> sum(X, axis=(0, 1)) + X.sum() + X.mean()",
        "X[2,3,4] -> sum(sum(X, axis=(0, 2))**2) + sum(mean(X, axis=(0, -1))**2)",
        f"{M} -> sum(var(X, axis=0, ddof=1)**2) + std(X, ddof=1)",
        f"{M} -> sum(X, initial=3, where=X > 0) * prod(X, where=X > 0) * max(X, initial=0)",
        f"{M} w[4] -> sum(average(X, axis=1, weights=w**2)**2)",
        f"{M} -> sum(softmax(X, axis=1)**2) + sum(log_softmax(X, axis=0)**2)",
        f"{V} -> sum(softmax(x)**2) + sum(log_softmax(x)**3)",
        f"{M} -> sum(logsumexp(X, axis=1, b=2)**2)",
        f"{M} -> linalg.norm(X) + linalg.norm(X, 'fro') + linalg.norm(X, 1) + linalg.norm(X, inf)",
        f"{V} -> linalg.norm(x) + linalg.norm(x, 1) + linalg.norm(x, 3) + linalg.norm(x, inf) + linalg.norm(x, -inf)",
        f"{M} -> sum(diff(X, axis=0)**2) + sum(diff(X, n=2)**2)",
        f"{V} y[5] -> trapezoid(x, y) + trapezoid(x**2, dx=0.3)",
        f"{M} -> sum(cov(X)**2) + sum(corrcoef(X)**3)",
        f"{V} -> sum(nansum(x) * x) + count_nonzero(x) * sum(x)",
        f"{M} -> sum(X * any(X > 1)) + sum(X * all(X > -9, axis=0)) + sum(X * argmax(X)) + sum(X * argmin(X, axis=1, keepdims=True))",
        f"{V} -> sum(x) / len(x) + x.size * x[0] + x.ndim * x[1] + x.shape[0] * x[2]",
        f"{V} -> sum(cumsum(x) * x) + sum(cumprod(x)**2) + sum(x.cumsum()**2)",
        f"{V} -> sum(sort(x) * cumsum(x)) + median(x)**2",
        "x[n] y[n] -> median(x)**2 + sum(cov(x, y)**3)",
        "X[n,d] -> sum(median(X, axis=0)**2) + sum(compress([True, False, True], X, axis=0)**2)",
        f"{M} -> sum(msort(X) * X) + sum(partition(X, 1)[:, 1]**2)",
        f"{V} -> sum(cummax(x) * x)",
    ]
)

CONTRACTIONS = [
    "A[3,4] B[4,2] -> sum(sin(A @ B))",
    "A[3,4] x[4] -> sum(sin(A @ x))",
    "A[3,4] x[3] -> sum(sin(x @ A))",
    "x[4] y[4] -> sin(x @ y)",
    "A[2,3,4] B[2,4,5] -> sum(sin(A @ B))",
    "A[2,3,4] B[4,5] -> sum(sin(A @ B))",
    "A[3,4] B[2,4,5] -> sum(sin(A @ B))",
    "A[2,3,4] x[4] -> sum(sin(A @ x))",
    "x[3] A[2,3,4] -> sum(sin(x @ A))",
    "A[3,4] B[4,2] -> sum(sin(dot(A, B))) + sum(A.dot(B)**2)",
    "A[2,3,4] B[5,4,2] -> sum(sin(dot(A, B)))",
    "A[3,4] B[2,4] -> sum(sin(inner(A, B)))",
    "x[3] y[4] -> sum(sin(outer(x, y)))",
    "A[3,4] B[3,4] -> vdot(A, B)**2 + vdot(A, 2*A)",
    "A[2,3,4] B[4,3,2] -> sum(sin(tensordot(A, B, axes=([1, 2], [1, 0])))) + tensordot(A, A, 3)",
    "A[3,4] B[4,2] -> sum(sin(tensordot(A, B, 1))) + sum(tensordot(A, B, 0)**2)",
    "A[3,4] B[4,2] C[2,3] -> einsum('ij,jk,ki->', A, B, C)",
    "A[3,4] B[4,2] C[2,3] -> sum(einsum('ij,jk,kl->il', A, B, C)**2)",
    "A[3,3] -> einsum('ii', A)**2 + sum(einsum('ii->i', A)**2) + sum(einsum('ij->ji', A) * A)",
    "A[2,3,4] B[2,4,5] -> sum(einsum('...ij,...jk->...ik', A, B)**2)",
    "A[3,4] B[3,4] -> sum(einsum('ij,ij->j', A, B)**2) + sum(einsum('ij,ij->i', A, B)**2)",
    "A[3,4] x[4] y[3] -> einsum('ij,j,i', A, x, y)",
    "A[2,3] B[4,5] -> sum(sin(kron(A, B)))",
    "a[3] b[3] -> sum(cross(a, b)**2)",
    "A[3,3] -> trace(A @ A) + trace(A, offset=1)**2 + A.trace()",
    "A[3,4] B[4,2] x[2] -> sum(linalg.multi_dot([A, B, x])**2) + sum(linalg.multi_dot([A, B])**2)",
    "A[3,3] -> sum(linalg.matrix_power(A, 3)) + sum(linalg.matrix_power(A, 0) * A)",
    "A[3,4] B[3,4] -> sum(vecdot(A, B)**2)",
    "A[3,4] x[4] -> sum(matvec(A, x)**2)",
    "A[3,4] B[3,4] -> sum(A * B) + sum((A * B).T @ A)",
    "A[3,4] x[4] y[3] -> sum((A * x)**2) + sum(A * y[:, None], axis=0) @ x + sum(A * x, axis=1) @ y",
    "A[4,3] B[4,2] -> sum((A.T @ B)**2) + sum((B.T @ A)**3)",
    "A[3,4] B[2,4] -> sum((A @ B.T)**2)",
    "X[n,d] w[d] b y[n] -> mean((X @ w + b - y)**2)",
]

LAYOUT = [
    "X[3,4] -> sum(sin(reshape(X, (2, 6)))) + sum(X.reshape(4, -1) @ X) + sum(X.ravel() * X.flatten())",
    "X[2,3,4] -> sum(sin(transpose(X, (2, 0, 1)))) + sum(X.T**2) + sum(X.mT**3) + sum(X.transpose(1, 0, 2)**2)",
    "X[2,3,4] -> sum(swapaxes(X, 0, 2)**3) + sum(moveaxis(X, 0, -1)**2) + sum(rollaxis(X, 2)**3)",
    "x[4] -> sum(expand_dims(x, 0) * x[:, None]) + sum(squeeze(x[None, :])**2) + sum(squeeze(x[:, None], axis=1)**3)",
    "x[4] -> sum(broadcast_to(x, (3, 4))**2) + sum(atleast_2d(x)**2) + sum(atleast_1d(x)**2) + sum(atleast_3d(x)**2)",
    "x[4] y[3,4] -> sum(concatenate([x, y[0]])**2) + sum(concatenate([y, y * 2], axis=1)**2)",
    "x[4] y[4] -> sum(stack([x, y])**2 @ x) + sum(stack([x, y], axis=1)**3) + sum(vstack([x, y])**2) + sum(hstack([x, y])**3)",
    "x[4] y[4] -> sum(dstack([x, y])**2) + sum(column_stack([x, y])**3)",
    "X[4,6] -> sum(split(X, 2)[0]**2) + sum(split(X, 3, axis=1)[1]**3) + sum(array_split(X, 4, axis=1)[0]**2)",
    "X[4,6] -> sum(hsplit(X, 2)[0] * hsplit(X, 2)[1]) + sum(vsplit(X, [1, 3])[1]**2) + sum(unstack(X)[2]**2)",
    "X[2,3] -> sum(tile(X, (2, 2)) ** 2) + sum(tile(X, 3)**3) + sum(repeat(X, 2, axis=1)**2) + sum(repeat(X, 3)**2)",
    "X[3,4] -> sum(flip(X) * X) + sum(fliplr(X) * X**2) + sum(flipud(X) * X) + sum(flip(X, axis=1) * X)",
    "X[3,4] -> sum(roll(X, 1, axis=1) * X) + sum(roll(X, -2) * X) + sum(rot90(X) * X.T) + sum(rot90(X, 2) * X)",
    "X[3,4] -> sum(pad(X, 1)**2) + sum(pad(X, ((1, 2), (0, 1)))**3) + sum(pad(X, 1, constant_values=2)**2)",
    "x[5] -> sum(pad(x, 2, mode='edge')**2) + sum(pad(x, 2, mode='reflect')**2 * arange(9)) + sum(pad(x, 2, mode='wrap')**2 * arange(9))",
    "X[3,4] -> sum(tril(X)**2) + sum(triu(X, 1)**3) + sum(tril(X, -1)**2)",
    "X[3,3] x[3] -> sum(diag(X)**2) + sum(diag(x) @ X) + sum(diagonal(X, 1)**2) + sum(diag(x, 1)**2) + sum(diagflat(X)**2)",
    "X[3,4] -> sum(diagonal(X)**2) + sum(diag(X, -1)**3)",
    "X[3,3] y -> sum(fill_diagonal(X, y)**2)",
    "x[3] y[4] -> sum(meshgrid(x, y)[0] * meshgrid(x, y)[1]**2) + sum(meshgrid(x, y, indexing='ij')[0]**2)",
    "x[3] y[2,3] -> sum(broadcast_arrays(x, y)[0]**2 * y)",
]

INDEXING = [
    "x[6] -> x[0] * x[-1] + x[2]",
    "x[6] -> sum(x[1:] * x[:-1]) + sum(x[::2]**2) + sum(x[::-1] * x) + sum(x[4:1:-1]**2)",
    "X[4,5] -> sum(X[1:3, ::2]**2) + sum(X[0] * X[:, 0][1]) + X[1, 2]**2 + sum(X[..., -1]**2) + sum(X[1:, None, 2]**2)",
    "X[4,5] -> sum(X[:, 1:]**2 * X[:, :-1])",
    "x[6] i[3]:int -> sum(x[i]**2)",
    "X[5,4] i[3]:int -> sum(X[i]**2) + sum(X[:, i[1:]]**3)",
    "X[5,6] i[3]:int j[3]:int -> sum(X[i, j]**2) + sum(X[i[:, None], j]**3)",
    "x[6] i[2,3]:int -> sum(sin(x[i])) + sum(take(x, i)**2)",
    "X[5,6] i[3]:int -> sum(take(X, i, axis=1)**2) + sum(take(X, 2, axis=0)**2)",
    "X[3,4] i[3,2]:int -> sum(take_along_axis(X, i, axis=1)**2)",
    "x[3] y[3] z[3] i[3]:int -> sum(choose(clip(i, 0, 2), [x, y**2, z**3]))",
    "x[n] -> sum(x[1:] * x[:-1]) + x[3]**2 + sum(x[:2]) * x[-1]",
    "X[n,d] i[k]:int -> sum(X[i] @ X[0])",
]

CREATION = [
    "x[4] -> sum(x * array([1, 2, 3, 4])) + sum(array([x[0], x[1]**2])**2) + sum(asarray(x))",
    "x[4] -> sum(x * zeros(4)) + sum(x * ones(4)) + sum(x * full(4, 2.5)) + sum(x * ones_like(x)) + sum(x * zeros_like(x)) + sum(full_like(x, 3) * x)",
    "x[4] -> sum(x * arange(4)) + sum(x * arange(1, 5)) + sum(x * arange(0, 8, 2)) + sum(x * linspace(0, 1, 4)) + sum(x * arange(0, 1, 0.25))",
    "x[4] -> sum(x * logspace(0, 1, 4)) + sum(x * geomspace(1, 8, 4)) + sum(x * linspace(0, 1, 4, endpoint=False))",
    "x[4] -> sum(eye(4) @ x) + sum(identity(4) @ x**2) + sum(tri(4) @ x**3) + sum(eye(4, k=1) @ x)",
    "A[n,n] -> linalg.det(A) + linalg.det(A)**2",
    "A[2,n,n] -> sum(linalg.det(A) * linalg.det(2*A))",
    "x N:int -> sum(x**(1.0*arange(1, N + 1))) + sum(x * arange(N + 5, 0, -2)) + sum(sin(x * arange(0, N + 3, 2)))",
    "x[n] -> sum(x * arange(x.shape[0])) + sum(x * linspace(0, 1, x.shape[0])) + sum(copy(x)**2) + sum(x.copy())",
    "x[4] -> sum(x.astype(float64)**2) + sum(astype(x > 0, float64) * x)",
]

SIGNAL = [
    "x[n] y[3] -> sum(convolve(x, y)**2) + sum(correlate(x, y, 'full')**3)",
    "x[n] y[3] -> sum(convolve(x, y, 'same')**2) + sum(x[2:] * convolve(x, y, 'valid')) + sum(correlate(x, y)**2)",
    "x[2] y[5] -> sum(correlate(x, y, 'same')**2 * arange(5)) + sum(convolve(x, y, 'same')**2)",
    "p[n] x[2,3] -> sum(polyval(p, x)**2)",
    "a b c x -> polyval([a, b, c], x)**2",
    "x[n] p[4] f[4] a -> sum(interp(x, sort(p), f, left=a)**2) + sum(interp(x, p, f, period=1.5)**2)",
    "x[n] -> sum(x * searchsorted(sort(x), x)) + sum(x * digitize(x, [-0.5, 0.5])) + sum(x * sort(x).searchsorted(0.3))",
    "f[n] t[n] h -> sum(gradient(f, h)**2) + sum(sin(gradient(f, cumsum(1 + t**2))))",
    "f[n,d] t[d] -> sum(gradient(f)[0] * gradient(f, 0.5, t, edge_order=2)[1]) + sum(gradient(f, axis=-1)**2)",
]

WRITES = [  # what NumPy has as a statement, or not at all
    "x[n] a -> x[1:] = a*x[:-1]; x[0] *= 2; sum(x**3)",
    "x[n,d] i[k]:int y[k,d] -> x[i] = y; x[:, 0] += y[0, 0]; sum(x**2)",
    "x[n] m[n]:bool a -> x[m] = a; x[~m] -= a**2; sum(sin(x))",
    "x[n] i[k]:int y[k] -> sum(sin(np.add.at(x, i, y))) + sum(np.subtract.at(x, i, 2*y)**2)",
    "a b -> t = zeros(4); t[0] = a; t[1] = b*t[0]; t[-1] = t[1]**2; sum(t**2)",
]

CHOSEN = [
    "x[n] -> sum(stop_gradient(exp(x)) * x) + sum(straight_through(round(x), x)**2)",
    "x[n] y[n] -> sum(rel_entr(exp(x), exp(y))) + sum(kl_div(exp(x), exp(y)))",
    "x[n] -> sum(betainc(2, 3, expit(x))) + sum(hyp2f1(0.5, 1, 1.5, tanh(x))) + sum(jn(2, x))",
]

ARRAYS = STABLE + REDUCTIONS + CONTRACTIONS + LAYOUT + INDEXING + CREATION + SIGNAL
ALL = ELEMENTWISE + PAIRS + LOGIC + ARRAYS
