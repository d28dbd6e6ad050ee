"""What a file needs beside NumPy is said in its header."""

from __future__ import annotations

import pytest

import symbackprop as sb


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        ("x[n] -> sum(gammaln(x) + erf(x))", "# needs: SciPy, for special.digamma"),
        (
            "K[n,n] y[n] -> y @ scipy.linalg.cho_solve(scipy.linalg.cho_factor(K), y)",
            "# needs: SciPy, for linalg.cho_solve",
        ),
        ("A[n,n] -> linalg.slogdet(A)[1]", None),
        ("special -> special**2", None),
        ("x -> exp(x)", None),
    ],
)
def test_the_header_says_it(formula, line):
    header = sb.compile_grad(formula).source.split("import")[0]
    found = next((text for text in header.split("\n") if text.startswith("# needs:")), None)
    assert found == line


def test_files_with_it_are_made_again(tmp_path):
    path = tmp_path / "needing.py"
    sb.compile_grad("x[n] -> sum(gammaln(x))").save(path)
    sb.api.check_saved(path)
