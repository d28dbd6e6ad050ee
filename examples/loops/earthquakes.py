"""A hidden Markov model of the world's large earthquakes: two Poisson rates, by the forward algorithm in logarithms.

Data: earthquakes of magnitude 7 or more, a year, 1900 to 2006. W. Zucchini, I. L. MacDonald and R. Langrock, Hidden Markov
Models for Time Series, 2nd ed., 2016, table 1.1; fitted there to a negative log-likelihood of 342.3183 with rates 15.472
and 26.125 (table 3.1).
"""

import numpy as np
from scipy.special import gammaln, logsumexp

import symbackprop as sb
from examples.functions.fitting import fit, slope_error

COUNTS = np.array(
    [
        "13",
        "14",
        "8",
        "10",
        "16",
        "26",
        "32",
        "27",
        "18",
        "32",
        "36",
        "24",
        "22",
        "23",
        "22",
        "18",
        "25",
        "21",
        "21",
        "14",
        "8",
        "11",
        "14",
        "23",
        "18",
        "17",
        "19",
        "20",
        "22",
        "19",
        "13",
        "26",
        "13",
        "14",
        "22",
        "24",
        "21",
        "22",
        "26",
        "21",
        "23",
        "24",
        "27",
        "41",
        "31",
        "27",
        "35",
        "26",
        "28",
        "36",
        "39",
        "21",
        "17",
        "22",
        "17",
        "19",
        "15",
        "34",
        "10",
        "15",
        "22",
        "18",
        "15",
        "20",
        "15",
        "22",
        "19",
        "16",
        "30",
        "27",
        "29",
        "23",
        "20",
        "16",
        "21",
        "21",
        "25",
        "16",
        "18",
        "15",
        "18",
        "14",
        "10",
        "15",
        "8",
        "15",
        "6",
        "11",
        "8",
        "7",
        "18",
        "16",
        "13",
        "12",
        "13",
        "20",
        "15",
        "16",
        "12",
        "18",
        "15",
        "16",
        "13",
        "15",
        "16",
        "11",
        "11",
    ],
    float,
)


def log_parts(params):
    """Return the logarithms of the transition matrix and of its stationary distribution, for two states."""
    leaving = params["leaving"]  # logits of leaving each state
    staying = -np.logaddexp(0.0, leaving)
    moving = -np.logaddexp(0.0, -leaving)
    log_matrix = np.stack([np.stack([staying[0], moving[0]]), np.stack([moving[1], staying[1]])])
    log_start = moving[::-1] - logsumexp(moving)
    return log_matrix, log_start


def loss(params, counts):
    """Return the negative log-likelihood, without what depends on the data alone."""
    log_matrix, log_start = log_parts(params)
    emissions = counts[:, None] * params["log_rates"] - np.exp(params["log_rates"])

    def step(alpha, emission):
        return logsumexp(alpha[:, None] + log_matrix, axis=0) + emission, None

    alpha, _ = sb.scan(step, log_start + emissions[0], emissions[1:])
    return -logsumexp(alpha)


INPUTS = {"params": {"leaving": "2", "log_rates": "2"}, "counts": "n"}


def by_expectations(params, counts):
    """Return the gradient by Fisher's identity: expected counts of the forward-backward algorithm, in probabilities."""
    log_matrix, log_start = log_parts(params)
    matrix, start, rates = np.exp(log_matrix), np.exp(log_start), np.exp(params["log_rates"])
    density = np.exp(counts[:, None] * params["log_rates"] - rates - gammaln(counts + 1)[:, None])
    n = len(counts)
    forward, backward, scales = np.empty((n, 2)), np.ones((n, 2)), np.empty(n)
    for t in range(n):
        ahead = (start if t == 0 else forward[t - 1] @ matrix) * density[t]
        scales[t] = ahead.sum()
        forward[t] = ahead / scales[t]
    for t in reversed(range(n - 1)):
        backward[t] = matrix @ (density[t + 1] * backward[t + 1]) / scales[t + 1]
    posterior = forward * backward
    pairs = forward[:-1, :, None] * matrix * (density[1:] * backward[1:] / scales[1:, None])[:, None, :]
    expected = pairs.sum(axis=0)
    moving = np.array([matrix[0, 1], matrix[1, 0]])
    moved = np.array([expected[0, 1], expected[1, 0]])
    leaving = moved - moving * expected.sum(axis=1)  # of the transitions
    leaving += (1 - moving) * (posterior[0][::-1] - start[::-1])  # of the start, moving[::-1] / sum(moving)
    return {"leaving": -leaving, "log_rates": -(posterior * (counts[:, None] - rates)).sum(axis=0)}


def main():
    compiled = sb.compile_value_and_grad(loss, inputs=INPUTS, wrt="params")
    print(compiled.source)

    start = {"leaving": np.array([-2.0, -2.0]), "log_rates": np.log([10.0, 30.0])}
    _, gradient = compiled(start, COUNTS)
    by_hand = by_expectations(start, COUNTS)
    params, found = fit(compiled, start, COUNTS)
    low, high = np.exp(params["log_rates"])
    figures = {
        "negative_log_likelihood": found.fun + np.sum(gammaln(COUNTS + 1)),
        "low": low,
        "high": high,
        "difference": max(np.max(np.abs(gradient[name] - by_hand[name])) for name in gradient),
        "slope_error": slope_error(compiled, start, COUNTS),
    }
    print("\n".join(f"{name}: {figure:.6g}" for name, figure in figures.items()))
    return figures


if __name__ == "__main__":
    main()
