"""Which log is this: a known format, a declared one, or neither. Owns signatures and the search of the header row.

Refuses to look at a file's name to know its format (a declaration names its file, a format is told by its columns), and to
read a cell of data.
"""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import lru_cache
from typing import Any

from cvanalysis.actions.clean.cells import knowledge
from cvanalysis.actions.clean.declared import Journal
from cvanalysis.actions.table import DATES
from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.files.sheets import Grid
from cvanalysis.french import fold

ENTETE_MAX = 60


@dataclass(frozen=True, slots=True)
class Format:
    """A published format, as a block of `formats.toml` tells it; titles are keys (`squeeze`)."""

    nom: str
    colonnes: Mapping[str, tuple[str, ...]]
    signature: tuple[tuple[str, ...], ...]
    constantes: Mapping[str, str] = field(default_factory=dict)
    poste: Mapping[str, Any] = field(default_factory=dict)
    programme: str = ""
    annonce: tuple[str, ...] = ()
    annee_dans: Mapping[str, str] = field(default_factory=dict)
    laissees: frozenset[str] = frozenset()
    libelles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nationale: bool = False
    feuilles: Mapping[str, str] = field(default_factory=dict)
    modele: tuple[str, ...] = ()  # ours, that people fill: what is understood of other words than its own is told


@dataclass(frozen=True, slots=True)
class Located:
    """A sheet and how to read it: the header's rows (positions in the grid), each column's name, the field of each name.

    `annee`: the year that every row takes and where it was read, where no column says one.
    """

    grid: Grid
    journal: Journal
    entete: tuple[int, ...]
    noms: tuple[str, ...]
    format: Format | None = None
    absentes: tuple[str, ...] = ()
    annee: tuple[str, str] = ("", "")


def squeeze(header: str) -> str:
    """A header's key: neither accent, capital, parenthesis nor punctuation, so that `Nom_Bénéficiaire*` is `nomBeneficiaire`."""
    return re.sub(r"\([^)]*\)|[^\w%]|_", "", fold(header))


@lru_cache(maxsize=4)
def read_formats(geographie: str) -> tuple[Format, ...]:
    """The formats of `formats.toml`, as they apply to a geography of quarters."""
    made: list[Format] = []
    for item in knowledge()["formats"]:
        told = dict(item)
        if same := told.pop("colonnes_de", ""):
            told["colonnes"] = next(known.colonnes for known in made if known.nom == same)
        else:
            titles = item["colonnes"] | ({"qpv": told.pop("qpv")[geographie]} if "qpv" in item else {})
            told["colonnes"] = {champ: tuple(map(squeeze, words)) for champ, words in titles.items()}
        told["signature"] = tuple(tuple(_alternatives(group, told["colonnes"])) for group in item["signature"])
        told["modele"] = tuple(item.get("modele", ()))
        told["annonce"] = tuple(map(fold, item.get("annonce", ())))
        told["libelles"] = {champ: tuple(map(squeeze, words)) for champ, words in item.get("libelles", {}).items()}
        told["laissees"] = frozenset(map(squeeze, item.get("laissees", ())))
        made.append(Format(**told))
    return tuple(made)


def _alternatives(group: str, colonnes: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The headers that a group of a signature accepts; `@champ` stands for all those of a field."""
    for word in map(str.strip, group.split("|")):
        yield from colonnes.get(word[1:], ()) if word.startswith("@") else (squeeze(word),)


def locate(grids: Sequence[Grid], journals: Sequence[Journal], geographie: str) -> list[Located]:
    """The sheets of one file that hold a log, with how to read them.

    A declaration that names the file wins over a known format. Raises `UnrecognisedFile` where nothing applies, or where a
    declared sheet or all of its columns are not there.
    """
    fichier = grids[0].fichier
    declared = [journal for journal in journals if fnmatch(fichier, journal.fichier)]
    if whole := [journal for journal in declared if not journal.reconnu]:
        return [_locate_declared(grids, journal) for journal in whole]
    found = [_name_codes(one, grids) for grid in grids if (one := _locate_known(grid, geographie)) is not None]
    found = [one for one in found if not one.grid.cachee] or found
    beside = {name for one in found for name in one.format.feuilles}
    found = [one for one in found if fold(one.grid.feuille) not in beside] or found
    for journal in declared:
        found = [_complete(one, journal) for one in found]
    if not found:
        names = dict.fromkeys(known.nom for known in read_formats(geographie))
        what, wanted = "journal d'actions de format inconnu", f"formats lus sans rien déclarer : {', '.join(names)}"
        to_do = "déclarez-le dans contrat.toml : « cvanalysis check » propose la déclaration, prête à coller"
        raise UnrecognisedFile(Problem(fichier, 0, "", what, wanted, to_do))
    return found


def _complete(located: Located, said: Journal) -> Located:
    """A known format, but for what a declaration says of it: a field that it names is read in its column alone."""
    own = {name: champ for name, champ in located.journal.colonnes.items() if champ not in said.colonnes.values()}
    more = {name: champ for name, champ in said.colonnes.items() if name in located.noms}
    constants = {**located.journal.constantes, **said.constantes}
    journal = replace(said, nom=located.journal.nom, colonnes=own | more, constantes=constants)
    return replace(located, journal=journal, absentes=tuple(sorted(said.colonnes.keys() - more.keys())))


def _name_codes(located: Located, grids: Sequence[Grid]) -> Located:
    """A log whose format has codes that another sheet of its workbook names: read under these names."""
    made: dict[str, dict[str, str]] = {}
    for champ, titles in located.format.libelles.items():
        for grid in grids:
            keys = [squeeze(column[0].as_py()) for column in grid.table.columns]
            if set(titles) <= set(keys):
                codes, names = (grid.table.column(keys.index(title)).to_pylist() for title in titles)
                made.setdefault(champ, {}).update(zip(map(fold, codes[1:]), names[1:], strict=True))
    return replace(located, journal=replace(located.journal, valeurs=made)) if made else located


def head_rows(grid: Grid) -> list[tuple[str, ...]]:
    """The first filled rows, as found."""
    return list(zip(*(column.to_pylist() for column in grid.table.slice(0, ENTETE_MAX).columns), strict=True))


def _locate_known(grid: Grid, geographie: str) -> Located | None:
    head = head_rows(grid)
    for position, row in enumerate(head):
        exact = [squeeze(cell) for cell in row]
        undated = [re.sub(r"(?:19|20)\d\d", "", key) for key in exact]
        spoken = [key or (before and f"libellede{before}") for key, before in zip(exact, ["", *exact], strict=False)]
        alike = len(set(undated) - {""}) < len([key for key in undated if key])
        for keys in (spoken, exact, *(() if alike else (undated,))):
            present = set(keys)
            for known in read_formats(geographie):
                signed = all(present & set(group) for group in known.signature)
                if signed and _agrees(grid, head, position, keys, known):
                    return _read_as(grid, head, position, keys, known)
    return None


def _agrees(grid: Grid, head: Sequence[Sequence[str]], position: int, keys: Sequence[str], known: Format) -> bool:
    """Whether what the headers promise holds: the form of posts' numbers, the programme, the title that announces the list."""
    body = dict(zip(reversed(keys), reversed(grid.table.slice(position + 1).columns), strict=True))
    if known.poste:
        title = next(title for title in known.colonnes["reference"] if title in body)
        cells = body[title].slice(0, 200).to_pylist()
        return sum(bool(re.match(known.poste["forme"], cell)) for cell in cells) * 2 > len(cells)
    if known.programme:
        title = next(title for title in known.colonnes["programme"] if title in keys)
        return any(known.programme in cell for cell in body[title].to_pylist())
    if known.annonce:
        above = [cell for row in head[:position] for cell in row]
        said = fold(" ".join([*above, grid.feuille, grid.fichier.replace("_", " ")]))
        expected = known.laissees.union(*known.colonnes.values(), [""])
        return any(re.search(rf"\b{re.escape(word)}\b", said) for word in known.annonce) and expected.issuperset(keys)
    return True


def _read_as(grid: Grid, head: Sequence[Sequence[str]], position: int, keys: Sequence[str], known: Format) -> Located:
    """How a sheet of a known format is read: of each field, the first of its titles that is there."""
    noms = _unique([fold(cell) or key for cell, key in zip(head[position], keys, strict=True)])
    colonnes: dict[str, str] = {}
    for champ, titles in known.colonnes.items():
        if title := next((title for title in titles if title in keys), ""):
            colonnes.setdefault(noms[keys.index(title)], champ)
    constants, annee = known.constantes, ("", "")
    if not set(DATES) & set(colonnes.values()):
        annee = stated_year(grid, head, (position,))
        constants = {**constants, "annee": annee[0]} if annee[0] else constants
    journal = Journal(known.nom, "", colonnes, constantes=constants)
    return Located(grid, journal, (position,), noms, known, annee=annee)


def stated_year(grid: Grid, head: Sequence[Sequence[str]], entete: tuple[int, ...]) -> tuple[str, str]:
    """The year that a table says outside its rows, and where; blanks where it says none, or several."""
    first = min(entete)
    places = (
        ("dans le titre du tableau", " ".join(cell for row in head[:first] for cell in row)),
        ("dans le nom de la feuille", grid.feuille),
        ("dans les titres des colonnes", " ".join(cell for position in entete for cell in head[position])),
        ("dans le nom du fichier", grid.fichier.rsplit("/", 1)[-1].replace("_", " ")),
    )
    for where, text in places:
        years = set(re.findall(r"(?<!\d)(?:19[89]\d|20\d\d)(?!\d)", text))
        if len(years) == 1:
            return years.pop(), where
    return "", ""


def _locate_declared(grids: Sequence[Grid], journal: Journal) -> Located:
    fichier = grids[0].fichier
    candidates = [grid for grid in grids if not journal.feuille or fold(grid.feuille) == fold(journal.feuille)]
    if not candidates:
        found, sheets = f"pas de feuille « {journal.feuille} »", ", ".join(grid.feuille for grid in grids)
        to_do = f"corrigez « feuille » (contrat.toml, ligne {journal.ligne})"
        raise UnrecognisedFile(Problem(fichier, 0, "", found, f"feuilles trouvées : {sheets}", to_do))
    wanted = {*journal.colonnes, *(f.colonne for f in journal.financements)}
    tried = [
        (grid, entete, flatten_header(head_rows(grid), entete, wanted))
        for grid in candidates
        for entete in _headers(grid, journal)
    ]
    grid, entete, names = max(tried, key=lambda one: len(wanted & set(one[2])), default=(grids[0], (), ()))
    if not wanted & set(names):
        found, headers = "aucune des colonnes déclarées n'a été trouvée", ", ".join(sorted(wanted))
        to_do = f"vérifiez « entete » et [actions.colonnes] (contrat.toml, ligne {journal.ligne})"
        raise UnrecognisedFile(Problem(fichier, 0, "", found, f"colonnes déclarées : {headers}", to_do))
    return Located(grid, journal, entete, names, None, tuple(sorted(wanted - set(names))))


def _headers(grid: Grid, journal: Journal) -> list[tuple[int, ...]]:
    """Positions to try as header: the declared lines, or every row and every pair of adjoining rows among the first."""
    if journal.entete:
        places = {int(line): position for position, line in enumerate(grid.lignes[:5000])}
        found = tuple(places[line] for line in journal.entete if line in places)
        return [found] if found else []
    if grid.entete is not None:
        return [(grid.entete,)]
    rows = min(ENTETE_MAX, grid.table.num_rows)
    return [(i,) for i in range(rows)] + [(i, i + 1) for i in range(rows - 1)]


def repeats(said: Sequence[set[tuple[Any, ...]]]) -> dict[int, int]:
    """Rank of each sheet most of whose lines others say → rank of the one that says most of them; the fullest are kept."""
    found: dict[int, int] = {}
    known: set[tuple[Any, ...]] = set()
    for rank in sorted(range(len(said)), key=lambda rank: -len(said[rank])):
        mine = said[rank]
        if len(mine & known) > 0.5 * len(mine):
            others = (one for one in range(len(said)) if one not in (rank, *found))
            found[rank] = max(others, key=lambda one, mine=mine: len(mine & said[one]))
        known |= mine
    return found


def flatten_header(
    rows: Sequence[Sequence[str]], entete: tuple[int, ...], wanted: Container[str] = frozenset()
) -> tuple[str, ...]:
    """One folded name per column, each once; one of the `wanted` names that is said on one line of two stands alone."""
    return _unique(join_lines(rows, entete, fold, wanted))


def join_lines(
    rows: Sequence[Sequence[str]], entete: tuple[int, ...], read: Callable[[str], str], wanted: Container[str] = ()
) -> list[str]:
    """One title per column (« haut bas »): on two lines, the upper one spreads over the blank cells at its right."""
    lines = [[read(cell) for cell in rows[position]] if position < len(rows) else [] for position in entete]
    names = lines[-1]
    for upper in reversed(lines[:-1]):
        last, joined = "", []
        for top, low in zip(upper, names, strict=True):
            last = top or (last if low else "")
            whole = f"{last} {low}".strip()
            joined.append(low if last and low in wanted and whole not in wanted else whole)
        names = joined
    return names


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 or not name else f"{name} ({seen[name]})")
    return tuple(made)
