"""Models that hold derivatives themselves; run one with ``python -m examples.nested.poisson``."""
