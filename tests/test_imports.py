"""What importing the package costs, and how its modules are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import symbackprop

PACKAGE = Path(symbackprop.__file__).parent


def test_importing_loads_neither_sympy_nor_scipy() -> None:
    code = "import sys, symbackprop; print(*{'sympy', 'mpmath', 'rich', 'click', 'scipy.sparse'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_compiling_loads_neither_sympy_nor_scipy() -> None:
    code = "import sys, symbackprop as sb; sb.compile_grad('x**2')(3.0); print(*{'sympy', 'scipy.sparse'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_no_module_is_named_as_a_public_function() -> None:
    modules = {path.stem for path in PACKAGE.rglob("*.py")} | {
        path.name for path in PACKAGE.rglob("*") if path.is_dir()
    }
    functions = {name for name in symbackprop.__all__ if callable(getattr(symbackprop, name))}
    assert functions
    assert not modules & functions


def test_every_package_says_what_is_in_it() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        assert path.read_text(encoding="utf-8").startswith('"""'), path


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
