"""Short scripts on real data; run one with ``python -m examples.black_scholes``."""
