"""Fit the Lotka-Volterra equations to the pelts of lynx and hare that the Hudson's Bay Company took, 1900 to 1920.

Hares u and lynxes v, in thousands of pelts, with the rates of birth and death alpha, beta, gamma, delta:

    du/dt = (alpha - beta v) u,    dv/dt = (-gamma + delta u) v

What is counted is off by a factor that is log-normal. With the priors of the case study the most probable parameters
are found; its posterior means are the figures to compare with.

Figures: Howard, P. (2009), Modeling basics, lecture notes for Math 442, Texas A&M University, from Elton, C. and
Nicholson, M. (1942), J. Anim. Ecol. 11, 215-244. Start: Varah, J. M. (1982), SIAM J. Sci. Stat. Comput. 3, 28-46. Model: Carpenter, B. (2018), Predator-prey population dynamics: the
Lotka-Volterra model in Stan.
"""

import numpy as np

import symbackprop as sb

YEARS = np.arange(1900.0, 1921.0)
HARE = np.array(
    [30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6,
     16.2, 24.7]
)  # fmt: skip
LYNX = np.array(
    [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1,
     8.6]
)  # fmt: skip
POSTERIOR_MEANS = {
    "alpha": 0.55, "beta": 0.028, "gamma": 0.80, "delta": 0.024, "hares": 33.96, "lynxes": 5.95,
    "hare_noise": 0.25, "lynx_noise": 0.25,
}  # fmt: skip


def solution(alpha, beta, gamma, delta, hares, lynxes, years, adjoint="discrete"):
    """Return hares and lynxes in all years."""

    def lotka_volterra(state, year):
        u, v = state
        return (alpha - beta * v) * u, (-gamma + delta * u) * v

    return sb.odeint(lotka_volterra, (hares, lynxes), years, steps=10, adjoint=adjoint)


def loss(alpha, beta, gamma, delta, hares, lynxes, hare_noise, lynx_noise, years, hare, lynx, adjoint="discrete"):
    """Return the negative logarithm of the posterior density, up to a constant."""
    u, v = solution(alpha, beta, gamma, delta, hares, lynxes, years, adjoint)
    likelihood = len(hare) * np.log(hare_noise * lynx_noise)
    likelihood += np.sum((np.log(hare / u) / hare_noise) ** 2 + (np.log(lynx / v) / lynx_noise) ** 2) / 2
    rates = (((alpha - 1) / 0.5) ** 2 + ((gamma - 1) / 0.5) ** 2) / 2
    rates += (((beta - 0.05) / 0.05) ** 2 + ((delta - 0.05) / 0.05) ** 2) / 2
    return (
        likelihood
        + rates
        + sum(log_normal(x, np.log(10.0)) for x in (hares, lynxes))
        + sum(log_normal(x, -1.0) for x in (hare_noise, lynx_noise))
    )


def log_normal(x, mean):
    """Return the negative logarithm of the density of a log-normal variable, up to a constant."""
    return np.log(x) + (np.log(x) - mean) ** 2 / 2


def start():
    """Return parameters by the slopes of the logarithms of the figures, which are linear in the rates."""
    (alpha, beta), (gamma, delta) = (
        np.linalg.lstsq(np.column_stack([np.ones(len(YEARS)), other]), np.gradient(np.log(own), YEARS))[0]
        for own, other in ((HARE, LYNX), (LYNX, HARE))
    )
    noise = {"hare_noise": 0.5, "lynx_noise": 0.5}
    return {
        "alpha": alpha,
        "beta": -beta,
        "gamma": -gamma,
        "delta": delta,
        "hares": HARE[0],
        "lynxes": LYNX[0],
        **noise,
    }


def main():
    begin = start()
    data = {"years": YEARS, "hare": HARE, "lynx": LYNX}
    problem = sb.compile_scipy(loss, begin, data, bounds=dict.fromkeys(begin, (1e-3, None)))
    print(problem.compiled.source)

    fit = problem.minimize(method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-7})
    for name, value in fit.params.items():
        print(f"{name:11} {value:7.4f}   posterior mean {POSTERIOR_MEANS[name]:7.4f}")

    names = ("alpha", "beta", "gamma", "delta")
    by_adjoint = [
        sb.compile_grad(loss, inputs={**begin, **data, "adjoint": adjoint}, wrt=names, static=("adjoint",))
        for adjoint in ("discrete", "continuous")
    ]
    exact, adjoint = (np.array(compiled(*begin.values(), *data.values())) for compiled in by_adjoint)
    difference = np.max(np.abs(exact - adjoint)) / np.max(np.abs(exact))
    print(f"the continuous adjoint is off by {difference:.1e} from the gradient")
    return {"params": fit.params, "slope": float(np.max(np.abs(fit.jac))), "difference": float(difference)}


if __name__ == "__main__":
    main()
