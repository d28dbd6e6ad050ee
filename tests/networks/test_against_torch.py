"""Networks against PyTorch: losses, gradients and new states, stored by `tests/references/by_torch.py`."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from layer_cases import cases_of, families
from layer_cases.case import Arrays, Case
from numpy_forms import quiet
from test_the_checks import spoiled

import symbackprop as sb
from symbackprop.ops import primitives
from symbackprop.read.layers.activations import ACTIVATIONS
from symbackprop.read.layers.kinds import KINDS

STORED = Path(__file__).parents[1] / "references" / "torch_layers"
LEAST_CASES = 2  # of each kind of layer, with a reference
WITHOUT = {"function": "it is the user's own"}  # kinds that PyTorch has no counterpart of
ALL = [(family, case.name) for family, cases in families().items() for case in cases]


@cache
def stored(family: str) -> dict[str, Arrays]:
    """Return what PyTorch made of the cases of a family: by case, and by what it is."""
    found: dict[str, Arrays] = {}
    with np.load(STORED / f"{family}.npz") as arrays:
        for key, array in arrays.items():
            name, _, what = key.partition("/")
            found.setdefault(name, {})[what] = array
    return found


def ours(case: Case) -> Arrays:
    """Return what is stored of a case, as we have it."""
    network, drawn = case.network, case.draw()
    inputs = network.written.inputs.items()
    reals = [name for name, spec in inputs if spec.dtype == "float64" and name not in case.held]
    with quiet():
        if sb.compile_value(network).graph.primals[0].shape:
            return {"loss": sb.compile_value(network)(**drawn.arguments)}
        wrt = (*(["params"] if drawn.params else []), *reals)
        value, slopes = sb.compile_value_and_grad(network, wrt=wrt)(**drawn.arguments)
    loss, states = value if drawn.states else (value, {})
    found = {"loss": loss, **{f"state/{name}": state for name, state in states.items()}}
    for name, slope in zip(wrt, slopes, strict=True):
        found |= {f"grad/{n}": s for n, s in (slope.items() if name == "params" else [(name, slope)])}
    return found


def check(family: str, case: Case) -> None:
    mine, theirs = ours(case), stored(family)[case.name]
    assert set(mine) == set(theirs)
    largest = max(np.max(np.abs(expected), initial=0.0) for expected in theirs.values())
    rounding = 1e-14 + 1e-14 * largest  # of what is 0 as a sum, such as the gradient of the biases of keys
    for what, expected in theirs.items():
        assert np.shape(mine[what]) == np.shape(expected), what
        scale = np.max(np.abs(expected), initial=0.0)
        np.testing.assert_allclose(mine[what], expected, rtol=1e-9, atol=1e-11 * scale + rounding, err_msg=what)


@pytest.mark.parametrize(("family", "name"), ALL)
def test_loss_gradients_and_states_are_those_of_torch(family: str, name: str) -> None:
    check(family, cases_of(family)[name])


@pytest.mark.parametrize("family", families())
def test_every_case_is_stored_and_nothing_else(family: str) -> None:
    assert set(stored(family)) == set(cases_of(family)), f"run python tests/references/by_torch.py {family}"


def test_every_kind_of_layer_and_every_activation_has_cases() -> None:
    cases = [case for family in families().values() for case in family]
    kinds = Counter(kind for case in cases for kind in case.kinds())
    activations = Counter(activation for case in cases for activation in case.activations())
    few = [kind for kind in KINDS if kinds[kind] < LEAST_CASES and kind not in WITHOUT]
    few += [name for name in ACTIVATIONS if activations[name] < LEAST_CASES]
    assert not few, f"fewer than {LEAST_CASES} cases: {', '.join(few)}"
    assert not [kind for kind in WITHOUT if kind not in KINDS or kinds[kind]]


@pytest.mark.parametrize("how", ["off by 0.1 %", "sign"])
@pytest.mark.parametrize(
    ("primitive", "family", "name"),
    [
        ("tanh", "dense", "dense tanh"),
        ("einsum", "dense", "columns"),
        ("relu", "dense", "layer relu"),
        ("divided_by_rms", "norms", "batch_norm"),
        ("divided_by_rms", "norms", "rms_norm"),
        ("concatenate", "joining", "concatenate"),
        ("max", "joining", "maxout"),
        ("sliding_windows", "images", "a small network"),
        ("overlap_add", "images", "conv_transpose1d 3 2"),
        ("huber", "losses", "huber entries=mean"),
        ("softplus", "losses", "binary_cross_entropy_logits"),
        ("logsumexp", "losses", "softmax_cross_entropy labels=index"),
        ("logaddexp", "losses", "ctc"),
    ],
)
def test_a_wrong_rule_is_caught(primitive: str, family: str, name: str, how: str) -> None:
    with spoiled(primitives()[primitive], how), pytest.raises(AssertionError):
        check(family, cases_of(family)[name])
