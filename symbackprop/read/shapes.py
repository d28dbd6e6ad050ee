"""Declarations of inputs: compact text ``X[n,d] w[d] b``, or a mapping of names to shapes.

Sizes are read by a small parser of integer expressions (`read.sizes`); nothing is evaluated. Sizes taken from an
example array are the numbers that it has.
"""

from __future__ import annotations

import keyword
import operator
import re
import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np

from symbackprop.errors import ArgumentError, FormulaSyntaxError, ShapeError, SymbackpropError, nearest_names
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, SizeExpression, to_text
from symbackprop.read.sizes import Piece, pieces_of, read_size

__all__ = ["declarations_text", "read_declarations", "split_declarations"]

_DTYPES = {"int": "int64", "int64": "int64", "bool": "bool", "float64": "float64", "float32": "float32"}
_INDEX = re.compile(r"\[[^\[\]]*\]")
_FORMULA_ONLY = frozenset("=('\"#;{")
_HOW = "declarations are names with shapes, such as X[n,d] w[d] b idx[k]:int z[...]"

Shape = tuple[Size, ...] | None


def split_declarations(text: str) -> tuple[str | None, int]:
    """Return the declarations before ``->`` (None without any), and where the formula begins."""
    arrow = text.find("->")
    if arrow < 0 or not _FORMULA_ONLY.isdisjoint(_INDEX.sub("", text[:arrow])):
        return None, 0
    return text[:arrow], arrow + 2


def read_declarations(inputs: object, dtype: str = "float64") -> tuple[ArgumentSpec, ...]:
    """Return what `inputs` declares.

    Parameters
    ----------
    inputs : mapping or str
        Compact text, ``"X[n,d] w[d] b idx[k]:int z[...]"``, or a mapping from a name to a shape: sizes separated by
        blanks ("n d", "" for a scalar, "..." for any one shape, "k : int" for integers), a tuple, or an array.
    dtype : str
        The dtype of real inputs.

    Raises
    ------
    ArgumentError, ShapeError, FormulaSyntaxError
        On names that are not names, names declared twice, sizes that are not sizes.
    """
    if inputs is None:
        return ()
    if isinstance(inputs, str):
        return _from_text(inputs, dtype)
    if not isinstance(inputs, Mapping):
        raise ArgumentError(
            f"inputs is a {type(inputs).__name__}; give a mapping such as {{'X': 'n d', 'w': 'd'}} or text 'X[n,d] w[d]'"
        )
    return tuple(_from_value(name, shape, dtype) for name, shape in inputs.items())


def declarations_text(specs: Sequence[ArgumentSpec]) -> str:
    """Return declarations as compact text, which reads back as the same."""
    return " ".join(_entry_text(spec) for spec in specs)


def _entry_text(spec: ArgumentSpec) -> str:
    shape = "[...]" if spec.shape is None else f"[{','.join(map(to_text, spec.shape))}]" if spec.shape else ""
    suffix = {"int64": ":int", "bool": ":bool"}.get(spec.dtype, "")
    return f"{spec.name}{shape.replace(' ', '')}{suffix}"


# --- text -------------------------------------------------------------------------------------------------------------


def _from_text(text: str, dtype: str) -> tuple[ArgumentSpec, ...]:
    specs: dict[str, ArgumentSpec] = {}
    pieces = pieces_of(text)
    position = 0
    while pieces[position].kind != "end":
        if pieces[position].text == "," and specs:
            position += 1
        piece = pieces[position]
        if piece.kind != "name":
            raise FormulaSyntaxError(f"a name is expected here; {_HOW}", text=text, span=_span(piece))
        if piece.text in specs:
            raise ArgumentError(f"{piece.text!r} is declared twice", text=text, span=_span(piece))
        try:
            _check_name(piece.text)
        except ArgumentError as error:
            raise error.located(text, _span(piece)) from None
        shape, position = _bracketed(pieces, position + 1, text)
        suffix, position = _suffix(pieces, position, text, dtype)
        specs[piece.text] = ArgumentSpec(piece.text, shape, suffix)
    return tuple(specs.values())


def _span(piece: Piece) -> tuple[int, int]:
    return piece.start, piece.end


def _bracketed(pieces: Sequence[Piece], position: int, text: str) -> tuple[Shape, int]:
    """Return the shape in brackets at `position`, () without brackets, and the position behind it."""
    opening = pieces[position]
    if opening.text != "[":
        return (), position
    shape, position = _sizes(pieces, position + 1, text)
    if pieces[position].kind == "end":
        raise FormulaSyntaxError(f"this bracket is not closed; {_HOW}", text=text, span=_span(opening))
    if pieces[position].text != "]":
        raise FormulaSyntaxError(f"`]` or a size is expected here; {_HOW}", text=text, span=_span(pieces[position]))
    return shape, position + 1


def _sizes(pieces: Sequence[Piece], position: int, text: str) -> tuple[Shape, int]:
    """Return the sizes from `position` on, which are separated by blanks or commas, and the position behind them."""
    if pieces[position].text == "...":
        return None, position + 1
    sizes: list[Size] = []
    while pieces[position].text not in ("", "]", ":", "["):
        size, position = read_size(pieces, position, text)
        sizes.append(size)
        if pieces[position].text == ",":
            position += 1
        if pieces[position].text == "...":
            raise FormulaSyntaxError("`...` stands alone, for any one shape", text=text, span=_span(pieces[position]))
    return tuple(sizes), position


def _suffix(pieces: Sequence[Piece], position: int, text: str, dtype: str) -> tuple[str, int]:
    """Return the dtype that a suffix ``:int`` gives, and the position behind it."""
    if pieces[position].text != ":":
        return dtype, position
    piece = pieces[position + 1]
    known = _DTYPES.get(piece.text)
    if known is None:
        found = f"dtype {piece.text!r} is not known" if piece.text else "a dtype is missing behind the colon"
        hint = nearest_names(piece.text, _DTYPES)
        raise ArgumentError(
            f"{found}; choose int or bool, or leave it out for real numbers.{hint}", text=text, span=_span(piece)
        )
    if known.startswith("float") and known != dtype:
        raise ArgumentError(
            f"real inputs have the dtype of the function: dtype={known!r}", text=text, span=_span(piece)
        )
    return known, position + 2


def _check_name(name: str) -> None:
    if not name.isidentifier():
        raise ArgumentError(f"{name!r} is not a name; names are letters, digits and underscores")
    if keyword.iskeyword(name):
        raise ArgumentError(f"{name!r} is a reserved word of Python; rename the input, for example {name}_")


# --- mappings ---------------------------------------------------------------------------------------------------------


def _from_value(name: object, value: object, dtype: str) -> ArgumentSpec:
    if not isinstance(name, str):
        raise ArgumentError(f"inputs names {name!r}, which is not text; the keys are the names of inputs")
    name = unicodedata.normalize("NFKC", name)
    _check_name(name)
    try:
        if isinstance(value, str):
            return ArgumentSpec(name, *_from_words(value, dtype))
        if _is_any_shape(value):
            return ArgumentSpec(name, None, dtype)
        if isinstance(value, tuple) or (isinstance(value, list) and _has_names(value)):
            return ArgumentSpec(name, tuple(map(_size, value)), dtype)
        return ArgumentSpec(name, *_from_example(value, dtype))
    except SymbackpropError as error:
        raise type(error)(f"input {name!r}: {error.message}", text=error.formula, span=error.span) from None


def _is_any_shape(value: object) -> bool:
    if isinstance(value, (tuple, list)) and len(value) == 1:
        (value,) = value
    return value is Ellipsis or (isinstance(value, str) and value.strip() == "...")


def _has_names(sizes: Sequence[object]) -> bool:
    return any(isinstance(size, (str, SizeExpression)) for size in sizes)


def _from_words(text: str, dtype: str) -> tuple[Shape, str]:
    """Return the shape and the dtype that ``"n d : int"`` says."""
    pieces = pieces_of(text)
    shape, position = _sizes(pieces, 0, text)
    known, position = _suffix(pieces, position, text, dtype)
    if pieces[position].kind != "end":
        raise FormulaSyntaxError(
            'a shape is sizes and blanks, such as "n d", "" for a scalar', text=text, span=_span(pieces[position])
        )
    return shape, known


def _size(size: object) -> Size:
    if isinstance(size, SizeExpression):
        return size
    if isinstance(size, str):
        pieces = pieces_of(size)
        read, position = read_size(pieces, 0, size)
        if pieces[position].kind != "end":
            raise FormulaSyntaxError(
                'one size is expected; write ("n", "d") or "n d"', text=size, span=_span(pieces[position])
            )
        return read
    if isinstance(size, bool) or not hasattr(size, "__index__") or operator.index(size) < 0:
        raise ShapeError(f"{size!r} is not a size; sizes are integers of at least 0, or names")
    return operator.index(size)


def _from_example(value: object, dtype: str) -> tuple[Shape, str]:
    """Return the shape and the dtype of an example; a list of integers might as well be a shape, so it is refused."""
    if isinstance(value, list) and value and all(type(entry) is int for entry in value):
        raise ArgumentError(
            f"is {value!r} a shape or an example? Write the tuple {tuple(value)!r} for a shape, an array for an example"
        )
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ArgumentError(f"a {type(value).__name__} is neither a shape nor an array: {error}") from None
    kinds = {"f": dtype, "i": "int64", "u": "int64", "b": "bool"}
    if array.dtype.kind not in kinds:
        raise ArgumentError(
            f'a {type(value).__name__} of dtype {array.dtype} declares nothing; give a shape such as "n d" '
            '("" for a scalar), or an array of real numbers'
        )
    is_number = array.dtype.kind in "iu" and array.ndim == 0
    return tuple(int(size) for size in array.shape), dtype if is_number else kinds[array.dtype.kind]
