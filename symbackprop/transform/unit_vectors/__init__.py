"""A linear map of all unit vectors at once: what Jacobians and Hessians are made of.

In here: what a value is for all unit vectors (`spread`), which keeps Kronecker deltas as long as nothing mixes entries;
one rule an operation (`rules`), and that of batches where there is none; the walk (`walk`); and loops over the rows of an
identity matrix, which are such maps too (`loops`). What has no rule for batches either stays a loop.
"""

from symbackprop.transform.unit_vectors.loops import one_by_one, with_identities_spread
from symbackprop.transform.unit_vectors.walk import of_unit_vectors

__all__ = ["of_unit_vectors", "one_by_one", "with_identities_spread"]
