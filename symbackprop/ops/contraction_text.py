"""How a contraction is written: as a person would, and by BLAS wherever BLAS can do it.

Indices of two operands are of four kinds: batch (in both and in the output), contracted (in both alone), free on the
left, free on the right. One of each at most is a (batched) matrix product. Several of a kind that lie side by side are one
long axis: then it is one product of matrices, of arrays in other shapes, and else a tensordot, which moves axes too.
"""

from __future__ import annotations

from symbackprop.ir.node import Apply, Shape
from symbackprop.ir.size import product
from symbackprop.ops.declare import Style

__all__ = ["einsum_text", "lies_transposed"]

Indices = tuple[int, ...]
_SMALL = 8  # rows and columns of a matrix that BLAS is too large for
_SHORT = 16  # entries of vectors that a call of BLAS for each is too much for
_LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


def einsum_text(node: Apply, style: Style) -> str:
    """Return the template that computes an einsum.

    `np.vecdot` calls BLAS for each pair of vectors. Where their entries lie apart in memory, as in a product of which axes
    are moved, `np.einsum` goes along those that lie side by side, and takes a fraction of the time; where there are many
    vectors of few entries, it has less to do for each.
    """
    text = _text(node, style)
    if text.startswith("np.vecdot(") and (
        (style.has_large and _are_short(node))
        or any(arg.op is node.op and lies_transposed(arg) for arg in _applied(node))
    ):
        return _general_text(node.param("operands"), node.param("output"))  # type: ignore[arg-type]
    return text


def _are_short(node: Apply) -> bool:
    """Tell whether the vectors, along the last axis, are known to have few entries."""
    length = node.args[0].shape[-1]
    return isinstance(length, int) and length <= _SHORT


def lies_transposed(node: Apply) -> bool:
    """Tell whether the result of an einsum is a product of matrices of which axes are moved."""
    text = _text(node, None)
    return text.startswith(("np.transpose(", "np.swapaxes(")) and " @ " in text and text.endswith(")")


def _applied(node: Apply) -> list[Apply]:
    return [arg for arg in node.args if isinstance(arg, Apply)]


def _text(node: Apply, style: Style | None) -> str:
    operands: tuple[Indices, ...] = node.param("operands")  # type: ignore[assignment]
    output: Indices = node.param("output")  # type: ignore[assignment]
    if len(operands) != 2 or _is_stack_of_small(node, operands, output):
        return _general_text(operands, output)
    a, b = operands
    return (
        (_flattened_text(node, operands, output, style) if style is not None else None)
        or _over_stack_text(a, b, output, "{0}", "{1}")
        or _over_stack_text(b, a, output, "{1}", "{0}")
        or _either_way(a, b, output)
        or _spread_text(operands, output)
        or _rearranged_text(a, b, output)
        or _reordered_text(a, b, output)
        or _general_text(operands, output)
    )


def _either_way(a: Indices, b: Indices, output: Indices) -> str | None:
    """Return a product of two in the order in which it needs no axes moved; a matrix stands before a vector."""
    in_order, turned = (a, b, output, "{0}", "{1}"), (b, a, output, "{1}", "{0}")
    if {*a} & {*output} < {*b} & {*output}:
        in_order, turned = turned, in_order
    return _pair_text(*in_order) or _pair_text(*turned)


def _is_stack_of_small(node: Apply, operands: tuple[Indices, ...], output: Indices) -> bool:
    """Tell whether an einsum multiplies vectors by matrices so small that calling BLAS for each takes longer than that."""
    a, b = sorted(operands, key=len)
    sizes = {
        i: size for arg, own in zip(node.args, operands, strict=True) for i, size in zip(own, arg.shape, strict=True)
    }
    inner = [i for i in a if i in b and i not in output]
    free = [i for i in b if i not in a]
    if len(inner) != 1 or len(free) != 1 or len(a) < 2 or any(i not in b for i in a):
        return False
    entries = [sizes[i] for i in (*inner, *free)]
    return all(isinstance(size, int) and size <= _SMALL for size in entries)


def _flattened_text(node: Apply, operands: tuple[Indices, ...], output: Indices, style: Style) -> str | None:
    """Return one product of matrices whose rows and columns are those of several axes, without moving any."""
    inner = tuple(i for i in operands[0] if i in operands[1])
    first = 0 if not output or output[0] in operands[0] else 1
    kept = [tuple(i for i in operands[at] if i not in inner) for at in (first, 1 - first)]
    if max(map(len, operands)) < 3 or not inner or not output or output != (*kept[0], *kept[1]):
        return None
    texts = []
    for at, left in ((first, True), (1 - first, False)):
        own = operands[at]
        free = kept[0] if left else kept[1]
        if own not in ((*free, *inner), (*inner, *free)):
            return None
        sizes = dict(zip(own, node.args[at].shape, strict=True))
        groups = [group for group in ((free, inner) if own[: len(free)] == free else (inner, free)) if group]
        flat = tuple(product(sizes[i] for i in group) for group in groups)
        text = f"{{{at}}}" if len(flat) == len(own) else f"{{{at}}}.reshape({_sizes(flat, style)})"
        texts.append(f"{text}.T" if len(groups) == 2 and (groups[0] == free) is not left else text)
    result = " @ ".join(texts)
    return result if max(map(len, kept)) < 2 else f"({result}).reshape({_sizes(node.shape, style)})"


def _over_stack_text(a: Indices, b: Indices, output: Indices, left: str, right: str) -> str | None:
    """Return the product of one matrix with each of a stack of matrices, whose rows become those of the one."""
    if len(a) != 2 or len(b) < 3 or len(output) != len(b):
        return None
    *stack, row, column = output
    inner = next((i for i in a if i in b), None)
    if row not in a or row in b or inner is None or inner in output or {*stack, column, inner} != {*b}:
        return None
    if b[:-2] != tuple(stack):
        return None
    return f"{left if a[1] == inner else left + '.T'} @ {_matrix_text(right, b[-2:], inner, last=False)}"


def _sizes(shape: Shape, style: Style) -> str:
    return ", ".join(map(style.size, shape))


def _spread_text(operands: tuple[Indices, ...], output: Indices) -> str | None:
    """Return a product by broadcasting, where nothing is summed and no operand has to be turned but a matrix."""
    if {i for indices in operands for i in indices} != set(output):
        return None
    factors = []
    for position, own in enumerate(operands):
        indices = tuple(i for i in output if i in own)
        turned = own != indices
        if turned and (len(own) > 2 or own != indices[::-1]):
            return None
        first = output.index(indices[0])
        index = ", ".join(":" if i in indices else "None" for i in output[first:])
        text = f"{{{position}}}.T" if turned else f"{{{position}}}"
        factors.append(f"{text}[{index}]" if "None" in index else text)
    return " * ".join(factors)


def _rearranged_text(a: Indices, b: Indices, output: Indices) -> str | None:
    """Return a stack of matrix products, with axes moved so that BLAS can do it."""
    batch = tuple(i for i in output if i in a and i in b)
    inner = tuple(i for i in a if i in b and i not in output)
    left = tuple(i for i in output if i in a and i not in b)
    right = tuple(i for i in output if i in b and i not in a)
    if not (len(inner) == len(left) == len(right) == 1):
        return None
    found = (*batch, *left, *right)
    if found.index(left[0]) > found.index(right[0]) or output[-2:] == (*right, *left):
        a, b, left, right, first, second = b, a, right, left, 1, 0
    else:
        first, second = 0, 1
    product = (
        f"{_moved(f'{{{first}}}', a, (*batch, *left, *inner))} @ {_moved(f'{{{second}}}', b, (*batch, *inner, *right))}"
    )
    found = (*batch, *left, *right)
    return product if found == output else _moved(product, found, output)


def _reordered_text(a: Indices, b: Indices, output: Indices) -> str | None:
    """Return one matrix product of two operands without an index that is in both and in the output, axes moved for it.

    An operand is moved where that is enough, so that the result lies in memory as it is read.
    """
    inner = tuple(i for i in a if i in b)
    if not inner or any(i in output for i in inner):
        return None
    operands, first = ((a, b), 0) if output and output[0] in a else ((b, a), 1)
    left, right = (tuple(i for i in output if i in own) for own in operands)
    texts, axes = [], []
    for position, (own, kept) in enumerate(zip(operands, (left, right), strict=True)):
        places = iter(kept)
        wanted = tuple(i if i in inner else next(places) for i in own)
        texts.append(_moved(f"{{{position ^ first}}}", own, wanted))
        axes.append(_list(tuple(wanted.index(i) for i in inner)))
    product = f"np.tensordot({', '.join(texts)}, axes=({', '.join(axes)}))"
    return _moved(product, (*left, *right), output)


def _moved(text: str, indices: Indices, wanted: Indices) -> str:
    """Return `text` with its axes in the order `wanted`."""
    if indices == wanted:
        return text
    axes = tuple(indices.index(i) for i in wanted)
    swapped = [axis for axis in range(len(axes)) if axes[axis] != axis]
    if len(swapped) == 2:
        return f"np.swapaxes({text}, {swapped[0]}, {swapped[1]})"
    return f"np.transpose({text}, {axes})"


def _general_text(operands: tuple[Indices, ...], output: Indices) -> str:
    subscripts = ",".join("".join(_LETTERS[i] for i in indices) for indices in operands)
    arguments = ", ".join(f"{{{i}}}" for i in range(len(operands)))
    optimize = ", optimize=True" if len(operands) > 2 else ""
    return f"np.einsum('{subscripts}->{''.join(_LETTERS[i] for i in output)}', {arguments}{optimize})"


def _pair_text(a: Indices, b: Indices, output: Indices, left: str, right: str) -> str | None:
    batch = tuple(i for i in output if i in a and i in b)
    inner = tuple(i for i in a if i in b and i not in output)
    free_left = tuple(i for i in output if i in a and i not in b)
    free_right = tuple(i for i in output if i in b and i not in a)
    if output != (*batch, *free_left, *free_right):
        return None
    if not batch:
        return _unbatched_text(a, b, inner, free_left, free_right, left, right)
    if len(inner) == 1 and len(free_left) <= 1 and len(free_right) <= 1:
        return _batched_text(a, b, batch, inner[0], free_left, free_right, left, right)
    return None


def _unbatched_text(
    a: Indices, b: Indices, inner: Indices, free_left: Indices, free_right: Indices, left: str, right: str
) -> str | None:
    if not inner:
        if len(a) == 1 and len(b) == 1:
            return f"np.outer({left}, {right})"
        return None
    if len(inner) == 1 and len(a) <= 2 and len(b) <= 2:
        left_text = left if a[-1] == inner[0] else f"{left}.T"
        right_text = right if b[0] == inner[0] else f"{right}.T"
        return f"{left_text} @ {right_text}"
    if not free_left and not free_right and a == b:
        return f"np.vdot({left}, {right})"
    if not free_left and not free_right and len(a) == 2 and a == b[::-1]:
        return f"np.vdot({left}, {right}.T)"
    axes_left = tuple(a.index(i) for i in inner)
    axes_right = tuple(b.index(i) for i in inner)
    kept_left = tuple(i for i in a if i not in inner)
    kept_right = tuple(i for i in b if i not in inner)
    if kept_left != free_left or kept_right != free_right:
        return None
    return f"np.tensordot({left}, {right}, axes=({_list(axes_left)}, {_list(axes_right)}))"


def _list(axes: Indices) -> str:
    return "[" + ", ".join(map(str, axes)) + "]"


def _batched_text(
    a: Indices, b: Indices, batch: Indices, inner: int, free_left: Indices, free_right: Indices, left: str, right: str
) -> str | None:
    """Return a batched matrix product; a missing free index becomes an axis of size 1 that is dropped again."""
    count = len(batch)
    if a[:count] != batch or b[:count] != batch:
        return None
    left_text = _matrix_text(left, a[count:], inner, last=True)
    right_text = _matrix_text(right, b[count:], inner, last=False)
    if not free_left and not free_right:
        return f"np.vecdot({left}, {right})"
    if not free_left:
        left_text = f"{left}[..., None, :]"
    if not free_right:
        right_text = f"{right}[..., None]"
    product = f"{left_text} @ {right_text}"
    if not free_left:
        return f"({product})[..., 0, :]"
    return f"({product})[..., 0]" if not free_right else product


def _matrix_text(text: str, indices: Indices, inner: int, last: bool) -> str:
    if len(indices) == 2 and (indices[1] == inner) != last:
        return f"np.swapaxes({text}, -2, -1)"
    return text
