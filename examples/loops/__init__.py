"""Models with loops over time and with equations solved inside; run one with ``python -m examples.loops.nile``."""
