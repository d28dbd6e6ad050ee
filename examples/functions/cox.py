"""Cox's proportional hazards: the partial likelihood of survival times, against its gradient in closed form.

Cox, D. R. (1972), Regression models and life-tables.
"""

import numpy as np

import symbackprop as sb
from examples.functions.fitting import fit, slope_error


def loss(params, X, event):
    """Return the negative log partial likelihood; subjects come by falling time, so those at risk stand before one."""
    risk = X @ params["beta"]
    highest = np.max(risk)
    log_at_risk = highest + np.log(np.cumsum(np.exp(risk - highest)))
    return -np.sum(event * (risk - log_at_risk))


INPUTS = {"params": {"beta": "d"}, "X": "n d", "event": "n"}


def simulated(count, beta, seed=0):
    """Return covariates and whether the event was seen, by falling time; hazards are exp(X @ beta)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, len(beta)))
    time, censored = rng.exponential(np.exp(-X @ beta)), rng.exponential(2.0, size=count)
    order = np.argsort(-np.minimum(time, censored))
    return X[order], (time <= censored)[order].astype(float)


def closed_form(beta, X, event):
    """Return value and gradient by their definitions: at each event, the mean over those at risk is taken away."""
    value, gradient = 0.0, np.zeros_like(beta)
    for i in np.flatnonzero(event):
        at_risk = X[: i + 1]
        hazards = np.exp(at_risk @ beta)
        value -= X[i] @ beta - np.log(hazards.sum())
        gradient -= X[i] - hazards @ at_risk / hazards.sum()
    return value, gradient


def main(count=2000):
    truth = np.array([0.8, -0.5, 0.0, 0.3])
    X, event = simulated(count, truth)
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    params, _ = fit(compiled, {"beta": np.zeros(4)}, X, event)
    value, gradient = compiled({"beta": truth}, X, event)
    expected_value, expected = closed_form(truth, X, event)
    difference = np.max(np.abs(gradient["beta"] - expected)) / np.max(np.abs(expected))
    error = slope_error(compiled, {"beta": truth}, X, event)
    print(f"true coefficients {truth}, found {params['beta'].round(2)}")
    print(f"gradient off by {difference:.1e} from the closed form, slopes by {error:.1e}")
    return {
        "difference": max(difference, abs(value / expected_value - 1)),
        "distance": np.max(np.abs(params["beta"] - truth)),
        "slope_error": error,
    }


if __name__ == "__main__":
    main()
