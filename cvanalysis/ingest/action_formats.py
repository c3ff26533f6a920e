"""Which log is this: a known format, a declared one, or neither. Owns signatures and the search of the header row.

Refuses to look at a file's name to know its format (a declaration names its file, a format is told by its columns), and to
read a cell of data.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import lru_cache
from typing import Any

from cvanalysis.errors import Problem, UnrecognisedFile
from cvanalysis.ingest.action_cells import knowledge
from cvanalysis.ingest.action_logs import CHAMPS, Journal, fold
from cvanalysis.ingest.reading import Grid

ENTETE_MAX = 60


@dataclass(frozen=True, slots=True)
class Format:
    """A published format: `signature` is what its header must hold, `titre` how an action without a title is named."""

    journal: Journal
    signature: tuple[tuple[str, ...], ...]
    poste: re.Pattern[str] | None = None
    titre: str = ""
    garde: int = 0
    programme: str = ""


@dataclass(frozen=True, slots=True)
class Located:
    """A sheet and how to read it: the header's rows (positions in the grid), each column's name, the field of each name."""

    grid: Grid
    journal: Journal
    entete: tuple[int, ...]
    noms: tuple[str, ...]
    format: Format | None = None
    absentes: tuple[str, ...] = ()


def squeeze(header: str) -> str:
    """A header's key: no accent, capital, space, dash, dot nor underscore, so that `Nom_Bénéficiaire` is `nomBeneficiaire`."""
    return re.sub(r"[\s_.°'-]+", "", fold(header))


@lru_cache(maxsize=4)
def read_formats(geographie: str) -> tuple[Format, ...]:
    """The formats of `formats_actions.toml`, as they apply to a geography of quarters."""
    made = []
    for item in knowledge()["formats"]:
        colonnes = {squeeze(header): name for header, name in item["colonnes"].items()}
        for header in item.get("qpv", {}).get(geographie, "").split("|"):
            if header:
                colonnes.setdefault(squeeze(header), "qpv")
        poste = item.get("poste", {})
        made.append(
            Format(
                Journal(item["nom"], "", colonnes, constantes=item.get("constantes", {}), declare=False),
                tuple(tuple(squeeze(word) for word in group.split("|")) for group in item["signature"]),
                re.compile(poste["forme"]) if poste else None,
                poste.get("titre", ""),
                poste.get("garde", 0),
                item.get("programme", ""),
            )
        )
    return tuple(made)


def locate(grids: Sequence[Grid], journals: Sequence[Journal], geographie: str) -> list[Located]:
    """The sheets of one file that hold a log, with how to read them.

    A declaration that names the file wins over a known format. Raises `UnrecognisedFile` where nothing applies, or where a
    declared sheet or all of its columns are not there.
    """
    fichier = grids[0].fichier
    declared = [journal for journal in journals if fnmatch(fichier, journal.fichier)]
    found = [one for journal in declared for one in _locate_declared(grids, journal)]
    if declared:
        return found
    found = [one for grid in grids if (one := _locate_known(grid, geographie)) is not None]
    if not found:
        raise UnrecognisedFile(
            Problem(
                fichier,
                0,
                "",
                "journal d'actions de format inconnu",
                "formats lus sans rien déclarer : "
                + ", ".join(dict.fromkeys(f.journal.nom for f in read_formats(geographie))),
                "déclarez-le dans contrat.toml : « cvanalysis check » propose la déclaration, prête à coller",
            )
        )
    return found


def head_rows(grid: Grid) -> list[tuple[str, ...]]:
    """The first filled rows, as found."""
    return list(zip(*(column.to_pylist() for column in grid.table.slice(0, ENTETE_MAX).columns), strict=True))


def _locate_known(grid: Grid, geographie: str) -> Located | None:
    for position, row in enumerate(head_rows(grid)):
        keys = [squeeze(cell) for cell in row]
        present = set(keys)
        for known in read_formats(geographie):
            if not all(present & set(group) for group in known.signature):
                continue
            if known.poste is not None and not _has_form(grid, keys.index("idposte"), position + 1, known.poste):
                continue
            return Located(grid, known.journal, (position,), _unique([squeeze(cell) for cell in row]), known)
    return None


def _has_form(grid: Grid, column: int, first: int, form: re.Pattern[str]) -> bool:
    cells = grid.table.column(column).slice(first, 200).to_pylist()
    return sum(bool(form.match(cell)) for cell in cells) * 2 > len(cells)


def _locate_declared(grids: Sequence[Grid], journal: Journal) -> list[Located]:
    fichier = grids[0].fichier
    candidates = [grid for grid in grids if not journal.feuille or fold(grid.feuille) == fold(journal.feuille)]
    if not candidates:
        raise UnrecognisedFile(
            Problem(
                fichier,
                0,
                "",
                f"pas de feuille « {journal.feuille} »",
                "feuilles trouvées : " + ", ".join(grid.feuille for grid in grids),
                f"corrigez « feuille » (contrat.toml, ligne {journal.ligne})",
            )
        )
    wanted = {*journal.colonnes, *(f.colonne for f in journal.financements)}
    best: tuple[int, Grid, tuple[int, ...], tuple[str, ...]] | None = None
    for grid in candidates:
        for entete in _headers(grid, journal):
            names = flatten_header(head_rows(grid), entete, wanted)
            hits = len(wanted & set(names))
            if best is None or hits > best[0]:
                best = (hits, grid, entete, names)
    if best is None or not best[0]:
        raise UnrecognisedFile(
            Problem(
                fichier,
                0,
                "",
                "aucune des colonnes déclarées n'a été trouvée",
                "colonnes déclarées : " + ", ".join(sorted(wanted)),
                f"vérifiez « entete » et [actions.colonnes] (contrat.toml, ligne {journal.ligne})",
            )
        )
    _, grid, entete, names = best
    missing = tuple(sorted(wanted - set(names)))
    return [Located(grid, replace(journal), entete, names, None, missing)]


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


def flatten_header(
    rows: Sequence[Sequence[str]], entete: tuple[int, ...], wanted: set[str] | frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """One folded name per column. On two lines, the upper title spreads over the blank cells at its right.

    A name is « haut bas »; where only the lower (or the upper) title is among the `wanted` names, it stands alone.
    """
    lines = [[fold(cell) for cell in rows[position]] if position < len(rows) else [] for position in entete]
    names = list(lines[-1])
    for upper in reversed(lines[:-1]):
        spread, last = [], ""
        for top, low in zip(upper, names, strict=True):
            last = top or (last if low else "")
            spread.append(last)
        names = [_join(top, low, wanted) for top, low in zip(spread, names, strict=True)]
    return _unique(names)


def _join(top: str, low: str, wanted: set[str] | frozenset[str]) -> str:
    whole = f"{top} {low}".strip()
    if whole in wanted or not (top and low):
        return whole
    return low if low in wanted else whole


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 or not name else f"{name} ({seen[name]})")
    return tuple(made)


def field_of(journal: Journal, name: str) -> str:
    """The field that a column is, or '' where it is left aside."""
    return journal.colonnes.get(name, "")


def describe_fields() -> dict[str, Any]:
    """The fields and what they mean, for messages."""
    return dict(CHAMPS)
