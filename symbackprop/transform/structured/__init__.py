"""Derivatives in factors: a diagonal, an outer product, blocks and sums of these, in place of the dense array.

In here: what a linear map does to its argument, in index notation (`terms`, by the rules of `linear`), and which factors
that leaves (`factors`). Not in here: how the factors are returned and described, which is in `emit`.
"""
