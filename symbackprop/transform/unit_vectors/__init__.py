"""A linear map of all unit vectors at once: what Jacobians and Hessians are made of.

In here: what a value is for all unit vectors (`spread`), which keeps Kronecker deltas as long as nothing mixes entries;
rules of operations (`rules`, and `axes` of those along one axis), and those of batches where there is none; the walk
(`walk`); and loops over unit vectors (`loops`), for what has no rule for batches either.
"""

from symbackprop.transform.unit_vectors.loops import (
    for_all,
    for_rows,
    sums_for_all,
    trace_for_all,
    with_identities_spread,
)

__all__ = ["for_all", "for_rows", "sums_for_all", "trace_for_all", "with_identities_spread"]
