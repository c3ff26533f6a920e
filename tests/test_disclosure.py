"""No reader recovers a withheld count of people: not from a total, not from other tables, not from another edition."""

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from conftest import examples
from cvanalysis.constat.disclosure import Cell, protect


def attack(sizes, cells, printed):
    """The reader's linear program, written apart: bounds of every withheld cell given every printed one."""
    known = [c for c in cells if printed[c.cle] is not None]
    matrix = np.array([[1.0 if g in c.groupes else 0.0 for g in range(len(sizes))] for c in known])
    totals = np.array([float(printed[c.cle]) for c in known])
    bounds = {}
    for cell in cells:
        if printed[cell.cle] is None:
            goal = np.array([1.0 if g in cell.groupes else 0.0 for g in range(len(sizes))])
            low, high = (
                linprog(
                    s * goal,
                    A_eq=matrix if known else None,
                    b_eq=totals if known else None,
                    bounds=(1, 5_000),
                    method="highs",
                ).fun
                * s
                for s in (1, -1)
            )
            bounds[cell.cle] = (low, high)
    return bounds


def cross(groups, edition="a"):
    """All margins and the total of a list of (row, column) groups."""
    cells = [Cell((edition, "total"), frozenset(range(len(groups))))]
    for axis in (0, 1):
        for name in sorted({g[axis] for g in groups}):
            cells.append(
                Cell((edition, str(axis), name), frozenset(i for i, g in enumerate(groups) if g[axis] == name))
            )
    return cells + [Cell((edition, *g), frozenset([i])) for i, g in enumerate(groups)]


def listed(counts):
    """The cells of a list of counts and of its total."""
    every = Cell(("total",), frozenset(range(len(counts))))
    return [*(Cell((str(i),), frozenset([i])) for i in range(len(counts))), every]


def test_a_lone_small_count_takes_the_total_of_its_list_with_it():
    printed = protect([30, 4, 12], [listed([30, 4, 12])], 11).comptes
    assert [name for (name,), count in printed.items() if count is None] == ["1", "total"]


def test_two_ones_hide_nothing_since_their_sum_gives_both():
    assert protect([30, 1, 1], [listed([30, 1, 1])], 11).comptes["total",] is None
    assert protect([30, 4, 3], [listed([30, 4, 3])], 11).comptes["total",] == 37


@examples(25)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.integers(4, 15))
def test_no_count_of_a_list_is_recovered_from_its_total(counts, seuil):
    printed = protect(counts, [listed(counts)], seuil).comptes
    assert all(printed[str(i),] is None for i, n in enumerate(counts) if n < seuil)
    assert all(high - low >= 2 - 1e-6 for low, high in attack(counts, listed(counts), printed).values())


@examples(25)
@given(st.lists(st.integers(1, 30), min_size=9, max_size=9), st.integers(3, 12))
def test_no_withheld_cell_of_a_crossed_table_is_recovered(sizes, seuil):
    groups = list(product("abc", "xyz"))
    cells = cross(groups)
    printed = protect(sizes, [cells], seuil).comptes
    for cell in cells:
        count = sum(sizes[g] for g in cell.groupes)
        assert printed[cell.cle] is None or printed[cell.cle] == count >= seuil
    assert all(high - low >= 2 - 1e-6 for low, high in attack(sizes, cells, printed).values())


@examples(15)
@given(
    st.lists(st.integers(1, 25), min_size=6, max_size=6),
    st.lists(st.integers(1, 6), min_size=3, max_size=3),
    st.integers(4, 11),
)
def test_the_next_edition_gives_away_nothing_of_the_first(sizes, arrivals, seuil):
    groups = list(product("ab", "xyz"))
    late = [("a", "x"), ("b", "y"), ("b", "z")]
    first = cross(groups, "juin")
    second = cross(groups + late, "octobre")[:7]  # margins and total of everyone
    everyone = [*sizes, *arrivals]
    second = [Cell(c.cle, c.groupes) for c in second]
    printed = protect(everyone, [first, second], seuil).comptes
    assert protect(everyone, [first], seuil).comptes == {k: v for k, v in printed.items() if k[0] == "juin"}
    assert all(high - low >= 2 - 1e-6 for low, high in attack(everyone, first + second, printed).values())


def test_a_difference_of_two_editions_is_withheld_where_it_shows_a_person():
    """Everyone but one group of 3 grew: printed totals of both editions must not leave that group's count bare."""
    first = [
        Cell(("juin", "total"), frozenset([0, 1])),
        Cell(("juin", "a"), frozenset([0])),
        Cell(("juin", "b"), frozenset([1])),
    ]
    second = [Cell(("octobre", "total"), frozenset([0, 1, 2])), Cell(("octobre", "a"), frozenset([0]))]
    printed = protect([20, 3, 15], [first, second], 11).comptes
    assert printed["juin", "b"] is None
    assert all(high - low >= 2 for low, high in attack([20, 3, 15], first + second, printed).values())


def test_zero_is_shown_and_an_empty_list_is_empty():
    protected = protect([], [[]], 11)
    assert protected.valeur("a", "b").valeur == 0
    assert protect([4], [[Cell(("x",), frozenset([0]))]], 11).valeur("x").statut == "masqué"


def test_what_computes_counts_back_says_nothing_of_itself(capfd):
    protect([4, 9, 2], [[Cell(("a",), frozenset({0, 1})), Cell(("b",), frozenset({0, 1, 2}))]], 5)
    assert capfd.readouterr() == ("", "")
