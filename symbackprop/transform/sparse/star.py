"""Star colourings of graphs: neighbours differ, and no path of four vertices has two colours only.

In a symmetric matrix with the graph's pattern, every entry can then be read from the sum of the columns of one colour:
in two colours there are only stars, and the entry of an edge is alone in the row of the leaf.

Source: Gebremedhin, Tarafdar, Manne and Pothen 2007, "New acyclic and star coloring algorithms".
"""

from __future__ import annotations

from collections.abc import Sequence

from symbackprop.transform.sparse.orders import Neighbours

__all__ = ["greedy_star"]


def greedy_star(neighbours: Neighbours, order: Sequence[int]) -> list[int]:
    """Return the colour of each vertex, the first that is free as the vertices come in `order`.

    Sets of colours are the bits of an integer, so that a vertex asks each neighbour once: linear in the edges.
    """
    count = len(neighbours)
    colours = [-1] * count
    near = [0] * count  # the colours of a vertex's neighbours
    repeated = [0] * count  # those of two neighbours or more: of stars whose hub it is, or would be
    first: list[dict[int, int]] = [{} for _ in range(count)]  # for each colour, the first neighbour that has it
    hubs = [0] * count  # the colours of the hubs of stars in which a vertex is a leaf
    for vertex in order:
        taken = near[vertex]
        for other in neighbours[vertex]:
            if colours[other] >= 0:
                taken |= hubs[other]  # or the star would go on from its leaf
                if repeated[vertex] >> colours[other] & 1:
                    taken |= near[other]  # or two stars would meet in this leaf
        bit = ~taken & (taken + 1)
        colour = colours[vertex] = bit.bit_length() - 1
        for other in neighbours[vertex]:
            own = colours[other]
            if own >= 0 and repeated[vertex] >> own & 1:
                hubs[other] |= bit
            if near[other] & bit:
                repeated[other] |= bit
                if own >= 0:
                    hubs[vertex] |= 1 << own
                    hubs[first[other][colour]] |= 1 << own
            else:
                near[other] |= bit
                first[other][colour] = vertex
    return colours
