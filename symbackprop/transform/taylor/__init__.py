"""Taylor mode: derivatives of any order along a curve, propagated through the graph.

`expansion` finds the derivatives of nodes, order by order; `leibniz` has the rules of operations whose derivatives are
convolutions; `bodies` those of loops and branches. Nothing here is printed or checked.
"""

from symbackprop.transform.taylor.expansion import Expansion

__all__ = ["Expansion"]
