"""The rounding error of a value, to first order: what each operation rounds off, carried to the value by its adjoint.

    |fl(y) - y|  <=  sum over operations v of |v_bar| * |error of v|,     |error of v| = k * u * |v|

`u` is the unit roundoff, half the distance of 1 and the next larger number; `k` says in how many of it the operation may
be wrong (`roundings`): one for what IEEE 754 rounds correctly, none for what is exact, two for the functions of libraries,
more for sums. The adjoints are those of the code that runs, so the formula has been lowered before; they cost one reverse
pass. Griewank, A. and Walther, A. (2008), Evaluating Derivatives, section 3.4; Higham, N. J. (2002), Accuracy and Stability
of Numerical Algorithms, chapters 3 and 4.
"""

from __future__ import annotations

from symbackprop.diff.reverse import pull_back
from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Const, Node, Output, constant
from symbackprop.ir.signature import Label
from symbackprop.ir.size import shape_text
from symbackprop.ops.arithmetic import add
from symbackprop.ops.broadcasting import converted
from symbackprop.ops.declare import result_names
from symbackprop.transform.roundings import is_rounded, rounding_error

__all__ = ["with_error_bounds"]

_UNIT_ROUNDOFFS = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


def with_error_bounds(graph: Graph) -> Graph:
    """Return `graph`, of values as they are computed, with bounds of their rounding errors as outputs.

    Raises
    ------
    ShapeError
        If a value is not a scalar.
    UnsupportedError
        If it is not known how an operation rounds: loops and branches, matrix functions, functions of the user's own.
    """
    labels = [Label(number, form="error bound") for number in range(len(graph.primals))]
    return graph.with_outputs([_bound(graph, value) for value in graph.primals], labels, {})


def _bound(graph: Graph, value: Node) -> Node:
    if value.shape != ():
        raise ShapeError(
            f"an error bound is that of a scalar, but the formula has shape {shape_text(value.shape)}; "
            "reduce it, for example with sum(...) or mean(...)"
        )
    nodes = [
        node
        for node in graph.nodes()
        if is_float(node.dtype) and not (isinstance(node, Const) and not is_rounded(node))
    ]
    adjoints = pull_back((value,), (constant(1, (), value.dtype),), nodes)
    results: dict[Node, dict[int, Node]] = {}
    for node in nodes:
        if isinstance(node, Output) and node in adjoints:
            results.setdefault(node.source, {})[node.index] = adjoints[node]
    by_unit: dict[float, list[Node]] = {}
    for node in graph.nodes():
        several = results.get(node)
        if several is not None:
            cotangents = [several.get(index) for index in range(len(result_names(node)))]  # type: ignore[arg-type]
        elif node in adjoints:
            cotangents = [adjoints[node]]
        else:
            continue
        error = rounding_error(node, cotangents)
        if error is not None:
            by_unit.setdefault(_UNIT_ROUNDOFFS[error.dtype], []).append(error)
    terms = [unit * converted(_sum(errors), value.dtype) for unit, errors in by_unit.items()]
    return _sum(terms) if terms else constant(0, (), value.dtype)


def _sum(terms: list[Node]) -> Node:
    return terms[0] if len(terms) == 1 else add(*terms)
