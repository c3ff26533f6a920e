"""Figures → their text alternative, from the very values that are drawn. Refuses to interpret: the title does that.

It holds the figures themselves while they can be heard (about 600 characters), then the ends, the subject and the count; the
table of the finding has all of them. It ends with the finding's number, so that no two on a page are the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import partial

from cvanalysis.constat.shape import Figure, Finding, Point, Serie
from cvanalysis.display.phrases import say
from cvanalysis.french import typeset
from cvanalysis.textes import label

LONGEST = 600

_NBSP = "\u00a0"
_DETAIL = "Le détail est au tableau. "


def describe(finding: Finding) -> str:
    """The text alternative of the finding's figure, in French; '' where it has none."""
    if finding.figure is None:
        return ""
    return describe_figure(finding.figure, f"Constat {finding.id}.")


def describe_figure(figure: Figure, end: str = "") -> str:
    """The same for a figure that stands alone (a synthesis, a list); `end` is added whatever the length."""
    start = f"{label(f'affichage.figures.{figure.genre}')}. {figure.axe}. {_cuts(figure)}"
    whole = {"whole_subject": True}
    for tell in (_tell_all, partial(_tell_ends, **whole), _tell_ends, partial(_tell_extremes, **whole), _tell_extremes):
        text = typeset(start + tell(figure) + end)
        if len(text) <= LONGEST:
            return text
    return text


def _tell_all(figure: Figure) -> str:
    return "".join(_sentence(serie, serie.points, figure.genre) for serie in figure.series)


def _cuts(figure: Figure) -> str:
    """Where lines are cut, which the eye sees: the two sides do not continue each other."""
    if not figure.ruptures:
        return ""
    return f"Courbes coupées avant {', avant '.join(figure.ruptures)}, où la source a changé. "


def _tell_ends(figure: Figure, *, whole_subject: bool = False) -> str:
    """First and last published value of each series, which is what matters in lines; all the years of the subject, if asked."""
    if figure.genre != "lignes":
        return _tell_extremes(figure, whole_subject=True)
    said = (
        _sentence(s, s.points if whole_subject and s.role == "sujet" else _ends(s), "lignes") for s in figure.series
    )
    return "".join(said) + _DETAIL


def _ends(serie: Serie) -> tuple[Point, ...]:
    there = [point for point in serie.points if point.valeur.valeur is not None]
    return tuple(dict.fromkeys([there[0], there[-1]])) if there else serie.points[-1:]


def _tell_extremes(figure: Figure, *, whole_subject: bool = False) -> str:
    """The subject, then the lowest and the highest of all, how many there are and how many are missing."""
    parts = []
    for serie in figure.series:
        own = [point for point in serie.points if figure.sujet and point.etiquette == figure.sujet]
        if own:
            parts.append(_sentence(serie, own, figure.genre))
        elif figure.genre != "paires" and serie.role == "sujet" and (whole_subject or len(serie.points) <= 3):
            parts.append(_sentence(serie, serie.points, figure.genre))
    marks = [(serie, point) for serie in figure.series for point in serie.points]
    numbers = [(s, p) for s, p in marks if p.valeur.dite]
    if numbers:
        # Two sets of values that answer each other have each their ends.
        labels = Counter(p.etiquette for _, p in marks)
        groups = [[m for m in numbers if m[0] is serie] for serie in figure.series]
        for group in [g for g in groups if g] if figure.genre == "paires" else [numbers]:
            low = min(group, key=lambda m: m[1].valeur.valeur)
            high = max(group, key=lambda m: m[1].valeur.valeur)
            parts.append(f"De {_name(*low, labels)} à {_name(*high, labels)}. ")
        many = "valeurs" if len(numbers) > 1 else "valeur"
        absent = sum(p.valeur.valeur is None for _, p in marks)
        doubtful = len(marks) - len(numbers) - absent
        left = [f"{n} {word}{'s' if n > 1 else ''}" for n, word in ((absent, "absente"), (doubtful, "douteuse")) if n]
        parts.append(", ".join([f"{len(numbers)} {many}", *left]) + ". ")
    else:
        # States and dates: how many of each, since they have no ends.
        count = Counter(say(point.valeur) for _, point in marks)
        common = sorted(count.items(), key=lambda c: (-c[1], c[0]))[:6]
        parts.append(f"{len(marks)} repères{_NBSP}: " + ", ".join(f"{word} ({n})" for word, n in common) + ". ")
    return "".join(parts) + _DETAIL


def _name(serie: Serie, point: Point, labels: Counter[str]) -> str:
    """A value and where it stands; the series is named where its label alone would not tell."""
    where = point.etiquette if labels[point.etiquette] == 1 else f"{serie.nom}, {point.etiquette}"
    return f"{say(point.valeur)} ({where})"


def _sentence(serie: Serie, points: Iterable[Point], genre: str) -> str:
    points = list(points)
    if len(points) == 1 and points[0].etiquette == serie.nom:
        return f"{serie.nom}{_NBSP}: {say(points[0].valeur)}. "
    if genre == "frise":
        return "".join(f"{say(p.valeur)}, {p.etiquette}. " for p in points)
    if genre == "lignes" and all(p.etiquette.isdigit() for p in points):
        said = [f"{say(p.valeur)} en {p.etiquette}" for p in points]
    elif any(p.etiquette[-1:].isdigit() for p in points):
        # « Le Port 18 407 personnes » would be heard as one number.
        said = [f"{say(p.valeur)} ({p.etiquette})" for p in points]
    else:
        said = [f"{p.etiquette} {say(p.valeur)}" for p in points]
    return f"{serie.nom}{_NBSP}: {', '.join(said)}. "
