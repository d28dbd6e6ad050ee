"""Timings side by side with hand-written gradients and with SymPy; run ``python -m benchmarks``.

BLAS gets one thread unless the environment says otherwise: threads that wait for each other on a busy machine would be
most of what is measured.
"""

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # read when NumPy is first imported
