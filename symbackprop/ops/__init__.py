"""The primitives, one file a family, each declared once in one block.

`declare.py` says what a declaration holds and keeps the registry; the `elementwise`, `linear` and `custom` builders
fill it in by kind. Not in here: NumPy's many functions that are made of primitives (`read.vocabulary`), the engine
that composes rules (`diff`), rewrites (`simplify`).

Importing this package declares every primitive.
"""

from symbackprop.ops import (
    airy,
    arithmetic,
    bessel,
    binomial,
    broadcasting,
    comparison,
    contraction,
    creation,
    cumulative,
    error_functions,
    exponential,
    extrema,
    gamma,
    hyperbolic,
    indexing,
    layout,
    linear_algebra,
    literal,
    logistic,
    masking,
    normalisation,
    powers,
    products,
    reciprocal,
    reduction,
    rounding,
    trigonometric,
    zeta,
)
from symbackprop.ops.declare import Primitive, primitives

__all__ = [
    "Primitive",
    "airy",
    "arithmetic",
    "bessel",
    "binomial",
    "broadcasting",
    "comparison",
    "contraction",
    "creation",
    "cumulative",
    "error_functions",
    "exponential",
    "extrema",
    "gamma",
    "hyperbolic",
    "indexing",
    "layout",
    "linear_algebra",
    "literal",
    "logistic",
    "masking",
    "normalisation",
    "powers",
    "primitives",
    "products",
    "reciprocal",
    "reduction",
    "rounding",
    "trigonometric",
    "zeta",
]
