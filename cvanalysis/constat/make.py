"""The one maker of findings, and how their figures and cells are made. Refuses to choose a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from cvanalysis.constat.shape import Figure, Finding, Genre, Message, Point, Role, Serie, Table, Valeur, row
from cvanalysis.errors import UsageError
from cvanalysis.french import enumerate_some
from cvanalysis.textes import block, label

if TYPE_CHECKING:
    import pandas as pd


class Reader(Protocol):
    """What gives the rows that findings are made of (`tables.store.Store`)."""

    def indicateurs(
        self, zones: Sequence[str] | None = None, indicateurs: Sequence[str] | None = None
    ) -> pd.DataFrame: ...

    def rows(self, table: str, where: Iterable[tuple[str, tuple[str, ...]]] = ()) -> pd.DataFrame: ...


def count(number: float, unite: str = "actions") -> Valeur:
    return Valeur(float(number), "publié", unite)


def leaders(counts: Mapping[str, float]) -> dict[str, object]:
    """Who has the highest count (`premier`), all of them, since a tie (`ex_aequo`) has no first; the first ones where they are many."""
    most = max(counts.values())
    names = [name for name, number in counts.items() if number == most]
    return {"premier": enumerate_some(names, 4, 3, "autres"), "ex_aequo": len(names) > 1}


def euros(amount: float | None) -> Valeur:
    """Euros, or « non disponible » where no amount is known."""
    import pandas as pd  # not for whoever only compares two editions

    return Valeur(None, "non_disponible", "€") if pd.isna(amount) else Valeur(round(float(amount), 2), "publié", "€")


def serie(nom: str, role: Role, marks: Iterable[tuple[str, Valeur]]) -> Serie:
    """One mark per label, in the order given."""
    return Serie(nom, role, tuple(Point(etiquette, value) for etiquette, value in marks))


def bars(axe: str, nom: str, values: Mapping[str, Valeur], role: Role = "sujet") -> Figure:
    """One bar per label, in the order given."""
    return Figure("barres", axe, (serie(nom, role, values.items()),))


def matrix(rows: Iterable[tuple[str, Mapping[str, Valeur]]], role: Role = "autre") -> Figure | None:
    """A mark by label and column, of a label that need not have every column; nothing without labels."""
    series = tuple(serie(nom, role, marks.items()) for nom, marks in rows)
    return Figure("matrice", "", series) if series else None


def source_of(rows: pd.DataFrame, nom: str) -> str:
    """« Journaux d'actions (a.xlsx, b.csv) »: the files that the rows come from, where they say it."""
    files = sorted({str(name).rsplit("/", 1)[-1] for name in rows.get("source", ()) if name})
    return f"{_shared(nom)} ({', '.join(files)})" if files else nom


def is_example(*tables: pd.DataFrame) -> bool:
    """Whether some of these rows are declared as examples: the mark stands wherever one shows."""
    return any(bool(table["exemple"].any()) for table in tables if "exemple" in table.columns and len(table))


@dataclass(frozen=True, slots=True)
class Grid:
    """Labels × columns of values: the table of all of them, and the figure of some.

    `lignes`: label → one value (or word) per column. `roles`: what each drawn column is to the reader: the first columns, or those
    at the positions `dessin`. A `matrice` draws all of it, one series per label, in the first role. The titles of the columns (that
    of the labels first) are `colonnes`, or those of the block; series are named after theirs, or by the block's `series`.
    """

    genre: Genre
    lignes: Mapping[str, Sequence[Valeur]]
    roles: Sequence[Role] = ("sujet",)
    dessin: Sequence[int] = ()
    colonnes: tuple[str, ...] = ()

    def table(self) -> Table:
        return Table(self.colonnes, tuple(row(name, *line) for name, line in self.lignes.items()))

    def figure(self, colonnes: Sequence[str], series: Sequence[str] = ()) -> Figure:
        """`colonnes`: the titles of the table's columns; `series`: other names for the drawn ones."""
        if self.genre == "matrice":
            drawn = [
                serie(name, self.roles[0], zip(colonnes[1:], line, strict=True)) for name, line in self.lignes.items()
            ]
        else:
            columns = self.dessin or range(len(self.roles))
            names = series or [colonnes[column + 1] for column in columns]
            drawn = [
                serie(name, role, ((label, line[column]) for label, line in self.lignes.items()))
                for name, role, column in zip(names, self.roles, columns, strict=True)
            ]
        return Figure(self.genre, "", tuple(drawn))


def make(
    ident: str,
    message: Message,
    *,
    textes: str = "",
    grid: Grid | None = None,
    figure: Figure | None = None,
    table: Table | Sequence[Sequence[str | Valeur]] | None = None,
    lecture: Message | Mapping[str, object] | None = None,
    rows: Sequence[pd.DataFrame] = (),
    precautions: Sequence[str] = (),
    manques: Sequence[str] = (),
    exemple: bool = False,
    **parts: Any,
) -> Finding:
    """A finding under its number (`SUJET-section-NN`); its mark of example data comes from the rows that it used, or is given.

    `textes` is the path of its block in `textes/*.toml` (else that of the message's template). What is not given here is taken there,
    else in what all findings of that page say (`[tous]`), with the message's values in place: `question`, `sous_titre`, `champ`,
    `source`; `axe` of the figure; `colonnes` and `legende` of the table; `series`, the names of those that have none;
    `precautions`, after those given. A caution, a source may be the path of a shared one (`commun.sans_cause`). Figure and table are
    given as they are (with "" and () for what the block says; a table may be its lines alone), or both by a `grid` (the figure unless
    one is given). `lecture` may be the values, besides the message's, of the block's own `[….lecture]`::

        values = {"total": 7, "debut": 2015}
        make("recit-instances-01", Message("recit.instances", values), grid=Grid("barres", {"2015": [count(7)]}))

        [instances]
        variantes = ["{{ total }} réunions depuis {{ debut }}"]
        question = "Quand s'est-on réuni ?"
        colonnes = ["Année", "Réunions"]

    `parts`: those texts where they are given, and what few findings have (`section` unlike the number, `poids`, `generales`, `fichiers`).
    """
    textes = textes or message.gabarit
    one, several = _texts(textes, message.valeurs)
    if grid is not None and grid.lignes:
        table = grid.table()
        figure = figure or grid.figure(table.colonnes or several("colonnes"), several("series"))
    if table and not isinstance(table, Table):
        table = Table((), tuple(row(*line) for line in table))
    if isinstance(lecture, Mapping):
        lecture = Message(f"{textes}.lecture", {**message.valeurs, **lecture})
    if figure:
        figure = replace(figure, axe=one("axe", figure.axe), series=_named(figure.series, several("series")))
    if table:
        table = replace(table, colonnes=table.colonnes or several("colonnes"), legende=one("legende", table.legende))
    return Finding(
        id=ident,
        section=parts.pop("section", ident.rsplit("-", 2)[1]),
        message=message,
        figure=figure,
        table=table or None,
        lecture=lecture,
        precautions=tuple(dict.fromkeys(map(_shared, (*precautions, *several("precautions"))))),
        manques=tuple(manques),
        exemple=exemple or is_example(*rows),
        **{name: one(name, parts.pop(name, "")) for name in ("question", "sous_titre", "champ", "source")},
        **parts,
    )


def _texts(path: str, values: Mapping[str, object]) -> tuple[Callable[..., str], Callable[[str], tuple[str, ...]]]:
    """How the texts of a block are had with a message's values in place: one of them unless it is given ("" where there is
    none, but for a question), and all those of a list."""
    texts = {**block(path.partition(".")[0]).get("tous", {}), **block(path)}

    def one(name: str, given: str = "") -> str:
        if name == "question" and not given and name not in texts:
            raise KeyError("no question is given, nor stands in the block of texts")
        return _shared(given) if given else texts.get(name, "").format_map(values)

    return one, lambda name: tuple(text.format_map(values) for text in texts.get(name, ()))


def _named(series: Sequence[Serie], names: Sequence[str]) -> tuple[Serie, ...]:
    return tuple(replace(one, nom=one.nom or names[n]) for n, one in enumerate(series))


def _shared(text: str) -> str:
    """A text as it is given, or the one that stands at the path that is given."""
    return label(text) if "." in text and " " not in text else text


def nothing(ident: str, gabarit: str, valeurs: Mapping[str, Any], *, quoi: str = "", **parts: Any) -> Finding:
    """The claim that there is nothing, with why it may be so: a page that says so, not an empty frame.

    `quoi` is what is missing, else the `manque` of the gabarit's block; `parts` are those of `make`. Its sentence may say its `question`,
    so that a page where nothing is known does not say the same line under each.
    """
    missing = quoi or label(f"{gabarit}.manque", **valeurs)
    return make(ident, Message(gabarit, {"question": parts.get("question", ""), **valeurs}), manques=[missing], **parts)


Builder = Callable[[str], Finding]
"""A finding's whole number → the finding."""


class Chapter:
    """A set of findings under stable numbers, each built on demand and once."""

    def __init__(self, sujet: str, builders: Mapping[str, Builder]) -> None:
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


class Together(Chapter):
    """A chapter whose findings are computed all at once, on first use: which they are depends on what was said."""

    def __init__(self, sujet: str, make: Callable[[], Iterable[Finding]]) -> None:
        self.sujet, self._make, self._found = sujet, make, {}

    @cached_property
    def _builders(self) -> Mapping[str, Builder]:
        made = {finding.id.removeprefix(f"{self.sujet}-"): finding for finding in self._make()}
        return {numero: lambda _, numero=numero: made[numero] for numero in made}
