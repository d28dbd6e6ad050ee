"""The header of a saved file: all that is needed to make the file again.

A recipe is written as comments, so that the file stays plain Python: what the formula is, what of it is computed, and
a hash of both. `symbackprop check FILE` reads the recipe, compiles it again and compares the texts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Set
from dataclasses import asdict, dataclass, replace

from symbackprop.errors import FormulaSyntaxError
from symbackprop.ir.packing import Packing, packing_from

__all__ = ["Recipe", "header_lines", "read_header", "read_version"]

_MARK = "# symbackprop "
_FORMULA = "# formula:"
_OPTIONS = "# options: "
_HASH = "# sha256: "


@dataclass(frozen=True)
class Recipe:
    """What was asked for."""

    formula: str
    kind: str
    inputs: str | None
    wrt: tuple[str, ...] | str | None
    with_value: bool
    target: str
    dtype: str
    name: str
    optimize: str = "readable"
    titles: tuple[tuple[str, str], ...] = ()  # what inputs are called where their names are no identifiers
    reordered: bool = False  # the order of terms and factors means nothing, as in SymPy's expressions
    function: str = ""  # the name of the function in NumPy that the formula is what was traced of
    packing: Packing | None = None  # how arguments and results are packed in structures, if they are
    has_aux: bool = False  # of several results only the first is differentiated
    notation: str = ""  # whose names adjoints have: "backpropagation" for the deltas of networks
    finite: bool = False  # whether all derivatives are finite is returned beside them
    clip: tuple[str, float] | None = None  # gradients are kept within a bound, of their entries or of their norm
    checkpoint: tuple[str, ...] | str | None = None  # which values are kept for the way back, where not all are
    batch: tuple[tuple[str, int], ...] = ()  # which inputs are batches, and along which axis
    sparse: bool = False  # whether derivatives are sparse matrices
    structure: bool = False  # whether derivatives are returned in factors, where they have some
    weighted: bool = False  # the Hessian is that of all values together, each weighted by a cotangent
    mode: str = ""  # how a Jacobian is accumulated: "forward" or "reverse", or the cheaper one if "auto"
    outputs: tuple[str, ...] = ()  # values of the formula that a Gauss-Newton matrix takes the loss to be a function of
    distribution: str = ""  # whose Fisher information is asked for
    order: int = 0  # of derivatives along directions
    mixed: bool = False  # whether each of these has a direction of its own

    def fields(self) -> dict[str, object]:
        """Return what a header has to hold; from `titles` on only what says anything."""
        found = dict(vars(self))  # `asdict` would copy each of them, all the way down
        if self.packing is not None:
            found["packing"] = asdict(self.packing)
        for name in (
            "titles", "reordered", "function", "packing", "has_aux", "notation", "finite", "clip", "checkpoint",
            "batch", "sparse", "structure", "mode", "order", "mixed", "weighted", "outputs",
            "distribution",
        ):  # fmt: skip
            if not found[name]:
                del found[name]
        return found

    @property
    def has_budget(self) -> bool:
        """Whether the arrays that live at once are to stay within so many bytes, or a fraction, which begin the text."""
        return isinstance(self.checkpoint, str) and self.checkpoint[0].isdigit()

    def of_value(self, without: Set[str] = frozenset()) -> Recipe:
        """Return the recipe of the value alone, which is `without` some inputs."""
        return replace(
            self,
            kind="value",
            wrt=None,
            with_value=False,
            has_aux=False,
            clip=None,
            finite=False,
            checkpoint=None,
            sparse=False,
            mode="",
            batch=tuple((name, axis) for name, axis in self.batch if name not in without),
            order=0,
            mixed=False,
            structure=False,
            weighted=False,
            outputs=(),
            distribution="",
            name="value",
        )

    def digest(self) -> str:
        """Return a hash of the formula and all options."""
        return hashlib.sha256(json.dumps(self.fields(), sort_keys=True).encode()).hexdigest()


def header_lines(recipe: Recipe, version: str, description: list[str]) -> list[str]:
    """Return the comment lines that open a file."""
    options = recipe.fields()
    formula = str(options.pop("formula"))
    lines = [f"{_MARK}{version}: generated code; change the formula, not this file"]
    lines += [f"# {line}" for line in description]
    lines += [_FORMULA, *(f"#     {line}" for line in _encoded(formula).split("\n"))]
    lines += [f"{_OPTIONS}{json.dumps(options, ensure_ascii=False)}", f"{_HASH}{recipe.digest()}"]
    return lines


def read_version(source: str) -> str:
    """Return the version that made a saved file.

    Raises
    ------
    FormulaSyntaxError
        If the first line is not that of a header.
    """
    found = re.match(rf"{_MARK}([^\s:]+): ", source)
    if found is None:
        raise FormulaSyntaxError("it has no symbackprop header in its first line; was it made with save()?")
    return found[1]


def read_header(source: str) -> Recipe:
    """Return the recipe that a saved file holds.

    Raises
    ------
    FormulaSyntaxError
        If the file has no header of ours, or the header was edited.
    """
    lines = source.split("\n")
    read_version(source)
    formula: list[str] = []
    options, digest, inside = None, None, False
    for line in lines[1:]:
        if line.startswith(_OPTIONS):
            options, inside = line[len(_OPTIONS) :], False
        elif line.startswith(_HASH):
            digest = line[len(_HASH) :].strip()
            break
        elif inside:
            formula.append(line[6:])
        elif line == _FORMULA:
            inside = True
    try:
        fields = json.loads(options or "")
        fields["wrt"] = tuple(fields["wrt"]) if isinstance(fields["wrt"], list) else fields["wrt"]
        fields["packing"] = packing_from(fields.get("packing"))
        fields["clip"] = tuple(fields["clip"]) if fields.get("clip") else None
        fields["checkpoint"] = tuple(kept) if isinstance(kept := fields.get("checkpoint"), list) else kept
        fields["outputs"] = tuple(fields.get("outputs", ()))
        fields["batch"] = tuple((name, axis) for name, axis in fields.get("batch", ()))
        fields["titles"] = tuple((name, title) for name, title in fields.get("titles", ()))
        recipe = Recipe(formula=_decoded("\n".join(formula)), **fields)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise FormulaSyntaxError(f"its header is damaged ({error}); generate the file again") from None
    if recipe.digest() != digest:
        raise FormulaSyntaxError("its header was edited: the hash does not fit; generate the file again")
    return recipe


def _encoded(formula: str) -> str:
    """Return `formula` on lines that a comment can hold."""
    return formula.replace("\\", "\\\\").replace("\r", "\\r").replace("\f", "\\f").replace("\x0b", "\\v")


def _decoded(text: str) -> str:
    pieces = text.split("\\\\")
    return "\\".join(p.replace("\\r", "\r").replace("\\f", "\f").replace("\\v", "\x0b") for p in pieces)
