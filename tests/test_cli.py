"""The command line, as a user calls it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from command_line import call

from symbackprop import cli


def run(*args: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "symbackprop", *args], capture_output=True, text=True, input=text, check=False
    )


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def test_grad_at_a_point() -> None:
    done = run("grad", "(w*x + b - y)**2", "--at", "w=2", "x=3", "b=1", "y=4", "--verify")
    assert done.returncode == 0
    assert "def grad(w, x, b, y):" in done.stdout
    assert "value = 9.0" in done.stdout
    assert "d/dw = 18.0" in done.stdout
    assert "verified: 2 points" in done.stdout
    assert "\x1b" not in done.stdout


def test_value_from_standard_input_and_file(tmp_path: Path) -> None:
    assert "value = 6.0" in run("value", "-", "--at", "x=2", text="x*3").stdout
    assert "value = 6.0" in call("value", "-", "--at", "x=2", text="x*3").stdout
    (tmp_path / "f.txt").write_text("u = x*3\nu + 1")
    assert "value = 7.0" in call("value", f"@{tmp_path / 'f.txt'}", "--at", "x=2").stdout


def test_points_from_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", X=np.ones((2, 3)), w=np.ones(3))
    done = call("grad", "sum(X @ w)", "--inputs", "X[n,d] w[d]", "--wrt", "w", "--at", str(tmp_path / "p.npz"))
    assert "d/dw = [2. 2. 2.]" in done.stdout
    (tmp_path / "p.json").write_text(json.dumps({"x": [1, 2]}))
    assert "value = 3.0" in call("value", "x[n] -> sum(x)", "--at", str(tmp_path / "p.json")).stdout
    assert "value = 3.0" in call("value", "x[n] -> sum(x)", "--at", "x=[1, 2]").stdout


def test_out_and_check(tmp_path: Path) -> None:
    path = tmp_path / "grad.py"
    assert call("grad", "x**2", "--out", str(path)).returncode == 0
    assert call("check", str(path)).stdout.strip().endswith("ok")
    path.write_text(path.read_text().replace("2.0", "3.0"))
    done = call("check", str(path))
    assert done.returncode == 1
    assert "was edited" in done.stderr
    (tmp_path / "other.py").write_text("x = 1\n")
    assert call("check", str(tmp_path / "other.py")).returncode == 1


def test_errors_are_messages() -> None:
    done = run("grad", "(w*x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "not closed" in done.stderr
    assert "Traceback" not in done.stderr
    assert call("grad", "x", "--at", "x=a").returncode == 2
    assert call("grad", "x", "--at", "z=1").returncode == 2
    assert call("grad").returncode == 2
    assert call("grad", "@/nowhere").returncode == 2


def test_ops_lists_the_primitives() -> None:
    done = call("ops")
    assert done.returncode == 0
    assert "tanh\telementwise\tnp.tanh({0})\tmath.tanh({0})\t1 - tanh(x)**2" in done.stdout


@pytest.mark.parametrize(
    "point",
    [["x=3", "y=2"], ["x=3", "--at", "y=2"], ["x=3,y=2"], ["x = 3, y = 2.0"], ["y=2", "x=3", "--target", "math"]],
)
def test_forms_of_a_point(point: list[str]) -> None:
    done = CliRunner().invoke(cli.cli, ["value", "x*y", "--at", *point])
    assert done.exit_code == 0
    assert done.stdout.endswith("value = 6.0\n")


def test_arrays_in_a_point() -> None:
    done = CliRunner().invoke(cli.cli, ["grad", "x[n] y[n] -> sum(x*y)", "--at", "x=[1,2],y=[3, 4]"])
    assert "d/dx = [3. 4.]\nd/dy = [1. 2.]\n" in done.stdout


@pytest.mark.parametrize(
    "args", [["-x*y", "--at", "x=2", "y=3"], ["--at", "x=2", "y=3", "--", "-x*y"], ["--at", "x=2", "y=3", "-x*y"]]
)
def test_a_formula_may_begin_with_minus_and_stand_anywhere(args: list[str]) -> None:
    assert "value = -6.0" in CliRunner().invoke(cli.cli, ["grad", *args]).stdout


def test_a_program_after_a_point_is_the_formula() -> None:
    done = CliRunner().invoke(cli.cli, ["value", "--at", "x=2", "u = 3*x; u + 1"])
    assert "value = 7.0" in done.stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["grad", "x", "--at"], "requires an argument"),
        (["grad", "x", "--at", "nowhere.npz"], "cannot be read"),
        (["grad", "x", "--at", "nowhere.json"], "cannot be read"),
        (["grad", "x", "--at", "3"], "takes name=value"),
        (["grad", "x", "--at", "x="], "is not a number"),
        (["grad", "x", "--wrt", "z"], "not an input"),
        (["grad", "x", "--targt", "math"], "No such option"),
        (["grad", "sum((X @ w - y)**2)", "--inputs", "X[n,d] w[n] y[n]"], "X @ w"),
        (["grad", "x", "--out", "/nowhere/grad.py"], "/nowhere"),
        (["grad", "x*y", "--wrt", " , ", "--at", "x=1"], "names nothing"),
        (["grad", "x", "--at", "x=1", "x=2"], "x is given twice"),
        (["grad", "x", "--at", "x=" + "[" * 100_000], "is not a number"),
        (["grad", "log(x)", "--at", "x=-1"], "no result at this point: math domain error in `return log(x)`"),
        (["value", "1/x", "--at", "x=0"], "no result at this point: float division by zero in `return 1.0 / x`"),
        (["nonsense"], "No such command"),
    ],
)
def test_what_cannot_be_done_is_said(
    args: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["symbackprop", *args])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2
    assert message in capsys.readouterr().err


def test_all_files_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, edited = tmp_path / "good.py", tmp_path / "edited.py"
    for path in (good, edited):
        CliRunner().invoke(cli.cli, ["grad", "x*y", "--out", str(path)])
    edited.write_text(edited.read_text() + "\n")
    done = CliRunner().invoke(cli.cli, ["check", str(tmp_path / "none.py"), str(edited), str(good), str(tmp_path)])
    assert done.exit_code == 1
    assert done.stdout == f"{good}: ok\n"
    assert [line.rpartition(": ")[0].removeprefix("cannot read ") for line in done.stderr.splitlines()] == [
        str(tmp_path / "none.py"),
        str(edited),
        str(tmp_path),
    ]


def test_names_of_wrt_may_stand_apart_by_spaces_or_commas() -> None:
    for names in ("y,x", "y x", " y , x ", "y, x,"):
        done = CliRunner().invoke(cli.cli, ["grad", "x*y", "--wrt", names, "--at", "x=2", "y=3"])
        assert done.stdout.endswith("d/dy = 2.0\nd/dx = 3.0\n")


def test_words_of_a_point_win_over_files(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"x": 2, "y": 3}')
    for point in (["y=5", str(tmp_path / "p.json")], [str(tmp_path / "p.json"), "y=5"]):
        assert "value = 10.0\n" in CliRunner().invoke(cli.cli, ["value", "x*y", "--at", *point]).stdout


def test_closed_streams_are_no_error() -> None:
    for number in (0, 1, 2):
        command = f"import os; os.close({number}); import sys; sys.std{('in', 'out', 'err')[number]} = None"
        code = f"{command}; from symbackprop.cli import main; sys.argv = ['s', 'value', 'x*y']; main()"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_code_goes_to_a_pipe_by_its_name() -> None:
    done = run("grad", "x*y", "--out", "/dev/stdout")
    assert done.stdout.endswith("return y, x\n")


def test_the_table_of_primitives_is_whole_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    for name, setting in (("COLUMNS", "70"), ("TERM", "xterm")):
        monkeypatch.setenv(name, setting)
    monkeypatch.setattr(sys, "stdout", screen)
    cli.cli.main(["ops"], standalone_mode=False)
    monkeypatch.undo()
    assert "\u2026" not in screen.getvalue()


def test_broken_files_are_messages(tmp_path: Path) -> None:
    for name, content in (("a.npz", b"no archive"), ("b.json", b"[1]"), ("c.json", b"{"), ("d.json", b"\xff")):
        (tmp_path / name).write_bytes(content)
        done = call("grad", "x", "--at", str(tmp_path / name))
        assert done.returncode == 2
        assert "cannot be read" in done.stderr
    assert call("check", str(tmp_path / "d.json")).returncode == 1
    assert call("grad", f"@{tmp_path / 'd.json'}").returncode == 2


def test_a_failed_verification_exits_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.CompiledFunction, "verify", lambda self: "")
    assert CliRunner().invoke(cli.cli, ["grad", "x", "--verify"]).exit_code == 1


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "symbackprop", "ops"], stdout=closed, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupt_is_one_line() -> None:
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's background ignores it
    code = f"{heed}; from symbackprop.cli import main; print(flush=True); main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "value", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)  # it waits for a formula
        process.send_signal(signal.SIGINT)
        _, messages = process.communicate(timeout=20)
    assert process.returncode == 130
    assert messages.strip() == "interrupted"


def test_a_terminal_gets_colours_and_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    formula = "x[n] -> sum(" + " + ".join(f"sin({i}*x)" for i in range(40)) + ")"
    screen = Terminal()
    for name, setting in (("COLUMNS", "60"), ("TERM", "xterm"), ("NO_COLOR", "")):
        monkeypatch.setenv(name, setting)
    monkeypatch.setattr(sys, "stdout", screen)
    cli.cli.main(["value", formula], standalone_mode=False)
    monkeypatch.undo()
    assert "\x1b[" in screen.getvalue()
    assert "#     " + formula in screen.getvalue()
