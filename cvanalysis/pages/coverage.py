"""What the data hold, read once for the quality page, and what is known of each quarter, and since when.

Owns the counts of rows, the moments, the names and the two findings on coverage; refuses to count a reason as a figure.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import pandas as pd

from cvanalysis.catalogue import Catalogue, Indicateur
from cvanalysis.constat.make import Reader, bars, count, make, matrix
from cvanalysis.constat.shape import Figure, Finding, Message, Table, Valeur, row, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import enumerate_some
from cvanalysis.indicateurs.context import reason, tell_apart
from cvanalysis.indicateurs.observation import Instant, Observations
from cvanalysis.indicateurs.question import short
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

COLONNES_MAXI = 20
"""Quarters up to which each has its column; the reasons name the others in any case."""
_ETATS = {"publié": "publié", "suspect": "douteux"}

Cells = Mapping[str, Mapping[str, str]]
"""Indicator → quarter → status."""


class Holdings:
    """The rows of a territory; `reader`: its `indicateurs` and its tables `anomalies`, `fichiers` and `comptes`."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
        self.territory = territory
        self.catalogue = catalogue
        self._reader = reader

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows of indicators that the catalogue knows."""
        frame = self._reader.indicateurs()
        return frame[frame["indicateur"].isin(list(self.catalogue.indicateurs))]

    @cached_property
    def lots(self) -> pd.DataFrame:
        """How many rows (`nombre`) of each file, source, publication, data year ('' where it is not established) and note hold a
        figure (`publie`), and how many lack it: a country has too many rows to be looked at one by one."""
        years = self.frame["millesime"].astype("string").fillna("")
        rows = self.frame.assign(publie=self.frame["valeur"].notna(), millesime=years)
        keys = ["fichier", "source", "publication", "millesime", "note", "publie"]
        return rows.groupby(keys, observed=True).size().rename("nombre").reset_index()

    @cached_property
    def noms(self) -> dict[str, str]:
        """Code → the name of a quarter in figures, tables and lists."""
        return tell_apart(self.territory.quartiers, self.territory.noms, everywhere=self.territory.vaste)

    @property
    def indicateurs_suivis(self) -> tuple[Indicateur, ...]:
        """The indicators of the fiches, in reading order: those whose absence is felt."""
        used = dict.fromkeys(ident for declare in self.catalogue.constats for ident in declare.indicateurs)
        return tuple(self.catalogue.indicateurs[ident] for ident in used)

    @cached_property
    def par_zone(self) -> Observations:
        """The quarters' and the comparators', the rates that are computed of two counts among them."""
        zones = [*self.noms, *(one.zone for one in self.territory.comparateurs)]
        return Observations.read(self, zones, [one.id for one in self.indicateurs_suivis])

    def indicateurs(self, zones: Sequence[str], indicateurs: Sequence[str]) -> pd.DataFrame:
        """What was read already, as `Observations` asks for it."""
        return self.frame[self.frame["zone"].isin(zones) & self.frame["indicateur"].isin(indicateurs)]

    @cached_property
    def moments(self) -> dict[str, tuple[Instant, ...]]:
        """By indicator, all instants of the contract's quarters, absences included, oldest first."""
        found = {}
        for one in self.indicateurs_suivis:
            rows = [row for code in self.noms for row in self.par_zone.serie(code, one.id)]
            ordered = sorted({(row.millesime or row.publication, row.publication, row.instant) for row in rows})
            found[one.id] = tuple(dict.fromkeys(instant for *_, instant in ordered))
        return found

    @cached_property
    def cells(self) -> Cells:
        """What is known of each indicator at its last moment."""
        found = {}
        for one in self.indicateurs_suivis:
            last = self.moments[one.id][-1] if self.moments[one.id] else None
            rows = {code: self.par_zone.at(code, one.id, last) for code in self.noms}
            found[one.id] = {code: seen.statut if seen else "non_disponible" for code, seen in rows.items()}
        return found

    def lacking(self, cells: Cells, told: Callable[[Indicateur], str]) -> list[tuple[tuple[str, str], str]]:
        """What is not published, said once for all the indicators that the same quarters lack for the same reason: (status, names of the
        quarters) → the indicators, as `told` says each."""
        lacks = []
        for one in self.indicateurs_suivis:
            by_state = grouped((statut, self.noms[code]) for code, statut in cells.get(one.id, {}).items())
            lacks += [((s, enumerate_some(names)), told(one)) for s, names in sorted(by_state.items()) if s != "publié"]
        return [(key, ", ".join(dict.fromkeys(what))) for key, what in grouped(lacks).items()]

    def head(self, indicateur: Indicateur) -> tuple[Valeur, ...]:
        """The first cells of an indicator's line: its name, and its last moment."""
        return row(indicateur.nom, *map(str, self.moments[indicateur.id][-1:] or [""]))

    def source(self, ident: str) -> str:
        source = self.catalogue.sources.get(ident)
        return source.nom if source else ident

    @property
    def commun(self) -> dict[str, str]:
        """What all findings of the page say alike."""
        return {"champ": label("qualite.champ", territoire=self.territory.nom), "source": label("qualite.source")}


def build_coverage(held: Holdings, ident: str) -> Finding:
    """Indicator × quarter, at the last moment of each indicator: a figure, or the reason why not."""
    counts = Counter(statut for line in held.cells.values() for statut in line.values())
    total = counts.total()
    rate = Valeur(100 * counts["publié"] / total, "publié", "%") if total else Valeur(None, "sans_objet", "%")
    told = {"publies": counts["publié"], "total": total, "suspects": counts["suspect"], "taux": rate}
    figure, table = (_each if len(held.noms) <= COLONNES_MAXI else _counted)(held)
    missing = [
        label("qualite.couverture.manque", quartiers=names, indicateurs=what, raison=reason(statut))
        for (statut, names), what in held.lacking(held.cells, lambda one: f"«\u00a0{short(one)}\u00a0»")
    ]
    return make(
        ident,
        Message("qualite.couverture", told),
        **held.commun,
        figure=figure,
        table=table,
        lecture=Message("qualite.lecture_couverture", told),
        manques=missing,
    )


def _each(held: Holdings) -> tuple[Figure, Table]:
    states = {
        one: {held.noms[code]: _state(statut) for code, statut in held.cells[one.id].items()}
        for one in held.indicateurs_suivis
    }
    published = {one: list(held.cells[one.id].values()).count("publié") for one in states}
    lines = tuple((*held.head(one), *line.values(), count(published[one], "quartiers")) for one, line in states.items())
    columns = (*labels("qualite.couverture.colonnes"), *held.noms.values(), label("qualite.couverture.publie_pour"))
    return matrix((short(one), line) for one, line in states.items()), Table(columns, lines)


def _counted(held: Holdings) -> tuple[Figure, Table]:
    """How many quarters have a figure, by indicator, and how many have none, by reason."""
    counts = {one: Counter(held.cells[one.id].values()) for one in held.indicateurs_suivis}
    absences = block("qualite.couverture.absences").items()
    told = {"publié": "Publié"} | {s: name for s, name in absences if any(found[s] for found in counts.values())}
    lines = tuple((*held.head(one), *(count(found[s], "quartiers") for s in told)) for one, found in counts.items())
    words = {"quartiers": len(held.noms), "ailleurs": label("commun.ailleurs")}
    axe, nom = label("qualite.couverture.axe_nombre", **words), label("qualite.couverture.serie_nombre")
    figure = bars(axe, nom, {short(one): count(found["publié"], "quartiers") for one, found in counts.items()}, "autre")
    columns = (*labels("qualite.couverture.colonnes"), *told.values())
    return figure, Table(columns, lines, label("qualite.couverture.legende_nombre", **words))


def build_coverage_over_time(held: Holdings, ident: str) -> Finding:
    """Indicator × year: for how many quarters a figure is published."""
    every = {t for instants in held.moments.values() for t in instants}
    years = grouped((t.court, t) for t in sorted(every, key=lambda t: (t.vers, not t.etabli, t.annee)))

    def published(one: Indicateur, instants: list[Instant]) -> Valeur:
        if not set(instants) & set(held.moments[one.id]):
            return Valeur(None, "non_disponible")
        found = ([held.par_zone.at(code, one.id, t) for t in instants] for code in held.noms)
        return Valeur(float(sum(any(seen is not None and seen.dite for seen in rows) for rows in found)))

    cells = {one: {year: published(one, t) for year, t in years.items()} for one in held.indicateurs_suivis}
    known = [value.valeur for line in cells.values() for value in line.values() if value.valeur is not None]
    values = {"pleins": known.count(len(held.noms)), "total": len(known), "quartiers": len(held.noms)}
    message = Message("qualite.couverture_annees", values)
    if not known:
        missing = [label("qualite.fichiers.aucun")]
        return make(ident, message, **held.commun, manques=missing)
    figure = matrix((short(one), line) for one, line in cells.items())
    table = Table(("Indicateur", *years), tuple(row(one.nom, *line.values()) for one, line in cells.items()))
    return make(ident, message, **held.commun, figure=figure, table=table)


def _state(statut: str) -> Valeur:
    """A cell of coverage: a word where there is a figure, the reason where there is none."""
    return word(_ETATS[statut]) if statut in _ETATS else Valeur(None, statut)
