"""The components of pages, callable from Python: `composants().strip(sujet, tous)` gives HTML. Owns what their template may use.

The macros themselves, with what each is given, are in `composants.html.j2` beside this file; a page's template imports them under the
same name. Refuses to choose what is shown.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial
from html import escape
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from statistics import median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.environment import TemplateModule
from markupsafe import Markup

from cvanalysis.constat.shape import Finding, Valeur
from cvanalysis.display.phrases import MOTS, say, write
from cvanalysis.french import capital, french_date, month_year, slug, typeset
from cvanalysis.textes import block, label

NOM = "composants.html.j2"
DOSSIER = Path(__file__).parent

TONS = {
    "réalisé": "1",
    "partiel": "2",
    "en cours": "3",
    "réorienté": "4",
    "non engagé": "5",
    "abandonné": "6",
    "non renseigné": "vide",
}
"""The tone of each state of an engagement, from done to not known; what is worded on any page keeps it."""


BESIDE, ROWS = 24, 40
"""Quarters that strips or small multiples set side by side, rows of a figure: beyond, nobody compares them, and a table says it better."""

REPETITIONS = 3
"""Times that a page may say one line: beyond, it is said once for all that it is true of."""

UNITES_LONGUES = ("habitants", "actions", "organismes", "quartiers")
"""Units that the words under a landmark say better than the figure itself."""


@cache
def composants(nom: str = NOM) -> TemplateModule:
    """The macros of a template as functions that give HTML: what they are given is escaped, and typeset where it is words."""
    return _environment().get_template(nom).module


@cache
def _environment() -> Environment:
    """One for all: each template is compiled once, those that it imports too."""
    environment = Environment(loader=FileSystemLoader(DOSSIER), autoescape=True, undefined=StrictUndefined)
    equip(environment)
    return environment


_titles: list[tuple[str, str]] = []


def _part(title: str, more: str = "") -> Markup:
    """The heading of a part inside a display: an address of its own; `more` (HTML) is no part of what it is called."""
    title = typeset(title)
    _titles.append((slug(title), title))
    return Markup('<h2 id="{}">{}{}</h2>').format(slug(title), title, Markup(more))  # noqa: S704 - a mark of ours


def titles() -> tuple[tuple[str, str], ...]:
    """The headings written since the last call, for the table of contents: (address, title)."""
    said = tuple(_titles)
    _titles.clear()
    return said


def text(words: str) -> Markup:
    """Words as HTML, with the no-break spaces that French wants."""
    return Markup(escape(typeset(words), quote=False))  # noqa: S704 - escaped here


def equip(environment: Environment) -> None:
    """Give an environment what the macros use; its loader must know the folder `DOSSIER`."""
    environment.filters |= {
        "as": lambda sujet, number: say(Valeur(number, "publié", sujet.unite, sujet.decimales)),
        "attribute": lambda words: Markup(escape(words)),  # noqa: S704 - escaped here
        "bare": lambda text: text.partition("\u00a0: ")[2] or text,
        "capital": capital,
        "dire": lambda one: say(one) if isinstance(one, Valeur) else typeset(str(one)),
        "fr": typeset,
        "grouped": lambda lines, name: groupby(lines, attrgetter(name)),
        "small": lambda words: words[:1].lower() + words[1:],
        "mark": lambda one: block("affichage.marques")[one.statut],
        "middle": median,
        "mois": month_year,
        "jour": french_date,
        "ranges": _ranges,
        "runs": _runs,
        "said": lambda one: Markup(escape(say(one), quote=False)),  # noqa: S704 - escaped here
        "sure": lambda one: replace(one, statut="publié"),
        "text": text,
        "transposed": lambda rows: list(zip(*rows, strict=True)),
        "unitless": lambda one: replace(one, unite=""),
        "px": lambda number: f"{round(number, 1):g}",
    }
    environment.tests |= {"absent": _absent, "marked": _marked}
    environment.globals.update(
        say=lambda key, **values: typeset(label(f"affichage.composants.{key}", **values)),
        label=label,
        part=_part,
        label_block=block,
        avancements=TONS,
        write=partial(write, most=MOTS),
        states_of=states_of,
        tonalites=[(f"voix-0{n}", title, f"0{n}") for n, title in enumerate(block("voix.tons").values(), 2)],
        breadth=_breadth,
        beside=BESIDE,
        repeats=REPETITIONS,
        bare_unit=lambda one: replace(one, unite="") if one.unite in UNITES_LONGUES else one,
        absent_of=lambda lines: dict.fromkeys(
            one.statut
            for line in lines
            for one in (line.valeur, *(value for _, value, _ in line.reperes))
            if _marked(one)
        ),
        marks=block("affichage.marques"),
        meanings=block("affichage.statuts"),
    )


def states_of(finding: Finding) -> list[tuple[str, int, str]]:
    """The parts of a bar of engagements, from the finding that counts them by state."""
    points = finding.figure.series[0].points if finding.figure else ()
    return [(one.etiquette.lower(), int(one.valeur.valeur or 0), TONS[one.etiquette.lower()]) for one in points]


def _breadth(personnes: Valeur, quartiers: Valeur, colleges: Valeur) -> str:
    """How widely an idea is heard; nothing more where its people are withheld."""
    if not personnes.dite:
        return label("affichage.feuille.entendu_peu")
    said = {"personnes": say(personnes), "quartiers": say(quartiers), "colleges": say(colleges)}
    return label("affichage.feuille.entendu", **said)


def _absent(one: Any) -> bool:
    return isinstance(one, Valeur) and one.valeur is None and not one.texte


def _marked(one: Any) -> bool:
    return isinstance(one, Valeur) and one.statut != "publié" and not one.texte


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Numbers in their order, three that follow each other or more as one: (first, last)."""
    runs = groupby(enumerate(sorted(numbers)), lambda one: one[1] - one[0])
    found = [[number for _, number in run] for _, run in runs]
    return [ends for run in found for ends in ([(run[0], run[-1])] if len(run) > 2 else [(n, n) for n in run])]


def _runs(told: tuple[Iterable[str], Iterable[Valeur]]) -> list[tuple[str, str, str]]:
    """Years that say the same, one after the other: (first, last, what they say)."""
    said = groupby(((year, say(value)) for year, value in zip(*told, strict=True)), itemgetter(1))
    years = [(word, [year for year, _ in run]) for word, run in said]
    return [(run[0], run[-1], word) for word, run in years]
