"""What ``batch=`` says: which arguments of the function are batches, and along which axis."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from symbackprop.emit.header import Recipe
from symbackprop.errors import ArgumentError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ir.packing import leaf_names
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, named, names
from symbackprop.ops.contraction import permuted
from symbackprop.simplify.pattern import Rewrites
from symbackprop.simplify.rules import without_rules
from symbackprop.transform.batching.call import Made
from symbackprop.transform.batching.walk import batched

__all__ = ["axes_of", "checked_batch", "of_one_example", "with_batch"]


def checked_batch(batch: Any) -> tuple[tuple[str, int], ...]:
    """Return names and axes in their order; nothing where nothing is a batch."""
    if batch is None:
        return ()
    if not isinstance(batch, Mapping):
        raise ArgumentError(
            f"batch is {batch!r}; give the axis of the examples for each input that is a batch, as in batch={{'x': 0}}"
        )
    if not batch:
        raise ArgumentError("batch is empty, so that nothing is a batch; name an input, as in batch={'x': 0}")
    found = []
    for name, axis in batch.items():
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise ArgumentError(f"batch gives {axis!r} as the axis of {str(name)!r}; give an integer")
        found.append((str(name), operator.index(axis)))
    return tuple(found)


def with_batch(graph: Graph, recipe: Recipe, log: Rewrites) -> Graph:
    """Return `graph`, which is that of one example, for the batches that a recipe names."""
    axes = axes_of(graph.arguments, recipe)
    size = named(_size_name(graph))
    arguments, inputs = list(graph.arguments), list(graph.inputs)
    moved: dict[Node, Made] = {}
    for position, (spec, node) in enumerate(zip(graph.arguments, graph.inputs, strict=True)):
        if spec.name in axes:
            front = axes[spec.name]
            arguments[position], inputs[position] = _widened(spec, node, front, size)
            order = (front, *(axis for axis in range(node.rank + 1) if axis != front))
            moved[node] = Made(permuted(inputs[position], order), True)
    found = batched(without_rules(graph), moved, size, log)
    return replace(found, arguments=tuple(arguments), inputs=tuple(inputs))


def axes_of(arguments: Sequence[ArgumentSpec], recipe: Recipe, *, widened: bool = False) -> dict[str, int]:
    """Return the axis of the examples, counted from the first, in every input that is a batch.

    Of an argument that is a structure all that are in it are batches. The tangent of a batch is one along the same axis,
    and cotangents are, as values are, along the first. The arguments are those of one example, or `widened` already.
    """
    packed = {} if recipe.packing is None else dict(recipe.packing.arguments)
    specs = {spec.name: spec for spec in arguments}
    known = {name: [name] for name in specs}
    known |= {title: [name] for name, title in recipe.titles}
    known |= {name: list(leaf_names(structure)) for name, structure in packed.items()}
    found: dict[str, int] = {}
    for name, axis in recipe.batch:
        if name not in known:
            raise UnknownNameError(
                f"batch names {name!r}, which is not an input; the inputs are {', '.join(known) or 'none'}."
                f"{nearest_names(name, known)}"
            )
        for leaf in known[name]:
            found[leaf] = _axis(specs[leaf], axis, widened)
    for spec in arguments if found else ():
        if spec.role == "cotangent":
            found.setdefault(spec.name, 0)
        elif spec.role and spec.of in found:
            found.setdefault(spec.name, found[spec.of])
    return found


def of_one_example(arguments: Sequence[ArgumentSpec], axes: Mapping[str, int]) -> tuple[ArgumentSpec, ...]:
    """Return arguments that are batches along `axes` as they are for one example."""

    def narrowed(spec: ArgumentSpec) -> ArgumentSpec:
        if spec.name not in axes or spec.shape is None:
            return spec
        axis = axes[spec.name]
        return replace(spec, shape=(*spec.shape[:axis], *spec.shape[axis + 1 :]))

    return tuple(map(narrowed, arguments))


def _axis(spec: ArgumentSpec, axis: int, widened: bool) -> int:
    """Return an axis of an input in batches, counted from the first."""
    if spec.shape is None:
        raise UnsupportedError(
            f"batch names {spec.name!r}, which may have any shape; declare its shape for one example, as in 'n d'"
        )
    rank = len(spec.shape) + (not widened)
    if not -rank <= axis < rank:
        raise ArgumentError(
            f"batch gives {axis} as the axis of {spec.name!r}, which has {rank} {'axes' if rank > 1 else 'axis'} with "
            f"that of the examples; give {-rank} to {rank - 1}"
        )
    return axis % rank


def _widened(spec: ArgumentSpec, node: Input, place: int, size: Size) -> tuple[ArgumentSpec, Input]:
    """Return an input with the axis of the examples."""
    shape = (*node.shape[:place], size, *node.shape[place:])
    return replace(spec, shape=shape), make_input(node.index, shape, node.dtype, node.level)


def _size_name(graph: Graph) -> str:
    """Return a name for the number of examples that no other size has."""
    sizes = [size for spec in graph.arguments for size in spec.shape or ()]
    taken = {name for size in sizes for name in names(size)} | set(graph.counts)
    candidates = ("n", "n_batch", *(f"n_batch{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in candidates if name not in taken)
