"""Lines that may be the same: exact duplicates are dropped, the others proposed. Owns `decisions.csv`; refuses to merge in silence.

A row is an exact duplicate when every cell of its sheet says the same as another's, whatever the notation. All else
is a question for the analyst, in a table (`COLONNES`) whose rows, once decided, are copied to `decisions.csv`:

- `renouvellement`: two actions of one carrier whose titles are nearly the same → `même action` or `actions distinctes`;
- `porteur`: the same title under two nearly equal names of carriers → `même action` or `actions distinctes`;
- `doublon`: two lines of one action, year, funder and quarters → `doublon` (the second is left out) or `lignes distinctes`;
- `convention`: the same amount each year under one convention → `montant annuel` or `montant total` (counted the first year only).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from heapq import nsmallest
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from cvanalysis.actions.clean.cells import Words, read_year
from cvanalysis.files.dates import parse_date
from cvanalysis.french import listed, nearest, quoted
from cvanalysis.personnes.persons import PARTICULIER
from cvanalysis.territory.declarations import Inspection, read_rows

if TYPE_CHECKING:
    from cvanalysis.actions.clean.rows import LogRows
    from cvanalysis.territory.contract import Territory


DECISIONS = "decisions.csv"
COLONNES = ("genre", "a", "b", "score", "libelle_a", "libelle_b", "porteur", "annees", "montants", "decision")

CHOIX = {
    "renouvellement": ("même action", "actions distinctes"),
    "porteur": ("même action", "actions distinctes"),
    "doublon": ("doublon", "lignes distinctes"),
    "convention": ("montant annuel", "montant total"),
}
SEUIL = 88  # titles: fuzz.ratio from which two are worth a question
SEUIL_PORTEUR = 85
BLOC = 200  # titles compared all with all; beyond, each with its neighbours in two alphabetical orders
PROPOSITIONS_MAX = 5000
_ANNEES = re.compile(r"\b(?:19|20)\d\d\b(?:\s*/\s*(?:20)?\d\d\b)?")
_CHIFFRES = re.compile(r"\d+")


def digest(*parts: object) -> str:
    """A short stable identifier of what the parts say."""
    return blake2b("\x1f".join(map(str, parts)).encode("utf-8", "replace"), digest_size=6).hexdigest()


def exact_duplicates(rows: LogRows, quarters: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which of the kept rows of one sheet (a mask) say in every cell what an earlier one says; `quarters` as they are read."""
    signature = {"qpv": pd.factorize(quarters)[0]}
    for name, words in {**{f"·{name}": w for name, w in rows.autres.items()}, **rows.champs}.items():
        if name != "qpv" and len(words.words) > 1:
            signature[name] = _meaning(name, words)
    signature |= {f"€{rank}": column.valeurs for rank, column in enumerate(rows.montants)}
    found = kept.copy()
    found[kept] = pd.DataFrame({name: cells[kept] for name, cells in signature.items()}).duplicated().to_numpy()
    return found


def _meaning(name: str, words: Words) -> np.ndarray:
    """One number per row: equal where two cells mean the same (date, year, all of a SIRET), or are the same words but for their form."""
    read = {
        "date": parse_date,
        "date_convention": parse_date,
        "annee": read_year,
        "siret": lambda w: re.sub(r"[.,]0+$|\D", "", w),
    }.get(name)
    keys = [read(word) or key for word, key in zip(words.words, words.folded, strict=True)] if read else words.folded
    ranks: dict[object, int] = {}
    return np.array([ranks.setdefault(key, len(ranks)) for key in keys], dtype=np.int64)[words.codes]


def propose(table: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The questions that lines raise (`COLONNES`, without `decision`), the surest first within each kind, at most `PROPOSITIONS_MAX`.

    `table`: arrays of one entry per line: `action, cle, annee` (float, NaN unknown)`, titre, titre_cle, porteur, porteur_cle,
    financeur, qpv_cle, convention, montant, versement` (bool). Plain arrays: on 200,000 lines, frames would cost more than the comparisons.
    """
    actions, titles = table["action"], table["titre"]
    _, first = np.unique(actions.astype(str), return_index=True)
    near = chain(_near_titles(table, first), _near_carriers(table, first))
    made = nsmallest(PROPOSITIONS_MAX, near, key=lambda item: -item[3])
    years = pd.Series(table["annee"]).groupby(actions).agg(["min", "max"]) if made else pd.DataFrame()
    said = {action: _span(low, high) for action, low, high in years.itertuples(name=None)}
    rows: list[tuple] = []
    for genre, i, j, score, carrier in made:
        both = f"{said[actions[i]]} / {said[actions[j]]}"
        rows.append((genre, actions[i], actions[j], score, titles[i], titles[j], carrier, both, ""))
    frame = pd.DataFrame([*rows, *_same_lines(table), *_conventions(table)], columns=list(COLONNES[:-1]))
    order = {"by": ["genre", "score", "a", "b"], "ascending": [True, False, True, True]}
    return frame.astype({"score": "float64"}).sort_values(**order, ignore_index=True).head(PROPOSITIONS_MAX)


def _span(low: float, high: float) -> str:
    if np.isnan(low):
        return "année inconnue"
    return f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}"


def _near_titles(table: Mapping[str, np.ndarray], first: np.ndarray) -> Iterator[tuple[str, int, int, float, str]]:
    """Pairs of lines (each the first of its action) whose actions have one carrier and nearly one title."""
    carriers, titles = table["porteur_cle"], table["titre_cle"]
    groups: dict[str, list[int]] = {}
    for i in first.tolist():
        if titles[i]:
            groups.setdefault(carriers[i], []).append(i)
    plainly = {title: _bare(title) for title in {titles[i] for rows in groups.values() if len(rows) > 1 for i in rows}}
    years = np.where(np.isnan(table["annee"]), np.inf, table["annee"])
    for rows in groups.values():
        if len(rows) < 2:
            continue
        rows.sort(key=titles.__getitem__)
        for x, y, score in near_pairs([plainly[titles[i]] for i in rows], SEUIL):
            i, j = sorted((rows[x], rows[y]), key=lambda row: (years[row], titles[row]))
            yield "renouvellement", i, j, score, table["porteur"][i]


def _bare(title: str) -> str:
    return " ".join(_ANNEES.sub(" ", title).split())[:200]


def _numbers(bare: str) -> list[str]:
    """Numbers of a title without its years: « atelier 1 » and « atelier 2 » are two actions."""
    return _CHIFFRES.findall(bare)


def near_pairs(texts: Sequence[str], seuil: int) -> list[tuple[int, int, float]]:
    """Pairs of positions whose texts are nearly the same and have the same numbers, with their score out of 100.

    Up to `BLOC` texts are all compared; a longer list is compared within windows of its alphabetical order and of that of the texts
    read backwards, so that the cost grows with the list and not with its square.
    """
    found: dict[tuple[int, int], float] = {}
    numbers = [tuple(_numbers(_bare(text))) for text in texts]
    for window in _windows(texts):
        part = [texts[i] for i in window]
        scores = process.cdist(part, part, scorer=fuzz.ratio, score_cutoff=seuil, dtype=np.uint8)
        if np.count_nonzero(scores) == len(part):
            continue  # each is near itself alone
        above, below = np.nonzero(np.triu(scores, 1))
        for x, y, score in zip(above.tolist(), below.tolist(), scores[above, below].tolist(), strict=True):
            i, j = window[x], window[y]
            if numbers[i] == numbers[j]:
                found[(i, j) if i < j else (j, i)] = float(score)
    return [(i, j, score) for (i, j), score in sorted(found.items())]


def _windows(texts: Sequence[str]) -> Iterator[list[int]]:
    if len(texts) <= BLOC:
        yield list(range(len(texts)))
        return
    for key in (lambda text: text, lambda text: text[::-1]):
        order = sorted(range(len(texts)), key=lambda i, key=key: key(texts[i]))
        for start in range(0, len(order), BLOC // 8):
            yield order[start : start + BLOC // 4]


def _near_carriers(table: Mapping[str, np.ndarray], first: np.ndarray) -> Iterator[tuple[str, int, int, float, str]]:
    """Pairs of lines of the same title whose carriers have nearly the same name: the names are compared, once, not the lines."""
    carriers, titles = table["porteur_cle"], table["titre_cle"]
    names = sorted({name for name in carriers[first].tolist() if name and not name.startswith("id:")})
    near = [(names[x], names[y], score) for x, y, score in near_pairs([name[:200] for name in names], SEUIL_PORTEUR)]
    wanted: dict[str, dict[str, int]] = {name: {} for pair in near for name in pair[:2]}
    for i in first.tolist() if wanted else ():
        if titles[i] and carriers[i] in wanted:
            wanted[carriers[i]].setdefault(titles[i], i)
    for one, other, score in near:
        for title in sorted(wanted[one].keys() & wanted[other].keys()):
            i, j = wanted[one][title], wanted[other][title]
            yield "porteur", i, j, score, f"{table['porteur'][i]} / {table['porteur'][j]}"


def _same_lines(table: Mapping[str, np.ndarray]) -> list[tuple]:
    """Lines of one action, year, funder and set of quarters: the first by key against each of the others."""
    keys = pd.DataFrame({k: pd.factorize(table[k])[0] for k in ("action", "annee", "financeur", "qpv_cle")})
    several = (table["porteur"] != PARTICULIER) & ~table["versement"]  # who are several people, or parts of one grant
    at = np.flatnonzero(keys.duplicated(keep=False) & ~np.isnan(table["annee"]) & several)
    if not len(at):
        return []
    group = keys.iloc[at].groupby(list(keys.columns)).ngroup().to_numpy()
    _, rank = np.unique(table["cle"][at].astype(str), return_inverse=True)
    order = np.lexsort((rank, group))
    head = np.maximum.accumulate(np.where(np.diff(group[order], prepend=-1) != 0, np.arange(len(order)), 0))
    first, other = order[head][head != np.arange(len(order))], order[head != np.arange(len(order))]
    amounts = table["montant"][at]
    score = np.where(amounts[first] == amounts[other], 100.0, 90.0)
    best = np.lexsort((rank[other], rank[first], -score))[:PROPOSITIONS_MAX]
    made = []
    for i, j, near in zip(at[first[best]].tolist(), at[other[best]].tolist(), score[best].tolist(), strict=True):
        both = f"{table['montant'][i]:.2f} / {table['montant'][j]:.2f}"
        line = (table["titre"][i], table["titre"][j], table["porteur"][i], f"{table['annee'][i]:.0f}", both)
        made.append(("doublon", table["cle"][i], table["cle"][j], near, *line))
    return made


def _conventions(table: Mapping[str, np.ndarray]) -> list[tuple]:
    groups: dict[tuple, list[int]] = {}
    bound = np.flatnonzero((table["convention"] != "") & ~np.isnan(table["annee"]) & (table["montant"] > 0))
    for i in bound.tolist():
        groups.setdefault((table["action"][i], table["convention"][i], table["montant"][i]), []).append(i)
    made = []
    for (action, convention, amount), rows in sorted(groups.items()):
        years = {table["annee"][i] for i in rows}
        if len(years) > 1:
            line = (table["titre"][rows[0]], convention, table["porteur"][rows[0]], _span(min(years), max(years)))
            made.append(("convention", action, convention, 100.0, *line, f"{amount:.2f}"))
    return made


def read_decisions(territory: Territory, found: Inspection) -> dict[tuple[str, str, str], str]:
    """(genre, a, b) → decision, as the analyst wrote them; the file may be absent."""
    if not (Path(territory.dossier) / DECISIONS).exists():
        return {}
    made = {}
    columns = ("genre", "a", "b", "decision")
    for row in read_rows(found, DECISIONS, columns, (*(c for c in COLONNES if c not in columns), "note")):
        tell = partial(found.add, row.fichier, row.ligne)
        genre, decision = row["genre"], row["decision"]
        choices = CHOIX.get(genre, ())
        if not choices:
            what = f"{quoted(genre)} n'est pas un genre de question"
            tell("genre", what, f"genres : {listed(CHOIX)}", nearest(genre, CHOIX))
        elif decision not in choices:
            what = f"{quoted(decision)} n'est pas une réponse"
            tell("decision", what, f"réponses : {listed(choices)}", nearest(decision, choices))
        else:
            made[genre, row["a"], row["b"]] = decision
    return made


def merged_actions(decisions: dict[tuple[str, str, str], str]) -> dict[str, str]:
    """Action → the action that it was decided to be, chains followed to their end."""
    parent: dict[str, str] = {}

    def root(action: str) -> str:
        while parent.get(action, action) != action:
            action = parent[action]
        return action

    for (genre, a, b), decision in sorted(decisions.items()):
        if genre in ("renouvellement", "porteur") and decision == "même action" and root(a) != root(b):
            parent[root(b)] = root(a)
    return {action: root(action) for action in parent}
