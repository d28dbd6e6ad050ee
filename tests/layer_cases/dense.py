"""Dense layers with each activation, blocks, and the losses of the thinnest slice."""

from __future__ import annotations

from layer_cases.case import Case, distribution, one_hot

ACTIVATIONS = (
    "relu", "leaky_relu", "leaky_relu(0.2)", "elu", "elu(0.7)", "celu", "celu(0.5)", "selu", "gelu", "gelu_tanh",
    "silu", "mish", "softplus", "softsign", "sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "hard_tanh(-0.5,0.3)",
    "softmax", "log_softmax",
)  # fmt: skip

CASES = (
    *(Case(f"dense {f}", f"input 3\ndense 5 {f}\ndense 2\nloss squared_error") for f in ACTIVATIONS),
    *(Case(f"layer {f}", f"network batch=none\ninput 7\n{f}\nloss squared_error", seed=1) for f in ACTIVATIONS),
    Case("identity", "input 3\nidentity\ndense 2 identity\nloss squared_error"),
    Case("without bias", "input 3\ndense 4 tanh bias=false\ndense 2 bias=false\nloss squared_error"),
    Case("over time", "input 4 3\ndense 2 tanh\nloss squared_error", seed=2),
    Case("columns", "network batch=columns\ninput 3\ndense 4 tanh\ndense 2\nloss squared_error"),
    Case("one example", "network batch=none\ninput 3\ndense 4 tanh\ndense 2\nloss squared_error"),
    Case("penalties", "input 3\ndense 4 tanh l1=0.1 l2=0.2\ndense 2 l2=0.3\nloss squared_error"),
    Case("shared", "input 3\na = dense 3 tanh\ndense 3 share=a\nloss squared_error"),
    Case("residual", "input 3\nresidual\n    dense 4 tanh\n    dense 3\nloss squared_error"),
    Case("residual in residual", "input 3\nresidual\n    residual\n        dense 3 tanh\nloss squared_error"),
    Case("repeat", "input 3\nrepeat 3\n    dense 3 tanh\nloss squared_error"),
    Case("repeat shared", "input 3\nrepeat 3 shared=true\n    dense 3 tanh\nloss squared_error"),
    Case("squared_error sum", "input 3\ndense 2\nloss squared_error sum half=false"),
    Case("squared_error weighted", "input 3\ndense 2\nloss squared_error sample_weight=true"),
    Case("softmax_cross_entropy", "input 3\ndense 4\nloss softmax_cross_entropy", {"y": one_hot()}, held=("y",)),
    Case("softmax_cross_entropy of distributions", "input 3\ndense 4\nloss softmax_cross_entropy",
         {"y": distribution()}, held=("y",)),
    Case("softmax_cross_entropy columns", "network batch=columns\ninput 3\ndense 4\nloss softmax_cross_entropy",
         {"y": one_hot(axis=0)}, held=("y",)),
)  # fmt: skip
