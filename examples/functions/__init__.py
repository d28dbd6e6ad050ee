"""Models as scientists write them in NumPy, compiled and fitted; run one with ``python -m examples.functions.cox``."""
