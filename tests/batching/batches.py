"""A graph in batches against single calls: what the tests of batching compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from support import graph_of, inputs_of

from symbackprop.emit.header import Recipe
from symbackprop.emit.load import load_function
from symbackprop.emit.module import print_module
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Input, Node, make_input
from symbackprop.ops.contraction import permuted
from symbackprop.ops.verify import verify_graph
from symbackprop.simplify.rules import without_rules
from symbackprop.transform.batching import batched
from symbackprop.transform.batching.call import Made
from symbackprop.transform.derivatives import with_solvers

__all__ = ["agree", "function_of", "in_batches", "subsets"]

Function = Callable[..., tuple[Any, ...]]


def function_of(graph: Graph) -> Function:
    """Return the printed function of a graph."""
    recipe = Recipe("test", "value", None, None, False, "numpy", "float64", "f")
    printed = print_module(graph, recipe, "0", "numpy")
    return load_function(printed.source, printed.name)


def in_batches(graph: Graph, chosen: Sequence[Input], size: int, axis: int) -> tuple[Graph, list[Input]]:
    """Return a graph for many examples, the `chosen` inputs of which are batches along an axis, and all its inputs."""
    inputs: list[Input] = []
    moved: dict[Node, Made] = {}
    for node in graph.inputs:
        if node not in chosen:
            inputs.append(node)
            continue
        place = axis % (node.rank + 1)
        wider = make_input(node.index, (*node.shape[:place], size, *node.shape[place:]), node.dtype)
        inputs.append(wider)
        moved[node] = Made(permuted(wider, (place, *(i for i in range(node.rank + 1) if i != place))), True)
    found = batched(without_rules(with_solvers(graph)), moved, size)
    return verify_graph(graph_of(found.outputs)), inputs


def subsets(inputs: Sequence[Input]) -> Iterator[tuple[Input, ...]]:
    """Yield what may be batches: some of the inputs, at least one; of many all, and each alone."""
    counts = range(1, len(inputs) + 1) if len(inputs) <= 3 else (1, len(inputs))
    for count in counts:
        yield from combinations(inputs, count)


def agree(
    node: Node,
    draw: Callable[[Input, int], Any],
    size: int,
    *,
    rtol: float = 1e-10,
    among: Sequence[Input] | None = None,
) -> int:
    """Compare a node in batches of all kinds with single calls; `draw` gives the value of an input in an example.

    Batches are all inputs, or those `among` some, along the first or the last axis. Returns how many kinds of batches
    there were.
    """
    graph = graph_of([node])
    single = function_of(without_rules(with_solvers(graph)))
    count = 0
    for chosen in subsets(inputs_of([node]) if among is None else among):
        every = [(axis, *in_batches(graph, chosen, size, axis)) for axis in (0, -1)]
        values = [[draw(x, number if x in chosen else 0) for x in graph.inputs] for number in range(size)]
        with np.errstate(all="ignore"):
            expected = np.stack([np.asarray(single(*arguments)[0]) for arguments in values])
        for axis, wider, inputs in every:
            given: Mapping[Node, Any] = {
                new: np.stack([row[i] for row in values], axis % (old.rank + 1)) if old in chosen else values[0][i]
                for i, (old, new) in enumerate(zip(graph.inputs, inputs, strict=True))
            }
            with np.errstate(all="ignore"):
                (found,) = function_of(wider)(*(given[x] for x in wider.inputs))
            assert found.dtype == expected.dtype, (chosen, axis)
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol, err_msg=f"{chosen}, axis {axis}")
            count += 1
    return count
