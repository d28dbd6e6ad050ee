"""Bounds of rounding errors, to first order, by the reverse pass.

In here: the bound of a value (`bounds`), as a derivative with respect to the unit roundoff, of which `marks` behind what
rounds make the graph a function; by how much each operation is wrong (`rules`, `matrices`, and `classes` of functions that
are wrong alike), in the words of `measures`. Not in here: errors of what is measured, or left off by a tolerance.
"""

from symbackprop.transform.rounding.bounds import NOT_LOWERED, with_error_bounds

__all__ = ["NOT_LOWERED", "with_error_bounds"]
