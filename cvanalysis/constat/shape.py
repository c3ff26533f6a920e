"""The finding (constat): one claim computed once, from which all that is shown derives.

Owns the shape of a claim: message, figure, table, reading note, cautions, source. Refuses to compute (the other modules
of this room do), to write French sentences (`display.phrases` does, from `Message`) and to draw (`display.figures`).

Everything is frozen and made of plain values, so that a finding is the same wherever it was computed, and so that
its figure, its alternative text, its table and its download cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Statut = Literal[
    "publié",  # a figure
    "non_diffusé",  # blank though the source is published for that zone: presumably secret
    "secret",  # marked secret by the producer
    "non_significatif",
    "non_disponible",  # the source has nothing for that zone and year
    "sans_objet",
    "suspect",  # published but fails a validity test: shown with a mark, left out of ranks and gaps
    "masqué",  # withheld by us
    "postérieur",  # out after the edition was handed over, which is not to know it
]
"""Why a number is there or not. Never a bare NaN, never a 0 that means "unknown"."""

Role = Literal[
    "sujet",
    "commune",
    "epci",
    "france_qpv",
    "semblables",
    "departement",
    "region",
    "france",
    "autre",
    "part",
    "femmes",
    "hommes",
]
"""What a series is to the reader; the palette, the marker and the dash follow from it, never from its position."""

Genre = Literal["points", "barres", "lignes", "parts", "paires", "rang", "matrice", "frise"]
"""The few kinds of figure. points: one value per zone on a common axis; barres: one bar per label; lignes: values over
years; parts: shares of one whole per zone; paires: two values joined (women and men, two years); rang: all the quarters on
a line, the subject marked; matrice: labels × labels with a mark per cell; frise: events on a time axis."""


@dataclass(frozen=True, slots=True)
class Valeur:
    """A number or the reason for its absence, with what is needed to say it.

    `unite` is `%`, `€`, `points`, `personnes`, `ménages`, … or '' (ratio, index); `decimales` is the precision to print.
    `texte` is for cells that are words (a name, a state): then `valeur` is None and `statut` is `publié`; or the class in which a count is
    printed (« 11 à 14 »), of which `valeur` is the least.
    """

    valeur: float | None
    statut: Statut = "publié"
    unite: str = ""
    decimales: int = 0
    texte: str = ""
    note: str = ""

    @property
    def dite(self) -> bool:
        """True where there is a figure that may be ranked, compared or averaged."""
        return self.valeur is not None and self.statut == "publié"

    @property
    def imprimee(self) -> float | None:
        """The figure as it is printed: two that a reader sees alike are alike."""
        return self.valeur if self.valeur is None else round(self.valeur, self.decimales)


@dataclass(frozen=True, slots=True)
class Point:
    """One mark of a figure: its label on the axis (a zone's name, a year, a category) and its value."""

    etiquette: str
    valeur: Valeur


@dataclass(frozen=True, slots=True)
class Serie:
    """Marks that belong together: one zone over years, one share over zones…"""

    nom: str
    role: Role
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """What is to be drawn, without a colour or a pixel. `axe` names the quantity and its unit in French.

    `ruptures` are labels of points before which a line must be cut: the source changed there, the two sides do not
    continue each other. `facettes` asks for one small panel per series on common axes (small multiples). `sujet` is the label of the
    row that a reader looks for, where no series of its own says it (pairs).
    """

    genre: Genre
    axe: str
    series: tuple[Serie, ...]
    zero: bool = True  # False where the axis need not start at zero (lines of medians); bars always do
    ruptures: tuple[str, ...] = ()
    facettes: bool = False
    sujet: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The figure's numbers, and what the figure could not hold. First column = row headers."""

    colonnes: tuple[str, ...]
    lignes: tuple[tuple[Valeur, ...], ...]
    legende: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence to be written: the name of a template of `display/phrases` and the values it may use.

    Keeping the choice of the template here (it is the claim) and its words there (it is the wording) lets the same claim be a
    title, a reading note or an alternative text.
    """

    gabarit: str
    valeurs: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "valeurs", MappingProxyType(dict(self.valeurs)))

    def __reduce__(self) -> tuple[object, ...]:
        return Message, (self.gabarit, dict(self.valeurs))


@dataclass(frozen=True, slots=True)
class Finding:
    """One claim about one subject, under a stable number.

    `id` is `<subject>-<section>-<nn>` (`QP044006-revenus-03`): people question a finding under it and later get an answer, so a
    number is never given to another question. `figure` and `table` are None only where nothing at all is published (then
    `message` says so and `manques` says why). `poids` orders « En bref » (0: never there; the rule is in
    `indicateurs.ranking`). `precautions` are finished French sentences from the catalogue; `generales` are those of them that hold for
    the indicator wherever it is shown, which a page may fold. `fichiers` are the files behind `source`, where they are too many to
    stand in it. `exemple` marks invented data. `manques` are sentences: what is not known, and why; `ailleurs`: those on other quarters
    than the page's, whose table has its mark.
    """

    id: str
    section: str
    question: str
    message: Message
    sous_titre: str
    figure: Figure | None
    table: Table | None
    lecture: Message | None
    champ: str
    source: str
    precautions: tuple[str, ...] = ()
    manques: tuple[str, ...] = ()
    poids: float = 0.0
    exemple: bool = False
    generales: tuple[str, ...] = ()
    fichiers: tuple[str, ...] = ()
    ailleurs: tuple[str, ...] = ()


def word(text: str, vide: Statut = "publié") -> Valeur:
    """A cell of words; `vide` is the status of one without any (a cell left blank, or « non disponible »)."""
    return Valeur(None, texte=text) if text else Valeur(None, vide)


def row(*cells: str | Valeur) -> tuple[Valeur, ...]:
    """A line of a table: its words as cells, « non disponible » where there are none."""
    return tuple(word(cell, "non_disponible") if isinstance(cell, str) else cell for cell in cells)


@dataclass(frozen=True, slots=True)
class Definition:
    """An indicator of the fiche in plain words; `sens` is our reading of it, shown as such."""

    nom: str
    definition: str
    sens: str
    source: str


@dataclass(frozen=True, slots=True)
class Contribution:
    """What someone said of a finding, and what came of it; to be shown under the finding `cite`."""

    cite: str
    texte: str
    rapport: str
    mois: str
    statut: str
    reponse: str
