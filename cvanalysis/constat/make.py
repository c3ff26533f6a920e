"""The one maker of findings, and how their figures and cells are made. Refuses to choose a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from cvanalysis.constat.shape import Figure, Finding, Manque, Message, Point, Role, Serie, Table, Valeur
from cvanalysis.errors import UsageError
from cvanalysis.french import enumerate_french


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
    champ: str,
    source: str,
    rows: Sequence[pd.DataFrame] = (),
    sous_titre: str = "",
    figure: Figure | None = None,
    table: Table | None = None,
    lecture: Message | None = None,
    precautions: Sequence[str] = (),
    manques: Sequence[Manque] = (),
    exemple: bool = False,
    **parts: Any,
) -> Finding:
    """A finding under its number (`SUJET-section-NN`); its mark of example data comes from the rows that it used, or is given.

    `parts` are what few findings have: `section` (where the number does not say it), `poids`, `generales`, `fichiers`.
    """
    return Finding(
        id=ident,
        section=parts.pop("section", ident.rsplit("-", 2)[1]),
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
        exemple=exemple or is_example(*rows),
        **parts,
    )


def nothing(
    ident: str, question: str, gabarit: str, valeurs: Mapping[str, Any], *, champ: str, source: str, quoi: str
) -> Finding:
    """The claim that there is nothing, with why it may be so: a page that says so, not an empty frame."""
    missing = (Manque(quoi, "non_disponible"),)
    return make(ident, question, Message(gabarit, valeurs), champ=champ, source=source, manques=missing)


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
