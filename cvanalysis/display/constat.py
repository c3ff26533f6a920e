"""One finding → one accessible HTML figure. Owns the order of its parts; refuses to write sentences or numbers itself.

Order: number, question, title (the message), unit and year, picture, table, Lecture, Champ, Source (INSEE's order), cautions,
« Qu’en dites-vous ? ». Where a page says its notes once, a finding bears their numbers, and what it says only. Looks belong to the
page's style sheet; in JupyterLab the same marks are read unstyled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from cvanalysis import textes
from cvanalysis.constat.record import record
from cvanalysis.constat.shape import Contribution, Figure, Finding, Table
from cvanalysis.display.alternatives import describe
from cvanalysis.display.alternatives import notes as notes_of
from cvanalysis.display.composants import BESIDE, ROWS, composants
from cvanalysis.display.phrases import MOTS, write
from cvanalysis.display.tables import html_table, left_out, meanings, to_frame
from cvanalysis.errors import UsageError
from cvanalysis.files import atomic
from cvanalysis.french import capital, typeset
from cvanalysis.territory.contract import Territory
from cvanalysis.textes import label, labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

    from cvanalysis.display.figures import Drawing

WIDTHS = 100, 10_000
"""Of a figure, in points or pixels: no word of it can be read on less, no program opens more."""
RECORDS = "application/vnd.cvanalysis.constats"
"""The kind of an output's part that holds its findings as plain values: no page shows it, the next edition reads it.

It is one text (JSON, one finding a line), not a structure: a notebook's file gives each value of a structure a line of its own,
which costs more than the drawing of small figures.
"""
FIGURES = "application/vnd.cvanalysis.figures"
"""The same for the drawings that the page shows of them: what goes to paper takes them from it."""
_MACROS = "constat.html.j2"
_FILES = re.compile(r" \((?:fichiers? )?([^()]*\.\w{3,4}[^()]*)\)")
_YEARS = re.compile(r", [^,;]*\b\d{4}\b[^;]*?(?= ; |$)")


@dataclass(frozen=True)
class Constat:
    """Un constat tel qu'on le voit : à la fin d'une cellule, il se montre. `df` : son tableau ; `figure()`, `tracer()`, `png()`, `svg()` :
    sa figure ; `finding` : ce qu’il affirme, en valeurs.

    `notes` : les textes que sa page dit une fois, et leurs numéros ; `dessin` : avec sa figure ; `ailleurs` : les lignes de son tableau que
    sa page montre ailleurs.
    """

    finding: Finding
    territory: Territory
    contributions: tuple[Contribution, ...] = ()  # what was said of it, as its audience may read it
    notes: dict[str, int] | None = None
    dessin: bool = True
    ailleurs: Collection[str] = ()

    @cached_property
    def titre(self) -> str:
        textes.use(self.territory.phrases)
        return write(self.finding.message, MOTS)

    @property
    def _lecture(self) -> str:
        """What is read under the title: the whole sentence where the title is a short form of it, then the reading of a figure."""
        whole, read = write(self.finding.message), self.finding.lecture
        return " ".join(([f"{whole}."] if whole != self.titre else []) + ([write(read)] if read else []))

    @property
    def html(self) -> str:
        textes.use(self.territory.phrases)
        f, made = self.finding, composants(_MACROS)
        bare = self._short and f.table is None  # its page says the rest: one line, and what its title does not say
        notes = made.list(self._unsaid()) if bare else self._brief_notes() if self._short else self._notes()
        under = [] if self._short or not self._seen else notes_of(f.figure)  # else said once for the page
        picture = made.picture(self.dessinee, under) if self.dessinee else ""
        return str(made.finding(self, self._kind, self._short, bare, picture, self._table(), notes))

    def _unsaid(self) -> list[str]:
        missing = (*self.finding.manques, *self.finding.ailleurs)
        return [one for one in missing if typeset(one.rstrip(".").split(" : ")[-1]) not in self.titre]

    def tracer(self, ax: Axes | None = None, largeur: float = 358) -> Axes:
        """Trace la figure de la page sur `ax`, ou à part, large de `largeur` points ; rend l'Axes. Sans figure, `UsageError`."""
        # Here and not above: a list of findings or a page's plan should not cost the import of matplotlib.
        from cvanalysis.display.figures import trace

        if not (ax is None or hasattr(ax, "get_figure")):
            raise UsageError(label("affichage.constat.sans_axes", recu=ax))
        return trace(self._drawn(largeur), self.territory.palette, ax, largeur)

    def figure(self, largeur: float = 640) -> Sheet:
        """La figure de matplotlib, large de `largeur` points (72 par pouce), à retoucher et enregistrer. Sans figure, `UsageError`."""
        return self.tracer(largeur=largeur).figure

    def png(self, chemin: str | Path, largeur: int = 1280) -> Path:
        """Écrit la figure en PNG, large de `largeur` pixels, pour une diapositive ; rend le chemin. Sans figure, `UsageError`."""
        self._drawn(largeur)
        self.figure().savefig(drawn := BytesIO(), format="png", dpi=72 * largeur / 640, metadata={"Software": None})
        return _save(chemin, drawn.getvalue())

    def svg(self, chemin: str | Path = "", largeur: float = 640) -> str:
        """La figure en `<svg>` avec son alternative, comme dans la page ; écrite aussi dans `chemin`. Sans figure, `UsageError`."""
        svg = self._draw(largeur).svg
        if chemin:
            alone = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)  # what a page need not say
            _save(chemin, alone.encode())
        return svg

    def _draw(self, largeur: float) -> Drawing:
        from cvanalysis.display.figures import draw

        drawn = self._drawn(largeur)
        return draw(drawn, self.territory.palette, describe(drawn, self.titre, self.finding.id), largeur)

    @cached_property
    def dessinee(self) -> Drawing | None:
        """What its page shows of its figure, None where it shows none."""
        return self._draw(358) if self._seen else None

    def _drawn(self, largeur: float) -> Figure:
        textes.use(self.territory.phrases)
        if not (isinstance(largeur, Real) and WIDTHS[0] <= largeur <= WIDTHS[1]):
            raise UsageError(label("affichage.constat.largeur", recu=largeur, mini=WIDTHS[0], maxi=WIDTHS[1]))
        if self.finding.figure is None:
            raise UsageError(label("affichage.constat.sans_figure", ident=self.finding.id))
        return self.finding.figure

    @property
    def _kind(self) -> str:
        """What a page is told that it will not find in the block: a figure that is not asked for, or both where nothing is to be shown."""
        if self.finding.table is None or self._elsewhere:
            return " vide"
        return " sans-figure" if not self.dessin or (self.finding.figure and not self._seen) else ""

    @property
    def _seen(self) -> bool:
        """Whether its page draws its figure: its table says better what has more panels, or more rows, than a sheet holds."""
        figure = self.finding.figure
        if figure is None or not self.dessin:
            return False
        rows = {point.etiquette for serie in figure.series for point in serie.points}
        return len(figure.series) <= BESIDE if figure.facettes else max(len(rows), len(figure.series)) <= ROWS

    @property
    def _short(self) -> bool:
        return self.notes is not None

    @property
    def _elsewhere(self) -> bool:
        """Whether its page shows elsewhere all that its table says, the subject's own line too."""
        if self.finding.table is None or self._seen or not self._short:
            return False
        said = [one for one in self.finding.table.lignes if any(cell.statut != "non_disponible" for cell in one[1:])]
        there = [line[0].texte in self.ailleurs for line in said]
        return any(there) and there.count(False) <= 1

    def _table(self) -> str:
        f = self.finding
        if f.table is None or self._elsewhere:
            return ""
        caption = f"{f.sous_titre or f.question} (constat\u00a0{f.id})"
        caption = label("affichage.constat.chiffres", numero=f.id) if self._short else caption
        shown = html_table(
            f.table, caption, exemple=f.exemple and not self._short, compact=self._short, ailleurs=self.ailleurs
        )
        summary = label(f"affichage.constat.{'chiffres_courts' if self._short else 'tableau'}")
        return composants(_MACROS).folded_table(summary, Markup(shown))  # noqa: S704 - made of a template

    def _notes(self) -> str:
        f = self.finding
        told = zip(labels("affichage.constat.notes"), (self._lecture, f.champ, f.source), strict=True)
        # What is particular to this finding is seen at once; what is true of the indicator anywhere is one step away.
        particular = [p for p in f.precautions if p not in f.generales] + [*f.manques, *f.ailleurs]
        files = [label("affichage.constat.fichiers", noms=", ".join(f.fichiers))] if f.fichiers else []
        counts = {"precautions": len(f.generales), "fichiers_lus": len(f.fichiers)}
        title = " et ".join(label(f"affichage.constat.{name}", nombre=n) for name, n in counts.items() if n)
        return composants(_MACROS).notes(told, particular, capital(title), [*f.generales, *files])

    def _brief_notes(self) -> str:
        """What only this finding says: a reading that says much more than its title; numbers for all that the page says once, its
        source first."""
        f = self.finding
        names = [found[1] for found in _FILES.finditer(f.source)] or f.fichiers
        self.notes.update((name, 0) for one in names for name in one.split(", "))
        whom, *_, where = [*f.champ.split(" ; "), ""]
        source = _YEARS.sub("", _FILES.sub("", f.source))  # titles and tables have the years
        said = [*source.split(" ; "), *f.precautions, whom, where]
        said += notes_of(f.figure, seuls=False) if self._seen else []
        legend, titles = f.table.legende, f"{f.sous_titre} {f.figure.axe if f.figure else ''}".lower()
        said += [] if f.sous_titre[:9] in legend or legend[:9].lower() in titles else [legend]
        said.append(left_out(f.table))
        if any(line[0].texte in self.ailleurs for line in f.table.lignes):
            said.append(label("affichage.constat.ailleurs"))
        said = dict.fromkeys(capital(one) for one in said if one)
        numbers = [self.notes.setdefault(one, len(said_once(self.notes)) + 1) for one in said]
        much = len(self._lecture) > 3 * len(self.titre) or write(f.message) != self.titre
        for meaning in meanings(f.table):  # a mark needs no number
            self.notes.setdefault(meaning, len(said_once(self.notes)) + 1)
        return composants(_MACROS).brief_notes(self._lecture if much else "", numbers)

    @property
    def df(self) -> pd.DataFrame:
        """Le tableau du constat, en table pandas, sous les mêmes titres ; vide où il n'en a pas. Chaque colonne de chiffres `X`, non
        arrondis, est suivie de `X, unité` et de `X, statut` : « publié », sinon la raison pour laquelle le chiffre est vide."""
        return to_frame(self.finding.table)

    @property
    def record(self) -> dict[str, Any]:
        """The finding in plain values: what editions are compared by, and what programs read."""
        return record(self.finding, self.titre, self._lecture)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        return gather([self])._repr_mimebundle_()

    def __repr__(self) -> str:
        return f"{self.finding.id}\u00a0: {self.titre}"


def said_once(notes: Mapping[str, int]) -> list[str]:
    """The notes of a page in the order of their numbers, without the names of files that it keeps beside them (under 0)."""
    return [one for one, number in notes.items() if number]


def to_lines(records: Iterable[dict[str, Any]]) -> str:
    """Records as the text that stands in a notebook."""
    return "\n".join(json.dumps(one, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for one in records)


def lines_in(data: Mapping[str, Any], kind: str = RECORDS) -> list[str]:
    """The records in one display of a notebook (kind → content), each as JSON; a notebook's file cuts a text into lines."""
    return [line for line in "".join(data.get(kind, "")).split("\n") if line]


@dataclass(frozen=True, slots=True)
class Bloc:
    """HTML for the page and JupyterLab, plain text for a terminal; `constats` are the records of the findings shown inside, if any,
    `figures` those of their drawings."""

    html: str
    texte: str
    constats: tuple[dict[str, Any], ...] = ()
    tableau: Table | None = None
    figures: tuple[dict[str, Any], ...] = ()
    titres: tuple[tuple[str, str], ...] = ()  # of the parts inside: (address, title)

    @property
    def df(self) -> pd.DataFrame:
        """Le tableau montré, en table pandas (comme `constat.df`) ; vide où le bloc n'en a pas."""
        return to_frame(self.tableau)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {"text/html": self.html, "text/plain": self.texte}
        said: dict[str, Any] = {"titres": [list(one) for one in self.titres]} if self.titres else {}
        if self.constats:
            data |= {RECORDS: to_lines(self.constats)} | ({FIGURES: to_lines(self.figures)} if self.figures else {})
            said["constats"] = [one["id"] for one in self.constats]
        return data, {"cvanalysis": said} if said else {}

    def __repr__(self) -> str:
        return self.texte


def gather(constats: Iterable[Constat]) -> Bloc:
    """Several findings, one under the other."""
    shown = tuple(constats)
    figures = tuple({"id": one.finding.id} | one.dessinee._asdict() for one in shown if one.dessinee)
    html, said = "".join(one.html for one in shown), "\n".join(map(repr, shown))
    return Bloc(html, said, tuple(one.record for one in shown), figures=figures)


def _save(chemin: str | Path, drawn: bytes) -> Path:
    """A figure as a file where an analyst asks for it."""
    if not isinstance(chemin, str | Path) or not (path := Path(chemin)).parent.is_dir() or path.is_dir():
        raise UsageError(label("affichage.constat.chemin", recu=str(chemin)))
    atomic.write(path, drawn)
    return path
