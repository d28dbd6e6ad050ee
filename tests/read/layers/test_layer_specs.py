"""Layer specs: four forms of the same thing, and errors that name the layer and its line."""

import json
from pathlib import Path

import numpy as np
import pytest

import symbackprop as sb

SPECS = [
    "input 4\ndense 3 tanh\ndense 2\nloss softmax_cross_entropy\n",
    "network batch=columns\ninput 4\nhidden = dense 3 leaky_relu(0.2) bias=false l2=0.001\ndense 2\nloss squared_error\n",
    "input t 4\ndense 3\nresidual\n    dense 3 relu\n    repeat 2 shared=true\n        dense 3 tanh\n",
    "left = input 4\nright = input 3 int\nrelu from=left\ndense 2 weights=normal(0.1) biases=0.5\n",
    "input 3\na = dense 3\ndense 3 from=a share=a\nleaky_relu\n",
]


@pytest.mark.parametrize("text", SPECS)
def test_all_forms_are_the_same(text: str, tmp_path: Path) -> None:
    net = sb.read_layers(text)
    assert net.to_text() == text
    assert sb.read_layers(net.to_dict()) == net
    assert sb.read_layers(net.to_json()) == net
    assert sb.read_layers(net.to_toml()) == net
    assert sb.Sequential(net.layers, batch=net.batch) == net
    for suffix, form in (("json", net.to_json()), ("toml", net.to_toml()), ("txt", net.to_text())):
        path = tmp_path / f"net.{suffix}"
        path.write_text(form)
        assert sb.read_layers(path) == net
    assert json.loads(net.to_json()) == net.to_dict()


def test_objects() -> None:
    net = sb.Sequential([sb.Input(4), sb.Dense(3, "tanh"), {"layer": "dense", "units": 2}, sb.SquaredError()])
    assert net == sb.read_layers("input 4\ndense 3 tanh\ndense 2\nloss squared_error")
    assert net.layers[1] == sb.Dense(3, activation="tanh")


def test_comments_blanks_and_spaces() -> None:
    net = sb.read_layers("\n  # a network\n\n  input 4   # four numbers\n\n  h = dense 3  activation = tanh\n")
    assert net == sb.read_layers("input 4\nh = dense 3 tanh")


@pytest.mark.parametrize("form", ["text", "dicts", "document", "object", "path"])
def test_compile_takes_any_form(form: str, tmp_path: Path) -> None:
    net = sb.read_layers(SPECS[0])
    path = tmp_path / "net.toml"
    path.write_text(net.to_toml())
    given = {
        "text": SPECS[0], "dicts": net.to_dict()["layers"], "document": net.to_dict(), "object": net, "path": path,
    }[form]  # fmt: skip
    g = sb.compile_grad(given)
    params = net.init(seed=1)
    x, y = np.ones((2, 4)), np.eye(2)
    found = g(params, x=x, y=y)
    assert list(found) == ["W1", "b1", "W2", "b2"]
    assert found["W1"].tobytes() == sb.compile_grad(net)(params, x, y)["W1"].tobytes()


@pytest.mark.parametrize(
    ("text", "kind", "message", "line"),
    [
        ("input 3\ndense 4 tnh", sb.ArgumentError, "Did you mean tanh?", 2),
        ("input 3\ndens 4", sb.UnknownNameError, "Did you mean dense?", 2),
        ("input 3\ndense 4 unit=3", sb.ArgumentError, "no option 'unit'", 2),
        ("input 3\ndense 4 from=z", sb.UnknownNameError, "takes from 'z'", 2),
        ("input 3\ndense", sb.ArgumentError, "needs units", 2),
        ("input 3\ndense x", sb.ArgumentError, "expected a whole number", 2),
        ("input 3\ndense 0", sb.ArgumentError, "at least one", 2),
        ("input 3\ndense 2 tanh true 1 2 3 4 5", sb.ArgumentError, "no further option without a name", 2),
        ("input 3\ndense 2 units=3", sb.ArgumentError, "given twice", 2),
        ("input 3\nresidual\n    dense 4", sb.ShapeError, "return shape (4,) for shape (3,)", 2),
        ("input 3\n    dense 4", sb.ArgumentError, "no option 'body'", 1),
        ("  input 3\ndense 4", sb.FormulaSyntaxError, "indented less", 2),
        ("input 3\nloss squared_error\ndense 2", sb.ArgumentError, "the last layer", 2),
        ("input 3\nloss dense", sb.FormulaSyntaxError, "not a loss", 2),
        ("input 3\nloss", sb.FormulaSyntaxError, "needs the name of a loss", 2),
        ("input 3\na = dense 2\ndense 4 share=a", sb.ShapeError, "W_a of shape (2, 3), and would need (4, 2)", 3),
        ("input 3\na = dense 3\ntanh share=a", sb.ArgumentError, "has no parameters of its own to share", 3),
        ("input 3\na = dense 3\nresidual share=a\n    dense 3", sb.ArgumentError, "has no parameters of its own", 3),
        ("input 3\ndense 4 share=a", sb.UnknownNameError, "no layer before it has that name", 2),
        ("input 3\ninput 3", sb.ArgumentError, "two inputs called 'x'", 2),
        ("input\ndense 3", sb.ShapeError, "needs a last axis of known size", 2),
        ("input t\ndense 3", sb.ShapeError, "arrives with shape (t,)", 2),
        ("input 3\ndense 2 weights=glorot", sb.ArgumentError, "Did you mean glorot_normal", 2),
        ("input 3\nfunction swish", sb.UnknownNameError, "there is no function 'swish'", None),
        ("network batch=column\ninput 3", sb.ArgumentError, "Did you mean columns?", None),
        ("network batches=rows\ninput 3", sb.ArgumentError, "Did you mean batch?", 1),
        ("input 3\ndense (4", sb.FormulaSyntaxError, "cannot be read", 2),
        ("params = input 3\ndense 3", sb.ArgumentError, "cannot be called 'params'", 1),
        ("lambda = input 3\ndense 3", sb.ArgumentError, "cannot be called 'lambda'", 1),
        ("dense 3", sb.ArgumentError, "a network begins with 'input'", 1),
    ],
)
def test_errors_name_the_layer_and_its_line(text: str, kind: type[Exception], message: str, line: int | None) -> None:
    with pytest.raises(kind) as caught:
        sb.read_layers(text)
    assert message in str(caught.value)
    if line is not None:
        assert f"line {line}: {text.split(chr(10))[line - 1].split('#')[0].strip()}" in " ".join(
            str(caught.value).split("  ")
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"layer": "input", "shape": [3]}, {"layer": "dense"}], "layer number 2: layer dense needs units"),
        ([{"layer": "input", "shape": [3]}, {"units": 3}], "layer number 2: it does not say which layer it is"),
        ([{"layer": "input", "shape": 3}, 5], "layer number 2: a layer is a dict"),
        ({"layer": []}, "has no \"layers\"|no setting 'layer'"),
        ("[1, 2", "not JSON"),
        ("[[layers]]\nlayer = ", "not TOML"),
        (3, "a layer spec is text"),
        ("missing.json", "cannot be read"),
        (
            {"layers": [{"layer": "input", "shape": 3}, {"layer": "residual", "body": [{"layer": "dense"}]}]},
            "layer number 2.1: layer dense needs units",
        ),
    ],
)
def test_errors_of_documents(given: object, message: str) -> None:
    with pytest.raises(sb.SymbackpropError, match=message):
        sb.read_layers(given)


def test_names_are_names() -> None:
    with pytest.raises(sb.ArgumentError, match="name is 'a b'"):
        sb.Dense(3, name="a b")
    assert "W_class" in sb.Sequential([sb.Input(3), sb.Dense(3, name="class")]).shapes


def test_what_has_no_gradient() -> None:
    with pytest.raises(sb.UnsupportedError, match="the network has no loss"):
        sb.compile_grad("input 3\ndense 2")
    with pytest.raises(sb.UnsupportedError, match="no parameters"):
        sb.compile_grad("input 3\nrelu\nloss squared_error")
    with pytest.raises(sb.ShapeError, match=r"has shape \(m,\)"):
        sb.compile_grad("input 3\ndense 2\nloss squared_error reduction=none")


def test_a_long_chain_of_layers() -> None:
    net = sb.read_layers("input 2\n" + "dense 2 tanh\n" * 1000 + "loss squared_error")
    assert len(sb.compile_grad(net)(net.init(seed=0), [[1.0, 2.0]], [[0.0, 0.0]])) == 2000


def test_formulas_are_no_specs() -> None:
    assert sb.compile_value("input*2")(3.0) == 6.0
    assert sb.compile_value("input = 3*x\ninput + 1")(1.0) == 4.0


def test_repeated_layers_may_share_with_one_before() -> None:
    net = sb.read_layers("input 4\na = dense 4 tanh\nrepeat 2 shared=true\n    dense 4 tanh share=a")
    assert net.shapes == {"W_a": (4, 4), "b_a": (4,)} and net.formula.count("@ W_a.T + b_a") == 3


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([0, 5], 1, "argument 'x' holds 5; the rows of the embedding are numbered from 0 to 4"),
        ([-1, 0], 1, "argument 'x' holds -1"),
        ([0, 1], 3, "argument 'y' holds 3; the classes are numbered from 0 to 2, or -100"),
        ([0, 1], -1, "argument 'y' holds -1"),
    ],
)
def test_numbers_that_stand_for_nothing_are_refused(x: list[int], y: int, message: str) -> None:
    g = sb.compile_value_and_grad(
        "input 2 int\nembedding 5 2\nflatten\ndense 3\nloss softmax_cross_entropy labels=index ignore_index=-100"
    )
    params = g.network.init(seed=0)
    assert np.isfinite(g(params, x=[[0, 1], [1, 2]], y=[0, -100])[0])
    with pytest.raises(sb.ArgumentError, match=message):
        g(params, x=[x], y=[y])
    with pytest.raises(sb.ArgumentError, match=message):
        g.value(params, x=[x], y=[y])
