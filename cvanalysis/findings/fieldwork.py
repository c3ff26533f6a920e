"""What findings on actions, engagements and partners share: the rows read once, the lines under a figure, the empty claim.

Owns the source and the mark of example data of these tables, and how counts, euros and small numbers of people are said. Refuses
to choose a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pandas as pd

from cvanalysis.errors import UsageError
from cvanalysis.findings.context import enumerate_french
from cvanalysis.findings.counting import carried_out
from cvanalysis.findings.finding import Figure, Finding, Manque, Message, Point, Role, Serie, Table, Valeur
from cvanalysis.territory import Territory

LONGUEUR = 160
"""What a page shows of one text at most: a cell of a log can hold 50,000 characters."""
TEXTES = ("titre", "porteur", "financeur", "public", "libelle", "nom", "preuve", "obstacle")
HORS_THEME, HORS_QPV = "hors", "HORS_QPV"
NON_SU = "non renseigné"
SANS_CAUSE = "Ce qui a été fait et ce qui a changé se lisent côte à côte : rien ici ne dit que l'un vient de l'autre."
JOURNAUX = "Journaux d'actions du contrat"
MONTANTS = "Les montants sont en euros de chaque année ; une case vide du journal est un montant inconnu, pas un zéro."


class Rows(Protocol):
    """What gives the rows of a processed table (`ingest.store.Store`)."""

    def rows(self, table: str, where: Iterable[tuple[str, tuple[str, ...]]] = ()) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Field:
    """The tables of this domain, each read once; `where` bounds the actions that are read (a quarter, a theme)."""

    reader: Rows
    territory: Territory
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def lues(self) -> pd.DataFrame:
        """All rows of actions, whatever became of them."""
        return self._read("actions", self.where)

    @cached_property
    def menees(self) -> pd.DataFrame:
        """Rows of actions carried out within the contract's years."""
        return carried_out(self.lues, self.territory.debut, self.territory.fin) if len(self.lues) else self.lues

    @cached_property
    def engagements(self) -> pd.DataFrame:
        return self._read("engagements")

    @cached_property
    def partenaires(self) -> pd.DataFrame:
        return self._read("partenaires")

    def _read(self, table: str, where: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> pd.DataFrame:
        found = self.reader.rows(table, where)
        return shorten(found) if len(found.columns) else empty(table)

    @property
    def periode(self) -> str:
        return f"{self.territory.debut}-{self.territory.fin}"

    @property
    def themes(self) -> dict[str, str]:
        """Theme id → name, then what is of none, then what is not said."""
        return {t.id: t.nom for t in self.territory.themes} | {
            HORS_THEME: "Autres thématiques",
            "": "Thème non renseigné",
        }

    @property
    def quartiers(self) -> dict[str, str]:
        return {q.code: q.nom for q in self.territory.quartiers}

    @property
    def colleges(self) -> dict[str, str]:
        return {c.id: c.nom for c in self.territory.colleges}

    def partner_name(self, ident: str) -> str:
        names = dict(zip(self.partenaires["id"], self.partenaires["nom"], strict=True))
        return names.get(ident, ident)


def shorten(table: pd.DataFrame) -> pd.DataFrame:
    """Texts of people cut at `LONGUEUR` characters, with « … »: whole ones stay in the data and the downloads."""
    long = {name: table[name].str.len() > LONGUEUR for name in TEXTES if name in table.columns}
    cut = {
        name: table[name].mask(which, table[name].str.slice(0, LONGUEUR - 1) + "…")
        for name, which in long.items()
        if which.any()
    }
    return table.assign(**cut) if cut else table


def empty(table: str) -> pd.DataFrame:
    """The table of a territory that has none, with its columns."""
    from cvanalysis.ingest.action_table import ACTIONS
    from cvanalysis.ingest.partners import COLONNES

    if table == "actions":
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in ACTIONS.items()})
    columns = (
        COLONNES
        if table == "partenaires"
        else (
            "code",
            "libelle",
            "pilier",
            "theme",
            "nature",
            "pilote",
            "partenaires",
            "partenaires_vus",
            "quartiers",
            "actions",
            "indicateurs",
            "avancement",
            "preuve",
            "date_preuve",
            "obstacle",
            "exemple",
        )
    )
    return pd.DataFrame({name: pd.Series(dtype="bool" if name == "exemple" else "str") for name in columns})


def count(number: float, unite: str = "actions") -> Valeur:
    return Valeur(float(number), "publié", unite)


def leaders(counts: Mapping[str, float]) -> str:
    """The names that have the highest count: all of them, since a tie has no first; the first ones where they are many."""
    most = max(counts.values())
    names = [name for name, number in counts.items() if number == most]
    return enumerate_french(names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} autres"])


def euros(amount: float) -> Valeur:
    """Euros, or « non disponible » where no amount is known."""
    return Valeur(None, "non_disponible", "€") if pd.isna(amount) else Valeur(round(float(amount), 2), "publié", "€")


def word(text: str) -> Valeur:
    return Valeur(None, "publié", texte=text) if text else Valeur(None, "non_disponible")


def bars(axe: str, nom: str, values: Mapping[str, Valeur], role: Role = "sujet") -> Figure:
    """One bar per label, in the order given."""
    return Figure("barres", axe, (Serie(nom, role, tuple(Point(label, value) for label, value in values.items())),))


def lines(axe: str, series: Mapping[str, tuple[Role, Mapping[str, Valeur]]]) -> Figure:
    return Figure(
        "lignes",
        axe,
        tuple(
            Serie(nom, role, tuple(Point(k, v) for k, v in values.items())) for nom, (role, values) in series.items()
        ),
    )


def source_of(rows: pd.DataFrame, nom: str, fallback: str = "") -> str:
    """« Journaux d'actions (a.xlsx, b.csv) »: the files that the rows come from, or the single file of that table."""
    files = (
        sorted({str(name).rsplit("/", 1)[-1] for name in rows["source"]}) if "source" in rows.columns else [fallback]
    )
    return f"{nom} ({', '.join(files)})" if files and files != [""] else nom


def is_example(*tables: pd.DataFrame) -> bool:
    return any(bool(table["exemple"].any()) for table in tables if "exemple" in table.columns and len(table))


def make(
    ident: str,
    question: str,
    message: Message,
    *,
    rows: Sequence[pd.DataFrame],
    source: str,
    champ: str,
    sous_titre: str = "",
    figure: Figure | None = None,
    table: Table | None = None,
    lecture: Message | None = None,
    precautions: Sequence[str] = (),
    manques: Sequence[Manque] = (),
) -> Finding:
    """A finding under its number (`SUJET-section-NN`); its mark of example data comes from the rows that it used."""
    return Finding(
        id=ident,
        section=ident.rsplit("-", 2)[1],
        question=question,
        message=message,
        sous_titre=sous_titre,
        figure=figure,
        table=table,
        lecture=lecture,
        champ=champ,
        source=source,
        precautions=tuple(dict.fromkeys(precautions)),
        manques=tuple(manques),
        exemple=is_example(*rows),
    )


def nothing(
    ident: str, question: str, gabarit: str, valeurs: Mapping[str, Any], *, champ: str, source: str, quoi: str
) -> Finding:
    """The claim that there is nothing, with why it may be so: a page that says so, not an empty frame."""
    return Finding(
        id=ident,
        section=ident.rsplit("-", 2)[1],
        question=question,
        message=Message(gabarit, valeurs),
        sous_titre="",
        figure=None,
        table=None,
        lecture=None,
        champ=champ,
        source=source,
        manques=(Manque(quoi, "non_disponible"),),
    )


Build = Callable[[str, str, pd.DataFrame], Finding]
"""Number and question of a finding, and the rows of actions that it is about → the finding."""


class Chapter:
    """A set of findings under stable numbers, each built on demand and once."""

    def __init__(self, sujet: str, builders: Mapping[str, Callable[[str], Finding]]) -> None:
        self.sujet = sujet
        self._builders = builders
        self._found: dict[str, Finding] = {}

    @property
    def numeros(self) -> tuple[str, ...]:
        return tuple(self._builders)

    def constat(self, numero: str) -> Finding:
        """The finding of that number (`actions-01`); `UsageError` names the known ones."""
        if numero not in self._builders:
            raise UsageError(f"« {numero} » n'est pas un constat d'ici. Constats : {', '.join(self._builders)}.")
        if numero not in self._found:
            self._found[numero] = self._builders[numero](f"{self.sujet}-{numero}")
        return self._found[numero]

    @property
    def constats(self) -> tuple[Finding, ...]:
        return tuple(self.constat(numero) for numero in self._builders)


class ActionChapter(Chapter):
    """Findings on the actions of a field; those asked through `over` are built where there are some, else `rien` says so."""

    field: Field
    champ: str

    def rien(self, ident: str, question: str) -> Finding:
        raise NotImplementedError

    def over(self, question: str, build: Build) -> Callable[[str], Finding]:
        """A builder that asks `build` about the actions carried out, and only where there are some."""

        def ask(ident: str) -> Finding:
            rows = self.field.menees
            return self.rien(ident, question) if rows.empty else build(ident, question, rows)

        return ask

    def about(self, ident: str, question: str, message: Message, rows: pd.DataFrame, **parts: Any) -> Finding:
        """A finding made of these rows of the logs."""
        return make(ident, question, message, rows=[rows], source=source_of(rows, JOURNAUX), champ=self.champ, **parts)
