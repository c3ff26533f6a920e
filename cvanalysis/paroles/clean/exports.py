"""Files in which voices arrive → tables with our field names. Owns how their columns are told; refuses to judge a value.

Known without a word of configuration: the template of `cvanalysis modele paroles` and spreadsheets that use its headers or a common
synonym; the exports of the tools of `outils.toml` (whose questions are everyone's own: those that are not recognised are named in
`colonnes.csv`); coded interviews (`interviews`). Technical columns that identify people are never read, whatever they are called.

A question with several answers comes as one column per answer, each tool in its way: `question [réponse]` (LimeSurvey),
`groupe/question/reponse` (Kobo), the question above and the answer below (Framaforms). They are read as one cell of chosen answers.
"""

import html
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cvanalysis.errors import Problem, ReadError
from cvanalysis.files.guard import reading
from cvanalysis.files.sheets import ENTETE_MAX, Grid, RawTable, find_table, read_bytes, read_grid
from cvanalysis.files.workbooks import cells_from_objects, parse_json
from cvanalysis.french import fold
from cvanalysis.paroles.clean import outils
from cvanalysis.paroles.clean.interviews import read_interview
from cvanalysis.paroles.clean.outils import Sheet
from cvanalysis.paroles.clean.repeats import SEULE, join_repeats
from cvanalysis.paroles.table import (
    A_TOTAL,
    ACCORDANTS,
    AUCUN,
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
from cvanalysis.personnes.masking import mask_words
from cvanalysis.textes import block


def read_voice_files(
    files: Iterable[tuple[Path, str]], declared: Mapping[str, Declared]
) -> tuple[list[VoiceTable], list[Problem]]:
    """Every table of voices of some files, each with its name (`declared`: under that of the file), and what could not be read."""
    sheets: list[Sheet] = []
    read: dict[str, list[VoiceTable]] = {}
    problems: list[Problem] = []
    for path, fichier in files:
        said = declared.get(Path(fichier).relative_to("paroles").as_posix(), NOTHING_DECLARED)
        try:
            with reading(fichier):
                if path.suffix.lower() == ".qdpx":
                    read[fichier] = [read_interview(path, fichier, said)]
                else:
                    sheets += _open(path, fichier, said)
        except ReadError as error:
            problems.append(error.problem)
    for fichier, some in groupby(join_repeats(sheets), lambda sheet: sheet.raw.fichier):
        try:
            with reading(fichier):
                read[fichier] = _tables(fichier, list(some))
        except ReadError as error:
            problems.append(error.problem)
    return [table for _, tables in sorted(read.items()) for table in tables], problems


def _open(path: Path, fichier: str, declared: Declared) -> list[Sheet]:
    if path.suffix.lower() in (said := block("paroles.un_texte"))["suffixes"]:
        raise ReadError(Problem(fichier, 0, "", said["quoi"], "", said["a_faire"]))
    known = outils.technical_titles().union(SYNONYMES, declared.colonnes)
    grids = [_read_json(path, fichier)] if path.suffix.lower() == ".json" else read_grid(path, fichier)
    found = [(_under_questions(find_table(grid, known)), grid) for grid in grids]
    sheets = [Sheet(raw, raw.cells, grid, declared, fichier) for raw, grid in found]
    there = {name for sheet in sheets for name in sheet.first}
    if lost := [header for header in declared.colonnes if bare(header) not in there]:
        what = f"colonne déclarée dans paroles/colonnes.csv et absente du fichier\u00a0: «\u00a0{lost[0]}\u00a0»"
        raise ReadError(Problem(fichier, 0, "", what, "", "Corrigez cet en-tête dans paroles/colonnes.csv"))
    return sheets


def _under_questions(raw: RawTable) -> RawTable:
    """A table whose tool writes a second line of titles (the answers to a question, which spreads over the blank titles at its right):
    `question [answer]`, and « oui » where an answer that is ticked says itself again."""
    second = {
        name: column[0].as_py().strip()
        for name, column in zip(raw.colonnes, raw.table.columns, strict=True)
        if len(column)
    }
    plain = outils.recognise(raw.colonnes).sous_titres
    says_nothing = {
        name: not cell or any(fnmatchcase(fold(cell), one) for one in plain) for name, cell in second.items()
    }
    if not any(said and second[name] for name, said in says_nothing.items()):
        return raw
    titles, columns, question = [], [], ""
    for name, column in zip(raw.colonnes, raw.table.slice(1).columns, strict=True):
        question = question if name.startswith("(sans titre") else name
        whole = f"{question} [{second[name]}]"
        titles.append(name if says_nothing[name] or whole in titles else whole)
        ticked = pc.equal(pc.utf8_trim_whitespace(column), second[name])
        columns.append(column if says_nothing[name] else pc.if_else(ticked, "oui", column))
    return replace(raw, table=pa.Table.from_arrays(columns, titles), lignes=raw.lignes[1:])


def _tables(fichier: str, sheets: list[Sheet]) -> list[VoiceTable]:
    """The tables of one file that hold voices, or serve those that do. Raises `ReadError` where nothing tells the text of a voice."""
    named = [(sheet, _rename(sheet)) for sheet in sheets]
    spoken = [table for _, table in named if "texte" in table.cells]
    # What only serves others has no words of its own; rows that repeat under it have some.
    mute = any(sheet.venues and not sheet.sert for sheet in sheets)
    if found := spoken or [table for sheet, table in named if sheet.sert and not mute]:
        return found
    some = [one for sheet, table in named for one in _wordy(sheet, table).items()]
    wordy = [header for header, words in some if words >= 3] or [header for header, words in some if words > 1]
    said = block("paroles.sans_texte")
    coded = all(re.fullmatch(r"\S*[\d_]\S*", header) for header in wordy)
    # In `attendu`, which no page shows: without a header the first voice would be taken for one.
    which = said["aucune" if not wordy else "codes" if coded else "laquelle"]
    expected = "\n".join([which, *(outils.to_paste(fichier, one, "texte") for one in wordy)])
    raise ReadError(Problem(fichier, 0, "", said["quoi"], expected, said["a_faire" if wordy else "rien"]))


def _wordy(sheet: Sheet, table: VoiceTable) -> dict[str, float]:
    """The unread columns, but those that may protect someone or give leave, and how many words their cells hold."""
    unread = [one.colonne for one in table.anomalies if one.colonne]
    free = [h for h in unread if not (PROTECTEURS.search(fold(h)) or ACCORDANTS.search(fold(h)))]
    cells = {one: sheet.cells[sheet.first[bare(one)]] for one in free if bare(one) in sheet.first}
    return {one: some[some != ""].str.count(r"[^\W\d_]{2,}").mean() for one, some in cells.items()}


_A_CHOIX = frozenset(["themes", "codes", "qpv", "college", "qualite", "tonalite", "nature"])
"""Fields that a list of answers to tick can fill; a consent is a question of its own."""


def _rename(sheet: Sheet) -> VoiceTable:
    """The raw table with our field names; several columns of one field are joined, unread ones are said once."""
    raw, outil, own = sheet.raw, sheet.outil, sheet.known[0]
    above = _questions_above(sheet) if outil.question_au_dessus else {}
    passed, used = JAMAIS.union(outil.techniques), {*outil.date, *outil.numero, *outil.titre}
    columns: dict[str, list[str]] = {}
    ticked: dict[str, dict[str, str]] = {}
    unread = []
    for header in sheet.cells:
        names = outils.header_names(header)
        if own.keys().isdisjoint(names) and not passed.isdisjoint(names):
            continue
        if choice := _choice(header, sheet, above):
            ticked.setdefault(choice[0], {})[header] = choice[1]
        elif (champ := sheet.field_of(header)) is None:
            unread += [header] if used.isdisjoint(names) else []
        elif champ != AUCUN:
            for one in champ.split("|"):
                columns.setdefault(one, []).append(header)
    _technical_columns(sheet, columns)
    for champ in ("parole", "constat"):
        if outil is outils.TABLEUR and "texte" not in columns and champ in columns:
            said = sheet.cells[columns[champ]].agg(" ".join, axis=1).str.split().str.len()
            columns |= {"texte": columns.pop(champ)} if said.mean() >= 3 else {}
    cells = pd.DataFrame(
        {champ: _join(sheet.cells[headers], champ, outil) for champ, headers in columns.items()},
        index=sheet.cells.index,
    )
    for champ, options in ticked.items():
        yes = {header: sheet.cells[header].map(fold).isin(OUI) for header in options}
        picked = [yes[header].map({True: answer, False: ""}) for header, answer in options.items()]
        chosen = pd.Series(["|".join(filter(None, row)) for row in zip(*picked, strict=True)], cells.index, object)
        # Where a tool writes both, the columns of answers say what its summary says, and better.
        cells[champ] = chosen.mask(chosen == "", cells[champ]) if champ in cells else chosen
    cells, lines = _as_the_tool_means(cells, sheet, np.asarray(raw.lignes))
    closing = [header for header in unread if PROTECTEURS.search(fold(header))]
    fill(cells, {**outil.valeurs, **sheet.declared.valeurs}, closing)
    if outil.parent and "parole" in cells:  # all the rows of one answer are one person
        fill(cells, {"locuteur": cells["parole"]}, ())
    told_there = sheet.venues if sheet.origine != raw.fichier else frozenset()
    said = [_unread(raw, header, header in closing) for header in unread if header not in told_there]
    if sheet.seules:
        todo = "Déposez aussi la table des réponses, ou ôtez ces lignes si leur réponse a été retirée"
        said.append(Problem(raw.fichier, 0, "", f"{SEULE}\u00a0: {sheet.seules}", "", todo))
    texts = cells["texte"].str.strip() if "texte" in cells else pd.Series("", index=cells.index)
    totals, told = _totals(sheet, texts) if len(texts) == len(sheet.cells) else {}, block("paroles.total")
    said += [
        Problem(raw.fichier, int(lines[at]), "", told["quoi"] % label, "", told["fait"]) for at, label in totals.items()
    ]
    spoken = (texts != "") & ~texts.index.isin(list(totals))
    voices = cells[spoken].reset_index(drop=True)
    titles = {champ: headers[0] for champ, headers in columns.items()}
    return VoiceTable(raw.fichier, outil.nom, voices, lines[spoken.to_numpy()], tuple(said), sheet.origine, titles)


def _totals(sheet: Sheet, texts: pd.Series) -> dict[int, str]:
    """Rows that count the others, and the cell that says so: besides it, numbers alone. In the place of a voice it has to say nothing more
    than a total, under all the voices."""
    cells, found = sheet.cells, {}
    last = next(
        (at for at in reversed(texts.index) if texts[at] and not A_TOTAL["rien"].fullmatch(fold(texts[at]))), -1
    )
    begins = np.any([cells[name].str.match(A_TOTAL["debut"].pattern) for name in cells], axis=0)
    for at in np.flatnonzero(begins).tolist():
        labels = [cell.strip() for cell in cells.iloc[at] if not A_TOTAL["nombre"].fullmatch(fold(cell))]
        if len(labels) == 1 and (labels[0] != texts[at] or (at > last and A_TOTAL["rien"].fullmatch(fold(labels[0])))):
            found[at] = mask_words(labels[0])[:60]
    return found


def _unread(raw: RawTable, header: str, closing: bool) -> Problem:
    what = "colonne qui peut protéger quelqu'un, et non comprise" if closing else "colonne non lue"
    until = "ces paroles restent à l'équipe tant qu'elle n'est pas déclarée\u00a0; " if closing else ""
    line = outils.to_paste(raw.fichier, header, "CHAMP")
    todo = f"si elle compte, déclarez-la dans paroles/colonnes.csv\u00a0: {line}"
    return Problem(raw.fichier, raw.ligne_entete, outils.question_of(header), what, "", until + todo)


def _technical_columns(sheet: Sheet, columns: dict[str, list[str]]) -> None:
    """What a tool says besides the answers: its number of the answer, when it arrived (and was said, where no question asks it)."""
    outil, first = sheet.outil, sheet.first
    arrived = list(dict.fromkeys(first[name] for name in outil.date if name in first))
    number = next((first[name] for name in outil.numero if name in first), None)
    if arrived:
        columns.setdefault("recu", arrived)
        asked = [h for h in columns.get("date", ()) if not any(n in outil.date for n in outils.header_names(h))]
        columns["date"] = asked or arrived
    if number is not None and "parole" not in sheet.known[0].values():
        columns["parole"] = [number]
    title = next((h for h in sheet.cells if outils.header_names(h)[0] in outil.titre), None)
    if title is not None and "texte" in columns:
        columns["texte"] = [title, *columns["texte"]]


def _choice(header: str, sheet: Sheet, above: Mapping[str, str]) -> tuple[str, str] | None:
    """(field, answer) of a column that is one of the answers to a question of ours, to tick; None where it is not."""
    name = outils.grouped(header.strip())
    if found := outils.ENTRE_CROCHETS.fullmatch(name):
        question, answer = found[1], found[2]
    elif header in above:
        question, answer = above[header], name
    elif "/" in name:
        question, answer = name.rsplit("/", 1)
        asked = question in map(outils.grouped, sheet.cells)
        if not asked and sheet.field_of(question) not in ("themes", "codes"):
            return None
    else:
        return None
    champ = sheet.field_of(question)
    if champ not in _A_CHOIX:
        return None
    return (champ, answer) if {*map(fold, sheet.cells[header].unique())} <= OUI | NON | NON_COCHE else None


def _questions_above(sheet: Sheet) -> dict[str, str]:
    """Header → the question that stands above it, where Framaforms writes a question over the answers to tick.

    A question stands over the first of its answers; the cells after it, over the others, are blank.
    """
    head = sheet.grille.cells.iloc[:ENTETE_MAX]
    lines = sheet.grille.lignes[: len(head)].tolist()
    if sheet.raw.ligne_entete not in lines or not (row := lines.index(sheet.raw.ligne_entete)):
        return {}
    found, question = {}, ""
    for over, below in zip(head.iloc[row - 1], head.iloc[row], strict=True):
        question = over.strip() or question
        if question and below.strip():
            found[below.strip()] = question
    return found


_DANS_LE_TEXTE = re.compile(
    r"</?(?:a|abbr|b|del|em|font|i|ins|mark|s|small|span|strong|sub|sup|u)\b[^<>]{0,500}>", re.IGNORECASE
)
_MOIS_JOUR = re.compile(r"^(\d{1,2})/(\d{1,2})/(?=\d)")
_BALISE = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]{0,500}>")


def _as_the_tool_means(cells: pd.DataFrame, sheet: Sheet, lines: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Texts without marks; what its author took back on the platform, or never sent, is withdrawn here; tags of one quotation together."""
    outil, first = sheet.outil, sheet.first
    for champ in {"texte", "reponse"} & set(cells.columns) if outil.html else ():
        cells[champ] = [_without_tags(t) for t in cells[champ]]
    for title, words in outil.retire.items():
        if title in first:
            gone = sheet.cells[first[title]].map(fold).isin(words)
            cells["retrait"] = pd.Series(np.where(gone, "oui", cells.get("retrait", "")), cells.index, object)
    if not outil.une_voix or "texte" not in cells:
        return cells, lines
    if "codes" in cells:
        same = cells.groupby([c for c in cells.columns if c != "codes"], sort=False, dropna=False)
        cells["codes"] = same["codes"].transform(lambda some: "|".join(dict.fromkeys(filter(None, some))))
    first = ~cells.duplicated().to_numpy()
    return cells[first].reset_index(drop=True), lines[first]


def _without_tags(text: str) -> str:
    """The text of an HTML fragment, as the platform's editor writes them: blocks become spaces."""
    return " ".join(html.unescape(_BALISE.sub(" ", _DANS_LE_TEXTE.sub("", text))).split())


def _join(columns: pd.DataFrame, champ: str, outil: outils.Outil) -> pd.Series:
    """Several columns of one field: what is said, joined; of days, the first that is one, its day before its month."""
    edges = None if champ == "texte" else " \n\t\xa0;"
    rows = [[one for cell in row if (one := cell.strip(edges))] for row in columns.itertuples(index=False, name=None)]
    if champ in ("date", "recu"):
        told = [next((d for d in row if not d.startswith(outil.sans_date or "-")), "") for row in rows]
        told = [_MOIS_JOUR.sub(r"\2/\1/", d) for d in told] if outil.mois_d_abord else told
    else:
        parts = ([*dict.fromkeys(row)] for row in rows)
        told = [_sentences(row) if champ == "texte" else "|".join(row) for row in parts]
    return pd.Series(told, columns.index, object)


def _sentences(parts: list[str]) -> str:
    """Answers one after the other, each ended as a sentence but the last, which stays as it is."""
    return " ".join([*(part if part[-1] in ".!?…»" else f"{part}." for part in parts[:-1]), *parts[-1:]])


def _read_json(path: Path, fichier: str) -> Grid:
    """A JSON export as a sheet: the list of answers, alone (Decidim) or wrapped (`results` of Kobo, `responses` of LimeSurvey), nested
    names joined by `/` as the CSV exports write them."""
    found, data = None, read_bytes(path, fichier)
    with suppress(ValueError):
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
    return replace(cells_from_objects(rows), fichier=fichier, entete=0)


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
