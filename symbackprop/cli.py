"""The command line, on `api` alone: grad, value, check, ops, layers.

Results go to standard output, messages and progress to standard error. Exit codes: 0 done, 1 a check or a verification
failed, 2 wrong usage or a formula that cannot be compiled.
"""

from __future__ import annotations

import json
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from zipfile import BadZipFile

import click
import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from symbackprop import api
from symbackprop.compiled import CompiledFunction
from symbackprop.errors import ArgumentError, SymbackpropError
from symbackprop.ir.signature import label_texts, leaves_of
from symbackprop.version import __version__

if TYPE_CHECKING:
    from symbackprop.ops.declare import Primitive

__all__ = ["main"]

_PROGRESS_AFTER = 1.0  # seconds
_OPTION = re.compile(r"-h|--[a-z]+(=.*)?", re.DOTALL)
_ENTRY = r"\s*[^\W\d]\w*\s*="
_POINT = re.compile(rf"{_ENTRY}[^=;\n][^;\n]*|[^\n]*\.(npz|json)")  # unlike the statements of a formula


class _FormulaCommand(click.Command):
    """A command whose ``--at`` takes all points that follow it, and whose formula may begin with a minus sign."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _spread(args))


def _spread(args: Sequence[str]) -> list[str]:
    """Return `args` with an ``--at`` before every point, and a space before a formula that looks like an option."""
    spread: list[str] = []
    inside = False
    for position, arg in enumerate(args):
        if arg == "--":
            return [*spread, *args[position:]]
        if arg == "--at":
            spread.append(arg)
            inside = True
        elif inside and (spread[-1] == "--at" or _POINT.fullmatch(arg)):
            spread += [arg] if spread[-1] == "--at" else ["--at", arg]
        else:
            inside = False
            spread.append(arg if arg == "-" or _OPTION.fullmatch(arg) else f" {arg}" if arg[:1] == "-" else arg)
    return spread


class _Group(click.Group):
    """The group of commands; a reader that stops reading, such as `head`, is no error."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
            sys.exit(0)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symbackprop")
def cli() -> None:
    """Compile a formula to the plain, verified code of its gradient."""


def _common(command: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.argument("formula"),
        click.option("--inputs", help='Shapes, such as "X[n,d] w[d] y[n]".'),
        click.option("--at", multiple=True, help="A point: name=value ... (arrays as [1,2]), a .json or an .npz file."),
        click.option("--out", type=click.Path(dir_okay=False), help="Save the code to this file."),
        click.option("--target", type=click.Choice(["auto", "math", "numpy"]), default="auto", show_default=True),
        click.option("--dtype", type=click.Choice(["float64", "float32"]), default="float64", show_default=True),
        click.option("--verify", is_flag=True, help="Verify the code and print the report."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@cli.command(cls=_FormulaCommand)
@_common
@click.option("--wrt", help="Names, separated by commas or spaces; default: every real input.")
def grad(formula: str, wrt: str | None, at: Sequence[str], out: str | None, verify: bool, **options: Any) -> None:
    """Print the gradient of FORMULA as code, and its figures at a point.

    FORMULA is text, `-` for standard input, or `@file`; also a layer spec, in `@file.toml` or `@file.json` too.
    """
    text, names, point = _formula_text(formula), _names(wrt), _point(at)
    compiled = _working("compiling", lambda: api.compile_grad(text, wrt=names, **options))
    _show(compiled, out)
    if at:
        _print_results(compiled.value, point)
        _print_results(compiled, point)
    _verify(compiled, verify)


@cli.command(cls=_FormulaCommand)
@_common
def value(formula: str, at: Sequence[str], out: str | None, verify: bool, **options: Any) -> None:
    """Print FORMULA as code, and its value at a point."""
    text, point = _formula_text(formula), _point(at)
    compiled = _working("compiling", lambda: api.compile_value(text, **options))
    _show(compiled, out)
    if at:
        _print_results(compiled, point)
    _verify(compiled, verify)


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
def check(files: Sequence[str]) -> None:
    """Make saved FILES again from their headers, and fail where one was edited or is stale."""
    failed = False
    for path in files:
        try:
            _working(f"checking {path}", partial(api.check_saved, path))
        except SymbackpropError as error:
            failed = True
            click.echo(str(error), err=True)
        else:
            click.echo(f"{path}: ok")
    if failed:
        sys.exit(1)


@cli.command()
@click.option("--markdown", is_flag=True, help="Print the page of the documentation.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of specs in TOML and JSON.")
def layers(markdown: bool, schema: bool) -> None:
    """List the layers, losses and activations of layer specs."""
    if schema:
        click.echo(json.dumps(api.json_schema(), indent=2))
    elif markdown:
        click.echo(api.layers_page(), nl=False)
    else:
        table = Table("layer", "what it is", box=SIMPLE_HEAD)
        for word, kind in api.layer_kinds().items():
            table.add_row(word, (kind.__doc__ or "").split("\n")[0].replace("``", ""))
        Console().print(table)


@cli.command()
@click.option("--markdown", is_flag=True, help="Print the page of all words that formulas may use instead.")
def ops(markdown: bool) -> None:
    """Print the table of primitives with their rules."""
    if markdown:
        click.echo(api.supported_page(), nl=False)
        return
    columns = ("primitive", "kind", "numpy", "math", "derivative", "at kinks", "source")
    rows = [_row(primitive) for _, primitive in sorted(api.primitives().items())]
    if not _is_terminal(sys.stdout):
        click.echo("\n".join("\t".join(row) for row in [columns, *rows]))
        return
    table = Table(box=SIMPLE_HEAD, show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")  # nothing is cut off
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _row(primitive: Primitive) -> tuple[str, ...]:
    def text(target: str) -> str:
        printed = primitive.texts.get(target, "-")
        return printed if isinstance(printed, str) else "by shapes and parameters"

    rule = primitive.derivative or ("its transpose" if primitive.kind == "linear" else "-")
    rest = (primitive.kinks or "-", primitive.source)
    return (primitive.name, primitive.kind, text("numpy"), text("math"), rule, *rest)


# --- output -----------------------------------------------------------------------------------------------------------


def _is_terminal(stream: TextIO | None) -> bool:
    """Tell whether `stream` is a terminal; one that was closed is None."""
    return stream is not None and stream.isatty()


def _show(compiled: CompiledFunction, out: str | None) -> None:
    if out is not None:
        compiled.save(out)
        click.echo(f"wrote {out}", err=True)
    elif _is_terminal(sys.stdout):
        colours = Syntax("", "python", theme="ansi_dark", background_color="default")
        Console().print(colours.highlight(compiled.source.rstrip("\n")), soft_wrap=True)  # never cut, never broken
    else:
        click.echo(compiled.source)


def _print_results(compiled: CompiledFunction, point: Mapping[str, Any]) -> None:
    try:
        results = [*leaves_of(compiled(**point))]
    except SymbackpropError:
        raise
    except (ArithmeticError, ValueError) as error:
        line = traceback.extract_tb(error.__traceback__)[-1].line
        raise ArgumentError(f"--at: there is no result at this point: {error} in `{line}`") from error
    for label, result in zip(label_texts(compiled.graph.labels), results, strict=True):
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
    if not _is_terminal(sys.stderr):
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


def _formula_text(formula: str) -> str | Path:
    try:
        if formula == "-":
            return sys.stdin.read() if sys.stdin is not None else ""
        if formula.startswith("@"):
            if formula.endswith((".toml", ".json")):
                return Path(formula[1:])  # a layer spec
            return Path(formula[1:]).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"the formula cannot be read: {error}") from None
    return formula.strip()


def _names(wrt: str | None) -> list[str] | None:
    """Return the names that ``--wrt`` lists, separated by commas or spaces; None without it."""
    if wrt is None:
        return None
    names = re.split(r"[,\s]+", wrt.strip(", \t\n"))
    if names == [""]:
        raise ArgumentError("--wrt names nothing; give names, as in --wrt w,b, or leave it out for all real inputs")
    return names


def _point(items: Sequence[str]) -> dict[str, Any]:
    """Return the values at which to compute, from ``name=value`` words and files; words win over files."""
    words: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for item in items:
        if re.match(_ENTRY, item):
            for part in re.split(rf",(?={_ENTRY})", item):
                name, _, text = part.partition("=")
                name = name.strip()
                if name in words:
                    raise ArgumentError(f"--at: {name} is given twice")
                words[name] = _value(name, text)
        elif item.endswith((".npz", ".json")):
            try:
                files.update(_archive(item) if item.endswith(".npz") else _object(item))
            except (OSError, ValueError, RecursionError, BadZipFile) as error:
                raise ArgumentError(f"--at: {item} cannot be read: {error}") from None
        else:
            raise ArgumentError(f"--at takes name=value, a .json or an .npz file, not {item!r}")
    return files | words


def _archive(path: str) -> dict[str, Any]:
    with np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


def _object(path: str) -> dict[str, Any]:
    content = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError('it holds no object; write {"name": value, ...}')
    return content


def _value(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return float(text)
    except ValueError:
        shown = text if len(text) < 60 else f"{text[:60]}..."
        raise ArgumentError(f"--at: {name}={shown!r} is not a number or a JSON list of numbers") from None


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
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
