"""The local level model of the Nile's annual flow, its two variances by maximum likelihood through a Kalman filter.

Data: annual flow at Aswan, 1871 to 1970, in 1e8 m3: G. W. Cobb, The problem of the Nile, Biometrika 65 (1978) 243-251.
Estimates to reach: J. Durbin and S. J. Koopman, Time Series Analysis by State Space Methods, 2nd ed., 2012, section 2.10:
15,099 for the variance of the flow about its level, 1,469.1 for that of the level's steps.
"""

import numpy as np

import symbackprop as sb
from examples.functions.fitting import fit, slope_error

FLOWS = np.array(
    [
        "1120",
        "1160",
        "963",
        "1210",
        "1160",
        "1160",
        "813",
        "1230",
        "1370",
        "1140",
        "995",
        "935",
        "1110",
        "994",
        "1020",
        "960",
        "1180",
        "799",
        "958",
        "1140",
        "1100",
        "1210",
        "1150",
        "1250",
        "1260",
        "1220",
        "1030",
        "1100",
        "774",
        "840",
        "874",
        "694",
        "940",
        "833",
        "701",
        "916",
        "692",
        "1020",
        "1050",
        "969",
        "831",
        "726",
        "456",
        "824",
        "702",
        "1120",
        "1100",
        "832",
        "764",
        "821",
        "768",
        "845",
        "864",
        "862",
        "698",
        "845",
        "744",
        "796",
        "1040",
        "759",
        "781",
        "865",
        "845",
        "944",
        "984",
        "897",
        "822",
        "1010",
        "771",
        "676",
        "649",
        "846",
        "812",
        "742",
        "801",
        "1040",
        "860",
        "874",
        "848",
        "890",
        "744",
        "749",
        "838",
        "1050",
        "918",
        "986",
        "797",
        "923",
        "975",
        "815",
        "1020",
        "906",
        "901",
        "1170",
        "912",
        "746",
        "919",
        "718",
        "714",
        "740",
    ],
    float,
)


def loss(params, y):
    """Return the negative log-likelihood of all flows but the first, which the diffuse start takes for the level."""
    noise, drift = np.exp(params["log_noise"]), np.exp(params["log_drift"])

    def step(state, flow):
        level, variance = state
        predicted = variance + drift
        total = predicted + noise
        surprise = flow - level
        gain = predicted / total
        term = 0.5 * (np.log(2 * np.pi * total) + surprise**2 / total)
        return (level + gain * surprise, predicted * (1 - gain)), term

    _, terms = sb.scan(step, (y[0], noise), y[1:])
    return np.sum(terms)


INPUTS = {"params": {"log_noise": "", "log_drift": ""}, "y": "n"}


def by_dense_covariance(noise, drift, y):
    """Return the same from the joint normal density of the differences of the flows."""
    n = len(y) - 1
    covariance = (drift + 2 * noise) * np.eye(n) - noise * (np.eye(n, k=1) + np.eye(n, k=-1))
    steps = np.diff(y)
    return 0.5 * (n * np.log(2 * np.pi) + np.linalg.slogdet(covariance)[1] + steps @ np.linalg.solve(covariance, steps))


def main():
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"log_noise": 9.0, "log_drift": 9.0}
    params, found = fit(compiled, start, FLOWS)
    noise, drift = np.exp(params["log_noise"]), np.exp(params["log_drift"])
    figures = {
        "noise": noise,
        "drift": drift,
        "log_likelihood": -found.fun,
        "difference": abs(by_dense_covariance(noise, drift, FLOWS) - found.fun),
        "slope_error": slope_error(compiled, start, FLOWS),
    }
    print("\n".join(f"{name}: {figure:.6g}" for name, figure in figures.items()))
    return figures


if __name__ == "__main__":
    main()
