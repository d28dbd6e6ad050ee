"""Arrays made of their factors, over whatever numbers these hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from symbackprop.emit.sizes import SizeBinder
from symbackprop.ir.factored import Factored, Product
from symbackprop.ir.signature import ArgumentSpec, Label
from symbackprop.ir.size import evaluate

__all__ = ["assembled", "assembled_outputs"]


def assembled_outputs(
    outputs: Sequence[Any],
    labels: Sequence[Label],
    factored: Mapping[Label, Factored],
    arguments: Sequence[ArgumentSpec],
    values: Mapping[str, Any],
) -> list[Any]:
    """Return outputs, an array for each label, of those that come with factors in the place of arrays."""
    sizes = SizeBinder(arguments, ()).bind([np.shape(values[spec.name]) if spec.shape else () for spec in arguments])
    rest: Iterator[Any] = iter(outputs)
    found = []
    for label in labels:
        form = factored.get(label)
        if form is None:
            found.append(next(rest))
        else:
            shape = tuple(evaluate(size, sizes) for size in form.shape)
            found.append(assembled(form, [next(rest) for _ in form.names], shape))
    return found


def assembled(form: Factored, factors: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Return the array of a shape that factors make."""
    whole = np.full(shape, 0, dtype=object)
    for term in form.terms:
        product = _product(term, [np.asarray(factors[number], dtype=object) for number, _ in term.operands], shape)
        positions = [[*dict.fromkeys(term.axes)].index(index) for index in term.axes]
        for place in np.ndindex(product.shape):
            entry = product[place]
            index = tuple(place[position] for position in positions)
            whole[index] = whole[index] - entry if term.negative else whole[index] + entry
    return whole


def _product(term: Product, factors: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """Return the product of a term's factors with an axis for each index that axes of the array have."""
    order = [*dict.fromkeys(term.axes), *term.summed]
    sizes = dict(zip(term.axes, shape, strict=True))
    whole = np.full([sizes[index] for index in dict.fromkeys(term.axes)] + [1] * len(term.summed), 1, dtype=object)
    for factor, (_, indices) in zip(factors, term.operands, strict=True):
        turned = factor.transpose(sorted(range(len(indices)), key=lambda axis: order.index(indices[axis])))
        spread = tuple(slice(None) if index in indices else None for index in order)
        whole = np.asarray(whole * turned[spread], dtype=object)
    return whole.sum(axis=tuple(range(len(sizes), len(order)))) if term.summed else whole
