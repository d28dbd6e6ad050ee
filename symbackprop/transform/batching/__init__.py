"""Batching: a function of one example becomes array code for many.

In here: the walk that gives every value that depends on a batch a leading axis (`walk`), one rule a primitive, by family,
and what the keyword `batch=` says (`arguments`). A primitive without a rule is refused by name. Not in here: Python loops
over examples, of which there are none.
"""

from symbackprop.transform.batching.arguments import axes_of, checked_batch, of_one_example, with_batch
from symbackprop.transform.batching.walk import batched

__all__ = ["axes_of", "batched", "checked_batch", "of_one_example", "with_batch"]
