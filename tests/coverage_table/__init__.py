"""What of NumPy and SciPy formulas may use: every name, with at least three forms of its arguments.

A form is a formula and its inputs. `PAGE` lists the names; `TABLE` has their forms, `REFUSED` those that are refused.
Arguments are kept in the domain of a function by what stands around x.
"""

from coverage_table import elementwise, layout, making, reductions
from coverage_table.page import ELSEWHERE, PAGE, REFUSED

__all__ = ["ELSEWHERE", "PAGE", "REFUSED", "TABLE"]

TABLE = elementwise.TABLE | reductions.TABLE | layout.TABLE | making.TABLE
