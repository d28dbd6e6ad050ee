"""Operations that round alike, by their names: exact ones, correctly rounded ones, functions of scipy.special."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["CORRECTLY_ROUNDED", "EXACT", "NEAR_ARGUMENTS", "OF_THEIR_VALUES", "UNKNOWN"]

EXACT = frozenset(
    [
        "negative",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "equal",
        "not_equal",
        "logical_and",
        "logical_or",
        "logical_xor",
        "logical_not",
        "isnan",
        "isfinite",
        "isinf",
        "isposinf",
        "isneginf",
        "where",
        "abs",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "floor_divide",
        "fmod",
        "copysign",
        "heaviside",
        "nan_to_num",
        "maximum",
        "minimum",
        "fmax",
        "fmin",
        "relu",
        "stop_gradient",
        "straight_through",
        "scale_cotangent",
        "broadcast",
        "reshape",
        "sized",
        "slice",
        "transpose",
        "diagonal",
        "sliding_windows",
        "assuming",
        "require",
        "arange",
        "eye",
        "place",
        "gather",
        "choose",
        "literal",
        "roll",
        "concatenate",
        "diagonal_matrix",
        "take_along_axis",
        "triangle",
        "masked",
        "place_masked",
        "replace_parts",
        "place_counted",
        "replace_at",
        "put_along_axis",
        "last_written",
        "max",
        "min",
        "any",
        "all",
        "argmax",
        "argmin",
        "argsort",
        "argpartition",
        "sort",
        "searchsorted",
        "digitize",
        "running_argmax",
        "cummax",
        "repeated_positions",
        "order_statistic",
    ]
)
CORRECTLY_ROUNDED = frozenset(["divide", "sqrt", "root", "remainder", "scaled"])

# How functions of scipy.special are wrong, measured against 80 digits at 1500 points each, with arguments from 1e-6 to 1000,
# of either sign, for SciPy 1.17.1. These are by 16 units of roundoff of their values (as measured, by 6.4):
OF_THEIR_VALUES = frozenset(
    [
        "ellipe", "ellipeinc", "ellipk", "ellipkinc", "ellipkm1", "erf", "erfc", "erfcinv", "erfinv", "expit", "gamma",
        "ndtri",
    ]
)  # fmt: skip

# These, by so many units of their values, and of what a change of each argument by a unit of itself does to these: as exact
# as for arguments nearby. Those with 8 were wrong by 4; of the others, of which most are not named and have 64, `erfi` was
# by 33 and the rest less, incomplete gamma functions by 181, Bessel functions of real orders by 420 (`jv` at 2.84, 14.3).
NEAR_ARGUMENTS: Mapping[str, int] = {
    **dict.fromkeys(
        ("digamma", "fresnel", "log_ndtr", "logit", "ndtr", "polygamma", "sinc", "spherical_yn"),
        8,
    ),
    **dict.fromkeys(("airy", "shichi", "sici"), 64),
    **dict.fromkeys(("gammainc", "gammaincc"), 512),
    **dict.fromkeys(("iv", "ive", "jv", "kv", "kve", "yv"), 1024),
}  # fmt: skip

# In these all digits may be wrong where nothing is ill-conditioned:
# `hyp2f1` at (-0.35, 48.7, -21.4, 2.9e-5), `hyp0f1` and Gegenbauer's and Jacobi's polynomials at small parameters.
UNKNOWN = frozenset(["hyp0f1", "hyp1f1", "hyp2f1", "eval_gegenbauer", "eval_jacobi"])
