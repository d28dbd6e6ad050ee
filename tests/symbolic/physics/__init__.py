"""A hundred formulas of physics and its neighbours, from textbooks, as SymPy expressions."""

from __future__ import annotations

from physics.fields import ELECTROMAGNETISM, OPTICS
from physics.fluids import ASTRONOMY, FLUIDS
from physics.heat import HEAT, STATISTICS
from physics.law import Law
from physics.life import BIOLOGY, CHEMISTRY, FINANCE
from physics.mechanics import MECHANICS, RELATIVITY
from physics.quantum import QUANTUM
from physics.special import SPECIAL

__all__ = ["LAWS", "Law"]

LAWS = [
    *MECHANICS,
    *RELATIVITY,
    *ELECTROMAGNETISM,
    *OPTICS,
    *HEAT,
    *STATISTICS,
    *QUANTUM,
    *FLUIDS,
    *ASTRONOMY,
    *CHEMISTRY,
    *BIOLOGY,
    *FINANCE,
    *SPECIAL,
]
