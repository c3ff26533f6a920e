"""What the data hold and what they don't: files, vintages, coverage, anomalies, what to ask for. Owns the counts of the quality page.

A fill rate comes before any result: each cell (indicator × quarter) is a figure or a reason, and reasons are counted too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from cvanalysis.constat.make import Chapter, bars, make
from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Serie, Statut, Table, Valeur, word
from cvanalysis.french import enumerate_french, enumerate_some
from cvanalysis.indicateurs.observation import Instant
from cvanalysis.pages.coverage import build_coverage, build_coverage_over_time
from cvanalysis.pages.holdings import Holdings, QualityReader
from cvanalysis.textes import label, labels

if TYPE_CHECKING:
    from cvanalysis.catalogue import Catalogue, Indicateur
    from cvanalysis.territory.contract import Territory

PROPOSITIONS_MAXI = 100
"""Proposals printed on the page; all of them are in the download."""

LIGNES_MAXI = 200
"""Lines of anomalies printed on the page; all of them are in the download, and the page says so."""

GENRES_MAXI = 12
"""Kinds of anomalies that the figure has room for."""

COLONNES = {
    "argent": ("lieu", "colonne", "motif", "cellules", "montant"),
    "controles": ("lieu", "ligne", "libelle", "total_lu", "somme_lignes", "ecart"),
}
"""What is shown of a table about the logs of actions; `lieu` is the file and its sheet."""

_EUROS = ("montant", "total_lu", "somme_lignes", "ecart")


class Qualite(Chapter):
    """Everything that the quality page says. Same parameters as `Holdings`."""

    def __init__(self, reader: QualityReader, territory: Territory, catalogue: Catalogue) -> None:
        self.reader = reader
        self.held = Holdings(reader, territory, catalogue)
        super().__init__(
            "qualite",
            {
                "fichiers-01": self._files,
                "annees-01": self._years,
                "couverture-01": partial(build_coverage, self.held),
                "couverture-02": partial(build_coverage_over_time, self.held),
                "anomalies-01": self._anomalies,
            },
        )

    def comptes(self) -> Table:
        """The account of raw cells, file by file: what each became, and the total."""
        numbers = ["cellules", "valeurs", "statuts", "anomalies"]
        frame = self.reader.rows("comptes")[["fichier", *numbers]]
        lines = [*frame.itertuples(index=False, name=None), ("Total", *(frame[name].sum() for name in numbers))]
        return Table(
            labels("qualite.comptes.colonnes"),
            tuple((word(str(name)), *(Valeur(float(count)) for count in counts)) for name, *counts in lines),
        )

    def journaux(self, nom: str) -> Table:
        """What cleaning says of the logs of actions.

        `argent`: for each column of amounts of each file, what was read and what became of it, reason by reason. `controles`: the totals
        that the files bear, against the sum of the rows that they cover. `propositions`: actions that look alike, to be decided.
        """
        rows = self.reader.rows(nom)
        if nom == "propositions":
            rest = len(rows) - PROPOSITIONS_MAXI
            told = label("qualite.propositions.legende", montrees=PROPOSITIONS_MAXI, autres=rest) if rest > 0 else ""
            columns = tuple(str(column).replace("_", " ").capitalize() for column in rows.columns)
            shown = rows.head(PROPOSITIONS_MAXI).itertuples(index=False, name=None)
            return Table(columns, tuple(tuple(word(str(cell)) for cell in row) for row in shown), told)
        places = zip(rows["fichier"], rows["feuille"], strict=True)
        shown = rows.assign(lieu=[f"{file} ({sheet})" if sheet else file for file, sheet in places])
        lines = shown[list(COLONNES[nom])].itertuples(index=False, name=None)
        return Table(
            labels(f"qualite.{nom}.colonnes"),
            tuple(
                tuple(
                    word(cell) if isinstance(cell, str) else Valeur(float(cell), unite="€" if name in _EUROS else "")
                    for name, cell in zip(COLONNES[nom], line, strict=True)
                )
                for line in lines
            ),
            label(f"qualite.{nom}.legende"),
        )

    def demandes(self) -> tuple[Manque, ...]:
        """What to ask the producers for, one sentence each: missing years, comparators, reasons, meanings of notes."""
        return tuple(ask_for(self.held))

    def _files(self, ident: str) -> Finding:
        """Which files were read, what each one gave, which were left out."""
        published, missing, years = Counter(), Counter(), {}
        for lot in self.held.lots:
            (published if lot.publie else missing)[lot.fichier] += lot.nombre
            years.setdefault(lot.fichier, set()).add(lot.instant)
        known = {str(row["fichier"]): row for row in self.reader.rows("fichiers").to_dict("records")}
        # Journals of actions and voices hold no indicator, and are not silent for that: other pages read them.
        families = self.held.catalogue.familles
        rest = [name for name in known if name not in years]
        others = [n for n in rest if known[n]["statut"] == "lu" and known[n]["famille"] not in families]
        silent = [name for name in rest if name not in others]
        lines = tuple(
            (
                word(name),
                word(str(known.get(name, {}).get("famille") or "non précisé")),
                word(_when(years.get(name, ()))),
                Valeur(float(published[name])),
                Valeur(float(missing[name])),
                word(str(known.get(name, {}).get("statut") or ("lu" if name in years else "non lu"))),
            )
            for name in (*sorted(years), *sorted(others), *sorted(silent))
        )
        total = Valeur(float(published.total()), unite="valeurs")
        values = {"fichiers": len(years), "valeurs": total, "autres": len(others), "ecartes": len(silent)}
        points = tuple(
            Point(name.rsplit("/", 1)[-1], Valeur(float(published[name]), unite="valeurs")) for name in sorted(years)
        )
        first = {"fichier": points[0].etiquette, "valeur": points[0].valeur} if points else {}
        return make(
            ident,
            Message("qualite.fichiers", values),
            **self.held.commun,
            figure=Figure("barres", "", (Serie("", "autre", points),)) if points else None,
            table=Table((), lines) if points else None,
            lecture=Message("qualite.lecture_fichiers", first) if points else None,
            manques=[
                Manque(label("qualite.fichiers.manque", fichier=n, raison=_why(known[n])), "non_disponible")
                for n in silent
            ]
            + ([] if points else [Manque(label("qualite.fichiers.aucun"), "non_disponible")]),
        )

    def _years(self, ident: str) -> Finding:
        """The year of the data behind each publication of each source, where it is established."""
        found: dict[tuple[str, int], set[str]] = {}
        for lot in self.held.lots:
            found.setdefault((lot.source, lot.publication), set()).add(str(lot.millesime or "non établie"))
        sources = sorted({source for source, _ in found})
        publications = sorted({publication for _, publication in found})

        def cell(labels: Iterable[str]) -> Valeur:
            return word(enumerate_french(sorted(labels)) if labels else "aucun chiffre")

        def state(labels: Iterable[str]) -> Valeur:
            return word("" if not labels else "non établie" if "non établie" in labels else "établie", "non_disponible")

        cells = {s: {p: found.get((s, p), ()) for p in publications} for s in sources}
        series = tuple(
            Serie(self.held.source(s), "autre", tuple(Point(str(p), state(known)) for p, known in row.items()))
            for s, row in cells.items()
        )
        unknown = sum("non établie" in known for known in found.values())
        return make(
            ident,
            Message("qualite.annees", {"inconnues": unknown, "total": len(found)}),
            **self.held.commun,
            figure=Figure("matrice", "", series) if series else None,
            table=Table(
                ("Source", *(f"Fichiers {p}" for p in publications)),
                tuple((word(self.held.source(s)), *map(cell, row.values())) for s, row in cells.items()),
            )
            if series
            else None,
            manques=list(undated(self.held))
            or ([] if series else [Manque(label("qualite.annees.aucun"), "non_disponible")]),
        )

    def _anomalies(self, ident: str) -> Finding:
        """What was found wrong while reading, and what was done about it."""
        rows = self.reader.rows("anomalies")
        counts = Counter(_kind(problem) for problem in rows["probleme"])
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        names = ["fichier", "ligne", "colonne", "brut", "probleme", "traitement"]
        shown = rows[names].head(LIGNES_MAXI).itertuples(index=False, name=None)
        lines = tuple(
            tuple(map(word, (file, str(n or "fichier entier"), column or "toutes", raw or "vide", problem, done)))
            for file, n, column, raw, problem, done in shown
        )
        values = {"total": len(rows), "genres": len(counts), "montrees": len(lines)}
        if not ordered:
            none = Manque(label("qualite.anomalies_aucune.manque"), "sans_objet")
            message = Message("qualite.anomalies_aucune", values)
            return make(ident, message, textes="qualite.anomalies", manques=[none], **self.held.commun)
        first, number = ordered[0]
        message = Message("qualite.anomalies", {**values, "premiere": first, "nombre": number})
        most = {kind: Valeur(float(n), unite="cas") for kind, n in ordered[:GENRES_MAXI]}
        return make(
            ident,
            message,
            **self.held.commun,
            figure=bars("", "", most, "autre"),
            table=Table((), lines),
            lecture=Message("qualite.lecture_anomalies", message.valeurs),
        )


def _kind(problem: str) -> str:
    """What sort of problem it is: the words before its particulars (« : … », « (3 lignes) »)."""
    return re.split(r"\s*:|\s*\(", problem, maxsplit=1)[0]


def _why(file: Mapping[str, object]) -> str:
    """For a file that nobody reads, why."""
    return f"\u00a0: {file['pris_pour']}" if file["statut"] == "laissé de côté" else ""


def _when(instants: Iterable[Instant]) -> str:
    dated = sorted(str(i.annee) for i in instants if i.etabli)
    found = dated + (["non établie"] if any(not i.etabli for i in instants) else [])
    return enumerate_french(found) if found else "aucune"


def _ask(what: str, statut: Statut = "non_disponible", **values: str) -> Manque:
    return Manque(label(f"qualite.demandes.{what}", **values), statut)


def undated(held: Holdings) -> Iterator[Manque]:
    """The publications of each source whose data year nobody has established."""
    unknown: dict[str, set[int]] = {}
    for lot in held.lots:
        if lot.millesime is None:
            unknown.setdefault(lot.source, set()).add(lot.publication)
    for ident, years in sorted(unknown.items()):
        yield _ask("annee", source=held.source(ident), annees=enumerate_french(map(str, sorted(years))))


def ask_for(held: Holdings) -> Iterator[Manque]:
    """What to ask the producers for, one sentence each, the most useful first."""
    yield from undated(held)
    followed = held.indicateurs_suivis
    for comparateur in held.territory.comparateurs:
        if held.territory.vaste and comparateur.niveau == "COMMUNE":
            continue  # a sentence per commune of a country would hide all the others
        absent: dict[str, list[str]] = {}
        for i in followed:
            if i.genre != "effectif" and (comparateur.zone, i.id) not in held.connus:
                absent.setdefault(i.source, []).append(i.nom_court or i.nom)
        for source, names in absent.items():
            files = held.catalogue.sources[source].fichiers
            yield _ask("comparateur", nom=comparateur.nom, indicateurs=enumerate_french(names), fichiers=files)
    for indicateur in followed:
        yield from _ask_of(held, indicateur)
    for source, note in sorted({(lot.source, lot.note) for lot in held.lots if lot.note.strip("0 ")}):
        yield _ask("note", source=held.source(source), note=note)


def _ask_of(held: Holdings, indicateur: Indicateur) -> Iterator[Manque]:
    """What is to be asked of one indicator: all of it, the reasons of what is not there, a check of what is doubtful."""
    instants = held.moments[indicateur.id]
    if not instants:
        yield _ask("rien", indicateur=indicateur.nom, fichiers=held.catalogue.families_of(indicateur.id))
        return
    quarters = held.territory.quartiers
    rows = {held.noms[q.code]: held.par_zone.at(q.code, indicateur.id, instants[-1]) for q in quarters}
    silent = [nom for nom, row in rows.items() if row is None or row.valeur is None]
    doubtful = [nom for nom, row in rows.items() if row is not None and row.statut == "suspect"]
    when = {"indicateur": indicateur.nom, "quand": instants[-1].situe}
    if silent:
        yield _ask("raison", "non_diffusé", **when, quartiers=enumerate_some(silent))
    if doubtful:
        yield _ask("verification", "suspect", **when, quartiers=enumerate_some(doubtful))
