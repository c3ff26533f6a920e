"""What the data hold and what they don't: files, vintages, coverage, anomalies, what to ask for. Owns the counts of the quality page.

A fill rate comes before any result: each cell (indicator × quarter) is a figure or a reason, and reasons are counted too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Table, Valeur, word
from cvanalysis.errors import UsageError
from cvanalysis.french import enumerate_french, enumerate_some
from cvanalysis.indicateurs.observation import Instant
from cvanalysis.pages.coverage import build_coverage, build_coverage_over_time
from cvanalysis.pages.holdings import Holdings

if TYPE_CHECKING:
    import pandas as pd


PROPOSITIONS_MAXI = 100
"""Proposals printed on the page; all of them are in the download."""

LIGNES_MAXI = 200
"""Lines of anomalies printed on the page; all of them are in the download, and the page says so."""


class Qualite(Holdings):
    """Everything that the quality page says. Same parameters as `Holdings`."""

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
        # Journals of actions and voices hold no indicator, and are not silent for that: other pages read them.
        others = [
            name
            for name, row in known.items()
            if name not in years and row["statut"] == "lu" and row["famille"] not in self.catalogue.familles
        ]
        silent = [name for name in known if name not in years and name not in others]
        names = [*sorted(years), *sorted(others), *sorted(silent)]
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
            "autres": len(others),
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
            manques=[
                Manque(f"{name} n'a donné aucune valeur{_why(known[name])}.", "non_disponible") for name in silent
            ],
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


def _kind(problem: str) -> str:
    """What sort of problem it is: the words before its particulars (« : … », « (3 lignes) »)."""
    return re.split(r"\s*:|\s*\(", problem, maxsplit=1)[0]


def _why(file: Mapping[str, object]) -> str:
    """For a file that nobody reads, why."""
    return f"\u00a0: {file['pris_pour']}" if file["statut"] == "laissé de côté" else ""


def _when(instants: Sequence[Instant] | set[Instant]) -> str:
    dated = sorted(str(i.annee) for i in instants if i.etabli)
    labels = dated + (["non établie"] if any(not i.etabli for i in instants) else [])
    return enumerate_french(labels) if labels else "aucune"


def undated(page: Holdings) -> list[Manque]:
    """The publications of each source whose data year nobody has established."""
    unknown: dict[str, set[int]] = {}
    for lot in page.lots:
        if lot.millesime is None:
            unknown.setdefault(lot.source, set()).add(lot.publication)
    return [
        Manque(
            f"{page.source(ident)} : l'année exacte des données des fichiers {enumerate_french(map(str, sorted(years)))}.",
            "non_disponible",
        )
        for ident, years in sorted(unknown.items())
    ]


def ask_for(page: Holdings) -> tuple[Manque, ...]:
    """What to ask the producers for, one sentence each, the most useful first."""
    found = undated(page)
    vast = page.territory.vaste
    for comparateur in page.territory.comparateurs:
        if vast and comparateur.niveau == "COMMUNE":
            continue  # a sentence per commune of a country would hide all the others
        absent = [
            i.nom_court or i.nom
            for i in page.indicateurs_suivis
            if i.genre != "effectif" and (comparateur.zone, i.id) not in page.connus
        ]
        if absent and len(absent) < len(page.indicateurs_suivis):
            found.append(
                Manque(f"{comparateur.nom} : {enumerate_french(absent)}, pour pouvoir comparer.", "non_disponible")
            )
    for indicateur in page.indicateurs_suivis:
        instants = page.moments[indicateur.id]
        rows = (
            {page.noms[q.code]: page.par_zone.at(q.code, indicateur.id, instants[-1]) for q in page.territory.quartiers}
            if instants
            else {}
        )
        silent = [nom for nom, row in rows.items() if row is None or row.valeur is None]
        doubtful = [nom for nom, row in rows.items() if row is not None and row.statut == "suspect"]
        if not rows:
            found.append(Manque(f"« {indicateur.nom} » : aucun chiffre reçu.", "non_disponible"))
        elif silent:
            found.append(
                Manque(
                    f"« {indicateur.nom} » {instants[-1].situe} : la raison de l'absence pour {enumerate_some(silent)}.",
                    "non_diffusé",
                )
            )
        if doubtful:
            found.append(
                Manque(
                    f"« {indicateur.nom} » {instants[-1].situe} : une vérification pour {enumerate_some(doubtful)}.",
                    "suspect",
                )
            )
    notes = sorted({(lot.source, lot.note) for lot in page.lots if lot.note.strip("0 ")})
    found += [Manque(f"{page.source(source)} : le sens de la note {note}.", "non_disponible") for source, note in notes]
    return tuple(found)


def balance(argent: pd.DataFrame) -> Table:
    """For each column of amounts of each file: what was read, and what became of it, reason by reason."""
    return Table(
        ("Fichier", "Colonne", "Devenir", "Cellules", "Montant"),
        tuple(
            (
                word(_place(row.fichier, row.feuille)),
                word(row.colonne),
                word(row.motif),
                Valeur(float(row.cellules)),
                Valeur(float(row.montant), unite="€"),
            )
            for row in argent.itertuples()
        ),
        "Pour chaque colonne, la ligne « lu » est la somme de toutes les autres",
    )


def controls(controles: pd.DataFrame) -> Table:
    """The totals that the files bear, against the sum of the rows that they cover."""
    return Table(
        ("Fichier", "Ligne", "Intitulé", "Total du fichier", "Somme des lignes", "Écart"),
        tuple(
            (
                word(_place(row.fichier, row.feuille)),
                Valeur(float(row.ligne)),
                word(row.libelle),
                Valeur(float(row.total_lu), unite="€"),
                Valeur(float(row.somme_lignes), unite="€"),
                Valeur(float(row.ecart), unite="€"),
            )
            for row in controles.itertuples()
        ),
        "La somme est celle des lignes telles que lues, doublons compris",
    )


def proposals(propositions: pd.DataFrame) -> Table:
    """Actions that look alike, to decide in `decisions.csv`: nothing is merged without a decision."""
    shown = propositions.head(PROPOSITIONS_MAXI)
    rest = len(propositions) - len(shown)
    columns = list(propositions.columns)
    return Table(
        tuple(column.replace("_", " ").capitalize() for column in columns),
        tuple(tuple(word(str(cell)) for cell in row) for row in shown.itertuples(index=False, name=None)),
        f"Les {len(shown)} premières ; les {rest} autres sont dans les données à télécharger" if rest else "",
    )


def _place(fichier: str, feuille: str) -> str:
    return f"{fichier} ({feuille})" if feuille else fichier
