"""Models with loops over time, written with `symbackprop.scan` and differentiated as loops; run one with ``python -m examples.loops.nile``."""
