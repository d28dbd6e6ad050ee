"""What reviews of layer specs found, so that it stays mended."""

import numpy as np
import pytest

import symbackprop as sb


def relu(x):  # type: ignore[no-untyped-def]
    return 3 * x


def scaled(x, beta):  # type: ignore[no-untyped-def]
    return x * beta


def test_functions_of_the_user_s_take_no_word_away() -> None:
    net = sb.Sequential([sb.Input(3), sb.FunctionLayer(relu), sb.Dense(2, "relu"), sb.SquaredError()])
    params, x, y = net.init(seed=0), np.ones((1, 3)), np.zeros((1, 2))
    z = 3 * x @ params["W1"].T + params["b1"]
    assert sb.compile_value(net)(params, x, y) == pytest.approx(0.5 * np.sum(np.maximum(z, 0) ** 2))


def test_a_lambda_may_come_first() -> None:
    net = sb.Sequential([sb.Input(3), sb.FunctionLayer(lambda x: 2 * x), sb.SquaredError()])
    assert sb.compile_value(net)({}, np.ones((1, 3)), np.zeros((1, 3))) == 6.0


@pytest.mark.parametrize("wrt", ["x", "y", "params", "lam"])
@pytest.mark.parametrize("loss_scale", [1.0, 1024.0])
def test_no_gradient_depends_on_the_scale_of_the_loss(wrt: str, loss_scale: float) -> None:
    text = "input 3\ndense 2\none = loss squared_error\nloss total from=one weights=lam"
    net = sb.read_layers(f"network precision=float16\n{text}")
    given = {"x": np.ones((2, 3)), "y": np.zeros((2, 2)), "lam": 0.5}
    params = net.init(seed=0, dtype="float32")
    found, finite = sb.compile_grad(net, wrt=wrt)(params, **given, loss_scale=loss_scale)
    exact = sb.compile_grad(text, wrt=wrt)(params, **given)
    assert finite
    pairs = [(found[name], exact[name]) for name in exact] if wrt == "params" else [(found, exact)]
    for ours, expected in pairs:
        np.testing.assert_allclose(ours, expected, rtol=5e-3, atol=1e-4)


def test_the_scale_of_the_loss_is_the_last_input() -> None:
    g = sb.compile_grad("network precision=float16\ninput 3\ndense 2\nloss squared_error")
    assert [*g.__signature__.parameters] == ["params", "x", "y", "loss_scale"]


def test_blocks_that_share_in_blocks_that_share() -> None:
    net = sb.read_layers(
        "input 3\nrepeat 2 shared=true\n    dense 3 tanh\n    repeat 3 shared=true\n        dense 3\n    dense 3 relu\n"
        "loss squared_error"
    )
    assert [*net.shapes] == ["W1", "b1", "W2", "b2", "W3", "b3"]
    used = [line.split("@ ")[1].split(".")[0] for line in net.formula.split("\n") if "@" in line]
    assert used == ["W1", "W2", "W2", "W2", "W3"] * 2
    assert sb.compile_grad(net).verify(points=1, seconds=0.5)


def test_a_block_that_does_not_share_in_one_that_does() -> None:
    net = sb.read_layers("input 3\nrepeat 2 shared=true\n    repeat 2\n        h = dense 3\n    dense 3 share=h")
    used = [line.split("@ ")[1].split(".")[0] for line in net.formula.split("\n") if "@" in line]
    assert used == ["W_h", "W_h_2", "W_h_2"] * 2


def test_what_shares_may_be_shared() -> None:
    assert [*sb.read_layers("input 3\na = dense 3\nb = dense 3 share=a\ndense 3 share=b").shapes] == ["W_a", "b_a"]


def test_functions_of_one_name_are_told_apart_or_refused() -> None:
    def net(*shapes: tuple[int, ...]) -> sb.Network:
        layers = [sb.FunctionLayer(scaled, parameters={"beta": shape}) for shape in shapes]
        return sb.Sequential([sb.Input(3), *layers])

    assert sb.read_layers(net((), ()).to_json(), functions=net((), ()).functions) == net((), ())
    with pytest.raises(sb.ArgumentError, match="several functions called 'scaled'"):
        _ = net((), (3,)).functions


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input 3\na = dense 3\na = dense 3", "there is a layer called 'a' already"),
        ("a = input 3\na = dense 3", "there is a layer called 'a' already"),
        ("input 3\na = dense 3\ndense 3 share=a l2=0.1", "l2= is to be said there"),
        ("input 3\na = dense 3\ndense 3 share=a weights=ones", "weights= is to be said there"),
        ("network batch=rows batch=columns\ninput 3", "batch is given twice"),
        ("input 3\nnan = dense 3", "name is 'nan'"),
    ],
)
def test_what_would_be_ignored_is_refused(text: str, message: str) -> None:
    with pytest.raises(sb.ArgumentError, match=message):
        sb.read_layers(text)


def test_functions_and_their_parameters() -> None:
    for given, message in (
        ({"parameters": {"beta": ()}, "weights": {"bet": 1.0}}, "Did you mean beta"),
        ({"parameters": {"beta": None}}, "a shape is a number"),
        ({"parameters": {"beta": (2.0,)}}, "a shape is a number"),
    ):
        with pytest.raises(sb.ArgumentError, match=message):
            sb.compile_value(sb.Sequential([sb.Input(3), sb.FunctionLayer(scaled, **given)]))
    with pytest.raises(sb.ArgumentError, match="functions is a list"):
        sb.read_layers("input 3\nfunction scaled", functions=[scaled])  # type: ignore[arg-type]


def test_names_are_those_that_python_reads() -> None:
    net = sb.read_layers("ﬁ = input 3\nﬁt = dense 2\nloss squared_error")
    assert [*net.shapes] == ["W_fit", "b_fit"]
    assert sb.compile_grad(net, wrt="fi")(net.init(seed=0), fi=[[0.0, 0.0, 0.0]], y=[[0.0, 0.0]]).shape == (1, 3)


@pytest.mark.parametrize("weights", [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], np.arange(6.0).reshape(2, 3)])
def test_arrays_as_weights(weights: object) -> None:
    def net() -> sb.Network:
        return sb.Sequential([sb.Input(3), sb.Dense(2, weights=weights, biases=np.array([1.0, 2.0]))])

    assert net() == net() and hash(net()) == hash(net()) and net().layers[1] in {net().layers[1]}
    assert sb.read_layers(net().to_json()) == net() == sb.read_layers(net().to_toml())
    np.testing.assert_array_equal(net().init()["W1"], weights)
    flat = sb.Sequential([sb.Input(3), sb.Dense(2, biases=[1.0, 2.0])])
    assert sb.read_layers(flat.to_text()) == flat


def test_any_form_is_compiled(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    net = sb.read_layers("input 3\ndense 2\nloss squared_error")
    monkeypatch.chdir(str(tmp_path))
    with open("net.toml", "w") as file:
        file.write(net.to_toml())
    sources = {sb.compile_grad(form).source for form in ("net.toml", net.to_toml(), net.to_json(), net.to_text(), net)}
    assert len(sources) == 1


def test_a_parameter_that_the_loss_does_not_need() -> None:
    net = sb.read_layers("x = input 3\ndense 3\ndense 2 from=x\nloss squared_error")
    found = sb.compile_grad(net).diagnose(net.init(seed=0), np.ones((2, 3)), np.zeros((2, 2)))
    assert [row.layer for row in found.rows] == ["dense 2"]


@pytest.mark.parametrize("given", [{"seed": "a"}, {"seed": -1}, {"dtype": "float23"}, {"dtype": "int64"}])
def test_how_parameters_begin(given: dict[str, object]) -> None:
    with pytest.raises(sb.ArgumentError):
        sb.read_layers("input 3\ndense 2").init(**given)


def test_blocks_nested_without_end() -> None:
    layer: sb.Layer = sb.Dense(3)  # type: ignore[name-defined]
    for _ in range(600):
        layer = sb.Residual((layer,))
    with pytest.raises(sb.ArgumentError, match="deeper than 32"):
        sb.Sequential([sb.Input(3), layer])
