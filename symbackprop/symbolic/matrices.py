"""Matrix expressions with symbolic sizes, and matrices and arrays of written-out entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from symbackprop.errors import UnsupportedError
from symbackprop.symbolic import code as codes
from symbackprop.symbolic.arithmetic import number_code
from symbackprop.symbolic.code import PRODUCT, UNARY, Code
from symbackprop.symbolic.sizes import SizeTexts
from symbackprop.symbolic.writer import Place, Rule

__all__ = ["RULES"]

_INVERSE = "linalg.inv("  # what the text of an inverse begins with, unless it is used twice and has a name


def _texts(place: Place) -> list[Code]:
    return [place.code(number) for number in place.arguments]


def _template(template: str) -> Rule:
    return Rule(lambda place: codes.call(template, _texts(place)))


def _is_matrix(node: Any) -> bool:
    return bool(getattr(node, "is_Matrix", False))


def _matrix_product(place: Place) -> Code:
    """Write numbers times matrices, ``2*(A @ B)``; an inverse times a matrix as the solution that it is."""
    scalars: list[Code] = []
    matrices: list[Code] = []
    negative = False
    for number in place.arguments:
        node = place.argument(number)
        if _is_matrix(node):
            matrices.append(place.code(number))
        elif node is sympy.S.NegativeOne:
            negative = not negative
        else:
            scalars.append(place.code(number))
    behind: list[Code] = []
    for matrix in reversed(matrices):
        if behind and matrix.text.startswith(_INVERSE):
            behind = [Code(f"linalg.solve({matrix.text[len(_INVERSE) : -1]}, {_chain(behind).text})")]
        else:
            behind.insert(0, matrix)
    inner = _chain(behind)
    if not scalars:
        return codes.negated(inner) if negative else inner
    return codes.product([*scalars, inner], [], negative)


def _chain(matrices: Sequence[Code]) -> Code:
    """Return the product of matrices from left to right."""
    if len(matrices) == 1:
        return matrices[0]
    first, *others = matrices
    return Code(" @ ".join([first.within(PRODUCT), *(matrix.within(UNARY) for matrix in others)]), PRODUCT)


def _matrix_power(place: Place) -> Code:
    base, exponent = place.arguments
    node = place.argument(exponent)
    if not isinstance(node, sympy.Integer):
        raise UnsupportedError(f"the matrix power {place.node} has no fixed integer as exponent")
    if node == -1:
        return Code(f"{_INVERSE}{place.code(base).text})")
    return Code(f"linalg.matrix_power({place.code(base).text}, {number_code(node).text})")


def _blocks(place: Place) -> Code:
    rows, columns = place.node.blockshape
    texts = [code.text for code in _texts(place)]
    lines = [_gathered("hstack", texts[row * columns : (row + 1) * columns]) for row in range(rows)]
    return Code(_gathered("vstack", lines))


def _gathered(word: str, texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{word}(({', '.join(texts)}))"


def _filled(word: str) -> Callable[[Place], Code]:
    def write(place: Place) -> Code:
        rows, columns = (place.writer.memory["sizes"].text(size).text for size in place.node.shape)
        return Code(f"{word}(({rows}, {columns}))")

    return write


def _identity(place: Place) -> Code:
    sizes: SizeTexts = place.writer.memory["sizes"]
    return Code(f"eye({sizes.text(place.node.shape[0]).text})")


def _written_out(place: Place) -> Code:
    """Write a matrix or an array of entries."""
    texts = [code.text for code in _texts(place)]
    shape = [int(size) for size in place.node.shape]
    if 0 in shape or not texts:
        return Code(f"zeros(({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''}))")
    for size in reversed(shape):
        texts = [f"[{', '.join(texts[i : i + size])}]" for i in range(0, len(texts), size)]
    return Code(f"array({texts[0]})")


def _part(place: Place) -> Code:
    """Write a block of a matrix, ``A[1:3, 0:4:2]``."""
    sizes: SizeTexts = place.writer.memory["sizes"]
    parts = []
    for start, stop, step in (place.node.rowslice, place.node.colslice):
        if step != 1 and (stop - start) % step != 0:
            raise UnsupportedError(
                f"{place.node}: the step {step} does not divide the length from {start} to {stop}, where SymPy counts "
                "fewer entries than there are; end the slice so that it does"
            )
        text = f"{sizes.text(start).text}:{sizes.text(stop).text}"
        parts.append(text if step == 1 else f"{text}:{sizes.text(step).text}")
    return Code(f"{place.code(place.arguments[0]).within(codes.ATOM)}[{', '.join(parts)}]")


def _hadamard_power(place: Place) -> Code:
    return codes.power(*_texts(place))


def _elementwise_product(place: Place) -> Code:
    return codes.product(_texts(place), [], False)


def _total(place: Place) -> Code:
    return codes.total(_texts(place))


_WRITTEN_OUT = Rule(_written_out)

RULES: dict[str, Rule] = {
    "MatMul": Rule(_matrix_product),
    "MatAdd": Rule(_total),
    "MatPow": Rule(_matrix_power),
    "Inverse": Rule(_matrix_power),
    "HadamardProduct": Rule(_elementwise_product),
    "HadamardPower": Rule(_hadamard_power),
    "Transpose": Rule(lambda place: Code(f"{_texts(place)[0].within(codes.ATOM)}.T")),
    "Adjoint": Rule(lambda place: Code(f"{_texts(place)[0].within(codes.ATOM)}.T")),
    "Trace": _template("trace({0})"),
    "Determinant": _template("linalg.det({0})"),
    "DotProduct": _template("vdot({0}, {1})"),
    "KroneckerProduct": Rule(lambda place: Code(_pairs("kron", [code.text for code in _texts(place)]))),
    "DiagMatrix": _template("diagflat({0})"),
    "BlockMatrix": Rule(_blocks),
    "BlockDiagMatrix": Rule(_blocks),
    "Identity": Rule(_identity),
    "ZeroMatrix": Rule(_filled("zeros")),
    "OneMatrix": Rule(_filled("ones")),
    "MatrixSlice": Rule(_part),
    "ImmutableDenseMatrix": _WRITTEN_OUT,
    "ImmutableSparseMatrix": _WRITTEN_OUT,
    "ImmutableDenseNDimArray": _WRITTEN_OUT,
    "ImmutableSparseNDimArray": _WRITTEN_OUT,
}


def _pairs(word: str, texts: Sequence[str]) -> str:
    text = texts[0]
    for other in texts[1:]:
        text = f"{word}({text}, {other})"
    return text
