"""Models that hold derivatives: a physics-informed network, and mechanics from a Lagrangian."""

from __future__ import annotations

import re

import pytest

from examples.nested import double_pendulum, poisson


def test_a_network_solves_poissons_equation(capsys: pytest.CaptureFixture[str]) -> None:
    figures = poisson.main()
    assert figures["error"] < 1e-3
    assert figures["slope_error"] < 1e-7
    code = re.sub("#.*", "", capsys.readouterr().out.split("# forward")[1])
    assert "for " not in code  # of all points at once
    assert code.count("np.tanh(") == 1  # by one pass of the network


def test_a_double_pendulum_moves_as_textbooks_say() -> None:
    figures = double_pendulum.main(steps=200)
    assert figures["error"] < 1e-13
    assert figures["drift"] < 1e-5
    assert figures["slope_error"] < 1e-6
