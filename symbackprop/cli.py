"""The command line, on `api` alone: grad, value, check, ops.

Results go to standard output, messages and progress to standard error. Exit codes: 0 done, 1 a check or a verification
failed, 2 wrong usage or a formula that cannot be compiled.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from symbackprop import api
from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.version import __version__

__all__ = ["main"]

_PROGRESS_AFTER = 1.0  # seconds


class _PointCommand(click.Command):
    """A command whose ``--at`` takes all following words that look like ``name=value`` or a file."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        spread: list[str] = []
        inside = False
        for arg in args:
            if arg == "--at":
                inside = True
            elif inside and not arg.startswith("-"):
                spread += ["--at", arg]
            else:
                inside = False
                spread.append(arg)
        return super().parse_args(ctx, spread)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symbackprop")
def cli() -> None:
    """Compile a formula to the plain, verified code of its gradient."""


def _common(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.argument("formula"),
        click.option("--inputs", help='Shapes, such as "X[n,d] w[d] y[n]".'),
        click.option("--at", multiple=True, help="A point: name=value ..., a .json or an .npz file."),
        click.option("--out", type=click.Path(dir_okay=False), help="Save the code to this file."),
        click.option("--target", type=click.Choice(["auto", "math", "numpy"]), default="auto", show_default=True),
        click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True),
        click.option("--verify", is_flag=True, help="Verify the code and print the report."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command(cls=_PointCommand)
@_common
@click.option("--wrt", help="Names, separated by commas; default: every real input.")
def grad(formula: str, wrt: str | None, at: Sequence[str], out: str | None, verify: bool, **options: Any) -> None:
    """Print the gradient of FORMULA as code, and its figures at a point.

    FORMULA is text, `-` for standard input, or `@file`.
    """
    names = [name.strip() for name in wrt.split(",") if name.strip()] if wrt else None
    text = _formula_text(formula)
    compiled = _working("compiling", lambda: api.compile_grad(text, wrt=names, **options))
    _show(compiled, out)
    if at:
        point = _point(at)
        value, gradient = compiled.value(**point), compiled(**point)
        _print_result("value", value)
        for name, entry in zip((label for label in compiled.graph.labels if label != "value"), gradient, strict=True):
            _print_result(f"d/d{name}", entry)
    _verify(compiled, verify)


@cli.command(cls=_PointCommand)
@_common
def value(formula: str, at: Sequence[str], out: str | None, verify: bool, **options: Any) -> None:
    """Print FORMULA as code, and its value at a point."""
    text = _formula_text(formula)
    compiled = _working("compiling", lambda: api.compile_value(text, **options))
    _show(compiled, out)
    if at:
        _print_result("value", compiled(**_point(at)))
    _verify(compiled, verify)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
def check(files: Sequence[str]) -> None:
    """Make saved FILES again from their headers, and fail where one was edited or is stale."""
    failed = False
    for path in files:
        try:
            _working(f"checking {path}", lambda path=path: api.check_saved(path))  # type: ignore[misc]
        except SymbackpropError as error:
            failed = True
            click.echo(f"{path}: {error}", err=True)
        else:
            click.echo(f"{path}: ok")
    if failed:
        sys.exit(1)


@cli.command()
def ops() -> None:
    """Print the table of primitives with their rules."""
    rows = sorted(api.primitives().values(), key=lambda primitive: primitive.name)
    if not sys.stdout.isatty():
        for p in rows:
            click.echo("\t".join((p.name, p.kind, p.derivative or "-", p.kinks or "-", p.source)))
        return
    table = Table("primitive", "kind", "derivative", "at kinks", "source")
    for p in rows:
        table.add_row(p.name, p.kind, p.derivative, p.kinks, p.source)
    Console().print(table)


# --- output -----------------------------------------------------------------------------------------------------------


def _show(compiled: CompiledFunction, out: str | None) -> None:
    if out is not None:
        compiled.save(out)
        click.echo(f"wrote {out}", err=True)
    elif sys.stdout.isatty():
        Console().print(Syntax(compiled.source, "python", background_color="default", word_wrap=False))
    else:
        click.echo(compiled.source)


def _print_result(label: str, result: Any) -> None:
    text = np.array2string(np.asarray(result), threshold=200) if np.ndim(result) else repr(float(result))
    click.echo(f"{label} = {text}")


def _verify(compiled: CompiledFunction, wanted: bool) -> None:
    if not wanted:
        return
    report = _working("verifying", compiled.verify)
    click.echo(str(report))
    if not report:
        sys.exit(1)


def _working(what: str, work: Callable[[], Any]) -> Any:
    """Do `work`; after a second, say so on a terminal."""
    if not sys.stderr.isatty():
        return work()
    console = Console(stderr=True)
    status = console.status(f"{what} ...")
    timer = threading.Timer(_PROGRESS_AFTER, status.start)
    timer.daemon = True
    timer.start()
    try:
        return work()
    finally:
        timer.cancel()
        timer.join()
        status.stop()


# --- input ------------------------------------------------------------------------------------------------------------


def _formula_text(formula: str) -> str:
    if formula == "-":
        return sys.stdin.read()
    if formula.startswith("@"):
        try:
            return Path(formula[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ArgumentError(f"the formula's file cannot be read: {error}") from None
    return formula


def _point(items: Sequence[str]) -> dict[str, Any]:
    """Return the values at which to compute, from ``name=value`` words and files."""
    point: dict[str, Any] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if equals:
            point[name.strip()] = _value(name, text)
        elif item.endswith(".npz"):
            try:
                with np.load(item, allow_pickle=False) as archive:
                    point.update({key: archive[key] for key in archive.files})
            except (OSError, ValueError) as error:
                raise ArgumentError(f"{item} cannot be read: {error}") from None
        elif item.endswith(".json"):
            try:
                point.update(json.loads(Path(item).read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError) as error:
                raise ArgumentError(f"{item} cannot be read: {error}") from None
        else:
            raise ArgumentError(f"--at takes name=value, a .json or an .npz file, not {item!r}")
    return point


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ArgumentError(f"--at: {name}={text!r} is not a number or a JSON list of numbers") from None


def main() -> None:
    """Run the command line; errors of symbackprop are messages, not tracebacks."""
    try:
        cli.main(standalone_mode=False)
    except SymbackpropError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
