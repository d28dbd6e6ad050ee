"""The rounding error of a value, to first order: what each operation rounds off, carried to the value by its adjoint.

    |fl(y) - y|  <=  sum over operations v of |v_bar| * |error of v|,     |error of v| = k * u * |v|

`u` is the unit roundoff, half the distance of 1 and the next larger number; `k` says in how many of it the operation may
be wrong (`roundings`): one for what IEEE 754 rounds correctly, none for what is exact, two for the functions of libraries,
more for sums.

It is a gradient. Every operation that rounds gets a mark behind it, the identity, which has the unit roundoff as another
argument; the adjoint of that argument is by definition what the operation adds to the bound. So the reverse pass adds up
the errors as it adds up any adjoint, over the steps of loops and in the branch that runs too, as their bodies are marked
alike. The adjoints are those of the code that runs, so the formula has been lowered before. Griewank, A. and Walther, A.
(2008), Evaluating Derivatives, section 3.4; Higham, N. J. (2002), Accuracy and Stability of Numerical Algorithms,
chapters 3 and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.diff.reverse import pull_back
from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, constant
from symbackprop.ir.signature import Label
from symbackprop.ir.size import shape_text
from symbackprop.ops import primitives
from symbackprop.ops.arithmetic import add
from symbackprop.ops.bodies import nodes_within
from symbackprop.ops.broadcasting import converted
from symbackprop.transform.rounding.marks import marked, unit_inputs, without_marks

__all__ = ["NOT_LOWERED", "with_error_bounds"]

# Composites whose parts have no derivatives, or ones that are infinite where another part is taken.
NOT_LOWERED = frozenset(map(primitives().__getitem__, ("elliptic_pi", "elliptic_pi_incomplete", "lambertw")))
_UNIT_ROUNDOFFS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


def with_error_bounds(graph: Graph) -> Graph:
    """Return `graph`, of values as they are computed, with bounds of their rounding errors as outputs.

    It is lowered, but for what is `NOT_LOWERED`.

    Raises
    ------
    ShapeError
        If a value is not a scalar.
    UnsupportedError
        If it is not known how an operation rounds, or a loop has no reverse derivative.
    """
    for value in graph.primals:
        if value.shape != ():
            raise ShapeError(
                f"an error bound is that of a scalar, but the formula has shape {shape_text(value.shape)}; "
                "reduce it, for example with sum(...) or mean(...)"
            )
    dtypes = sorted({node.dtype for node in nodes_within(graph.nodes()) if is_float(node.dtype)})
    units = dict(zip(dtypes, unit_inputs(dtypes, graph.inputs), strict=True))
    new = marked(graph.nodes(), units)
    known: dict[Node, Node] = {}
    bounds = [_bound(new[value], value.dtype, units, known) for value in graph.primals]
    labels = [Label(number, form="error bound") for number in range(len(bounds))]
    return without_marks(graph.mapped(new).with_outputs(bounds, labels, known))


def _bound(value: Node, dtype: str, units: Mapping[str, Input], known: dict[Node, Node]) -> Node:
    """Return the bound of the error of a marked value: the errors in each dtype, times the unit roundoff of that.

    The adjoints of all else become `known`, for the names of both.
    """
    if not is_float(dtype):
        return constant(0, (), "float64")
    inner: dict[Node, Node] = {}
    adjoints = pull_back((value,), (constant(1, (), dtype),), list(units.values()), inner)
    found = [(_UNIT_ROUNDOFFS[name], adjoints.pop(unit)) for name, unit in units.items() if unit in adjoints]
    for node, adjoint in (*adjoints.items(), *inner.items()):
        known.setdefault(node, adjoint)
    return _sum([unit * converted(total, dtype) for unit, total in found], dtype)


def _sum(terms: Sequence[Node], dtype: str) -> Node:
    return add(*terms) if len(terms) > 1 else terms[0] if terms else constant(0, (), dtype)
