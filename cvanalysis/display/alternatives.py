"""What is said of a figure beside it: its alternative, in 25 words at most, and what it cannot draw. Refuses to interpret: the title does.

An alternative is the kind of figure, the finding's number and its message; the table has the numbers, and says them better.
"""

from collections.abc import Iterator

from cvanalysis.constat.shape import Figure, Valeur
from cvanalysis.display.phrases import say
from cvanalysis.files.keys import grouped
from cvanalysis.french import listed, typeset
from cvanalysis.textes import label

WORDS = 25
"""What a person who listens can hold before the table."""
_NAMED = 6


def describe(figure: Figure, message: str, ident: str) -> str:
    """The text alternative of a finding's figure, in French, which no other of its page has; a long message is cut at a word."""
    kind = label(f"affichage.figures.{figure.genre}")

    def whole(said: str) -> str:
        return typeset(label("affichage.alternative", genre=kind, constat=ident, message=said))

    words = message.strip().rstrip(".").split()
    room = WORDS - len(whole("").replace("\u00a0", " ").split())
    return whole(" ".join(words if len(words) <= room else [*words[: room - 1], "…"]))


def notes(figure: Figure, *, seuls: bool = True) -> list[str]:
    """Sentences under a figure: where it is cut and why, which others are its background, what has no figure on rows that have others
    (only of a figure that stands alone, `seuls`: a table's marks say it too)."""
    said = []
    if figure.ruptures:
        said.append(label("affichage.notes.ruptures", avant=" et ".join(figure.ruptures)))
    if figure.facettes:
        said.append(label("affichage.notes.panneaux"))
    elif figure.genre == "lignes" and (others := _background(figure)):
        said.append(label("affichage.notes.autres_courbes", nombre=others))
    gone = grouped((say(value), name) for name, value in (_unseen(figure) if seuls else ()))
    if len(gone) <= 4:
        said += [
            label("affichage.notes.absents", raison=reason, noms=listed(names, _NAMED))
            for reason, names in gone.items()
        ]
    numbers = [p.valeur for s in figure.series for p in s.points if p.valeur.valeur is not None]
    if figure.genre == "matrice" and len({v.valeur for v in numbers}) > 1:
        low, high = (say(one(numbers, key=lambda v: v.valeur)) for one in (min, max))
        said.append(label("affichage.notes.nuances", bas=low, haut=high))
    return [typeset(one) for one in said]


def _background(figure: Figure) -> int:
    from cvanalysis.display.figures.lines import NAMED

    return sum(s.role == "autre" for s in figure.series) if len(figure.series) > NAMED else 0


def _unseen(figure: Figure) -> Iterator[tuple[str, Valeur]]:
    """What has no figure and is named nowhere in the drawing, with the reason."""
    if figure.facettes or figure.genre in ("matrice", "frise"):
        return
    from cvanalysis.display.figures.rows import find_rows, turned

    series = turned(figure)
    bare = {row.label for row in find_rows(series) if not row.known} if figure.genre != "lignes" else set()
    quiet = _background(figure)
    for serie in series:
        if quiet and serie.role == "autre":
            continue
        for point in serie.points:
            if point.valeur.valeur is None and not bare & {point.etiquette, serie.nom}:
                alone = len(serie.points) == 1 or (serie.role == "autre" and figure.genre in ("points", "rang"))
                yield (point.etiquette if alone else f"{serie.nom} {point.etiquette}"), point.valeur
