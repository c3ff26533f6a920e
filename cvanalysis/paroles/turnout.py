"""How many have spoken, by quarter, college, theme and step. Owns the unit of count and what of it may be printed; refuses to conclude.

The unit is the *prise de parole*: one person, one theme, one step of the calendar. Someone who speaks of two themes counts twice, so
that rows, columns and totals agree. Counts are printed in classes of five, withheld below the declared threshold, and `disclosure`
withholds what would give them back, in this edition and from one to the next. That nobody has spoken somewhere is said only where the
threshold's number of people have around it: else what is empty would tell where the few of a small group have.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from operator import itemgetter
from typing import Any

import pandas as pd

from cvanalysis.constat.disclosure import Cell, Protected, protect
from cvanalysis.constat.make import is_example
from cvanalysis.constat.shape import Valeur
from cvanalysis.files.keys import grouped
from cvanalysis.territory.contract import Edition, Etape, Territory
from cvanalysis.textes import label

PAS = 5
"""Counts of voices are printed in classes of five (« 15 à 19 »): what a subtraction would find is then only noise."""
AXES = ("qpv", "college", "theme", "sequence")

UNITE = "prises de parole"
PERSONNE = "personne"
"""What a cell says where nobody has spoken and it can be told."""
Place = tuple[str | None, ...]


@dataclass(frozen=True)
class Coverage:
    """Participations at one edition. `protege` holds what may be printed; keys are (edition, face, row[, column]).

    Faces: `total`; one of `AXES`; two of them joined by `×`. `personnes`: how many people have spoken at (qpv, college, theme,
    sequence), None standing for any; never printed.
    """

    territory: Territory
    edition: str
    protege: Protected
    personnes: Mapping[Place, int]
    exemple: bool

    def value(self, face: str, *labels: str) -> Valeur:
        """The count of a cell; « personne » where nobody has spoken and it can be said."""
        value = self.protege.valeur(self.edition, face, *labels, unite=UNITE)
        if value.valeur != 0:
            return value
        where = dict(zip(face.split("×"), labels, strict=False))
        told = self.is_silent(**where)
        return Valeur(None, texte=PERSONNE) if told else Valeur(None, "masqué", UNITE)

    def is_silent(self, **where: str) -> bool:
        """Whether it can be said that nobody has spoken there: some emptiness that holds it is one of groups that are all large enough.

        Of a small group, that nobody of it has spoken here nor there would tell where those few have.
        """
        fixed = list(where.items())
        seuil = self.territory.seuils.personnes
        return any(
            not self._count(some) and all(self._count([one for one in some if one is not out]) >= seuil for out in some)
            for size in range(1, len(fixed) + 1)
            for some in combinations(fixed, size)
        )

    def is_heard(self, **where: str) -> bool:
        """Whether enough people have spoken there for it to be said."""
        return self._count(where.items()) >= self.territory.seuils.personnes

    def _count(self, fixed: Iterable[tuple[str, str]]) -> int:
        place = dict(fixed)
        return self.personnes.get(tuple(place.get(axe) for axe in AXES), 0)

    def names(self, axe: str) -> dict[str, str]:
        """id → name of every label of an axis, declared ones first, then '' where voices have none."""
        t = self.territory
        declared: Mapping[str, Iterable[tuple[str, str]]] = {
            "qpv": ((q.code, q.nom) for q in t.quartiers),
            "college": ((c.id, c.nom) for c in t.colleges),
            "theme": ((th.id, th.nom) for th in t.themes),
            "sequence": ((e.id, e.nom) for e in self.steps()),
        }
        names = dict(declared[axe])
        return names | (
            {"": label(f"participation.sans.{axe}")}
            if any(key[AXES.index(axe)] == "" for key in self.personnes)
            else {}
        )

    def steps(self) -> list[Etape]:
        """Steps of the calendar that the edition has reached, in order."""
        last = next(e.jusqu_au for e in self.territory.editions if e.id == self.edition).strftime("%Y-%m")
        used = {key[3] for key in self.personnes}
        return [e for e in sorted(self.territory.calendrier, key=lambda e: e.mois) if e.mois <= last or e.id in used]


def count_participations(paroles: pd.DataFrame, territory: Territory) -> Coverage:
    """Count participations of `paroles` (as cleaned for this audience), protected over this edition and the earlier ones."""
    seen = _first(((person, *axes), rank) for person, rank, *axes in _arrivals(paroles, territory, AXES))
    groups = grouped(((*axes, rank), person) for (person, *axes), rank in seen.items())
    places = {
        (tuple(one if told else None for one, told in zip(axes, chosen, strict=True)), person)
        for person, *axes in seen
        for chosen in product((True, False), repeat=len(AXES))
    }
    protege = _protect(groups, territory, lambda key, rank: _faces(key) if key[-1] <= rank else ())
    counts = Counter(place for place, _ in places)
    return Coverage(territory, territory.edition.id, protege, counts, is_example(paroles))


def _first(known: Iterable[tuple[tuple[str, ...], int]]) -> dict[tuple[str, ...], int]:
    """Each of them with the first edition that knows it."""
    return dict(sorted(known, key=itemgetter(1), reverse=True))


def _editions(territory: Territory) -> list[Edition]:
    """The editions out so far, this one last."""
    known = [e for e in territory.editions if e.jusqu_au <= territory.edition.jusqu_au]
    return sorted(known, key=lambda e: e.jusqu_au)


def _arrivals(paroles: pd.DataFrame, territory: Territory, more: Sequence[str] = ()) -> Iterable[tuple[Any, ...]]:
    """(speaker, rank of the first edition that knows the voice, more columns) of each voice."""
    order = {e.id: i for i, e in enumerate(_editions(territory))}
    columns = ["locuteur", "arrivee", *more]
    for person, arrival, *rest in paroles[columns].itertuples(index=False, name=None) if len(paroles) else ():
        yield person, order.get(arrival, len(order) - 1), *rest


FACES = (("qpv", "college"), ("qpv", "theme"), ("college", "theme"))
"""Pairs of axes whose counts are printed. The four together are printed as heard, not heard or withheld, without a count."""


def _faces(key: tuple[Any, ...]) -> list[tuple[str, ...]]:
    """The cells that count a group."""
    at = dict(zip(AXES, key, strict=False))
    return [("total",), *((axe, at[axe]) for axe in AXES), *((f"{a}×{b}", at[a], at[b]) for a, b in FACES)]


def _protect(
    groups: Mapping[tuple[Any, ...], list[str]],
    territory: Territory,
    faces: Callable[[tuple[Any, ...], int], Iterable[tuple[str, ...]]],
) -> Protected:
    """What may be printed of the counts of groups of people, in each edition so far; `faces(group, rank of the edition)`: its cells."""
    keys = sorted(groups)
    cells = []
    for rank, edition in enumerate(_editions(territory)):
        members = grouped(((edition.id, *face), i) for i, key in enumerate(keys) for face in faces(key, rank))
        counts = {cle: len(set().union(*(groups[keys[i]] for i in ids))) for cle, ids in members.items()}
        cells.append([Cell(cle, frozenset(ids), counts[cle]) for cle, ids in sorted(members.items())])
    return protect([len(groups[key]) for key in keys], cells, territory.seuils.personnes, PAS)


def coverage_table(coverage: Coverage) -> pd.DataFrame:
    """quartier × collège × thème × séquence with `entendu` (oui, non, masqué): the download; every declared combination has its row."""
    names = [coverage.names(axe) for axe in AXES]
    rows = []
    for labels in product(*names):
        where = dict(zip(AXES, labels, strict=True))
        told = "oui" if coverage.is_heard(**where) else "non" if coverage.is_silent(**where) else "masqué"
        rows.append((labels[0], *(known[label] for known, label in zip(names, labels, strict=True)), told))
    return pd.DataFrame(rows, columns=["qpv", "quartier", "college", "theme", "sequence", "entendu"])


def count_people(paroles: pd.DataFrame, labels: Sequence[Iterable[str]], territory: Territory) -> dict[str, Valeur]:
    """Distinct people by label, where a person may bear several: label → class of its count, or withheld.

    labels: those of each row of `paroles`. Two editions side by side, or these counts and their whole, give back no withheld one.
    """
    arrivals = zip(_arrivals(paroles, territory), labels, strict=True)
    seen = _first(((person, name), rank) for (person, rank), names in arrivals for name in names)
    known = grouped((person, (name, rank)) for (person, name), rank in seen.items())
    groups = grouped((tuple(sorted(names)), person) for person, names in known.items())

    def faces(key: tuple[Any, ...], rank: int) -> Iterable[tuple[str, ...]]:
        return {face for name, arrived in key if arrived <= rank for face in (("total",), ("label", name))}

    protege = _protect(groups, territory, faces)
    names = sorted({name for key in groups for name, _ in key})
    return {name: protege.valeur(territory.edition.id, "label", name) for name in names}
