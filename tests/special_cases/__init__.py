"""Cases of special functions, one file a family: formulas, their meaning for mpmath and SymPy, points, tolerances."""

from special_cases.bessel_and_airy import AIRY, BESSEL
from special_cases.gamma_and_error_functions import ERROR_FUNCTIONS, GAMMA, ZETA
from special_cases.integrals import ELLIPTIC, INCOMPLETE, INTEGRALS, LAMBERT
from special_cases.parameters import BETA, ENTROPY, HYPERGEOMETRIC
from special_cases.polynomials import POLYNOMIALS

__all__ = ["CASES"]

CASES = [
    *ERROR_FUNCTIONS,
    *GAMMA,
    *ZETA,
    *BESSEL,
    *AIRY,
    *ELLIPTIC,
    *LAMBERT,
    *INCOMPLETE,
    *INTEGRALS,
    *POLYNOMIALS,
    *BETA,
    *HYPERGEOMETRIC,
    *ENTROPY,
]
