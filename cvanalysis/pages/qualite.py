"""What the data hold and what they don't: files, vintages, coverage, anomalies, what to ask for. Owns the counts of the quality page.

A fill rate comes before any result: each cell (indicator × quarter) is a figure or a reason, and reasons are counted too.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from cvanalysis.catalogue import Catalogue
from cvanalysis.constat.make import Chapter, Reader, bars, make, matrix, nothing
from cvanalysis.constat.shape import Finding, Message, Table, Valeur, row, word
from cvanalysis.files.keys import grouped
from cvanalysis.french import enumerate_french
from cvanalysis.indicateurs.question import short
from cvanalysis.pages.coverage import Holdings, build_coverage, build_coverage_over_time
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import block, label, labels

PROPOSITIONS_MAXI = 100
"""Proposals printed on the page; all of them are in the download."""

LIGNES_MAXI = 200
"""Lines of anomalies printed on the page; all of them are in the download, and the page says so."""

SANS_ANNEE = "non établie"

GENRES_MAXI = 12
"""Kinds of anomalies that the figure has room for."""

_EUROS = ("montant", "total_lu", "somme_lignes", "ecart")


class Qualite(Chapter):
    """Everything that the quality page says. Same parameters as `Holdings`."""

    def __init__(self, reader: Reader, territory: Territory, catalogue: Catalogue) -> None:
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
        lines = [*frame.itertuples(index=False, name=None), ("Total", *frame[numbers].sum())]
        cells = tuple((word(str(name)), *(Valeur(float(count)) for count in counts)) for name, *counts in lines)
        return Table(labels("qualite.comptes.colonnes"), cells)

    def journaux(self, nom: str) -> Table:
        """What cleaning says of the logs of actions.

        `argent`: for each column of amounts of each file, what was read and what became of it, reason by reason. `controles`: the totals
        that the files bear, against the sum of the rows that they cover. `propositions`: actions that look alike, to be decided.
        """
        rows = self.reader.rows(nom)
        rest, most = len(rows) - PROPOSITIONS_MAXI, PROPOSITIONS_MAXI if nom == "propositions" else None
        if "feuille" in rows.columns:
            rows = rows.assign(
                lieu=[f"{f} ({s})" if s else f for f, s in zip(rows["fichier"], rows["feuille"], strict=True)]
            )
        names = block(f"qualite.{nom}.colonnes")
        cells = (
            tuple(
                word(cell) if isinstance(cell, str) else Valeur(float(cell), unite="€" if name in _EUROS else "")
                for name, cell in zip(names, line, strict=True)
            )
            for line in rows.head(most or len(rows))[list(names)].itertuples(index=False, name=None)
        )
        told = label(f"qualite.{nom}.legende", montrees=most, autres=rest) if not most or rest > 0 else ""
        return Table(tuple(names.values()), tuple(cells), told)

    def demandes(self) -> dict[str, list[str]]:
        """What to ask the producers for, by what is asked: missing years, comparators, reasons, checks, meanings of notes."""
        return grouped((label(f"qualite.demandes.titres.{kind}"), said) for kind, said in ask_for(self.held))

    def _files(self, ident: str) -> Finding:
        """Which files were read, what each one gave, which were left out."""
        lots = self.held.lots
        counts = lots.groupby(["fichier", "publie"], observed=True)["nombre"].sum()
        years = lots.groupby("fichier", observed=True)["millesime"].agg(_when).to_dict()
        known = {str(one["fichier"]): one for one in self.reader.rows("fichiers").to_dict("records")}
        # Journals of actions and voices hold no indicator, and are not silent for that: other pages read them.
        families = self.held.catalogue.familles
        rest = [name for name in known if name not in years]
        others = [n for n in rest if known[n]["statut"] == "lu" and known[n]["famille"] not in families]
        silent = [name for name in rest if name not in others]
        given = {name: Valeur(float(counts.get((name, True), 0)), unite="valeurs") for name in sorted(years)}
        total = Valeur(sum(value.valeur for value in given.values()), unite="valeurs")
        values = {"fichiers": len(years), "valeurs": total, "autres": len(others), "ecartes": len(silent)}
        missing = [label("qualite.fichiers.manque", fichier=n, raison=_why(known[n])) for n in silent]
        parts: dict[str, Any] = {}
        if given:
            bare = {name.rsplit("/", 1)[-1]: value for name, value in given.items()}
            first, value = next(iter(bare.items()))
            parts = {"figure": bars("", "", bare, "autre"), "table": []}
            parts |= {"lecture": Message("qualite.lecture_fichiers", {"fichier": first, "valeur": value})}
            for name in (*given, *sorted(others), *sorted(silent)):
                file = known.get(name, {})
                numbers = [Valeur(float(counts.get((name, there), 0))) for there in (True, False)]
                if name in others:  # 0 would say that nothing was read of it
                    numbers = [Valeur(None, "sans_objet")] * 2
                state = str(file.get("statut") or ("lu" if name in years else "non lu"))
                when = word(years.get(name, ""), "sans_objet")
                parts["table"].append((name, str(file.get("famille") or ""), when, *numbers, state))
        else:
            missing.append(label("qualite.fichiers.aucun"))
        return make(ident, Message("qualite.fichiers", values), **self.held.commun, manques=missing, **parts)

    def _years(self, ident: str) -> Finding:
        """The year of the data behind each publication of each source, where it is established."""
        found = self.held.lots.groupby(["source", "publication"], observed=True)["millesime"].agg(_when).to_dict()
        every, commun = sorted({publication for _, publication in found}), self.held.commun
        values = {"inconnues": sum(SANS_ANNEE in told for told in found.values()), "total": len(found)}
        if not found:
            return nothing(ident, "qualite.annees", values, **commun)
        cells = {
            self.held.source(source): {str(p): found.get((source, p), "") for p in every}
            for source in sorted({source for source, _ in found})
        }
        marks = {source: {p: _established(told) for p, told in line.items()} for source, line in cells.items()}
        lines = tuple(row(source, *line.values()) for source, line in cells.items())
        table = Table(("Source", *(f"Fichiers {p}" for p in every)), lines)
        message, missing = Message("qualite.annees", values), list(undated(self.held))
        return make(ident, message, **commun, figure=matrix(marks.items()), table=table, manques=missing)

    def _anomalies(self, ident: str) -> Finding:
        """What was found wrong while reading, and what was done about it."""
        rows = self.reader.rows("anomalies")
        if rows.empty:
            values = {"lus": len(self.reader.rows("fichiers"))}
            return nothing(ident, "qualite.anomalies_aucune", values, textes="qualite.anomalies", **self.held.commun)
        # The words before the particulars of a problem (« : … », « (3 lignes) ») say of which sort it is.
        said = rows["probleme"].str.split(r"\s*:|\s*\(", n=1, regex=True).str[0]
        kinds = said.value_counts().sort_index().sort_values(ascending=False, kind="stable")
        names = ["fichier", "ligne", "colonne", "brut", "probleme", "traitement"]
        whole, every, empty, several = labels("qualite.anomalies.entiers")
        shown = rows[names].head(LIGNES_MAXI).itertuples(index=False, name=None)
        lines = []
        for file, n, column, raw, problem, done in shown:
            read = raw or (empty if n and column else several)
            lines.append((file, str(n or whole), column or every, read, problem, done))
        values = {"total": len(rows), "genres": len(kinds), "montrees": len(lines)}
        values |= {"premiere": kinds.index[0], "nombre": int(kinds.iloc[0])}
        most = {kind: Valeur(float(n), unite="cas") for kind, n in kinds.head(GENRES_MAXI).items()}
        return make(
            ident,
            Message("qualite.anomalies", values),
            **self.held.commun,
            figure=bars("", "", most, "autre"),
            table=lines,
            lecture=Message("qualite.lecture_anomalies", values),
        )


def _established(told: str) -> Valeur:
    return word(told and (SANS_ANNEE if SANS_ANNEE in told else "établie"), "non_disponible")


def _why(file: Mapping[str, object]) -> str:
    return f"\u00a0: {file['pris_pour']}" if file["statut"] == "laissé de côté" else ""


def _when(years: Iterable[str]) -> str:
    """Data years in words, « non établie » last."""
    return enumerate_french(sorted({year or SANS_ANNEE for year in years}))


def undated(held: Holdings) -> Iterator[str]:
    """The publications of each source whose data year nobody has established."""
    rows = held.lots[held.lots["millesime"] == ""]
    for ident, years in rows.groupby("source", observed=True)["publication"]:
        yield label(
            "qualite.demandes.annee", source=held.source(ident), annees=enumerate_french(map(str, sorted(set(years))))
        )


def ask_for(held: Holdings) -> Iterator[tuple[str, str]]:
    """What to ask the producers for: (what is asked, the rest of the sentence), the most useful first."""
    yield from (("annee", said) for said in undated(held))
    yield from (("comparateur", said) for said in _comparators(held))
    yield from _reasons(held)
    noted = held.lots[held.lots["note"].str.strip("0 ") != ""]
    for source, note in sorted(set(zip(noted["source"], noted["note"], strict=True))):
        yield "note", label("qualite.demandes.note", source=held.source(source), note=note)


def _comparators(held: Holdings) -> Iterator[str]:
    """By files to ask for, the territories compared that have no figure, those that lack the same indicators together."""
    told, vast = [], held.territory.vaste
    # A sentence per commune of a country would hide all the others.
    for one in (c for c in held.territory.comparateurs if not (vast and c.niveau == "COMMUNE")):
        asked = (i for i in held.indicateurs_suivis if i.genre != "effectif")
        lacks = grouped((i.source, short(i)) for i in asked if held.par_zone.latest(one.zone, i.id) is None)
        told += [(source, (enumerate_french(names), one.nom)) for source, names in lacks.items()]
    for source, lacks in grouped(told).items():
        missing = " ; ".join(f"{enumerate_french(noms)} ({names})" for names, noms in grouped(lacks).items())
        yield label("qualite.demandes.comparateur", fichiers=held.catalogue.sources[source].fichiers, manque=missing)


def _reasons(held: Holdings) -> Iterator[tuple[str, str]]:
    """The reasons of what is not there, a check of what is doubtful, then the indicators of which nothing came, by file."""
    absent = (one for one in held.indicateurs_suivis if not held.moments[one.id])
    nowhere = grouped((held.catalogue.families_of(one.id), f"«\u00a0{one.nom}\u00a0»") for one in absent)
    received = {ident: states for ident, states in held.cells.items() if held.moments[ident]}
    for (statut, names), what in held.lacking(
        received, lambda one: f"«\u00a0{one.nom}\u00a0» {held.moments[one.id][-1].situe}"
    ):
        kind = {"suspect": "verification", "non_disponible": "absents"}.get(statut, "raison")
        yield kind, label("qualite.demandes.quartiers", indicateurs=what, quartiers=names)
    for files, names in nowhere.items():
        yield "rien", label("qualite.demandes.rien", indicateurs=enumerate_french(names), fichiers=files)
