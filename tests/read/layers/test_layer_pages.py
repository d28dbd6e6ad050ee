"""The page and the schema of layer specs: up to date, and fitting."""

import json
from pathlib import Path

import jsonschema
import pytest

import symbackprop as sb
from symbackprop.api import json_schema, layer_kinds, layers_page

DOCS = Path(__file__).parents[3] / "docs"
FOLLOWS = jsonschema.Draft202012Validator(json_schema())  # `jsonschema.validate` would check the schema each time


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "layer_kinds.md").read_text() == layers_page()


def test_the_schema_is_up_to_date() -> None:
    assert json.loads((DOCS / "layers.schema.json").read_text()) == json_schema()
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize(
    "text",
    [
        "input 4\nresidual\n    dense 4 leaky_relu(0.2) l2=0.1 weights=normal(0.5)\nrelu\nh = dense 2 from=r\n",
        "network batch=columns\ninput t 4 int\nrepeat 2 shared=true\n    dense 4\n",
    ],
)
def test_specs_follow_the_schema(text: str) -> None:
    from symbackprop.read.layers.documents import document
    from symbackprop.read.layers.spec_text import read_spec_text

    settings, layers = read_spec_text(text)
    FOLLOWS.validate(document(settings, layers))
    FOLLOWS.validate(document(settings, layers)["layers"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"layers": [{"layer": "dens", "units": 3}]},
        {"layers": [{"layer": "dense", "units": "3"}]},
        {"layers": [{"layer": "dense"}]},
        {"layers": [{"layer": "dense", "units": 3, "unit": 3}]},
        {"layer": []},
        {"batch": "column", "layers": []},
        [{"layer": "tnh"}],
    ],
)
def test_what_does_not_follow_it(wrong: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        FOLLOWS.validate(wrong)
    with pytest.raises(sb.SymbackpropError):
        sb.read_layers(wrong)


def test_every_layer_is_an_object_of_the_package() -> None:
    for kind in layer_kinds().values():
        assert getattr(sb, kind.__name__) is kind and kind.__name__ in sb.__all__
        assert kind.__doc__ and kind.__doc__.split("\n")[0].endswith((".", ":", "``."))
