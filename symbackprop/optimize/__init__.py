"""Formulas as SciPy's solvers want them: functions of one flat vector, and what the user calls by name.

Here are the packing of named parameters, bounds and fixed entries, and the object that `compile_scipy` returns. No
solver is written here, and no derivative is taken: the first are SciPy's, the second come of `compilation`.
"""
