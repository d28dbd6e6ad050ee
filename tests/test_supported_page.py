"""The page of what formulas may use is that of the words there are."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from symbackprop.cli import cli
from symbackprop.read.vocabulary import ATTRIBUTES, FUNCTIONS, METHODS
from symbackprop.read.vocabulary.listing import supported_page

PAGE = Path(__file__).parent.parent / "docs" / "supported.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == supported_page(), (
        "python -m symbackprop ops --markdown > docs/supported.md"
    )


def test_every_word_is_on_it() -> None:
    page = supported_page()
    assert [name for name in FUNCTIONS if f"| `{name}(" not in page] == []
    assert [name for name in (*METHODS, *ATTRIBUTES) if f"`x.{name}" not in page] == []


def test_the_command_prints_it() -> None:
    assert CliRunner().invoke(cli, ["ops", "--markdown"]).output == supported_page()
