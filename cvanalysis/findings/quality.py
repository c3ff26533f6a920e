"""What the data hold and what they don't: files, vintages, coverage, anomalies, what to ask for. Owns the counts of the quality page.

A fill rate comes before any result: each cell (indicator × quarter) is a figure or a reason, and reasons are counted too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

from cvanalysis.errors import UsageError
from cvanalysis.findings.context import enumerate_french, tell_apart
from cvanalysis.findings.demands import ask_for, undated
from cvanalysis.findings.fill_rate import build_coverage, build_coverage_over_time
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur
from cvanalysis.findings.level import word
from cvanalysis.findings.observation import Instant, Observations, as_observations

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.catalogue import Catalogue, Indicateur
    from cvanalysis.territory import Territory

LIGNES_MAXI = 200
"""Lines of anomalies printed on the page; all of them are in the download, and the page says so."""


class Lot(NamedTuple):
    """`nombre` rows of one file, source and moment, that all hold a figure or all lack it."""

    fichier: str
    source: str
    publication: int
    millesime: int | None
    note: str
    publie: bool
    nombre: int

    @property
    def instant(self) -> Instant:
        return (
            Instant("publication", self.publication) if self.millesime is None else Instant("donnees", self.millesime)
        )


class QualityReader(Protocol):
    """What the quality page reads: all indicators of the territory, the anomalies, the files and the account of cells."""

    def indicateurs(
        self, zones: Sequence[str] | None = None, indicateurs: Sequence[str] | None = None
    ) -> pd.DataFrame: ...

    def rows(self, table: str) -> pd.DataFrame: ...


class Qualite:
    """Everything that the quality page says.

    Parameters
    ----------
    reader : `Store`: its `indicateurs` and its tables `anomalies`, `fichiers` (what became of each raw file) and `comptes`.
    """

    def __init__(
        self,
        reader: QualityReader,
        territory: Territory,
        catalogue: Catalogue,
    ) -> None:
        self.territory = territory
        self.catalogue = catalogue
        self._reader = reader

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All rows of indicators that the catalogue knows."""
        frame = self._reader.indicateurs()
        return frame[frame["indicateur"].isin(list(self.catalogue.indicateurs))]

    @cached_property
    def lots(self) -> tuple[Lot, ...]:
        """The rows counted by what the page says of them, in a steady order: a country has too many for one object each."""
        keys = ["fichier", "source", "publication", "millesime", "note"]
        said = self.frame["valeur"].notna().rename("publie")
        counts = self.frame.groupby([*keys, said], dropna=False, sort=True, observed=True).size()
        return tuple(
            Lot(fichier, source, int(publication), _year(millesime), note, bool(publie), int(n))
            for (fichier, source, publication, millesime, note, publie), n in counts.items()
        )

    @cached_property
    def connus(self) -> frozenset[tuple[str, str]]:
        """(zone, indicator) of the comparators that have a figure at some moment."""
        zones = [c.zone for c in self.territory.comparateurs]
        there = self.frame[self.frame["zone"].isin(zones) & self.frame["valeur"].notna()]
        return frozenset(zip(there["zone"], there["indicateur"], strict=True))

    @cached_property
    def noms(self) -> dict[str, str]:
        """Code → the name of a quarter in figures, tables and lists."""
        communes = {commune.code: commune.nom for commune in self.territory.communes}
        return tell_apart(self.territory.quartiers, communes, everywhere=self.territory.vaste)

    @cached_property
    def anomalies(self) -> tuple[tuple[str, int, str, str, str, str], ...]:
        """(fichier, ligne, colonne, brut, probleme, traitement) in the table's order."""
        frame = self._reader.rows("anomalies")
        names = ("fichier", "ligne", "colonne", "brut", "probleme", "traitement")
        if frame.empty:
            return ()
        columns = [frame[name].tolist() for name in names]
        return tuple(
            (str(f), int(n), str(c), str(b), str(p), str(t)) for f, n, c, b, p, t in zip(*columns, strict=True)
        )

    @property
    def indicateurs_suivis(self) -> tuple[Indicateur, ...]:
        """The indicators of the fiches, in reading order: those whose absence is felt."""
        used = dict.fromkeys(ident for declare in self.catalogue.constats for ident in declare.indicateurs)
        return tuple(self.catalogue.indicateurs[ident] for ident in used)

    def constats(self) -> tuple[Finding, ...]:
        """All findings of the page, in reading order."""
        return tuple(build() for build in self._builders.values())

    @property
    def _builders(self) -> Mapping[str, Callable[[], Finding]]:
        return {
            "fichiers-01": self.fichiers,
            "annees-01": self.annees,
            "couverture-01": self.couverture,
            "couverture-02": self.couverture_annees,
            "anomalies-01": self.anomalies_lues,
        }

    def constat(self, numero: str) -> Finding:
        """The finding of that number (`fichiers-01`); an unknown number raises `UsageError`."""
        if numero not in self._builders:
            known = ", ".join(self._builders)
            raise UsageError(f"« {numero} » n'est pas une question de la page sur la qualité. Questions : {known}.")
        return self._builders[numero]()

    def comptes(self) -> Table:
        """The account of raw cells, file by file: what each became, and the total."""
        frame = self._reader.rows("comptes")
        numbers = ("cellules", "valeurs", "statuts", "anomalies")
        lines = [(str(row.fichier), *(int(getattr(row, name)) for name in numbers)) for row in frame.itertuples()]
        lines.append(("Total", *(sum(line[i] for line in lines) for i in range(1, len(numbers) + 1))))
        return Table(
            ("Fichier", "Cases lues", "Valeurs", "Cases sans chiffre", "Anomalies"),
            tuple((word(name), *(Valeur(float(count)) for count in counts)) for name, *counts in lines),
        )

    # ------------------------------------------------------------------------------------------------- files and years

    def fichiers(self) -> Finding:
        """Which files were read, what each one gave, which were left out."""
        published, missing, years = Counter(), Counter(), {}
        for lot in self.lots:
            (published if lot.publie else missing)[lot.fichier] += lot.nombre
            years.setdefault(lot.fichier, set()).add(lot.instant)
        known = {str(row["fichier"]): row for row in self._reader.rows("fichiers").to_dict("records")}
        silent = [name for name in known if name not in years]
        names = [*sorted(years), *sorted(silent)]
        lines = tuple(
            (
                word(name),
                word(str(known.get(name, {}).get("famille") or "non précisé")),
                word(_when(years.get(name, ()))),
                Valeur(float(published[name])),
                Valeur(float(missing[name])),
                word(str(known.get(name, {}).get("statut") or ("lu" if name in years else "non lu"))),
            )
            for name in names
        )
        said = {
            "fichiers": len(years),
            "valeurs": Valeur(float(published.total()), unite="valeurs"),
            "ecartes": len(silent),
        }
        points = tuple(
            Point(name.rsplit("/", 1)[-1], Valeur(float(published[name]), unite="valeurs")) for name in sorted(years)
        )
        return self.finding(
            "fichiers-01",
            "fichiers",
            "Quels fichiers ont été lus ?",
            Message("qualite.fichiers", said),
            "Nombre de valeurs publiées retenues, par fichier",
            Figure("barres", "Valeurs publiées retenues", (Serie("Valeurs publiées", "autre", points),))
            if points
            else None,
            Table(
                ("Fichier", "Famille", "Années des données", "Valeurs publiées", "Cases sans chiffre", "État"),
                lines,
                "Fichiers lus",
            ),
            lecture=Message("qualite.lecture_fichiers", {"fichier": points[0].etiquette, "valeur": points[0].valeur})
            if points
            else None,
            manques=[Manque(f"{name} n'a donné aucune valeur.", "non_disponible") for name in silent],
        )

    def annees(self) -> Finding:
        """The year of the data behind each publication of each source, where it is established."""
        found: dict[tuple[str, int], set[str]] = {}
        for lot in self.lots:
            label = str(lot.millesime) if lot.millesime is not None else "non établie"
            found.setdefault((lot.source, lot.publication), set()).add(label)
        sources = sorted({source for source, _ in found})
        publications = sorted({publication for _, publication in found})

        def cell(source: str, publication: int) -> str:
            labels = sorted(found.get((source, publication), ()))
            return enumerate_french(labels) if labels else "aucun chiffre"

        unknown = sum("non établie" in labels for labels in found.values())
        said = {"inconnues": unknown, "total": len(found)}
        lines = tuple((word(self.source(s)), *(word(cell(s, p)) for p in publications)) for s in sources)
        series = tuple(
            Serie(
                self.source(s),
                "autre",
                tuple(
                    Point(
                        str(p),
                        word("non établie" if "non établie" in found[s, p] else "établie")
                        if (s, p) in found
                        else Valeur(None, "non_disponible"),
                    )
                    for p in publications
                ),
            )
            for s in sources
        )
        return self.finding(
            "annees-01",
            "annees",
            "De quelle année sont les chiffres ?",
            Message("qualite.annees", said),
            "Année des données, par source et année du fichier",
            Figure("matrice", "Année des données établie ou non, par année du fichier", series) if series else None,
            Table(
                ("Source", *(f"Fichiers {p}" for p in publications)),
                lines,
                "Année des données, par source et année du fichier",
            ),
            manques=undated(self),
        )

    # --------------------------------------------------------------------------------------------------------- coverage

    @cached_property
    def par_zone(self) -> Observations:
        codes, used = [q.code for q in self.territory.quartiers], [i.id for i in self.indicateurs_suivis]
        return Observations(
            as_observations(self.frame[self.frame["zone"].isin(codes) & self.frame["indicateur"].isin(used)])
        )

    @cached_property
    def moments(self) -> dict[str, tuple[Instant, ...]]:
        """By indicator, all instants of the contract's quarters, absences included, oldest first."""
        found = {}
        for indicateur in self.indicateurs_suivis:
            rows = [row for q in self.territory.quartiers for row in self.par_zone.serie(q.code, indicateur.id)]
            ordered = sorted(
                {
                    (row.publication if row.millesime is None else row.millesime, row.publication, row.instant)
                    for row in rows
                }
            )
            found[indicateur.id] = tuple(dict.fromkeys(instant for *_, instant in ordered))
        return found

    def couverture(self) -> Finding:
        """Indicator × quarter, at the last moment of each indicator: a figure, or the reason why not."""
        return build_coverage(self)

    def couverture_annees(self) -> Finding:
        """Indicator × moment: for how many quarters a figure is published."""
        return build_coverage_over_time(self)

    # -------------------------------------------------------------------------------------------------------- anomalies

    def anomalies_lues(self) -> Finding:
        """What was found wrong while reading, and what was done about it."""
        counts = Counter(_kind(problem) for *_, problem, _ in self.anomalies)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        shown = self.anomalies[:LIGNES_MAXI]
        lines = tuple(
            (word(f), word(str(n) if n else "fichier entier"), word(c or "toutes"), word(b or "vide"), word(p), word(t))
            for f, n, c, b, p, t in shown
        )
        said = {"total": len(self.anomalies), "genres": len(counts), "montrees": len(shown)}
        figure = None
        if ordered:
            said["premiere"], said["nombre"] = ordered[0]
            points = tuple(Point(problem, Valeur(float(number), unite="cas")) for problem, number in ordered[:12])
            figure = Figure("barres", "Nombre de cas", (Serie("Anomalies", "autre", points),))
        return self.finding(
            "anomalies-01",
            "anomalies",
            "Qu'a-t-on trouvé d'anormal ?",
            Message("qualite.anomalies" if ordered else "qualite.anomalies_aucune", said),
            "Nombre de cas, par problème",
            figure,
            Table(
                ("Fichier", "Ligne", "Colonne", "Valeur lue", "Problème", "Ce qui a été fait"),
                lines,
                "Anomalies de lecture",
            )
            if lines
            else None,
            lecture=Message("qualite.lecture_anomalies", said) if ordered else None,
            manques=[] if ordered else [Manque("Aucune anomalie : il n'y a rien à montrer ici.", "sans_objet")],
        )

    def demandes(self) -> tuple[Manque, ...]:
        """What to ask the producers for, one sentence each: missing years, comparators, reasons, meanings of notes."""
        return ask_for(self)

    # ----------------------------------------------------------------------------------------------------------- common

    def source(self, ident: str) -> str:
        source = self.catalogue.sources.get(ident)
        return source.nom if source else ident

    def finding(
        self,
        number: str,
        section: str,
        question: str,
        message: Message,
        sous_titre: str,
        figure: Figure | None,
        table: Table | None,
        *,
        lecture: Message | None = None,
        manques: Sequence[Manque] = (),
    ) -> Finding:
        return Finding(
            id=f"qualite-{number}",
            section=section,
            question=question,
            message=message,
            sous_titre=sous_titre,
            figure=figure,
            table=table,
            lecture=lecture,
            champ=f"Données lues pour {self.territory.nom} : quartiers du contrat et territoires comparés.",
            source="Fichiers déposés dans le dossier de données, tels que lus.",
            manques=tuple(dict.fromkeys(manques)),
        )


def _year(millesime: float | None) -> int | None:
    """A year of a table's key, where a missing one is whatever pandas has for it."""
    return int(millesime) if str(millesime).partition(".")[0].isdigit() else None


def _kind(problem: str) -> str:
    """What sort of problem it is: the words before its particulars."""
    return re.split(r"\s*:", problem, maxsplit=1)[0]


def _when(instants: Sequence[Instant] | set[Instant]) -> str:
    dated = sorted(str(i.annee) for i in instants if i.etabli)
    labels = dated + (["non établie"] if any(not i.etabli for i in instants) else [])
    return enumerate_french(labels) if labels else "aucune"
