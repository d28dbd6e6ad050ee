"""`einsum`, the one contraction, in its normal form, and `contract`, which brings anything to it.

Normal form: two or more operands; no index twice within one; every index in at least two of operands and output;
indices are integers, numbered by first appearance. Everything else is `sum`, `diagonal`, `transpose`, `broadcast` or
an elementwise product. Printing is in `contraction_text`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from symbackprop.errors import ShapeError
from symbackprop.ir.dtype import is_float
from symbackprop.ir.node import Apply, Node, Params, Shape, make_apply, make_input
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.arithmetic import mul
from symbackprop.ops.broadcasting import agreed, broadcast, converted, sum_axes, with_shape
from symbackprop.ops.contraction_text import einsum_text
from symbackprop.ops.declare import Primitive, custom
from symbackprop.ops.elementwise import common_dtype
from symbackprop.ops.layout import diagonal, transpose

__all__ = ["Indices", "contract", "einsum", "permuted"]

Indices = tuple[int, ...]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    operands: tuple[Indices, ...] = params["operands"]  # type: ignore[assignment]
    output: Indices = params["output"]  # type: ignore[assignment]
    sizes = index_sizes(args, operands)
    return tuple(sizes[index] for index in output), args[0].dtype


def index_sizes(args: Sequence[Node], operands: Sequence[Indices]) -> dict[int, Size]:
    """Return the size of every index, or raise a `ShapeError` where operands disagree."""
    sizes: dict[int, Size] = {}
    for arg, indices in zip(args, operands, strict=True):
        for size, index in zip(arg.shape, indices, strict=True):
            known = sizes.setdefault(index, size)
            if known != size:
                shapes = " and ".join(shape_text(arg.shape) for arg in args)
                raise ShapeError(f"shapes {shapes} do not match: {known} is not {size}")
    return sizes


def _vjp(g: Node, out: Apply) -> list[Node | None]:
    operands, output = _indices(out)
    contributions: list[Node | None] = []
    for position, wanted in enumerate(operands):
        others = [arg for i, arg in enumerate(out.args) if i != position]
        indices = [index for i, index in enumerate(operands) if i != position]
        sizes = dict(zip(wanted, out.args[position].shape, strict=True))
        contributions.append(contract([g, *others], [output, *indices], wanted, sizes))
    return contributions


def _jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    operands, output = _indices(out)
    if len(operands) == 2 and operands[0] == operands[1] and out.args[0] is out.args[1] and tangents[0] is not None:
        return mul(2, contract([out.args[0], tangents[0]], operands, output))
    total: Node | None = None
    for position, tangent in enumerate(tangents):
        if tangent is not None:
            args = [tangent if i == position else arg for i, arg in enumerate(out.args)]
            term = contract(args, operands, output)
            total = term if total is None else total + term
    return total


def _indices(node: Apply) -> tuple[tuple[Indices, ...], Indices]:
    return node.param("operands"), node.param("output")  # type: ignore[return-value]


def _samples() -> list[Node]:
    a, b = make_input(0, (3, 4), "float64"), make_input(1, (4, 2), "float64")
    v, w = make_input(2, (4,), "float64"), make_input(3, (3,), "float64")
    s, t = make_input(4, (5, 3, 4), "float64"), make_input(5, (5, 4, 2), "float64")
    return [
        contract([a, b], [(0, 1), (1, 2)], (0, 2)),
        contract([a, b], [(0, 1), (1, 2)], (2, 0)),
        contract([a, v], [(0, 1), (1,)], (0,)),
        contract([w, a], [(0,), (0, 1)], (1,)),
        contract([v, w], [(0,), (1,)], (0, 1)),
        contract([a, a], [(0, 1), (0, 1)], ()),
        contract([s, t], [(0, 1, 2), (0, 2, 3)], (0, 1, 3)),
        contract([s, a], [(0, 1, 2), (1, 2)], (0,)),
        contract([a, b, w], [(0, 1), (1, 2), (0,)], (2,)),
        contract([a, w], [(0, 1), (0,)], (0, 1)),
    ]


einsum: Primitive = custom(
    "einsum",
    arity=None,
    numpy=einsum_text,
    infer=_infer,
    vjp=_vjp,
    jvp=_jvp,
    samples=_samples,
    public=False,
    derivative="for each operand the einsum of the cotangent and the others",
    source="linear in each operand",
)


# --- normal form ------------------------------------------------------------------------------------------------------


def contract(
    args: Sequence[Node],
    operands: Sequence[Indices],
    output: Indices,
    sizes: Mapping[int, Size] | None = None,
) -> Node:
    """Return sum over all indices that are not in `output` of the product of `args`.

    Parameters
    ----------
    args, operands
        Arrays and the indices of their axes.
    output
        The indices of the result's axes, each once.
    sizes
        Sizes of indices of `output` that no operand has: the result repeats along them.
    """
    operands = tuple(operands)
    params = _direct(operands, output)
    if params is not None and (shape := _shape_of_alike(args, operands, output)) is not None:
        return make_apply(einsum, tuple(args), params, shape, args[0].dtype)
    args = _agreeing(args, operands)
    known = {**(sizes or {}), **index_sizes(args, operands)}
    dtype = common_dtype(args)
    dtype = "int64" if dtype == "bool" else dtype
    pairs = [_without_repetition(converted(arg, dtype), indices) for arg, indices in zip(args, operands, strict=True)]
    pairs = [_summed(pair, pairs, i, output) for i, pair in enumerate(pairs)]
    present = {index for _, indices in pairs for index in indices}
    inner = tuple(index for index in output if index in present)
    result = _product(pairs, inner)
    if inner == output:
        return result
    shape = tuple(known[index] for index in output)
    return broadcast(result, shape=shape, axes=tuple(axis for axis, index in enumerate(output) if index in present))


@lru_cache(maxsize=1024)
def _direct(operands: tuple[Indices, ...], output: Indices) -> Params | None:
    """Return the parameters of the contraction where it has its normal form already, but for how indices are numbered."""
    counts = Counter(index for indices in (*operands, output) for index in indices)
    kinds = {frozenset(indices) for indices in operands}
    if len(operands) < 2 or kinds == {frozenset(output)} or frozenset() in kinds or min(counts.values()) < 2:
        return None
    if any(len(set(indices)) < len(indices) for indices in (*operands, output)):
        return None
    if not set(output) <= {index for indices in operands for index in indices}:
        return None
    return tuple(_numbered(operands, output).items())


def _shape_of_alike(args: Sequence[Node], operands: Sequence[Indices], output: Indices) -> Shape | None:
    """Return the shape of a contraction of real operands of one dtype whose sizes are the same; None of any others."""
    sizes: dict[int, Size] = {}
    dtype = args[0].dtype
    for arg, indices in zip(args, operands, strict=True):
        if arg.dtype != dtype or arg.weak:
            return None
        for size, index in zip(arg.shape, indices, strict=True):
            if sizes.setdefault(index, size) != size:
                return None
    return tuple([sizes[index] for index in output]) if is_float(dtype) else None


def _agreeing(args: Sequence[Node], operands: Sequence[Indices]) -> Sequence[Node]:
    """Return the operands with one size an index, where sizes that may be equal count as equal."""
    sizes: dict[int, Size] = {}
    for arg, indices in zip(args, operands, strict=True):
        for size, index in zip(arg.shape, indices, strict=True):
            known = sizes.setdefault(index, size)
            if known != size and agreed(known, size):
                sizes[index] = min(known, size, key=lambda s: len(str(s)))
    return [
        with_shape(arg, tuple(b if a != b and agreed(a, b) else a for a, b in zip(arg.shape, wanted, strict=True)))
        for arg, indices in zip(args, operands, strict=True)
        for wanted in [[sizes[index] for index in indices]]
    ]


def _without_repetition(arg: Node, indices: Indices) -> tuple[Node, Indices]:
    """Take diagonals until no index is twice in `indices`."""
    while len(set(indices)) < len(indices):
        repeated = next(index for index in indices if indices.count(index) > 1)
        first, second = [axis for axis, index in enumerate(indices) if index == repeated][:2]
        others = [axis for axis in range(len(indices)) if axis not in (first, second)]
        arg = diagonal(permuted(arg, (*others, first, second)))
        indices = (*(indices[axis] for axis in others), repeated)
    return arg, indices


def _summed(
    pair: tuple[Node, Indices], pairs: Sequence[tuple[Node, Indices]], position: int, output: Indices
) -> tuple[Node, Indices]:
    """Sum an operand over the indices that nobody else has."""
    arg, indices = pair
    others = {index for i, (_, found) in enumerate(pairs) if i != position for index in found} | set(output)
    alone = tuple(axis for axis, index in enumerate(indices) if index not in others)
    return sum_axes(arg, alone), tuple(index for index in indices if index in others)


def _product(pairs: list[tuple[Node, Indices]], output: Indices) -> Node:
    """Return the contraction of operands of which no index stands alone."""
    scalars = [arg for arg, indices in pairs if not indices]
    arrays = [pair for pair in pairs if pair[1]]
    if not arrays:
        result = scalars[0]
        for scalar in scalars[1:]:
            result = mul(result, scalar)
        return result
    if len(arrays) == 1:
        arg, indices = arrays[0]
        result = permuted(arg, tuple(indices.index(index) for index in output))
    elif all(set(indices) == set(output) for _, indices in arrays):
        aligned = [permuted(arg, tuple(indices.index(index) for index in output)) for arg, indices in arrays]
        result = aligned[0]
        for factor in aligned[1:]:
            result = mul(result, factor)
    else:
        result = _normal(arrays, output)
    for scalar in scalars:
        result = mul(scalar, result)
    return result


def _normal(arrays: Sequence[tuple[Node, Indices]], output: Indices) -> Node:
    return einsum(*(arg for arg, _ in arrays), **_numbered([indices for _, indices in arrays], output))


def _numbered(operands: Sequence[Indices], output: Indices) -> dict[str, object]:
    """Return the indices of a contraction, numbered by first appearance."""
    numbers: dict[int, int] = {}
    for indices in operands:
        for index in indices:
            numbers.setdefault(index, len(numbers))
    return {
        "operands": tuple(tuple(numbers[index] for index in indices) for indices in operands),
        "output": tuple(numbers[index] for index in output),
    }


def permuted(x: Node, axes: tuple[int, ...]) -> Node:
    """Return `x` with its axes in the order `axes`."""
    return x if axes == tuple(range(x.rank)) else transpose(x, axes=axes)
