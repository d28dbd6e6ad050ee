"""Elementwise functions, comparison and logic, special functions."""

from __future__ import annotations

from coverage_table.forms import Forms, one, over_axes, two

__all__ = ["TABLE"]

TABLE: dict[str, Forms] = {}

for word in [
    "abs",
    "absolute",
    "fabs",
    "negative",
    "positive",
    "sign",
    "cbrt",
    "square",
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
    "atan",
    "asinh",
    "sinc",
    "deg2rad",
    "rad2deg",
    "degrees",
    "radians",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "nan_to_num",
    "erf",
    "erfc",
    "expit",
    "log_expit",
    "softplus",
    "ndtr",
    "log_ndtr",
    "i0",
    "i1",
    "j0",
    "j1",
]:
    TABLE[word] = one(word)
for word in [
    "sqrt",
    "reciprocal",
    "log",
    "log2",
    "log10",
    "log1p",
    "gamma",
    "gammaln",
    "loggamma",
    "digamma",
    "entr",
    "y0",
    "y1",
]:
    TABLE[word] = one(word, "positive")
for word in ["arcsin", "arccos", "arctanh", "asin", "acos", "atanh", "erfinv"]:
    TABLE[word] = one(word, "inside")
for word in ["logit", "ndtri", "erfcinv"]:
    TABLE[word] = one(word, "share")
for word in ["arccosh", "acosh"]:
    TABLE[word] = one(word, "above")
TABLE["lambertw"] = [
    *one("lambertw", "positive"),
    ("lambertw(-0.3*expit(x), -1)", "x[n]"),
    ("lambertw(x**2, k=0)", "x[n]"),
]
TABLE["round"] = [*one("round"), ("round(x, 1)", "x[n]"), ("round(a=x, decimals=-1)", "x[n]"), ("x.round(2)", "x[n,d]")]
TABLE["heaviside"] = two("heaviside")
TABLE["nan_to_num"] += [("nan_to_num(x, nan=1.0, posinf=2.0, neginf=-2.0)", "x[n]")]

for word in [
    "add",
    "subtract",
    "multiply",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
    "hypot",
    "arctan2",
    "atan2",
    "logaddexp",
    "logaddexp2",
    "copysign",
]:
    TABLE[word] = two(word)
for word in ["divide", "true_divide", "mod", "remainder", "fmod", "floor_divide"]:
    TABLE[word] = two(word, "any", "positive")
for word in ["power", "pow", "float_power"]:
    TABLE[word] = [*two(word, "positive"), (f"{word}(x, 3)", "x[n]"), (f"{word}(x, 2*ones(len(x)))", "x[n]")]
for word in ["xlogy", "xlog1py", "beta", "betaln", "rel_entr", "kl_div"]:
    TABLE[word] = two(word, "positive", "positive")
for word in ["greater", "greater_equal", "less", "less_equal", "equal", "not_equal"]:
    TABLE[word] = [(f"x * {form}", inputs) for form, inputs in two(word)[:4]]
for word in ["logical_and", "logical_or", "logical_xor"]:
    TABLE[word] = [
        (f"x * {word}(x > 0, y > 0)", "x[n] y[n]"),
        (f"x * {word}(x, y)", "x[n,d] y[d]"),
        (f"where({word}(m, x > 0), x**2, x)", "x[n] m[n]:bool"),
    ]
TABLE["logical_not"] = [
    ("x * logical_not(x > 0)", "x[n]"),
    ("logical_not(x)", "x[n,d]"),
    ("where(~m, x, x**2)", "x[n] m[n]:bool"),
]
for word in ["isnan", "isfinite", "isinf"]:
    TABLE[word] = [
        (f"{word}(x)", "x[n]"),
        (f"where({word}(x), 0.0, x)", "x[n,d]"),
        (f"x * {word}(1/y)", "x[n] y[n]"),
    ]
TABLE["where"] = [
    ("where(x > 0, x**2, y)", "x[n] y[n]"),
    ("where(m, x, 0)", "x[n,d] m[d]:bool"),
    ("where(x[:, None] > y, x[:, None], y)", "x[n] y[d]"),
    ("where(k, x, -x)", "x[n] k[n]:int"),
]
TABLE["select"] = [
    ("select([x > 1, x > 0], [x, x**2])", "x[n]"),
    ("select([x > 1, x > 0], [x, x**2], default=y)", "x[n] y[n]"),
    ("select([x > 0], [y], 3*x)", "x[n,d] y[d]"),
]
TABLE["piecewise"] = [
    ("piecewise(x, [x > 1, x > 0], [a, 2.5, a**2])", "x[n] a"),
    ("piecewise(x, [x > 0], [a])", "x[n,d] a"),
    ("x * piecewise(x, x > 0, [a, 1.5])", "x[n] a"),
]
TABLE["clip"] = [
    ("clip(x, -0.5, 0.5)", "x[n]"),
    ("clip(x, y, None)", "x[n,d] y[d]"),
    ("clip(x, min=0.0)", "x[n]"),
    ("x.clip(max=a)", "x[n] a"),
]

TABLE["polygamma"] = [
    ("polygamma(1, 0.3 + x**2)", "x[n]"),
    ("polygamma(0, 0.3 + x**2)", "x[n,d]"),
    ("polygamma(n=3, x=0.3 + x**2)", "x"),
]
TABLE["zeta"] = [("zeta(2.5, 0.3 + x**2)", "x[n]"), ("zeta(3, 1 + x**2)", "x[n,d]"), ("zeta(2, 1 + x**2)", "x")]
TABLE["jn"] = [("jn(2, x)", "x[n]"), ("jn(0, x)", "x[n,d]"), ("jn(0.5, 0.3 + x**2)", "x")]
for word in ["gammainc", "gammaincc"]:
    TABLE[word] = [
        (f"{word}(2.5, 0.3 + x**2)", "x[n]"),
        (f"{word}(1, x**2)", "x[n,d]"),
        (f"{word}(k + 1.5, 0.3 + x**2)", "x[n] k[n]:int"),
    ]
TABLE["betainc"] = [
    ("betainc(2, 3.5, expit(x))", "x[n]"),
    ("betainc(0.5, 1, expit(x))", "x[n,d]"),
    ("betainc(k + 1, 20.5, expit(x))", "x[n] k[n]:int"),
]
TABLE["hyp2f1"] = [
    ("hyp2f1(0.5, 1.5, 2.5, 0.8*tanh(x))", "x[n]"),
    ("hyp2f1(1, 2, 3.5, -x**2)", "x[n,d]"),
    ("hyp2f1(-2, 0.5, 1.5, x)", "x"),
]
TABLE["logsumexp"] = [
    *over_axes("logsumexp"),
    ("logsumexp(x, axis=1, b=y)", "x[n,d] y[d]:int"),
    ("logsumexp(x, b=2.0)", "x[n]"),
]
for word in ["softmax", "log_softmax"]:
    TABLE[word] = [
        (f"{word}(x)", "x[n]"),
        (f"{word}(x, axis=0)", "x[n,d]"),
        (f"{word}(x, axis=(0, -1))", "x[2,n,d]"),
        (f"{word}(x, axis=None)", "x[n,d]"),
    ]
