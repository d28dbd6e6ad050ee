"""Declarations of inputs: compact text ``X[n,d] w[d] b``, or a mapping of names to shapes.

Sizes are read by a small parser of integer expressions; nothing is evaluated. Sizes taken from an example array are
the numbers that it has.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping, Sequence

import numpy as np

from symbackprop.errors import ArgumentError, FormulaSyntaxError, ShapeError
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, SizeExpression, is_nonnegative, named, to_text

__all__ = ["declarations_text", "read_declarations", "split_declarations"]

_ENTRY = re.compile(r"\s*,?\s*([^\W\d]\w*)\s*(?:\[([^\[\]]*)\])?\s*(?::\s*(\w+))?")
_SIZE_TOKEN = re.compile(r"\s*(?:(\d+)|([^\W\d]\w*)|(//|[-+*()]))")
_DTYPES = {"int": "int64", "int64": "int64", "bool": "bool", "float64": "float64", "float32": "float32"}


def split_declarations(text: str) -> tuple[str | None, int]:
    """Return the declarations before ``->`` (None without any), and where the formula begins."""
    arrow = text.find("->")
    if arrow < 0 or "\n" in text[:arrow].strip() or any(c in text[:arrow] for c in "=('\"#;"):
        return None, 0
    return text[:arrow], arrow + 2


def read_declarations(inputs: Mapping[str, object] | str | None, dtype: str = "float64") -> tuple[ArgumentSpec, ...]:
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


def _from_text(text: str, dtype: str) -> tuple[ArgumentSpec, ...]:
    specs: dict[str, ArgumentSpec] = {}
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _ENTRY.match(text, position)
        if match is None or match.end() == position:
            raise FormulaSyntaxError(
                "declarations are names with shapes, such as X[n,d] w[d] b", text=text, span=(position, position + 1)
            )
        name, shape, suffix = match.groups()
        if name in specs:
            raise ArgumentError(f"{name!r} is declared twice", text=text, span=match.span(1))
        _check_name(name)
        specs[name] = ArgumentSpec(name, _shape(shape or "", text, match.start(2)), _dtype(suffix, dtype, name))
        position = match.end()
    return tuple(specs.values())


def _from_value(name: object, shape: object, dtype: str) -> ArgumentSpec:
    if not isinstance(name, str):
        raise ArgumentError(f"inputs names {name!r}, which is not text; the keys are the names of inputs")
    _check_name(name)
    if isinstance(shape, str):
        sizes, colon, suffix = shape.partition(":")
        return ArgumentSpec(name, _shape(sizes, sizes, 0), _dtype(suffix.strip() if colon else None, dtype, name))
    if isinstance(shape, (tuple, list)) and all(isinstance(size, (str, int, SizeExpression)) for size in shape):
        return ArgumentSpec(name, tuple(_size(size) for size in shape), dtype)
    return _from_array(name, shape, dtype)


def _from_array(name: str, value: object, dtype: str) -> ArgumentSpec:
    array = np.asarray(value)
    kinds = {"f": dtype, "i": "int64", "u": "int64", "b": "bool"}
    if array.dtype.kind not in kinds:
        raise ArgumentError(f"input {name!r} is declared by an example of dtype {array.dtype}; real numbers are needed")
    integral = array.dtype.kind in "iu" and array.ndim == 0
    return ArgumentSpec(name, tuple(int(size) for size in array.shape), dtype if integral else kinds[array.dtype.kind])


def _check_name(name: str) -> None:
    if not name.isidentifier():
        raise ArgumentError(f"{name!r} is not a name; names are letters, digits and underscores")
    if keyword.iskeyword(name):
        raise ArgumentError(f"{name!r} is a reserved word of Python; rename the input, for example {name}_")


def _dtype(suffix: str | None, dtype: str, name: str) -> str:
    if not suffix:
        return dtype
    if suffix not in _DTYPES:
        raise ArgumentError(
            f"input {name!r} has dtype {suffix!r}; choose int or bool, or leave it out for real numbers"
        )
    if suffix.startswith("float") and suffix != dtype:
        raise ArgumentError(f"input {name!r} is {suffix}; real inputs have the dtype of the function: dtype={suffix!r}")
    return _DTYPES[suffix]


def _shape(text: str, whole: str, offset: int) -> tuple[Size, ...] | None:
    """Return the sizes in `text`, which are separated by blanks or commas."""
    if text.strip() == "...":
        return None
    sizes = []
    for match in re.finditer(r"[^\s,]+", text):
        try:
            sizes.append(_size_expression(match.group()))
        except (ShapeError, FormulaSyntaxError) as error:
            raise error.located(whole, (offset + match.start(), offset + match.end())) from None
    return tuple(sizes)


def _size(size: str | int | SizeExpression) -> Size:
    if isinstance(size, str):
        return _size_expression(size.replace(" ", ""))
    if isinstance(size, bool) or (isinstance(size, int) and size < 0):
        raise ShapeError(f"{size!r} is not a size; sizes are integers of at least 0, or names")
    return size


def _size_expression(text: str) -> Size:
    """Return an integer expression over names, with + - * // and parentheses, by precedence on an explicit stack."""
    levels = {"(": 0, "+": 1, "-": 1, "*": 2, "//": 2}
    values: list[Size] = []
    operators: list[str] = []

    def apply() -> None:
        operator, right, left = operators.pop(), values.pop(), values.pop()
        values.append(
            left + right if operator == "+" else left - right if operator == "-"
            else left * right if operator == "*" else left // right
        )  # fmt: skip

    position, operand_next = 0, True
    while position < len(text):
        match = _SIZE_TOKEN.match(text, position)
        if match is None:
            raise FormulaSyntaxError(f"{text!r} is not a size; sizes are integers, names, or sums and products of them")
        number, name, symbol = match.groups()
        position = match.end()
        begins = bool(number or name) or symbol == "("
        if operand_next != begins:
            raise FormulaSyntaxError(f"{text!r} is not a size; write n, 3, n+1 or 2*n")
        if number or name:
            values.append(int(number) if number else named(name))
            operand_next = False
        elif symbol == "(":
            operators.append(symbol)
        elif symbol == ")":
            while operators and operators[-1] != "(":
                apply()
            if not operators:
                raise FormulaSyntaxError(f"{text!r} has a parenthesis too many")
            operators.pop()
        else:
            while operators and levels[operators[-1]] >= levels[symbol]:
                apply()
            operators.append(symbol)
            operand_next = True
    if operand_next or "(" in operators:
        raise FormulaSyntaxError(f"{text!r} is not a whole size")
    while operators:
        apply()
    (size,) = values
    if isinstance(size, int) and not is_nonnegative(size):
        raise ShapeError(f"size {text!r} is negative")
    return size
