"""Programs that compute gradients, side by side: each in a process of its own, timed in turn.

A file each says how a workload becomes a call without arguments, by a function ``prepare(workload, arguments)`` that
returns the call, and ``lines(workload)``, the lines that a user writes. What a peer lacks it raises as `UnavailableError`.
Arguments are in the peer's own arrays before the clock starts, and the results stay in them.
"""

__all__ = ["FAST", "OURS", "PEERS", "REFERENCE"]

REFERENCE = "by hand"
OURS = "symbackprop"
FAST = "symbackprop fast"  # with optimize="fast"
PEERS = {  # to the modules, which are imported where they are timed
    REFERENCE: "benchmarks.peers.with_numpy",
    OURS: "benchmarks.peers.with_symbackprop",
    FAST: "benchmarks.peers.with_symbackprop_fast",
    "autograd": "benchmarks.peers.with_autograd",
    "jax": "benchmarks.peers.with_jax",
    "torch": "benchmarks.peers.with_torch",
    "casadi": "benchmarks.peers.with_casadi",
    "pytensor": "benchmarks.peers.with_pytensor",
    "sympy": "benchmarks.peers.with_sympy",
}
