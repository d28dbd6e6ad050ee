"""A deep network with a bad and with good beginnings, diagnosed: fifty layers of tanh.

With small weights activations and adjoints vanish, with large ones units saturate and adjoints explode; orthogonal weights keep both alive.
"""

import numpy as np

import symbackprop as sb

DEPTH, WIDTH = 50, 30
BEGINNINGS = ("normal(0.05)", "normal(1.0)", "orthogonal")


def network(weights: str, depth: int = DEPTH) -> sb.Network:
    hidden = [sb.Dense(WIDTH, "tanh", weights=weights) for _ in range(depth)]
    return sb.Sequential([sb.Input(20), *hidden, sb.Dense(3), sb.SoftmaxCrossEntropy()])


def main() -> dict[str, str]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64, 20)), np.eye(3)[rng.integers(3, size=64)]
    verdicts = {}
    for weights in BEGINNINGS:
        net = network(weights)
        report = sb.compile_value_and_grad(net).diagnose(net.init(seed=0), x=x, y=y)
        print(f"\n{weights}\n{report}")
        verdicts[weights] = report.verdict
    return verdicts


if __name__ == "__main__":
    main()
