"""Write what PyTorch makes of the networks of `tests/layer_cases`: `python tests/references/by_torch.py [family ...]`.

Of each case the loss, the gradients with respect to parameters and real inputs, and new states, all in double precision.
The results of a family are one file, `torch_layers/<family>.npz`, with arrays called ``case/what``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from layer_cases import cases_of, families
from layer_cases.case import Arrays, Case


def tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    """Return arrays as tensors; those of real numbers ask for a gradient."""
    found = {name: torch.tensor(array) for name, array in arrays.items()}
    return {name: t.requires_grad_() if t.is_floating_point() else t for name, t in found.items()}


def results(case: Case, reference: Any) -> Arrays:
    """Return what PyTorch makes of a case."""
    drawn = case.draw()
    p, inputs, states = tensors(drawn.params), tensors(drawn.inputs), tensors(drawn.states)
    value = reference(SimpleNamespace(**p), SimpleNamespace(**inputs, **states))
    loss, new = value if isinstance(value, tuple) else (value, {})
    assert set(new) == set(states), (
        f"{case.name}: the network has the states {set(states)}, PyTorch returned {set(new)}"
    )
    found = {"loss": loss, **{f"state/{name}": state for name, state in new.items()}}
    if loss.ndim == 0:
        reals = {name: t for name, t in {**p, **inputs}.items() if t.requires_grad and name not in case.held}
        slopes = torch.autograd.grad(loss, list(reals.values()), allow_unused=True, materialize_grads=True)
        found |= {f"grad/{name}": slope for name, slope in zip(reals, slopes, strict=True)}
    return {f"{case.name}/{what}": t.detach().numpy() for what, t in found.items()}


def write(family: str) -> None:
    cases, references = cases_of(family), import_module(f"torch_layers.{family}").REFERENCES
    assert set(references) <= set(cases), f"PyTorch has cases that are gone: {set(references) - set(cases)}"
    found: Arrays = {}
    for name, reference in references.items():
        found |= results(cases[name], reference)
    np.savez_compressed(Path(__file__).parent / "torch_layers" / f"{family}.npz", **found)  # type: ignore[arg-type]
    left_out = sorted(set(cases) - set(references))
    print(f"{family}: {len(references)} cases by PyTorch {torch.__version__}, {len(left_out)} left out", *left_out)


if __name__ == "__main__":
    for chosen in sys.argv[1:] or families():
        write(chosen)
