"""One sheet of a log → its rows by kind and its columns by field. Owns totals, repeated headers, headings and footers.

Refuses to interpret a label (`matching` does) and to drop a row in silence: each one has a kind, and each amount that was read
is either on an action's row or under the kind of the row that it stands on.
"""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace

import numpy as np
import pyarrow.compute as pc

from cvanalysis.actions.clean.cells import Words, constant, encode, joined, knowledge, line_words, read_amounts, ticked
from cvanalysis.actions.clean.declared import Financement
from cvanalysis.actions.clean.formats import Located, head_rows
from cvanalysis.actions.table import DATES, MONTANTS_LUS
from cvanalysis.files.delimited import fits, usual_kinds
from cvanalysis.files.keys import carrier_key
from cvanalysis.french import fold
from cvanalysis.personnes.masking import PARTICULIER, is_natural, mask_carrier, mask_joined, mask_words, says_category

ACTION, ENTETE, TOTAL, PIED = "action", "en-tête répété", "total du fichier", "titre ou pied de tableau"
ENVELOPPE, ORPHELIN = "enveloppe ou reste à programmer", "montant sans action ni porteur"
DECALEE = "ligne qui a plus de cellules que de titres"
"""Kinds of rows. Only the first goes into the table of actions; amounts of the others are counted under their kind."""
MASQUES = dict.fromkeys(("action", "convention"), mask_words) | dict.fromkeys(("porteur", "financeur"), mask_carrier)
MASQUES |= dict.fromkeys(("public", "reference"), mask_joined)
"""Fields whose words go into the table, and what hides the persons there; others are read into codes, days and numbers."""
PROPRES = ("siret", "reference", "date", "statut", "convention", "commune")
"""Fields of a line of its own: a total, an envelope have none."""
_LETTRE, _ANNEE = re.compile(r"[^\W\d_]"), re.compile(r"(?<!\d)20\d\d(?!\d)")
LIGNES_VUES = 2000
"""Rows that tell the kind of a column."""
RESTE = ("le total a {} de plus que ses quartiers", "ce reste est compté, sans quartier")
TROP = ("des quartiers qui font plus que leur total, de {}", "le total fait foi, et n'est pas réparti")
SOMMES_MAX, SOMMES_VUES = 2000, 50
"""Rows of a sheet that may be the sum of others, and how many sums before one it may start from."""


@dataclass(frozen=True, slots=True)
class Amounts(Financement):
    """A column of amounts as read: values are NaN where there is none, `textes` is there where some are wrong (`mauvais`)."""

    valeurs: np.ndarray = field(kw_only=True)
    mauvais: np.ndarray = field(kw_only=True)
    textes: Words | None = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class LogRows:
    """The rows of one sheet. `natures[i]` is the kind of row i; `champs` holds text fields; `libelles[i]` a total's own label."""

    located: Located
    lignes: np.ndarray
    natures: np.ndarray
    champs: dict[str, Words]
    montants: tuple[Amounts, ...]
    libelles: np.ndarray
    autres: dict[str, Words]


def read_rows(located: Located, merged: Mapping[str, Sequence[tuple[int, int]]] = {}) -> LogRows:
    """Every row below the header, with its kind, and the columns that have a field.

    `merged`: by the place of a column in the grid, first and last line of its merged cells; what they say is said of each line, but money.
    """
    grid, journal = located.grid, located.journal
    first = max(located.entete) + 1
    table = grid.table.slice(first)
    funded = {f.colonne: f for f in journal.financements}
    montants: list[Amounts] = []
    texts: dict[str, Words] = {}
    champs: dict[str, Words] = {}
    autres: dict[str, Words] = {}
    for name, place, column in zip(located.noms, table.column_names, table.columns, strict=True):
        if not name:
            continue
        champ = journal.colonnes.get(name, "")
        spec = funded.get(name) or (Financement(name, champ) if champ in MONTANTS_LUS else None)
        if spec is not None:
            values, wrong = read_amounts(column, journal.milliers)
            if in_thousands(located, name):
                values = values * 1000
            textes = encode(column) if wrong.any() else None
            montants.append(Amounts(*astuple(spec), valeurs=values, mauvais=wrong, textes=textes))
        else:
            words = _spread_merged(encode(column), grid.lignes[first:], merged.get(place, ()))
            texts[name] = words = _fill_down(words, _say_again(words))
            if not champ:
                autres[name] = words
            elif champ == "qpv" and (ticks := ticked(words, name)) is not words:
                champs[champ] = joined(champs[champ], ticks) if champ in champs else ticks
            elif champ in champs:
                champs[champ] = _coalesce(champs[champ], words)
            else:
                champs[champ] = _fill_down(words, ~words.filled) if name in journal.fusionnees else words
    for champ, value in journal.constantes.items():
        said = constant(value, table.num_rows)
        champs[champ] = _coalesce(champs[champ], said) if champ in champs else said
    natures, libelles = _tell_kinds(located, texts, champs, montants)
    if not set(DATES) & set(journal.colonnes.values()):
        _date_by_headings(natures, texts, champs)
    # Its cells are words and numbers now.
    located = replace(located, grid=replace(grid, table=grid.table.schema.empty_table()))
    return LogRows(located, grid.lignes[first:].copy(), natures, champs, tuple(montants), libelles, autres)


def _tell_kinds(
    located: Located, texts: dict[str, Words], champs: dict[str, Words], montants: Sequence[Amounts]
) -> tuple[np.ndarray, np.ndarray]:
    rows = located.grid.table.num_rows - max(located.entete) - 1

    def says(name: str) -> tuple[np.ndarray, np.ndarray]:
        """Rows one of whose cells begins with one of these words (« total », and not « totalement »), and that cell."""
        found, labels = np.zeros(rows, dtype=bool), np.full(rows, "", dtype=object)
        said = re.compile(rf"(?:{'|'.join(map(re.escape, line_words(name)))})(?![^\W\d_])")
        for words in texts.values():
            hits = [rank for rank, word in enumerate(words.folded) if said.match(word) and len(word) < 80]
            if hits:
                at = np.isin(words.codes, hits)
                labels[at] = words.array()[at]
                found |= at
        return found, labels

    natures = np.array([ACTION], dtype=object).repeat(rows)  # `full` would make a string per row
    amounts = np.zeros(rows, dtype=bool)
    for column in montants:
        amounts |= ~np.isnan(column.valeurs)
    by_post = located.format is not None and bool(located.format.poste)
    naming = [n for n in ("action", "porteur", *(("reference",) if by_post else ())) if n in champs]
    naming = naming or [n for n in ("siret", "reference") if n in champs]
    none = np.zeros(rows, dtype=bool)
    named = np.any([none, *(champs[n].filled[champs[n].codes] for n in naming)], axis=0)
    filled = np.sum([words.filled[words.codes] for words in texts.values()], axis=0, initial=0)
    lettered = np.sum([words.map(_LETTRE.search, bool) for words in texts.values()], axis=0, initial=0)
    total, labels = says("totaux")
    purse, purses = says("enveloppes")
    counted = amounts | (not montants)  # without a column of money, what a line says must be enough
    plainly = named & counted & ~total & ~purse
    usual = float(np.median(filled[plainly])) if plainly.any() else 1.0
    own = [texts[name] for name, champ in located.journal.colonnes.items() if champ in PROPRES and name in texts]
    others = [words.filled[words.codes] & (words.array() != labels) for words in own]
    few = ~np.any([none, *others], axis=0) & ((filled < 0.7 * usual) | (usual <= 1))
    said = [texts[n] for n, champ in located.journal.colonnes.items() if champ in naming and n in texts]
    if len(said) > 1:  # in its own cells, not in those that a merged one fills
        few &= ~np.all([words.filled[words.codes] for words in said], axis=0)
    natures[~named & amounts] = ORPHELIN
    natures[~named & ~amounts] = PIED
    heading = named & ~amounts & (filled <= 1) & ((len(texts) >= 3) | (usual >= 2))
    natures[heading] = PIED
    for words in map(champs.__getitem__, naming):
        at = heading & words.filled[words.codes]
        labels[at] = words.array()[at]
    bare = _of_nothing(labels, "totaux")
    if len(said) > 1 and bare.any():  # an action named once, with its carrier: this « Total » is of a table beside
        mine = np.all([words.filled[words.codes] & (words.array() != labels) for words in said], axis=0)
        bare &= ~mine | (np.bincount(said[0].codes)[said[0].codes] > 1)
    natures[few & purse & counted & ((usual > 1) | _of_nothing(purses, "enveloppes"))] = ENVELOPPE
    sums = _sums_of_others(few & amounts & (lettered <= 2) & ~purse & (total | (usual > 1)), montants)
    natures[
        sums | (few & total & (amounts | (filled <= 2) | (lettered <= 1)) & ((usual > 1) | bare)) | (bare & amounts)
    ] = TOTAL
    natures[(lettered == 0) & amounts & ~named] = TOTAL
    natures[_repeated_headers(located)] = ENTETE
    natures[_shifted(located)] = DECALEE
    return natures, labels


def _date_by_headings(natures: np.ndarray, texts: Mapping[str, Words], champs: dict[str, Words]) -> None:
    """Rows under a heading that says one year (« Programmation 2021 »), over titles said again, are of that year."""
    places = np.flatnonzero((natures[:-1] == PIED) & (natures[1:] == ENTETE)).tolist()
    found = {at: set(_ANNEE.findall(" ".join(w.words[w.codes[at]] for w in texts.values()))) for at in places}
    if years := {at: one.pop() for at, one in found.items() if len(one) == 1}:
        codes = np.searchsorted(list(years), np.arange(len(natures)), side="right")
        champs["annee"] = Words(codes, (champs["annee"].words[0] if "annee" in champs else "", *years.values()))


def _of_nothing(labels: np.ndarray, name: str) -> np.ndarray:
    """Labels that say of nothing: only words of a list, or of totals, and numbers; « Sous-total Danse » does not either."""
    plain = {word for start in line_words(name) for word in re.findall(r"\w+", start)} | line_words("du_total")
    words = {label: re.findall(r"\w+", fold(label)) for label in set(labels.tolist()) - {""}}
    found = [k for k, said in words.items() if said[0] in ("s", "sous") or all(w in plain or w.isdigit() for w in said)]
    return np.isin(labels, found)


def _sums_of_others(doubtful: np.ndarray, montants: Sequence[Amounts]) -> np.ndarray:
    """Which of the doubtful rows are the sum of two rows or more: those above since a sum, or those below until the next such row."""
    found = np.zeros(len(doubtful), dtype=bool)
    places = np.flatnonzero(doubtful).tolist()
    for column in montants if 0 < len(places) <= SOMMES_MAX else ():
        values = np.nan_to_num(column.valeurs)
        running = np.concatenate([[0.0], np.cumsum(np.where(doubtful, 0.0, values))])
        count = np.concatenate([[0], np.cumsum((values != 0) & ~doubtful)])
        starts = [0]
        for place, after in zip(places, [*places[1:], len(values)], strict=True):
            spans = [*((start, place) for start in starts[-SOMMES_VUES:]), (place, after), (place, len(values))]
            if values[place] and any(
                count[end] - count[start] > 1 and abs(values[place] - running[end] + running[start]) < 0.005
                for start, end in spans
            ):
                found[place] = True
                starts.append(place)
            else:  # a line like the others
                running[place + 1 :] += values[place]
                count[place + 1 :] += 1
    return found


def _repeated_headers(located: Located) -> np.ndarray:
    """Rows that say the header again (either of its lines): at least two of its cells, and six in ten of what they hold."""
    titled = [column for name, column in zip(located.noms, located.grid.table.columns, strict=True) if name]
    first = max(located.entete) + 1
    filled = sum(pc.not_equal(column.slice(first), "").to_numpy().astype(int) for column in titled)
    found = np.zeros(len(filled), dtype=bool)
    for position in located.entete:
        titles = [(column, column[position].as_py()) for column in titled]
        same = sum(
            pc.equal(column.slice(first), title).to_numpy().astype(int) for column, title in titles if title.strip()
        )
        found |= (same >= min(2, len(titled))) & (same >= 0.6 * filled)
    return found


def _shifted(located: Located) -> list[int]:
    """Rows wider than the titles one of whose cells, up to the one after the last column of money, is not of its column's kind."""
    grid, first, journal = located.grid, max(located.entete) + 1, located.journal
    wide = np.isin(grid.lignes[first:], grid.longues)
    if not wide.any():
        return []
    funded = {f.colonne for f in journal.financements} | {n for n, c in journal.colonnes.items() if c in MONTANTS_LUS}
    last = max((rank for rank, name in enumerate(located.noms) if name in funded), default=len(located.noms))
    columns = [column.slice(first) for column in grid.table.columns[: last + 2]]
    places = {name: np.flatnonzero(some) for name, some in (("large", wide), ("juste", ~wide))}
    usual = [column.take(places["juste"][:LIGNES_VUES]).to_pylist() for column in columns]
    kinds = usual_kinds(zip(*usual, strict=True))
    return [at for at in places["large"] if not kinds or not fits([column[at].as_py() for column in columns], kinds)]


def share_between_quarters(rows: LogRows) -> tuple[LogRows, dict[tuple[str, str], np.ndarray]]:
    """What columns of quarters share out leaves the column of the whole, that the money be counted once; the quarters of a line are those
    that have some. Where they add up to more than the whole, nothing is shared.

    Returns also, by what is to be said of them, euros by line: those of a whole above its quarters, those of its quarters above it.
    """
    made, gaps = list(rows.montants), {said: np.zeros(len(rows.lignes)) for said in (RESTE, TROP)}
    parts = {rank: np.nan_to_num(one.valeurs) for rank, one in enumerate(made) if one.quartier}
    if not parts:
        return rows, gaps
    words = rows.champs.get("qpv")
    unplaced = ~words.filled[words.codes] if words else True
    for rank, one in enumerate(rows.montants):
        mine = [i for i in parts if made[i].champ == one.champ]
        if not mine or one.financeur or one.annee or one.quartier:
            continue
        shared = np.sum([parts[i] for i in mine], axis=0)
        left = np.round(np.where((shared == 0) | np.isnan(one.valeurs), 0, one.valeurs - shared), 4)
        only = np.sum([parts[i] != 0 for i in mine], axis=0) == 1  # the quarter of the line, whose amount stays its own
        whole = (shared == 0) | (left < 0) | (only & unplaced & (left == 0) & ~np.isnan(one.valeurs))
        made[rank] = replace(one, valeurs=np.where(whole, one.valeurs, np.nan))
        made.append(replace(one, quartier=min(line_words("sans_quartier")), valeurs=np.where(left > 0, left, np.nan)))
        for i in mine:
            made[i] = replace(made[i], valeurs=np.where(whole, np.nan, made[i].valeurs))
            parts[i] = np.where(left < 0, 0, parts[i])
        gaps[RESTE] += np.where((rows.natures == ACTION) & (left > 0), left, 0)
        gaps[TROP] += np.where((rows.natures == ACTION) & (left < 0), -left, 0)
    found, codes = np.unique(np.stack([values != 0 for values in parts.values()], axis=1), axis=0, return_inverse=True)
    named = (";".join(made[i].quartier for i, some in zip(parts, row, strict=True) if some) for row in found.tolist())
    said = Words(codes, tuple(named))
    return replace(
        rows, montants=tuple(made), champs=rows.champs | {"qpv": _coalesce(words, said) if words else said}
    ), gaps


def in_thousands(located: Located, name: str) -> bool:
    """Whether the title of a column of amounts, or the table above its header, says thousands of euros."""
    said = " ".join(cell for row in head_rows(located.grid)[: min(located.entete)] for cell in row)
    return any(re.search(knowledge()["titres"]["milliers"], text) for text in (name, said))


def _spread_merged(words: Words, lines: np.ndarray, spans: Sequence[tuple[int, int]]) -> Words:
    """A merged cell's words on each of its lines."""
    codes = words.codes.copy() if spans else words.codes
    for start, end in np.searchsorted(lines, [(first, last + 1) for first, last in spans]).reshape(-1, 2):
        codes[start:end] = codes[start : start + 1]
    return replace(words, codes=codes)


def _say_again(words: Words) -> np.ndarray:
    """Per word: whether it is « idem » or its like. Of 200,000 titles none is folded to know it: their keys take memory."""
    said = line_words("idem")
    short = 2 * max(map(len, said))
    return np.array([len(word) <= short and fold(word) in said for word in words.words], dtype=bool)


def _fill_down(words: Words, again: np.ndarray) -> Words:
    """Some words (those that say « idem »; the blank, where the declaration says so) repeat the cell above."""
    if not again.any():
        return words
    at = np.where(again[words.codes], 0, np.arange(len(words.codes)))
    return Words(words.codes[np.maximum.accumulate(at)], words.words)


def _coalesce(first: Words, second: Words) -> Words:
    """The first column, or the second where the first is blank."""
    blank = ~first.filled[first.codes]
    if not blank.any():
        return first
    codes = np.where(blank, second.codes.astype(np.int64) + len(first.words), first.codes.astype(np.int64))
    return Words(codes, first.words + second.words)


def hide_persons(champs: dict[str, Words], autres: dict[str, Words], partners: Container[str], rows: int) -> np.ndarray:
    """Mask the fields in place; returns which rows are carried by a person.

    No identity goes further: titles, keys and what is told are made of masked words. What is declared as a partner's name is kept.
    """
    persons = np.zeros(rows, dtype=bool)
    for title, words in {**autres, **champs}.items():
        if says_category(title):
            persons |= words.map(is_natural, bool)

    for name in MASQUES.keys() & champs.keys():
        pairs = zip(champs[name].words, map(MASQUES[name], champs[name].words), strict=True)
        shown = (word if word != masked and carrier_key(word) in partners else masked for word, masked in pairs)
        champs[name] = Words(champs[name].codes, tuple(shown))
    return persons | (champs["porteur"].map(PARTICULIER.__eq__, bool) if "porteur" in champs else False)
