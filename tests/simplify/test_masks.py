"""Masks stay short: absorption, complements, and bounded size."""

from __future__ import annotations

import itertools

import pytest

from symbackprop.ir.node import Node, make_input
from symbackprop.simplify.masks import ALWAYS, NEVER, Conditions, Mask, mask_node, numbers_in

C = [make_input(i, (), "bool") for i in range(12)]


def holds(mask: Mask, numbers: dict[int, bool]) -> bool:
    return any(all(numbers[literal // 2] != bool(literal % 2) for literal in term) for term in mask)


def literal(conditions: Conditions, text: str) -> Mask:
    return conditions.literal(C[int(text.strip("~"))], not text.startswith("~"))


def made(conditions: Conditions, *terms: str) -> Mask:
    """Return the union of products such as ``"0 ~1"``, joined one by one."""
    result: Mask | None = None
    for term in terms:
        product = ALWAYS
        for part in term.split():
            product = conditions.both(product, literal(conditions, part))
        result = product if result is None else conditions.either(result, product)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["0", "0 1"], ["0"]),
        (["0 1", "0"], ["0"]),
        (["0 1", "0 ~1"], ["0"]),
        (["0", "~0 1"], ["0", "1"]),
        (["0 1", "0 2", "0 ~1 ~2"], ["0"]),
        (["0 1", "2 3"], ["0 1", "2 3"]),
        (["0", "0"], ["0"]),
    ],
)
def test_unions_are_reduced(terms: list[str], expected: list[str]) -> None:
    conditions = Conditions()
    for i in range(4):
        literal(conditions, str(i))
    assert made(conditions, *terms) == made(conditions, *expected)


@pytest.mark.parametrize("terms", [["0", "~0"], ["0", "~0 1", "~0 ~1"], ["~0 ~1", "~0 1", "0"]])
def test_branches_that_cover_everything_are_always(terms: list[str]) -> None:
    assert made(Conditions(), *terms) == ALWAYS


def test_what_never_holds() -> None:
    conditions = Conditions()
    some = literal(conditions, "0")
    assert conditions.both(some, literal(conditions, "~0")) == NEVER
    assert conditions.either(NEVER, some) == some
    assert conditions.both(NEVER, some) == NEVER


def test_reduction_keeps_the_truth_table() -> None:
    literals = ["", "0", "~0", "1", "~1", "2", "~2"]
    products = [" ".join(filter(None, parts)) for parts in itertools.product(literals[:3], literals[3:5], literals[5:])]
    for terms in itertools.combinations(products, 3):
        conditions = Conditions()
        for i in range(3):
            literal(conditions, str(i))
        mask = made(conditions, *terms)
        for values in itertools.product((False, True), repeat=3):
            table = dict(enumerate(values))
            wanted = any(
                all(table[int(part.strip("~"))] != part.startswith("~") for part in term.split()) for term in terms
            )
            assert holds(mask, table) == wanted, (terms, mask, table)


def test_a_large_mask_becomes_one_condition() -> None:
    conditions = Conditions()
    mask = made(conditions, " ".join(map(str, range(12))))
    assert len(mask) == 1
    assert max(len(term) for term in mask) <= 8
    assert any(conditions.origin(number) is not None for number in numbers_in(mask))


def test_nodes_of_masks_are_in_the_order_of_conditions() -> None:
    conditions = Conditions()
    one, two = made(conditions, "0 1", "2 ~3"), made(conditions, "2 ~3", "0 1")
    node: Node = mask_node(one, conditions.condition)
    assert node is mask_node(two, conditions.condition)
