"""REINFORCE: a policy improves by the score-function gradient of its reward (Williams, 1992).

A bandit with contexts: in each of four contexts one of five arms pays most. The policy is a network from the context to
probabilities of arms; the reward of a draw is not differentiable, the logarithm of its probability is.
"""

import numpy as np

import symbackprop as sb
from examples.networks.training import Adam

PAYS = np.array(
    [[1.0, 0.2, 0.0, 0.3, 0.1], [0.1, 0.0, 0.9, 0.2, 0.2], [0.0, 0.8, 0.1, 0.1, 0.3], [0.2, 0.1, 0.0, 0.4, 1.0]]
)
POLICY = sb.read_layers("input 4\ndense 16 tanh\ndense 5\nlog_softmax")


def cost(params, x, action, reward, baseline):
    """Return minus the mean reward, whose derivative is that of the policy's mean reward."""
    hidden = np.tanh(x @ params["W1"].T + params["b1"])
    z = hidden @ params["W2"].T + params["b2"]
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(sb.score_function(np.sum(action * log_p, axis=1), reward, baseline))


GRADIENT = sb.compile_value_and_grad(
    cost,
    inputs={
        "params": {name: " ".join(map(str, shape)) for name, shape in POLICY.shapes.items()},
        "x": "n 4", "action": "n 5", "reward": "n", "baseline": "",
    },
    wrt="params",
)  # fmt: skip


def main() -> dict[str, float]:
    rng = np.random.default_rng(0)
    print(GRADIENT.source)
    probabilities = sb.compile_value(POLICY)
    optimiser = Adam(POLICY.init(seed=0), rate=0.01)
    baseline = 0.0
    for _ in range(600):
        context = rng.integers(4, size=64)
        p = np.exp(probabilities(optimiser.params, x=np.eye(4)[context]))
        arm = (rng.random((64, 1)) > np.cumsum(p, axis=1)).sum(axis=1).clip(max=4)
        reward = PAYS[context, arm] + 0.1 * rng.normal(size=64)
        _, grads = GRADIENT(optimiser.params, np.eye(4)[context], np.eye(5)[arm], reward, baseline)
        optimiser.step(grads)
        baseline = 0.95 * baseline + 0.05 * float(np.mean(reward))
    p = np.exp(probabilities(optimiser.params, x=np.eye(4)))
    found, best = float(np.mean(np.sum(p * PAYS, axis=1))), float(np.mean(PAYS.max(axis=1)))
    print(f"mean reward {found:.3f}; the best arms give {best:.3f}")
    return {"reward": found, "best": best}


if __name__ == "__main__":
    main()
