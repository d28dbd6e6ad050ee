"""What names of modules and of their functions stand for in a module."""

from __future__ import annotations

import ast

__all__ = ["imported"]


def imported(tree: ast.Module) -> dict[str, str]:
    """Return the paths that names stand for."""
    paths: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            paths.update((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            paths.update((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    return paths
