"""What findings on actions, engagements and partners share: the rows read once, the lines under a figure, the empty claim.

Owns the source and the mark of example data of these tables, and how counts, euros and small numbers of people are said. Refuses
to choose a message.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import nan
from typing import Any

import pandas as pd

from cvanalysis.actions.counting import carried_out
from cvanalysis.actions.table import HORS_THEME
from cvanalysis.catalogue.rules import load_rules
from cvanalysis.constat.make import Builder, Chapter, Reader, make, nothing, source_of
from cvanalysis.constat.shape import Finding, Message
from cvanalysis.french import with_unit
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label

LONGUEUR = 160
"""What a page shows of one text at most: a cell of a log can hold 50,000 characters."""
TEXTES = ("titre", "porteur", "financeur", "public", "libelle", "nom", "preuve", "obstacle")
SANS_CAUSE, JOURNAUX, MONTANTS = (f"actions.communs.{name}" for name in ("sans_cause", "journaux", "montants"))


def in_constant_euros(
    amounts: pd.DataFrame, names: Sequence[str], edition: date
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """Euros by year (the index, its years in order), their names, and the cautions that go with them: first those of the last year whose
    prices an edition of that day knows, the rise of prices taken out, then those of each year; these alone where none compare."""
    years = [int(year) for year in amounts.index]
    first, last = (
        years[0],
        min(years[-1], edition.year - 1),
    )  # the index of a year comes out in the January that follows it
    rates = [load_rules().deflator(year, last) for year in years if year <= last]
    if len(rates) < 2 or None in rates or amounts.isna().all(axis=None):
        return amounts, tuple(names), (MONTANTS,)
    both = pd.concat([amounts.mul([*rates, *[nan] * (len(years) - len(rates))], axis=0).round(), amounts], axis=1)
    told = [label("actions.communs.constants", nom=name, annee=last) for name in names]
    said = [label("actions.communs.prix", debut=first, fin=last, prix=with_unit(100 * (rates[0] - 1), "%", 1))]
    said += [label("actions.communs.prix_a_venir", annee=last + 1)] if last < years[-1] else []
    return both, (*told, *(label("actions.communs.courants", nom=name) for name in names)), tuple(said)


@dataclass(frozen=True)
class Field:
    """The tables of this domain, each read once; `where` bounds the actions that are read (a quarter, a theme)."""

    reader: Reader
    territory: Territory
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @cached_property
    def lues(self) -> pd.DataFrame:
        """All rows of actions, whatever became of them."""
        return shorten(self.reader.rows("actions", self.where))

    @cached_property
    def recus(self) -> bool:
        """Whether any log is there: without one nothing is known of what was done, and a count of 0 would say that nothing was."""
        return len(self.lues) > 0 or len(self.reader.rows("actions")) > 0

    @cached_property
    def menees(self) -> pd.DataFrame:
        """Rows of actions carried out within the contract's years, up to that of the edition."""
        where = self.territory
        return carried_out(self.lues, where.debut, where.connue) if len(self.lues) else self.lues

    @cached_property
    def engagements(self) -> pd.DataFrame:
        return shorten(self.reader.rows("engagements"))

    @cached_property
    def partenaires(self) -> pd.DataFrame:
        return shorten(self.reader.rows("partenaires"))

    @property
    def periode(self) -> str:
        return f"{self.territory.debut}-{self.territory.connue}"

    @property
    def annees(self) -> str:
        """The years of which the actions are known: since the first that the logs tell, up to the last that the edition knows."""
        years = self.menees["annee"] if len(self.menees) else [self.territory.debut]
        return f"{int(min(years))}-{self.territory.connue}"

    @property
    def themes(self) -> dict[str, str]:
        """Theme id → name, then what is of none, then what is not said."""
        others = {HORS_THEME: label("actions.communs.hors_theme"), "": label("actions.communs.sans_theme")}
        return {t.id: t.nom for t in self.territory.themes} | others

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
    for name in set(TEXTES) & set(table.columns):
        long = table[name].str.len() > LONGUEUR
        if long.any():
            table = table.assign(**{name: table[name].mask(long, table[name].str.slice(0, LONGUEUR - 1) + "…")})
    return table


Build = Callable[[str, pd.DataFrame], Finding]
"""Number of a finding, and the rows of actions that it is about → the finding."""


class ActionChapter(Chapter):
    """Findings on the actions of a field, whose words stand in a page's file under their number (`theme.actions-01`).

    Those asked through `over` are built where there are actions, else the page's `sans_action` says so. `said` is what all of them may say.
    """

    def __init__(self, page: str, sujet: str, field: Field, builders: Mapping[str, Builder], **said: str) -> None:
        super().__init__(sujet, builders)
        self.page, self.field = page, field
        self._more = said

    @property
    def said(self) -> dict[str, str]:
        """What any of them may say."""
        return {"periode": self.field.annees, **self._more}

    @property
    def champ(self) -> str:
        return label(f"{self.page}.champ_actions", **self.said)

    def texts(self, ident: str) -> str:
        """The path of a finding's words."""
        return f"{self.page}.{ident.removeprefix(f'{self.sujet}-')}"

    def question(self, ident: str) -> str:
        return label(f"{self.texts(ident)}.question")

    def over(self, build: Build) -> Builder:
        """A builder that asks `build` about the actions carried out, and only where there are some."""
        return lambda ident: build(ident, self.field.menees) if len(self.field.menees) else self.rien(ident)

    def rien(self, ident: str) -> Finding:
        """That there is nothing to speak of, and why it may be so."""
        texts = {"question": self.question(ident), "champ": self.champ, "source": JOURNAUX}
        why = f"{self.page}.sans_action" if self.field.recus else "actions.sans_journal"
        return nothing(ident, why, self.said, **texts)

    def about(self, ident: str, message: Message, rows: pd.DataFrame, **parts: Any) -> Finding:
        """A finding made of these rows of the logs."""
        texts = {"question": self.question(ident), "source": source_of(rows, JOURNAUX), "champ": self.champ}
        texts["textes"] = self.texts(ident)
        return make(ident, message, rows=[rows], **texts | parts)
