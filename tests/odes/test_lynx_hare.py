"""The example that fits the Lotka-Volterra equations to the figures of the Hudson's Bay Company."""

from __future__ import annotations

import numpy as np
import pytest

import symbackprop as sb
from examples import lynx_hare


def test_the_fit_is_near_the_published_posterior_means(capsys: pytest.CaptureFixture[str]) -> None:
    figures = lynx_hare.main()
    params = figures["params"]
    for name, mean in lynx_hare.POSTERIOR_MEANS.items():
        within = 0.2 if "noise" in name else 0.05  # of the noise the most probable value lies below the mean
        assert params[name] == pytest.approx(mean, rel=within)
    assert figures["slope"] < 1e-2
    assert 0 < figures["difference"] < 1e-4
    assert "posterior mean" in capsys.readouterr().out


def test_the_gradient_agrees_with_differences() -> None:
    begin, data = lynx_hare.start(), (lynx_hare.YEARS, lynx_hare.HARE, lynx_hare.LYNX)
    inputs = {**begin, "years": data[0], "hare": data[1], "lynx": data[2]}
    gradient = sb.compile_grad(lynx_hare.loss, inputs=inputs, wrt=[*begin])(*begin.values(), *data)
    for name, slope in zip(begin, gradient, strict=True):
        step = 1e-5 * begin[name]
        above, below = (lynx_hare.loss(*{**begin, name: begin[name] + s}.values(), *data) for s in (step, -step))
        assert slope == pytest.approx((above - below) / (2 * step), rel=1e-6)


def test_the_figures_are_those_of_the_source() -> None:
    assert len(lynx_hare.YEARS) == len(lynx_hare.HARE) == len(lynx_hare.LYNX) == 21
    assert lynx_hare.YEARS[np.argmax(lynx_hare.HARE)] == 1903
    assert lynx_hare.YEARS[np.argmax(lynx_hare.LYNX)] == 1904
    assert (lynx_hare.HARE.sum(), lynx_hare.LYNX.sum()) == pytest.approx((715.7, 423.5))
