"""What shapes the functions of printed code give, as far as counting needs them; others act entry by entry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.emit.counting.values import NUMBER, UNKNOWN, Array, arrays_in, broadcast, is_size
from symbackprop.ir.size import Size

__all__ = ["TRANSCENDENTAL", "VIEWS", "result_of"]

Arguments = Sequence[Any]
Named = Mapping[str, Any]

TRANSCENDENTAL = frozenset(
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sin",
        "cos",
        "tan",
        "arcsin",
        "arccos",
        "arctan",
        "arctan2",
        "sinh",
        "cosh",
        "tanh",
        "arcsinh",
        "arccosh",
        "arctanh",
        "asin",
        "acos",
        "atan",
        "atan2",
        "asinh",
        "acosh",
        "atanh",
        "pow",
        "power",
        "float_power",
        "logaddexp",
        "logaddexp2",
        "sinc",
        "erf",
        "erfc",
        "erfcx",
        "erfinv",
        "erfcinv",
        "gamma",
        "gammaln",
        "lgamma",
        "loggamma",
        "digamma",
        "polygamma",
        "ndtr",
        "ndtri",
        "log_ndtr",
        "lambertw",
    ]
)  # and all other functions of `scipy.special`
VIEWS = frozenset(
    [
        "reshape",
        "transpose",
        "swapaxes",
        "moveaxis",
        "broadcast_to",
        "diagonal",
        "squeeze",
        "expand_dims",
        "ravel",
        "sliding_window_view",
        "asarray",
    ]
)
_REDUCTIONS = frozenset(
    [
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "any",
        "all",
        "argmax",
        "argmin",
        "count_nonzero",
        "norm",
        "var",
        "std",
        "median",
        "ptp",
        "reduce",
    ]
)
_ALIKE = frozenset(
    [
        "cumsum",
        "cumprod",
        "sort",
        "argsort",
        "partition",
        "argpartition",
        "roll",
        "flip",
        "tril",
        "triu",
        "accumulate",
        "copy",
        "astype",
        "zeros_like",
        "ones_like",
        "empty_like",
        "full_like",
        "inv",
        "cholesky",
        "expm",
        "logm",
        "sqrtm",
        "gradient",
        "convolve",
    ]
)
_MADE = frozenset(["zeros", "ones", "empty", "full"])


def result_of(name: str, args: Arguments, named: Named) -> Any:
    """Return what a function gives, by its name without its module."""
    if "out" in named and isinstance(named["out"], Array):
        return named["out"]
    if name in _RULES:
        return _RULES[name](args, named)
    if name in _MADE:
        return Array(_shape(args[0]), _item(named, args[1:] if name != "full" else args[2:]))
    if name in _ALIKE:
        first = next(arrays_in(args), None)
        return (
            NUMBER
            if first is None
            else Array(first.shape, _item(named, args[1:] if name == "astype" else (), first.item))
        )
    if name in _REDUCTIONS:
        return _reduced(args, named)
    return broadcast(list(args), 1 if name.startswith(("is", "logical_")) else None)


def _item(named: Named, args: Arguments, otherwise: int = 8) -> int:
    dtype = named.get("dtype", args[0] if args else None)
    sizes = {"bool_": 1, "bfloat16": 2, "float16": 2, "float32": 4, "int32": 4}
    return sizes.get(dtype.rpartition(".")[2], 8) if isinstance(dtype, str) else otherwise


def _shape(value: Any) -> tuple[Size, ...] | None:
    if is_size(value):
        return (value,)
    return value if isinstance(value, tuple) and all(map(is_size, value)) else None


def _axes(axis: Any, rank: int) -> set[int] | None:
    if axis is None:
        return set(range(rank))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return {a % rank for a in axes} if all(isinstance(a, int) for a in axes) else None


def _reduced(args: Arguments, named: Named) -> Any:
    x = args[0]
    if not isinstance(x, Array):
        return NUMBER
    axis = args[1] if len(args) > 1 else named.get("axis")
    if axis is None:
        return NUMBER
    if x.shape is None or (gone := _axes(axis, len(x.shape))) is None:
        return Array(None, x.item)
    kept = named.get("keepdims") is True
    shape = tuple(1 if a in gone else size for a, size in enumerate(x.shape) if kept or a not in gone)
    return Array(shape, x.item) if shape else NUMBER


def _matmul(args: Arguments, named: Named) -> Any:
    a, b = args[:2]
    item = max((x.item for x in arrays_in(args)), default=8)
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.shape is None or b.shape is None:
        return Array(None, item)
    if len(a.shape) == 1 and len(b.shape) == 1:
        return NUMBER
    rows = a.shape[-2:-1] if len(a.shape) > 1 else ()
    columns = b.shape[-1:] if len(b.shape) > 1 else ()
    batch = broadcast([Array(a.shape[:-2]), Array(b.shape[:-2])])
    return Array((*batch.shape, *rows, *columns), item)


def _outer(args: Arguments, named: Named) -> Any:
    a, b = (x if isinstance(x, Array) else Array((1,)) for x in args[:2])
    return Array((a.entries, b.entries), max(a.item, b.item))


def _tensordot(args: Arguments, named: Named) -> Any:
    a, b = args[:2]
    axes = named.get("axes", args[2] if len(args) > 2 else 2)
    if not (isinstance(a, Array) and isinstance(b, Array)) or a.shape is None or b.shape is None:
        return Array(None)
    if isinstance(axes, int):
        shape = (*a.shape[: len(a.shape) - axes], *b.shape[axes:])
    else:
        first, second = (_axes(own, len(x.shape)) for own, x in zip(axes, (a, b), strict=True))  # type: ignore[arg-type]
        if first is None or second is None:
            return Array(None)
        shape = tuple(s for i, s in enumerate(a.shape) if i not in first)
        shape += tuple(s for i, s in enumerate(b.shape) if i not in second)
    return Array(shape, max(a.item, b.item)) if shape else NUMBER


def _einsum(args: Arguments, named: Named) -> Any:
    text, *operands = args
    if not isinstance(text, str) or "->" not in text or "." in text:
        return Array(None)
    left, _, right = text.replace(" ", "").partition("->")
    sizes: dict[str, Size] = {}
    for letters, operand in zip(left.split(","), operands, strict=True):
        if isinstance(operand, Array) and operand.shape is not None:
            sizes.update(zip(letters, operand.shape, strict=True))
    shape = tuple(sizes.get(letter, 1) for letter in right)
    return Array(shape, max((x.item for x in arrays_in(operands)), default=8)) if shape else NUMBER


def _reshape(args: Arguments, named: Named) -> Any:
    x = args[0]
    shape = _shape(args[1]) if len(args) > 1 else None
    item = x.item if isinstance(x, Array) else 8
    if shape is not None and -1 in shape:
        shape = None
    return Array(shape, item) if shape != () else NUMBER


def _transposed(args: Arguments, named: Named) -> Any:
    x = args[0]
    order = args[1] if len(args) > 1 else named.get("axes")
    if not isinstance(x, Array) or x.shape is None:
        return x
    order = tuple(reversed(range(len(x.shape)))) if order is None else order
    return Array(tuple(x.shape[axis] for axis in order), x.item)


def _swapped(args: Arguments, named: Named) -> Any:
    x, i, j = args[:3]
    if not isinstance(x, Array) or x.shape is None:
        return x
    shape = list(x.shape)
    shape[i], shape[j] = shape[j], shape[i]
    return Array(tuple(shape), x.item)


def _joined(args: Arguments, named: Named) -> Any:
    parts = [*arrays_in(args[:1])]
    axis = named.get("axis", args[1] if len(args) > 1 else 0)
    if not parts or not isinstance(axis, int) or any(part.shape is None for part in parts):
        return Array(None)
    shape = list(parts[0].shape or ())
    shape[axis] = sum((part.shape[axis] for part in parts if part.shape), start=0)
    return Array(tuple(shape), parts[0].item)


def _stacked(args: Arguments, named: Named) -> Any:
    count = len(args[0]) if isinstance(args[0], tuple) else None
    inner = broadcast(list(args[0])) if count else UNKNOWN
    if count is None or named.get("axis", 0) != 0 or (isinstance(inner, Array) and inner.shape is None):
        return Array(None)
    return Array((count, *((inner.shape or ()) if isinstance(inner, Array) else ())))


def _diagonal(args: Arguments, named: Named) -> Any:
    (x, *_) = args
    if not isinstance(x, Array) or x.shape is None or len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        return Array(None)
    return Array((*x.shape[:-2], x.shape[-1]), x.item)


def _diag(args: Arguments, named: Named) -> Any:
    x = args[0]
    if not isinstance(x, Array) or x.shape is None or len(args) > 1:
        return Array(None)
    return Array((x.shape[0], x.shape[0]) if len(x.shape) == 1 else x.shape[:1], x.item)


def _arange(args: Arguments, named: Named) -> Any:
    if not all(map(is_size, args)) or len(args) > 2:
        return Array(None)
    return Array((args[0] if len(args) == 1 else args[1] - args[0],), _item(named, ()))


def _eye(args: Arguments, named: Named) -> Any:
    rows = args[0]
    columns = args[1] if len(args) > 1 else rows
    return Array((rows, columns) if is_size(rows) and is_size(columns) else None, _item(named, ()))


def _written(args: Arguments, named: Named) -> Any:
    """Return nothing: the first argument is changed."""
    return NUMBER


def _solved(args: Arguments, named: Named) -> Any:
    return args[1] if len(args) > 1 and isinstance(args[1], Array) else Array(None)


def _factorised_by_lapack(args: Arguments, named: Named) -> Any:
    return args[0], NUMBER


def _solved_by_lapack(args: Arguments, named: Named) -> Any:
    return args[1], NUMBER


def _taken(args: Arguments, named: Named) -> Any:
    x, index = args[:2]
    return Array(index.shape, x.item) if isinstance(x, Array) and isinstance(index, Array) else Array(None)


def _scalar(args: Arguments, named: Named) -> Any:
    return NUMBER


def _entries(args: Arguments, named: Named) -> Any:
    """Return an array of numbers that are written out."""
    shape: list[Size] = []
    value = args[0]
    while isinstance(value, tuple) and value:
        shape.append(len(value))
        value = value[0]
    inner = value.shape if isinstance(value, Array) else ()
    return Array(None if inner is None else (*shape, *inner), _item(named, args[1:]))


def _broadcast_to(args: Arguments, named: Named) -> Any:
    return Array(_shape(args[1]), args[0].item if isinstance(args[0], Array) else 8)


def _vecdot(args: Arguments, named: Named) -> Any:
    whole = broadcast(list(args))
    return whole if whole is NUMBER or whole.shape is None else Array(whole.shape[:-1], whole.item)


def _factorised(args: Arguments, named: Named) -> Any:
    """Return a triangular factor, and whether it is the lower one."""
    return (args[0], NUMBER)


_RULES: Mapping[str, Callable[[Arguments, Named], Any]] = {
    "matmul": _matmul,
    "dot": _matmul,
    "outer": _outer,
    "tensordot": _tensordot,
    "einsum": _einsum,
    "vdot": _scalar,
    "vecdot": _vecdot,
    "trace": _scalar,
    "det": _scalar,
    "reshape": _reshape,
    "transpose": _transposed,
    "swapaxes": _swapped,
    "concatenate": _joined,
    "stack": _stacked,
    "diagonal": _diagonal,
    "diag": _diag,
    "arange": _arange,
    "eye": _eye,
    "at": _written,
    "put_along_axis": _written,
    "fill_diagonal": _written,
    "copyto": _written,
    "solve": _solved,
    "solve_triangular": _solved,
    "cho_solve": _solved,
    "cho_factor": _factorised,
    "tri": _eye,
    **{f"{precision}{name}": _factorised_by_lapack for name in ("potrf", "potri", "trtri") for precision in "ds"},
    **{f"{precision}{name}": _solved_by_lapack for name in ("potrs", "trtrs") for precision in "ds"},
    "take_along_axis": _taken,
    "array": _entries,
    "broadcast_to": _broadcast_to,
    "sliding_window_view": lambda args, named: Array(None),
    "linspace": lambda args, named: Array((args[2],) if len(args) > 2 and is_size(args[2]) else None),
    "searchsorted": lambda args, named: broadcast(list(args[1:2])),
    "interp": lambda args, named: broadcast(list(args[:1])),
    "polyval": lambda args, named: broadcast(list(args[1:2])),
    "svd": lambda args, named: UNKNOWN,
    "eigh": lambda args, named: UNKNOWN,
    "qr": lambda args, named: UNKNOWN,
    "slogdet": lambda args, named: (NUMBER, NUMBER),
    "correlate": lambda args, named: Array(None),
}
