"""Files in which voices arrive → tables with our field names. Owns how their columns are told; refuses to judge a value.

Known without a word of configuration: the template of `cvanalysis modele paroles` and spreadsheets that use its headers or a common
synonym; the exports of the tools of `outils.toml` (whose questions are everyone's own: those that are not recognised are named in
`colonnes.csv`); coded interviews (`interviews`). Technical columns that identify people are never read, whatever they are called.

A question with several answers comes as one column per answer, each tool in its way: `question [réponse]` (LimeSurvey),
`groupe/question/reponse` (Kobo), the question above and the answer below (Framaforms). They are read as one cell of chosen answers.
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.headers import ENTETE_MAX
from cvanalysis.files.sheets import Grid, RawTable, find_table, read_bytes, read_grid, refusing_too_large
from cvanalysis.files.workbooks import cells_from_objects, parse_json
from cvanalysis.french import fold
from cvanalysis.paroles.clean.interviews import read_interview
from cvanalysis.paroles.table import (
    AUCUN,
    BORDS,
    JAMAIS,
    NON,
    NON_COCHE,
    NOTHING_DECLARED,
    OUI,
    PROTECTEURS,
    SYNONYMES,
    Declared,
    VoiceTable,
    bare,
    fill,
)


@dataclass(frozen=True, slots=True)
class Outil:
    """A block of `outils.toml`, which tells its parts."""

    nom: str
    signature: Sequence[str] = ()
    au_moins: int = 0
    techniques: Sequence[str] = ()
    date: Sequence[str] = ()
    numero: Sequence[str] = ()
    titre: Sequence[str] = ()
    colonnes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    retire: Sequence[str] = ()
    html: bool = False
    valeurs: Mapping[str, str] = field(default_factory=dict)
    une_voix: bool = False
    sans_date: str = ""
    parent: Sequence[Sequence[str]] = ()
    question_au_dessus: bool = False
    themes_et_lieux: bool = False

    def wrote(self, names: set[str]) -> bool:
        hits = [
            any(fnmatchcase(name, one) for one in line.split("|") for name in names)
            if "*" in line
            else not names.isdisjoint(line.split("|"))
            for line in self.signature
        ]
        return sum(hits) >= (self.au_moins or len(hits))


_BLOCS = tomllib.loads(files("cvanalysis.paroles.clean").joinpath("outils.toml").read_text("utf-8"))["outils"]
TABLEUR = Outil("tableur")
OUTILS = {outil.nom: outil for outil in (*(Outil(**bloc) for bloc in _BLOCS), TABLEUR)}


def read_voice_file(path: Path, fichier: str, declared: Declared = NOTHING_DECLARED) -> list[VoiceTable]:
    """Every table of voices in a file. Raises `ReadError` where it can't be read or where nothing tells the text of a voice."""
    if path.suffix.lower() == ".qdpx":
        return [read_interview(path, fichier, declared)]
    if path.suffix.lower() in TEXTES:
        raise ReadError(Problem(fichier, 0, "", "c'est un texte, et non un tableau de paroles", "", CONSEIL))
    known = frozenset(SYNONYMES).union(declared.colonnes, *(outil.techniques for outil in OUTILS.values()))
    grids = [_read_json(path, fichier)] if path.suffix.lower() == ".json" else read_grid(path, fichier)
    raws = _with_parents([(find_table(grid, known), grid) for grid in grids])
    there = {name for raw, _ in raws for header in raw.colonnes for name in _names(header)}
    if lost := [header for header in declared.colonnes if bare(header) not in there]:
        what = f"colonne déclarée dans paroles/colonnes.csv et absente du fichier\u00a0: «\u00a0{lost[0]}\u00a0»"
        raise ReadError(Problem(fichier, 0, "", what, "", "Corrigez cet en-tête dans paroles/colonnes.csv"))
    tables = [_rename(raw, grid, declared) for raw, grid in raws]
    if found := [table for table in tables if "texte" in table.cells.columns]:
        return found
    headers = ", ".join(f"«\u00a0{h}\u00a0»" for raw, _ in raws for h in list(raw.colonnes)[:8])
    # Not in `trouve`, which pages show: without a header the first voice would be taken for one.
    expected = f"Une colonne «\u00a0texte\u00a0» était attendue, on a trouvé\u00a0: {headers}"
    todo = f"Ajoutez à paroles/colonnes.csv la ligne\u00a0: {Path(fichier).name};EN-TÊTE DE LA COLONNE;texte;"
    raise ReadError(Problem(fichier, 0, "", "aucune colonne ne porte le texte d'une parole", expected, todo))


def _with_parents(raws: list[tuple[RawTable, Grid]]) -> list[tuple[RawTable, Grid]]:
    """Tables of repeated rows with, besides, the columns of their answer: who said it, where, with what leave."""
    made, answered = [], {}
    for raw, grid in raws:
        names = {n: h for h in raw.colonnes for n in _names(h)}
        links = [(names[mine], theirs) for mine, theirs in recognise(raw.colonnes).parent if mine in names]
        for other, _ in raws if links else ():
            there = {n: h for h in other.colonnes for n in _names(h)}
            mine, theirs = next(((mine, there[key]) for mine, key in links if key in there), ("", ""))
            if other is raw or not mine:
                continue
            answers = other.cells[other.cells[theirs] != ""].drop_duplicates(theirs).set_index(theirs, drop=False)
            more = (
                answers.reindex(raw.cells[mine])
                .fillna("")
                .drop(columns=[h for h in other.colonnes if h in raw.colonnes])
            )
            joined = pd.concat([raw.cells, more.reset_index(drop=True)], axis=1)
            said = next((h for n in ("_uuid", "_id") if (h := there.get(n)) in joined), mine)
            raw = _said_by(replace(raw, table=pa.Table.from_pandas(joined, preserve_index=False)), said)
            answered[id(other)] = theirs if said == mine else said
            break
        made.append((raw, grid))
    return [(_said_by(raw, answered[id(raw)]) if id(raw) in answered else raw, grid) for raw, grid in made]


def _said_by(raw: RawTable, number: str) -> RawTable:
    """The table with the number of the answer as its speaker, where it says none: all the rows of one answer are one person."""
    header = next((h for h in raw.colonnes if _field(h, (SYNONYMES,)) == "locuteur"), "locuteur")
    cells = raw.cells.copy()
    said = cells.get(header, pd.Series("", index=cells.index))
    cells[header] = said.mask(said.str.strip() == "", cells[number])
    return replace(raw, table=pa.Table.from_pandas(cells, preserve_index=False))


def recognise(headers: Iterable[str]) -> Outil:
    """Which tool wrote these headers."""
    names = {name for header in headers for name in _names(header)}
    return next((outil for outil in OUTILS.values() if outil.wrote(names)), TABLEUR)


_A_CHOIX = frozenset(["themes", "codes", "qpv", "college", "qualite", "tonalite", "nature"])
"""Fields that a list of answers to tick can fill; a consent is a question of its own."""


def _rename(raw: RawTable, grid: Grid, declared: Declared) -> VoiceTable:
    """The raw table with our field names; several columns of one field are joined, unread ones are said once."""
    outil = recognise(raw.colonnes)
    above = _questions_above(raw, grid) if outil.question_au_dessus else {}
    own = {bare(k): v for k, v in declared.colonnes.items()}
    official = {title: champ for champ, titles in outil.colonnes.items() for title in titles}
    known = (own, official, SYNONYMES)
    passed, used = JAMAIS.union(outil.techniques), {*outil.date, *outil.numero}
    columns: dict[str, list[str]] = {}
    ticked: dict[str, list[tuple[str, str]]] = {}
    unread = []
    for header in raw.colonnes:
        names = _names(header)
        if own.keys().isdisjoint(names) and not passed.isdisjoint(names):
            continue
        if choice := _choice(header, raw, above, known):
            ticked.setdefault(choice[0], []).append((header, choice[1]))
        elif (champ := _field(header, known)) is None:
            unread += [header] if used.isdisjoint(names) else []
        elif champ != AUCUN:
            columns.setdefault(champ, []).append(header)
    _technical_columns(raw, outil, columns, set(own.values()))
    cells = pd.DataFrame(
        {
            champ: _join([raw.cells[h] for h in headers], ". " if champ == "texte" else "|")
            for champ, headers in columns.items()
        },
        index=range(len(raw.lignes)),
    )
    for champ, options in ticked.items():
        chosen = _chosen(raw, options)
        # Where a tool writes both, the columns of answers say what its summary says, and better.
        cells[champ] = chosen.mask(chosen == "", cells[champ]) if champ in cells else chosen
    cells, lines = _as_the_tool_means(cells, outil, np.asarray(raw.lignes))
    closing = [header for header in unread if PROTECTEURS.search(fold(header))]
    fill(cells, {**outil.valeurs, **declared.valeurs}, closing)
    filled = cells["texte"].str.strip().ne("") if "texte" in cells else pd.Series(True, index=cells.index)
    said = tuple(_unread(raw, header, header in closing) for header in unread)
    kept = filled.to_numpy()
    return VoiceTable(raw.fichier, outil.nom, cells[filled].reset_index(drop=True), lines[kept], said)


def _unread(raw: RawTable, header: str, closing: bool) -> Problem:
    what = "colonne qui peut protéger quelqu'un, et non comprise" if closing else "colonne non lue"
    until = "ces paroles restent à l'équipe tant qu'elle n'est pas déclarée\u00a0; " if closing else ""
    todo = f"si elle compte, déclarez-la dans paroles/colonnes.csv\u00a0: {Path(raw.fichier).name};{header};CHAMP;"
    return Problem(raw.fichier, raw.ligne_entete, header, what, "", until + todo)


def _technical_columns(raw: RawTable, outil: Outil, columns: dict[str, list[str]], declared: set[str]) -> None:
    """What a tool says besides the answers: its number of the answer, when it arrived (and was said, where no question asks it)."""
    first = {n: h for h in reversed(raw.colonnes) for n in _names(h)}
    arrived, number = (next((first[n] for n in names if n in first), None) for names in (outil.date, outil.numero))
    if arrived is not None:
        columns.setdefault("recu", [arrived])
        asked = [h for h in columns.get("date", ()) if not any(n in outil.date for n in _names(h))]
        columns["date"] = asked or [arrived]
    if number is not None and "parole" not in declared:
        columns["parole"] = [number]
    title = next((h for h in raw.colonnes if _names(h)[0] in outil.titre), None)
    if title is not None and "texte" in columns:
        columns["texte"] = [title, *columns["texte"]]


TEXTES = (".txt", ".odt", ".docx", ".doc", ".rtf", ".pdf")
CONSEIL = (
    "Copiez chaque parole sur une ligne du modèle («\u00a0cvanalysis modele paroles\u00a0»), avec sa date et ses accords\u00a0; "
    "un entretien codé s'exporte de votre logiciel en REFI-QDA (.qdpx)"
)
"""What helps whoever drops a text where a table of voices is read."""

_CODE_QUESTION = re.compile(r"[a-z]\w{0,30}(?:\[\w+\])?\. (?=.)")
_ENTRE_CROCHETS = re.compile(r"(.*?\S)\s*\[([^\[\]]+)\]")


def _names(header: str) -> tuple[str, ...]:
    """A header as compared, without accents, capitals nor marks: whole, then without Kobo's group (`groupe/question`), without
    LimeSurvey's code of the question (`G01Q02. Question`), its underscores or the question before `[une sous-question]`."""
    name = bare(header)
    names = [name]
    parted = _grouped(name)
    last = parted.rsplit("/", 1)[-1].strip()
    if "/" in parted and last not in ("id", "name", "fr", "url", "title", "body", "total_count"):
        names.append(last)
    if found := _CODE_QUESTION.match(name):
        names.append(name[found.end() :].strip(BORDS))
    if found := _ENTRE_CROCHETS.fullmatch(names[-1]):
        names.append(found[2])
    names += [n.replace("_", " ").strip(" *:") for n in names if "_" in n and not n.startswith("_")]
    return tuple(dict.fromkeys(names))


def _grouped(name: str) -> str:
    """A header whose groups are parted by points, as Kobo also writes them, with the `/` that it writes else."""
    return name.replace(".", "/") if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+", name) else name


def _choice(
    header: str, raw: RawTable, above: Mapping[str, str], known: Sequence[Mapping[str, str]]
) -> tuple[str, str] | None:
    """(field, answer) of a column that is one of the answers to a question of ours, to tick; None where it is not."""
    name = _grouped(header.strip())
    if found := _ENTRE_CROCHETS.fullmatch(name):
        question, answer = found[1], found[2]
    elif header in above:
        question, answer = above[header], name
    elif "/" in name:
        question, answer = name.rsplit("/", 1)
        if question not in map(_grouped, raw.colonnes) and _field(question, known) not in ("themes", "codes"):
            return None
    else:
        return None
    champ = _field(question, known)
    if champ not in _A_CHOIX:
        return None
    words = {fold(str(cell)) for cell in raw.cells[header].unique()}
    return (champ, answer) if words <= OUI | NON | NON_COCHE else None


def _field(header: str, known: Sequence[Mapping[str, str]]) -> str | None:
    names = _names(header)
    return next((field_of[n] for field_of in known for n in names if n in field_of), None)


def _chosen(raw: RawTable, options: list[tuple[str, str]]) -> pd.Series:
    picked = [[answer if fold(str(cell)) in OUI else "" for cell in raw.cells[header]] for header, answer in options]
    return pd.Series(["|".join(filter(None, row)) for row in zip(*picked, strict=True)], dtype=object)


def _questions_above(raw: RawTable, grid: Grid) -> dict[str, str]:
    """Header → the question that stands above it, where Framaforms writes a question over the answers to tick.

    A question stands over the first of its answers; the cells after it, over the others, are blank.
    """
    head = list(zip(*(column.to_pylist() for column in grid.table.slice(0, ENTETE_MAX).columns), strict=True))
    lines = [int(n) for n in grid.lignes[: len(head)]]
    if raw.ligne_entete not in lines or not (row := lines.index(raw.ligne_entete)):
        return {}
    found, question = {}, ""
    for over, below in zip(head[row - 1], head[row], strict=True):
        question = over.strip() or question
        if question and below.strip():
            found[below.strip()] = question
    return found


_BALISE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]{0,500}>")


def _as_the_tool_means(cells: pd.DataFrame, outil: Outil, lines: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts without their marks; what its author took back on the platform is a voice withdrawn here; tags of one quotation together."""
    for champ in {"date", "recu"} & set(cells.columns) if outil.sans_date else ():
        cells[champ] = cells[champ].mask(cells[champ].str.startswith(outil.sans_date), "")
    for champ in {"texte", "reponse"} & set(cells.columns) if outil.html else ():
        cells[champ] = [_without_tags(t) for t in cells[champ]]
    if outil.retire and "reponse_statut" in cells:
        gone = cells["reponse_statut"].map(fold).isin(outil.retire)
        cells["retrait"] = pd.Series(np.where(gone, "oui", cells.get("retrait", "")), index=cells.index, dtype=object)
    if not outil.une_voix or not {"codes", "texte"} <= set(cells.columns):
        return cells, lines
    same = cells.groupby([c for c in cells.columns if c != "codes"], sort=False, dropna=False)
    cells["codes"] = same["codes"].transform(lambda some: "|".join(dict.fromkeys(filter(None, some))))
    first = ~cells.duplicated().to_numpy()
    return cells[first].reset_index(drop=True), lines[first]


def _without_tags(text: str) -> str:
    """The text of an HTML fragment, as the platform's editor writes them: blocks become spaces."""
    return " ".join(html.unescape(_BALISE.sub(" ", text)).split())


def _join(columns: list[pd.Series], joiner: str) -> pd.Series:
    if len(columns) == 1:
        return columns[0].astype(str).str.strip().reset_index(drop=True)
    rows = zip(*(c.astype(str) for c in columns), strict=True)
    return pd.Series([joiner.join(dict.fromkeys(v.strip() for v in row if v.strip())) for row in rows], dtype=object)


def _read_json(path: Path, fichier: str) -> Grid:
    """A JSON export as a sheet: the list of answers, alone (Decidim) or wrapped (`results` of Kobo, `responses` of LimeSurvey), nested
    names joined by `/` as the CSV exports write them."""
    found, data = None, read_bytes(path, fichier)
    with refusing_too_large(fichier), suppress(ValueError):
        found = parse_json(data)
    if isinstance(found, dict):
        found = next((v for v in found.values() if isinstance(v, list)), None)
    rows = [_flat(_unwrap(one)) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    if not rows:
        what, expected = (
            "le fichier JSON ne contient pas de liste de réponses",
            "Une liste de la forme [{…}, {…}] était attendue",
        )
        raise ReadError(Problem(fichier, 0, "", what, expected, "Exportez les réponses en CSV"))
    with refusing_too_large(fichier):
        cells = cells_from_objects(rows)
    return Grid(fichier, "", cells.table, cells.lignes, entete=0)


def _unwrap(one: dict) -> dict:
    """LimeSurvey wraps each answer under its number."""
    only = next(iter(one.values())) if len(one) == 1 else None
    return only if isinstance(only, dict) else one


def _flat(one: dict, before: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in one.items():
        name = f"{before}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}/")
        elif isinstance(value, list):
            flat[name] = ", ".join(str(v) for v in value if isinstance(v, str))
        else:
            flat[name] = "" if value is None else str(value)
    return flat
