"""Timings side by side with hand-written gradients and with SymPy; run ``python -m benchmarks``."""
