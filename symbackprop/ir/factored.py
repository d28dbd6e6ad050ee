"""How an array is made of its factors: as a sum of products in index notation, and what NumPy writes for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbackprop.ir.size import Size, shape_text

__all__ = ["Factored", "Product"]

Indices = tuple[int, ...]

_AXES = "ijklmnop"  # the letters of axes
_SUMMED = "rstuvwxyz"  # those of indices that are summed over


@dataclass(frozen=True, slots=True)
class Product:
    """A term: the product of some factors, summed over the indices that no axis of the array has.

    Parameters
    ----------
    axes : tuple of int
        The index of each axis. Where two axes have one index, entries off that diagonal are 0.
    operands : tuple of (int, tuple of int)
        The number of a factor, and the indices of its axes.
    negative : bool
        Whether the term is subtracted.
    """

    axes: Indices
    operands: tuple[tuple[int, Indices], ...]
    negative: bool = False

    @property
    def scalars(self) -> list[int]:
        """The numbers of the factors that are scalars."""
        return [number for number, indices in self.operands if not indices]

    @property
    def arrays(self) -> list[tuple[int, Indices]]:
        """The other factors, with the indices of their axes."""
        return [operand for operand in self.operands if operand[1]]

    @property
    def summed(self) -> list[int]:
        """The indices that no axis has."""
        every = dict.fromkeys(index for _, indices in self.operands for index in indices)
        return [index for index in every if index not in self.axes]

    @property
    def repeated(self) -> set[int]:
        """The indices that several axes have."""
        return {index for index in self.axes if self.axes.count(index) > 1}

    @property
    def is_diagonal(self) -> bool:
        """Whether every index is that of several axes."""
        return bool(self.axes) and self.repeated == set(self.axes)

    @property
    def kind(self) -> str:
        """What the field calls such an array."""
        repeated, indexed = self.repeated, {index for _, indices in self.operands for index in indices}
        if self.is_diagonal:
            half = len(self.axes) // 2
            before, behind = self.axes[:half], self.axes[half:]
            permuted = "permuted " if before != behind and sorted(before) == sorted(behind) else ""
            return permuted + ("diagonal" if indexed else "scaled identity")
        if repeated:
            return "block diagonal" if repeated & indexed else "Kronecker product with the identity"
        if self.summed:
            return "low rank"
        if any(set(indices) == set(self.axes) for _, indices in self.operands):
            return "dense"
        return "rank one" if set(self.axes) <= indexed else "broadcast"


@dataclass(frozen=True, slots=True)
class Factored:
    """An array in factors.

    Parameters
    ----------
    names : tuple of str
        What the factors are called.
    shape : tuple of sizes
        That of the array.
    terms : tuple of Product
        What is added; nothing for an array of zeros.
    """

    names: tuple[str, ...]
    shape: tuple[Size, ...]
    terms: tuple[Product, ...]

    @property
    def kind(self) -> str:
        """What the field calls such an array."""
        return " plus ".join(dict.fromkeys(term.kind for term in self.terms)) or "zero"

    def __str__(self) -> str:
        """Return the NumPy expression that makes the array."""
        if not self.terms:
            return f"np.zeros({_shape(self.shape)})"
        text = ""
        for term in self.terms:
            own = _product_text(term, self.names, self.shape)
            text += f" {'-' if term.negative else '+'} {own}" if text else f"-{own}" if term.negative else own
        return text


def _product_text(term: Product, names: tuple[str, ...], shape: tuple[Size, ...]) -> str:
    scalars = [names[number] for number in term.scalars]
    if not shape:
        return " * ".join(scalars) or "1.0"
    if [indices for _, indices in term.operands] == [term.axes]:
        return names[term.operands[0][0]]
    if not term.arrays and not term.repeated:
        return f"np.full({_shape(shape)}, {' * '.join(scalars)})" if scalars else f"np.ones({_shape(shape)})"
    array = _matrix_text(term, names, shape) if len(shape) == 2 else None
    return " * ".join([*scalars, array or _einsum_text(term, names, shape)])


def _matrix_text(term: Product, names: tuple[str, ...], shape: tuple[Size, ...]) -> str | None:
    """Return the text of a matrix as a person writes it; None where there is none."""
    row, column = term.axes
    arrays = [(names[number], indices) for number, indices in term.arrays]
    by_index = {indices: name for name, indices in arrays}
    match [indices for _, indices in arrays]:
        case [] if row == column:
            return f"np.eye({shape[0]})"
        case [(only,)] if row == column == only:
            return f"np.diag({by_index[row,]})"
        case [(only,)]:
            ones = f"np.ones({shape[1 if only == row else 0]})"
            return f"np.outer({by_index[only,]}, {ones})" if only == row else f"np.outer({ones}, {by_index[only,]})"
        case [(first,), (second,)] if (first, second) == (row, column):
            return f"np.outer({by_index[row,]}, {by_index[column,]})"
    return _matrix_product_text(term, arrays)


def _matrix_product_text(term: Product, arrays: list[tuple[str, Indices]]) -> str | None:
    """Return the text of a product of two matrices, with a diagonal one between them or without; None for any other."""
    row, column = term.axes
    if row == column or len(term.summed) != 1 or len(arrays) not in (2, 3):
        return None
    (inner,) = term.summed
    (left, before), *between, (right, behind) = arrays
    if {*before} != {row, inner} or {*behind} != {inner, column} or any(indices != (inner,) for _, indices in between):
        return None
    left = left if before == (row, inner) else f"{left}.T"
    right = right if behind == (inner, column) else f"{right}.T"
    return f"{left} @ ({between[0][0]}[:, None] * {right})" if between else f"{left} @ {right}"


def _einsum_text(term: Product, names: tuple[str, ...], shape: tuple[Size, ...]) -> str:
    letters = dict(zip(term.summed, _SUMMED, strict=False))
    for letter, index in zip(_AXES, term.axes, strict=False):
        letters.setdefault(index, letter)
    operands = [(names[number], "".join(letters[index] for index in indices)) for number, indices in term.arrays]
    operands += _filling(term, letters, shape)
    subscripts = ",".join(own for _, own in operands)
    return f'np.einsum("{subscripts}->{_AXES[: len(shape)]}", {", ".join(name for name, _ in operands)})'


def _filling(term: Product, letters: dict[int, str], shape: tuple[Size, ...]) -> Iterator[tuple[str, str]]:
    """Yield identities for axes that repeat an index, and ones for those along which nothing changes."""
    known = {index for _, indices in term.operands for index in indices}
    for axis, index in enumerate(term.axes):
        if index in term.axes[:axis]:
            yield f"np.eye({shape[axis]})", letters[index] + _AXES[axis]
        elif index not in known and index not in term.repeated:
            yield f"np.ones({shape[axis]})", _AXES[axis]


def _shape(shape: tuple[Size, ...]) -> str:
    return str(shape[0]) if len(shape) == 1 else shape_text(shape)
