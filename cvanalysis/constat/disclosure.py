"""Withholding of small counts of people. Owns the threshold and complementary suppression; refuses to count.

A count of people below the declared threshold is withheld, and so is whatever else would let a reader find it again: by taking the
rest from a total, by laying two tables side by side, by taking an edition from the next. Zeros may be shown here: nobody can be
recognised in an empty cell. Where the emptiness of all the others would tell where a small group stands, `turnout` keeps them silent.

The reader that we protect against knows everything that is printed, in every edition, that an unprinted cell holds at least
one person, and nothing else. He is played by a linear program: a withheld cell is safe when the smallest and the largest
count that agree with what is printed differ by at least `MARGE`.

One door, `protect`: any set of tables and editions over the same people, were it a list and its total. Where no count is small, nothing is
computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cvanalysis.constat.shape import Valeur

MARGE = 2
"""Least width of what a reader may deduce of a withheld count: not a single value, nor two."""


def class_of(count: int, seuil: int, pas: int) -> tuple[int, int]:
    """The ends of the class in which a count is printed (« 11 à 14 »): multiples of `pas`, never below the threshold.

    A first class of one or two counts would be a count: it goes with the next. Step 1 prints counts as they are.
    """
    if not count or pas == 1:
        return count, count
    start = count // pas * pas
    first = seuil // pas * pas
    if first + pas - seuil < 3 and start <= first + pas:
        return seuil, first + 2 * pas - 1
    return max(start, seuil), start + pas - 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A count that a page would print: its key (table, row, column…, edition) and the base groups that it adds up.

    Base groups are disjoint: nobody is in two of them. `personnes` is the number of distinct people, when a person can be counted
    several times in the cell; by default the count itself.
    """

    cle: tuple[str, ...]
    groupes: frozenset[int]
    personnes: int | None = None


@dataclass(frozen=True, slots=True)
class Protected:
    """What may be printed: for each key, the least of the class that its count is in, or None where it is withheld."""

    comptes: Mapping[tuple[str, ...], int | None]
    seuil: int
    pas: int

    def valeur(self, *cle: str, unite: str = "personnes") -> Valeur:
        """The count as a value with its reason; a key that no one was in is a true 0."""
        count = self.comptes.get(cle, 0)
        if count is None:
            return Valeur(None, "masqué", unite)
        low, high = class_of(count, self.seuil, self.pas)
        return Valeur(float(low), "publié", unite, texte="" if low == high else f"{low} à {high}")


def protect(effectifs: Sequence[int], editions: Sequence[Sequence[Cell]], seuil: int, pas: int = 1) -> Protected:
    """Withhold in every edition in turn what the reader of that edition and of the earlier ones could deduce.

    effectifs: people in each base group (≥ 1 each: which groups are empty is printed).
    editions: the cells of each edition, in order of publication. A cell printed in an earlier edition cannot be taken back, so a later
    edition is protected given what the earlier ones printed, and never the other way round.
    pas: counts are printed in classes of that width, which leaves little for a subtraction to find.
    """
    sizes = np.asarray(effectifs, dtype=int)
    reader = _Reader(sizes, seuil, pas)
    printed: list[Cell] = []
    withheld: list[Cell] = []
    for cells in editions:
        cells = [c for c in cells if c.groupes]
        known = {c.cle for c in reader.exposed(printed, cells)}  # earlier editions say them: no use in withholding them
        hidden = {c.cle for c in cells if reader.people(c) < seuil}
        while exposed := reader.exposed(
            printed + [c for c in cells if c.cle not in hidden],
            withheld + [c for c in cells if c.cle in hidden - known],
        ):
            more = reader.accomplices([c for c in cells if c.cle not in known | hidden], exposed)
            if not more:
                break  # an earlier edition gave it away by itself: nothing of this one can help
            hidden |= more
        printed += [c for c in cells if c.cle not in hidden]
        withheld += [c for c in cells if c.cle in hidden]
    counts: dict[tuple[str, ...], int | None] = {c.cle: class_of(reader.count(c), seuil, pas)[0] for c in printed}
    counts |= {c.cle: None for c in withheld}
    return Protected(counts, seuil, pas)


class _Reader:
    """The reader that we protect against: what he can deduce of the withheld cells from the printed ones."""

    def __init__(self, sizes: np.ndarray, seuil: int, pas: int) -> None:
        self.sizes, self.seuil, self.pas = sizes, seuil, pas

    def count(self, cell: Cell) -> int:
        return int(self.sizes[list(cell.groupes)].sum())

    def people(self, cell: Cell) -> int:
        return self.count(cell) if cell.personnes is None else cell.personnes

    def exposed(self, shown: Sequence[Cell], withheld: Sequence[Cell]) -> list[Cell]:
        """Withheld cells whose count can be narrowed to less than `MARGE`.

        Groups that are together in every cell are one unknown: the program is as small as the tables, however many people.
        Every solution that the program finds is a possible world: a cell that differs enough between two worlds is safe without
        a program of its own, which spares most of them.
        """
        if not withheld:
            return []
        cells = np.zeros((len(shown) + len(withheld), len(self.sizes)))
        for i, cell in enumerate([*shown, *withheld]):
            cells[i, list(cell.groupes)] = 1
        _, first, merged = np.unique(cells, axis=1, return_index=True, return_inverse=True)
        cells = cells[:, first]
        floor = np.bincount(merged.ravel(), minlength=len(first)).astype(float)  # at least one person in each group
        truth = np.bincount(merged.ravel(), weights=self.sizes, minlength=len(first))
        classes = [class_of(self.count(c), self.seuil, self.pas) for c in shown]
        intervals = np.array(classes, dtype=float).reshape(-1, 2)
        objectives = cells[len(shown) :]
        low = objectives @ truth
        high = low.copy()
        worlds = _Worlds(cells[: len(shown)], intervals, floor)
        exposed = []
        for i, cell in enumerate(withheld):
            for sense in (1.0, -1.0):
                if high[i] - low[i] >= MARGE:
                    break
                values = objectives @ worlds.least(sense * objectives[i])
                low, high = np.minimum(low, values), np.maximum(high, values)
            if high[i] - low[i] < MARGE - 1e-6:
                exposed.append(cell)
        return exposed

    def accomplices(self, free: Sequence[Cell], exposed: Sequence[Cell]) -> set[tuple[str, ...]]:
        """For each exposed cell, the printed cell to withhold with it: one that shares people with it, the smallest.

        Failing that, the smallest printed cell of all: the leak then runs through a longer chain.
        """
        free = sorted(free, key=lambda c: (self.count(c), c.cle))
        more: dict[tuple[str, ...], Cell] = {}
        for target in exposed:
            near = [c for c in free if c.groupes & target.groupes]
            if near and not any(c.cle in more for c in near):
                more[near[0].cle] = near[0]
        if not more and free:
            more[free[0].cle] = free[0]
        return set(more)


class _Worlds:
    """The worlds (people in each group) that agree with the printed intervals: one program, whose objective alone changes, so that each
    answer starts from the last one."""

    def __init__(self, rows: np.ndarray, intervals: np.ndarray, floor: np.ndarray) -> None:
        import highspy  # only pages and downloads that count people need it

        ceiling = 1_000 + float(intervals.sum()) + float(floor.sum())
        self._columns = np.arange(len(floor), dtype=np.int32)
        self._solver = highspy.Highs()
        self._solver.setOptionValue("output_flag", False)
        self._solver.setOptionValue("threads", 1)
        self._solver.addVars(len(floor), floor, np.full(len(floor), ceiling))
        for row, (low, high) in zip(rows, intervals, strict=True):
            there = np.flatnonzero(row).astype(np.int32)
            self._solver.addRow(low, high, len(there), there, row[there])

    def least(self, objective: np.ndarray) -> np.ndarray:
        """The world that has the least of `objective`. The true one agrees with all that is printed: there is always one."""
        self._solver.changeColsCost(len(self._columns), self._columns, objective)
        self._solver.run()
        return np.asarray(self._solver.getSolution().col_value)
