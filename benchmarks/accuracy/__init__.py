"""How accurate values and gradients are: largest errors against arithmetic with many digits, side by side with peers.

Each function is written once, over a namespace `m` of NumPy's names, as a user would write it who knows the formula and not
how it rounds. Every peer computes the value and the gradient of that at the same points; `reference` computes them with as
many digits as it takes for fifty to be right.
"""

from benchmarks.accuracy.table import POINTS, accuracy_table, measured

__all__ = ["POINTS", "accuracy_table", "measured"]
