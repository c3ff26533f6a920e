"""National knowledge as data. Owns the CSV files beside it (indicators, sources, families of files, column maps, cautions)
and their frozen objects; refuses pandas, the territory and any figure.

A territory adds rows of its own (`in_use`; `territory.overlay` checks them). Adding an indicator to the package is a row of
`indicateurs.csv`; adding a vintage is a column of `colonnes/<FAMILLE>.csv`.
"""

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import lru_cache, wraps
from pathlib import Path
from typing import Literal, NamedTuple, ParamSpec, TypeVar

from cvanalysis.french import fold

ICI = Path(__file__).resolve().parent
T = TypeVar("T")
P = ParamSpec("P")

Direction = Literal["hausse", "baisse", "neutre"]
GenreIndicateur = Literal["taux", "montant", "effectif", "ratio"]


@dataclass(frozen=True, slots=True)
class Indicateur:
    """A quantity: the same unit, denominator and meaning wherever and under whatever header it was published.

    `mini`, `maxi` bound what is plausible (None: no bound); a value outside is suspect, never altered.
    `femmes`, `hommes` are the ids of the same quantity for women and men, `groupe` that of the structure it is a part of.
    """

    id: str
    nom: str
    nom_court: str
    pilier: str
    unite: str
    decimales: int
    direction: Direction
    denominateur: str
    champ: str
    source: str
    mini: float | None
    maxi: float | None
    definition: str
    precautions: tuple[str, ...]
    additif: bool
    genre: GenreIndicateur
    groupe: str
    femmes: str
    hommes: str

    @property
    def rapporte(self) -> bool:
        """True where it sets one file against another, of another time: shown with that caution, never put forward nor taken back."""
        return "taux_rapporte" in self.precautions


class Source(NamedTuple):
    """Who produced the figures; `nom` is printed under each finding, `fichiers` are those to ask for where a figure is not at hand."""

    id: str
    nom: str
    producteur: str
    licence: str
    fichiers: str


class ConstatDeclare(NamedTuple):
    """A question that a quarter's fiche asks, under a stable `numero` (`revenus-03`)."""

    numero: str
    section: str
    genre: str
    indicateurs: tuple[str, ...]
    question: str


class LigneDeclaree(NamedTuple):
    """A line of a fiche's dashboard, under a `groupe`, that leads to its `constat`; `repere`: it also stands at the top of the page.

    `sur`: the total that a count is a share of, or 12 where a yearly amount is said by month.
    """

    repere: bool
    groupe: str
    libelle: str
    indicateur: str
    sur: str
    constat: str


class Controle(NamedTuple):
    """A validity test. `genre`: somme (terms add up to the number `total`), total (terms add up to the indicator `total`),
    au_plus (term not above the indicator `total`), croissant (terms in ascending order), zero (a term is not 0 where the
    indicator `total` is above `tolerance`, or, where none is named, in a quarter
    of unknown population). Those of reliability (`clean/validity`): couverture (the term is not above `tolerance` times the indicator
    `total`, in one edition), saut (a term does not move by more than `tolerance` between two editions that share most surveys)."""

    id: str
    genre: str
    termes: tuple[str, ...]
    total: str
    tolerance: float
    probleme: str


class Colonne(NamedTuple):
    """One row of a column map: an indicator (or `note_…`, the column of codes that a block answers to) and its headers.

    `entetes` maps a vintage to the header of that year; `formes` holds all of its headers as `normal_header` writes them, the
    vintage's two digits replaced by `{aa}` in the families whose headers bear it.
    """

    indicateur: str
    note: str
    entetes: dict[int, str]
    formes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Famille:
    """A family of files. `signature` are the headers that tell it, of which at least `minimum` must be there; `suffixe`: its
    headers bear the vintage; `delai`: usual years from that vintage to the publication, to tell which file came later.

    `exige`: headers of which one must be there, `exclut`: of which none may be; `jumelle`: the family that has the same headers for
    something else (declared income, another year), which only a title or a name tells."""

    id: str
    nom: str
    signature: frozenset[str]
    minimum: int
    suffixe: bool
    delai: int
    colonnes: tuple[Colonne, ...]
    exclues: tuple[tuple[str, str], ...]
    exige: frozenset[str] = frozenset()
    exclut: frozenset[str] = frozenset()
    jumelle: str = ""

    @property
    def millesimes(self) -> tuple[int, ...]:
        """The vintages that the column map knows."""
        return tuple(sorted({year for column in self.colonnes for year in column.entetes}))

    def column_of(self, forme: str) -> Colonne | None:
        """The row of the map whose header this is, whatever its year."""
        return next((column for column in self.colonnes if forme in column.formes), None)

    def reason_excluded(self, forme: str) -> str:
        """Why a known header is left unread, '' where it is not a known one."""
        return next((reason for pattern, reason in self.exclues if fnmatchcase(forme, pattern)), "")


class Annee(NamedTuple):
    """What is known of the data's year: for these `indicateurs` of that family and vintage (None: all of them).

    `certitude`: `etablie`, or `probable` (printed as such; no change is measured from it); `preuve` says from what it is known."""

    famille: str
    millesime: int | None
    indicateurs: tuple[str, ...]
    annee: int | None  # None: that of the vintage
    date: str
    certitude: str
    preuve: str


class Republication(NamedTuple):
    """The same figures printed again: those of `republie` are in `publication` too."""

    famille: str
    publication: int
    republie: int
    indicateurs: tuple[str, ...]


class ColonneFrance(NamedTuple):
    """A column of the file of all quarters of France: its indicator, and the family and edition that it was taken from."""

    colonne: str
    indicateur: str
    famille: str
    publication: int


class TauxCalcule(NamedTuple):
    """A rate that is computed, per hundred: counts that add (their files may not all hold the same ones), over another of their edition."""

    indicateur: str
    numerateur: tuple[str, ...]
    denominateur: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of it. The dictionaries keep the files' order and are not to be written to."""

    indicateurs: dict[str, Indicateur]
    sources: dict[str, Source]
    precautions: dict[str, str]
    constats: tuple[ConstatDeclare, ...]
    tableau: tuple[LigneDeclaree, ...]
    familles: dict[str, Famille]
    controles: tuple[Controle, ...]
    annees: tuple[Annee, ...]
    republications: tuple[Republication, ...]
    france: tuple[ColonneFrance, ...]
    taux: tuple[TauxCalcule, ...]
    parutions: dict[tuple[str, int], date]  # (source, year of the data) → when its figures came out
    regions: dict[str, str]
    departements: dict[str, str]

    def data_year(self, famille: str, millesime: int, indicateur: str) -> tuple[int | None, str]:
        """Year of the data and its exact date (JJ/MM/AAAA or ''); (None, '') where nobody has established it."""
        for rule in self.annees:
            same = rule.famille == famille and rule.millesime in (None, millesime) and rule.certitude == "etablie"
            if same and self.selects(rule.indicateurs, indicateur):
                return rule.annee or millesime, rule.date
        return None, ""

    def families_of(self, indicateur: str) -> str:
        """The families of files that hold an indicator, or what it is computed from: « EDUC, IPRO »."""
        names = {indicateur, *(part for one in self.taux if one.indicateur == indicateur for part in one.numerateur)}
        return ", ".join(f.id for f in self.familles.values() if names & {c.indicateur for c in f.colonnes})

    def exact_date(self, indicateur: str, publication: int, annee: int | None = None) -> str:
        """Date of the data (`31/12/2021`) of an indicator in a publication of whatever family, '' where not established, or of another
        year than `annee`, that of the data where a family says it."""
        told = self._told(indicateur, publication)
        return next((one.date for one in told if one.date and annee in (None, one.annee)), "")

    def probable_year(self, indicateur: str, publication: int) -> int | None:
        """Year of the data of an indicator in a publication of whatever family, where it is not established but probable."""
        told = self._told(indicateur, publication) if indicateur in self.indicateurs else ()
        return next((one.annee for one in told if one.certitude == "probable"), None)

    def _told(self, indicateur: str, publication: int) -> Iterator[Annee]:
        return (
            one for one in self.annees if one.millesime == publication and self.selects(one.indicateurs, indicateur)
        )

    def selects(self, choices: tuple[str, ...], indicateur: str) -> bool:
        """True where one of the choices names the indicator: `*`, its id, `source:rp` or `source:rp/taux`."""
        known = self.indicateurs[indicateur]
        return bool({"*", known.id, f"source:{known.source}", f"source:{known.source}/{known.genre}"} & set(choices))

    def group(self, groupe: str) -> tuple[Indicateur, ...]:
        """The parts of a structure, in the catalogue's order."""
        return tuple(known for known in self.indicateurs.values() if known.groupe == groupe)


def normal_header(header: str) -> str:
    """A header as it is compared: `EVOL_CA_N_E ` and `evol_ca_n_e` are one, so are `1ᵉʳ décile` and `1er decile`."""
    return fold(header).upper()


def header_form(header: str, millesime: int) -> str:
    """The header with the two digits of the vintage replaced: `DISP_Q1_A18` → `DISP_Q1_A{aa}`, `S80S2018` → `S80S20{aa}`."""
    normal = normal_header(header)
    suffix = f"{millesime % 100:02d}"
    return f"{normal[:-2]}{{aa}}" if normal.endswith(suffix) and len(normal) > 2 else normal


LOCAL = "LOCAL"
"""The family of the plain long format, whose columns are the indicators that a territory adds."""
Ajouts = tuple[tuple[str, tuple[tuple[tuple[str, str], ...], ...]], ...]
"""What a territory adds to the catalogue: file → its rows, each as (column, cell) pairs, checked by `territory.overlay`."""

_in_use: list[Ajouts] = [()]


@contextmanager
def in_use(ajouts: Ajouts) -> Iterator[Catalogue]:
    """The catalogue with what a territory adds to it, for all that asks for `load_catalogue()` meanwhile."""
    _in_use.append(ajouts)
    try:
        yield load_catalogue(ajouts)
    finally:
        _in_use.pop()


def once_per_catalogue(make: Callable[P, T]) -> Callable[P, T]:
    """A function of the catalogue in use, computed once for each."""
    known = lru_cache(maxsize=None)(lambda _catalogue, *asked: make(*asked))
    return wraps(make)(lambda *asked: known(_in_use[-1], *asked))


def load_catalogue(ajouts: Ajouts | None = None) -> Catalogue:
    """The catalogue of the package, with what a territory adds to it (by default: what is in use), read once.

    The package's is checked by the tests and a territory's by its reader, not at each start.
    """
    return _load(_in_use[-1] if ajouts is None else ajouts)


@lru_cache(maxsize=8)
def _load(ajouts: Ajouts) -> Catalogue:
    added = {name: [dict(row) for row in rows] for name, rows in ajouts}

    def rows(name: str) -> list[dict[str, str]]:
        missing = name.startswith("colonnes/") and not (ICI / name).exists()
        own = [] if missing else list(read_catalogue_rows(name))
        blank = dict.fromkeys(own[0], "") if own else {}
        return [*own, *(blank | row for row in added.get(name, ()))]

    exclusions = [(row["famille"], row["colonne"], row["raison"]) for row in rows("colonnes/exclues.csv")]
    zones = rows("zones.csv")
    return Catalogue(
        indicateurs={one.id: one for one in _records(Indicateur, rows("indicateurs.csv"))},
        sources={one.id: one for one in _records(Source, rows("sources.csv"))},
        precautions={row["id"]: row["texte"] for row in rows("precautions.csv")},
        familles={
            row["id"]: _famille(row, rows(f"colonnes/{row['id']}.csv"), exclusions) for row in rows("familles.csv")
        },
        parutions={
            (row["source"], int(row["annee"])): datetime.strptime(row["jour"], "%d/%m/%Y").date()  # noqa: DTZ007
            for row in rows("parutions.csv")
        },
        regions={row["code"]: row["nom"] for row in zones if row["niveau"] == "REGION"},
        departements={row["code"]: row["nom"] for row in zones if row["niveau"] == "DEPARTEMENT"},
        **{name: tuple(_records(kind, rows(f"{name}.csv"))) for name, kind in _LISTES.items()},
    )


_LISTES = {
    "constats": ConstatDeclare,
    "tableau": LigneDeclaree,
    "controles": Controle,
    "annees": Annee,
    "republications": Republication,
    "france": ColonneFrance,
    "taux": TauxCalcule,
}


def _famille(row: dict[str, str], lines: list[dict[str, str]], exclusions: list[tuple[str, str, str]]) -> Famille:
    colonnes = tuple(_colonne(line, row["suffixe"] == "oui") for line in lines)
    exclues = tuple((pattern, reason) for family, pattern, reason in exclusions if family in ("*", row["id"]))
    told = {key: frozenset(map(_form, split_ids(row[key]))) for key in ("signature", "exige", "exclut")}
    return _record(Famille, row, colonnes=colonnes, exclues=exclues, **told)


def _form(header: str) -> str:
    """A header as it is declared without a vintage, as it is compared."""
    return normal_header(header).replace("{AA}", "{aa}")


def _colonne(row: dict[str, str], suffixe: bool) -> Colonne:
    """A row of a map; the column `courant` holds headers known from use without a vintage, several parted by `|`, where `{aa}`
    stands for the vintage's two digits."""
    headers = {int(year): header for year, header in row.items() if year.isdigit() and header}
    forms = {header_form(header, year) if suffixe else normal_header(header) for year, header in headers.items()}
    usual = {_form(header) for header in row.get("courant", "").split("|") if header}
    return Colonne(row["indicateur"], row["note"], headers, frozenset(forms | usual))


def read_catalogue_rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one of the files beside this one, by column."""
    with (ICI / name).open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines, delimiter=";", strict=True)


def _records(kind: type[T], rows: list[dict[str, str]]) -> Iterator[T]:
    return (_record(kind, row) for row in rows)


def _record(kind: type[T], row: dict[str, str], **more: object) -> T:
    """A row under the fields of its record, each read as its type says; `more` are those that no column gives."""
    return kind(
        **{n: _READ.get(shape, str)(row[n]) for n, shape in kind.__annotations__.items() if n not in more}, **more
    )


def split_ids(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"\s*,\s*", text.strip()) if part)


_READ: dict[object, Callable[[str], object]] = {
    int: int,
    float: float,
    bool: lambda text: text == "oui",
    int | None: lambda text: int(text) if text.isdigit() else None,
    float | None: lambda text: float(text) if text else None,
    tuple[str, ...]: split_ids,
    frozenset[str]: lambda text: frozenset(split_ids(text)),
}
