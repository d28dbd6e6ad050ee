"""The solvers of equations, as formulas: what they print is what is written here.

The names that they use beside the vocabulary's are given to them: `residual`, `objective` and `start`, `tol` and
`max_steps`, the small numbers `rounding`, `ridge` and `least` of the dtype, and the functions `jacobian`, `largest` (of the sizes of all entries), `divided` (a linear solve) and `require`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from symbackprop.read.vocabulary.arguments import Value

__all__ = ["ANDERSON", "CONSTRAINED", "LBFGS", "NEWTON", "bind_reader", "evaluated"]

# Newton's method; the last step is that which changes nothing any more.
NEWTON = """
def going(state):
    u, change = state
    return change > tol
def step(state):
    u, change = state
    d = divided(jacobian(residual, u), residual(u))
    return u - d, largest(d) / (1 + largest(u))
u, change = while_loop(going, step, (start, inf), max_steps)
require(u, change <= tol)
"""

# Anderson acceleration of u + residual(u): the combination of the last steps that makes the residual least. Walker and
# Ni (2011), Anderson acceleration for fixed-point iterations, SIAM J. Numer. Anal. 49, 1715-1735, with 5 steps.
ANDERSON = """
def going(state):
    u, u_old, r_old, du, dr, change = state
    return change > tol
def step(state):
    u, u_old, r_old, du, dr, change = state
    r = residual(u)
    seen = where(change < inf, 1.0, 0.0)
    du = concatenate((du[1:], [seen * (u - u_old)]))
    dr = concatenate((dr[1:], [seen * (r - r_old)]))
    gram = dr @ dr.T
    weights = linalg.solve(gram + (ridge * trace(gram) + least) * eye(5), dr @ r)
    return u + r - weights @ (du + dr), u, r, du, dr, largest(r) / (1 + largest(u))
none = zeros((5, start.shape[0]))
u, u_old, r_old, du, dr, change = while_loop(going, step, (start, start, start, none, none, inf), max_steps)
require(u, change <= tol)
"""

# L-BFGS with the last 10 steps and backtracking. Nocedal (1980), Updating quasi-Newton matrices with limited storage,
# Math. Comp. 35, 773-782. A step is short enough by Armijo's rule, to the rounding of the objective.
LBFGS = """
def direction(g, s, y, rho):
    def back(q, last):
        s, y, rho = last
        alpha = rho * (s @ q)
        return q - alpha * y, alpha
    q, alpha = scan(back, g, (s, y, rho), reverse=True)
    scale = where(rho[-1] > 0, rho[-1] * (y[-1] @ y[-1]), 1.0)
    def forth(z, last):
        s, y, rho, alpha = last
        return z + (alpha - rho * (y @ z)) * s, None
    z, _none = scan(forth, q / scale, (s, y, rho, alpha))
    return -z
def going(state):
    u, g, s, y, rho, size = state
    return size > tol
def step(state):
    u, g, s, y, rho, size = state
    value = objective(u)
    p = direction(g, s, y, rho)
    slope = g @ p
    def too_long(t):
        return objective(u + t * p) > value + 1e-4 * t * slope + rounding * abs(value)
    def halved(t):
        return t / 2
    t = while_loop(too_long, halved, 1.0, 40)
    u_new = u + t * p
    g_new = residual(u_new)
    s = concatenate((s[1:], [u_new - u]))
    y = concatenate((y[1:], [g_new - g]))
    curvature = s[-1] @ y[-1]
    rho = concatenate((rho[1:], [where(curvature > 0, 1.0, 0.0) / maximum(curvature, 1e-30)]))
    return u_new, g_new, s, y, rho, largest(g_new) / (1 + largest(u_new))
none = zeros((10, start.shape[0]))
g = residual(start)
first = (start, g, none, none, zeros(10), largest(g))
u, g, s, y, rho, size = while_loop(going, step, first, max_steps)
require(u, size <= tol)
"""

# The conditions of Karush, Kuhn and Tucker for a minimum of the objective where equality(u) = 0: Nocedal and Wright
# (2006), Numerical Optimization, section 12.3. The unknowns, and behind them a multiplier for every constraint; these begin
# as those that make the slopes at the start least (equation 18.21), so that a linear objective has a solution too.
CONSTRAINED = """
def conditions(z):
    n = start.shape[0]
    u = z[:n]
    slopes = jacobian(equality, u)
    return concatenate((jacobian(objective, u) + z[n:] @ slopes, equality(u)))
slopes = jacobian(equality, start)
concatenate((start, -linalg.solve(slopes @ slopes.T, slopes @ jacobian(objective, start)))), conditions
"""

Reader = Callable[[str, Mapping[str, Any]], Value]
_reader: list[Reader] = []


def bind_reader(reader: Reader) -> None:
    """Say what reads formulas; this package, which the reader builds on, cannot know it."""
    _reader[:] = [reader]


def evaluated(text: str, names: Mapping[str, Any]) -> Value:
    """Return the result of a formula in which `names` are known."""
    return _reader[0](text, names)
