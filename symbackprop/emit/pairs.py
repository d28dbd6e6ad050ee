"""Pairs of a row and a column that a mask chooses, in the order of their rows, and sums and minima over those of a row.

They stand in printed code alone, in the place of what has an entry for every pair (`nearest`), when all derivatives are
known. How many pairs there are, nobody knows before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from symbackprop.ir.node import Apply, Node, Shape
from symbackprop.ir.size import Size, product
from symbackprop.ops.declare import ALIASED, Primitive, Style, Text, results

__all__ = [
    "chosen_pairs",
    "columns_of_ones",
    "first_of_rows",
    "least_of_rows",
    "of_rows",
    "one_each",
    "rows_at",
    "squares_of_rows",
    "sum_of_columns",
    "sum_of_rows",
]


def _refuse(*_: object) -> NoReturn:
    raise AssertionError("pairs are chosen when all derivatives are known")


def _printed(name: str, numpy: Text, infer: Callable[..., tuple[Shape, str]], **rest: object) -> Primitive:
    return Primitive(
        name=name, kind="custom", arity=None, infer=infer, texts={"numpy": numpy}, vjp=_refuse, jvp=_refuse,
        prepare=tuple, source="what it is called in NumPy", public=False, **rest,  # type: ignore[arg-type]
    )  # fmt: skip


def _infer_pairs(args: tuple[Node, ...], params: Mapping[str, object]) -> list[tuple[Shape, str]]:
    return [((params["count"],), "int64")] * 2  # type: ignore[list-item]


def _pairs_text(node: Apply, style: Style) -> str:
    return f"np.divmod(np.flatnonzero({{0}}), {style.size(node.args[0].shape[1])})"


_nonzero = _printed(
    "nonzero", _pairs_text, lambda args, params: _infer_pairs(args, params)[0],
    outputs=("rows", "columns"), infer_outputs=_infer_pairs,
)  # fmt: skip


def chosen_pairs(mask: Node, count: Size) -> tuple[Node, Node]:
    """Return the rows and the columns where a mask is true, `count` of each."""
    rows, columns = results(_nonzero(mask, count=count))  # type: ignore[arg-type]
    return rows, columns


def _reduced(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    x, first = args
    return (*first.shape, *x.shape[1:]), x.dtype


first_of_rows = _printed(
    "first_of_rows", "np.flatnonzero(np.diff({0}, prepend=-1))",
    lambda args, params: ((params["count"],), "int64"),
)  # fmt: skip
of_rows = _printed(  # of the rows themselves, where each has one pair
    "of_rows", "({0} if len({1}) == len({0}) else {0}[{1}])",
    lambda args, params: ((*args[1].shape, *args[0].shape[1:]), args[0].dtype), memory="view",
)  # fmt: skip
rows_at = _printed(  # of positions that are sure to be there, which need not be looked at before any row is copied
    "rows_at", "np.take({0}, {1}, axis=0, mode='clip')",
    lambda args, params: ((*args[1].shape, *args[0].shape[1:]), args[0].dtype),
)  # fmt: skip
least_of_rows = _printed("least_of_rows", "np.minimum.reduceat({0}, {1})", _reduced)
sum_of_rows = _printed("sum_of_rows", "np.add.reduceat({0}, {1})", _reduced)


squares_of_rows = _printed(  # one dot product a row takes longer, if rows are as short as points are
    "squares_of_rows", "np.einsum('ij,ij->i', {0}, {0})", lambda args, params: (args[0].shape[:1], args[0].dtype)
)


def _one_each_lines(node: Apply, style: Style) -> list[str]:
    """Return the statements: where a column has more than one entry that is true, the function returns.

    Of a single row nothing is known: it is the nearest, even if distances are not a number.
    """
    rows, columns = map(style.size, node.shape)
    return [ALIASED, f"if {rows} == 1 or np.count_nonzero({{0}}) != {columns}:", f"    return {style.otherwise}"]


one_each = _printed(
    "one_each", "{0}", lambda args, params: (args[0].shape, args[0].dtype), lines=_one_each_lines, memory="view"
)
columns_of_ones = _printed(  # the row of each column where its one is; the rest are zeros
    "columns_of_ones",
    lambda node, style: f"(np.arange({style.size(node.args[0].shape[0])}, dtype={style.dtype(node.args[0].dtype)}) @ {{0}}).astype(np.int64)",
    lambda args, params: (args[0].shape[1:], "int64"),
)  # fmt: skip


def _sum_of_columns_text(node: Apply, style: Style) -> str:
    """Return the text that adds up entry by entry, which is some times as fast as ``np.add.at``."""
    count, *inner = node.shape
    if not inner:
        text = f"np.bincount({{1}}, {{0}}, {style.size(count)})"
    else:
        width, total = style.size(product(inner)), style.size(product(node.shape))
        places = f"np.add.outer({{1}} * {_factor(width)}, np.arange({width})).ravel()"
        text = f"np.bincount({places}, {{0}}.ravel(), {total}).reshape({style.shape(node.shape)})"
    return text if node.dtype == "float64" else f"{text}.astype({style.dtype(node.dtype)})"


def _factor(text: str) -> str:
    return text if text.isalnum() else f"({text})"


sum_of_columns = _printed(
    "sum_of_columns", _sum_of_columns_text,
    lambda args, params: ((params["count"], *args[0].shape[1:]), args[0].dtype),
)  # fmt: skip
