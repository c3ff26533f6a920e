"""Lines that may be the same: exact duplicates are dropped, the others proposed. Owns `decisions.csv`; refuses to merge in silence.

A row is an exact duplicate when every cell of its sheet says the same as another's, whatever the notation. All else
is a question for the analyst, in a table (`COLONNES`) whose rows, once decided, are copied to `decisions.csv`:

- `renouvellement`: two actions of one carrier whose titles are nearly the same → `même action` or `actions distinctes`;
- `porteur`: the same title under two nearly equal names of carriers → `même action` or `actions distinctes`;
- `doublon`: two lines of one action, year, funder and quarters → `doublon` (the second is left out) or `lignes distinctes`;
- `convention`: the same amount each year under one convention → `montant annuel` or `montant total` (counted the first year only).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from heapq import nsmallest
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from cvanalysis.actions.clean.cells import Words, read_year
from cvanalysis.actions.clean.rows import LogRows
from cvanalysis.files.anomalies import Anomalies
from cvanalysis.files.dates import parse_date
from cvanalysis.french import listed, nearest, quoted, with_unit
from cvanalysis.personnes.masking import PARTICULIER
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection, read_rows

DECISIONS = "decisions.csv"
Question = tuple[str, str, str]
"""What a decision answers: a kind and the two that it is about."""
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
_AU_BOUT = re.compile(r" ((?:19|20)\d\d)$")
_CHIFFRES = re.compile(r"\d+")


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
    read: Callable[[str], object] = {
        "date": parse_date,
        "date_convention": parse_date,
        "annee": read_year,
        "siret": lambda word: re.sub(r"[.,]0+$|\D", "", word),
    }.get(name, lambda _: None)
    said = [read(word) or key for word, key in zip(words.words, words.folded, strict=True)]
    return pd.factorize(pd.Series(said, dtype=object))[0][words.codes]


def propose(lines: pd.DataFrame) -> pd.DataFrame:
    """The questions that lines raise (`COLONNES`, without `decision`), the surest first within each kind; `PROPOSITIONS_MAX` at most."""
    # Plain arrays: on 200,000 lines, frames would cost more than the comparisons.
    words = ("action", "cle", "titre", "titre_cle", "porteur", "porteur_cle", "financeur", "qpv_cle", "convention")
    table = {name: np.asarray(lines[name], dtype=object) for name in words}
    table |= {name: lines[name].to_numpy(dtype=float, na_value=np.nan) for name in ("annee", "montant")}
    table["versement"] = lines["versement"].to_numpy(dtype=bool)
    actions, titles = table["action"], table["titre"]
    _, first = np.unique(actions.astype(str), return_index=True)
    near = chain(_near_titles(table, first), _near_carriers(table, first))
    years = pd.Series(table["annee"]).groupby(actions).agg(["min", "max"])
    said = {action: _span(low, high) for action, low, high in years.itertuples(name=None)}
    rows: list[tuple] = []
    for genre, i, j, score, who in nsmallest(PROPOSITIONS_MAX, near, key=lambda item: -item[3]):
        both = (actions[i], actions[j])
        rows.append((genre, *both, score, titles[i], titles[j], who, " / ".join(said[one] for one in both), ""))
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
    years = np.where(np.isnan(table["annee"]), np.inf, table["annee"])
    for rows in filter(lambda rows: len(rows) > 1, groups.values()):
        rows.sort(key=titles.__getitem__)
        for x, y, score in near_pairs([_bare(titles[i]) for i in rows], SEUIL):
            i, j = sorted((rows[x], rows[y]), key=lambda row: (years[row], titles[row]))
            yield "renouvellement", i, j, score, table["porteur"][i]


def _bare(title: str) -> str:
    return " ".join(_ANNEES.sub(" ", title).split())[:200]


def near_pairs(texts: Sequence[str], seuil: int) -> list[tuple[int, int, float]]:
    """Pairs of positions whose texts are nearly the same and have the same numbers, with their score out of 100.

    Up to `BLOC` texts are all compared; a longer list is compared within windows of its alphabetical order and of that of the texts
    read backwards, so that the cost grows with the list and not with its square.
    """
    found: dict[tuple[int, int], float] = {}
    numbers = [_CHIFFRES.findall(_bare(text)) for text in texts]  # « atelier 1 » and « atelier 2 » are two actions
    for window in _windows(texts):
        part = [texts[i] for i in window]
        scores = process.cdist(part, part, scorer=fuzz.ratio, score_cutoff=seuil, dtype=np.uint8)
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
    same = ["action", "annee", "financeur", "qpv_cle"]
    lines = pd.DataFrame({name: pd.factorize(table[name])[0] for name in same} | {"cle": table["cle"]})
    several = (table["porteur"] != PARTICULIER) & ~table["versement"]  # who are several people, or parts of one grant
    lines = lines[lines.duplicated(same, keep=False) & ~np.isnan(table["annee"]) & several].sort_values("cle")
    lines["autre"] = lines.index
    lines[["premiere", "cle_premiere"]] = lines.groupby(same)[["autre", "cle"]].transform("first")
    lines = lines[lines["premiere"] != lines["autre"]]
    amounts = table["montant"]
    lines["score"] = np.where(amounts[lines["premiere"]] == amounts[lines["autre"]], 100.0, 90.0)
    best = lines.sort_values(["score", "cle_premiere", "cle"], ascending=[False, True, True])[:PROPOSITIONS_MAX]
    made = []
    for a, b, near, i, j in best[["cle_premiere", "cle", "score", "premiere", "autre"]].itertuples(index=False):
        both = f"{_euros(amounts[i])} / {_euros(amounts[j])}"
        line = (table["titre"][i], table["titre"][j], table["porteur"][i], f"{table['annee'][i]:.0f}", both)
        made.append(("doublon", a, b, near, *line))
    return made


def _euros(amount: float) -> str:
    """As a person reads it; « ? » where no amount is written."""
    return "?" if np.isnan(amount) else with_unit(amount, "€", 0 if amount == int(amount) else 2)


def _conventions(table: Mapping[str, np.ndarray]) -> Iterator[tuple]:
    lines = pd.DataFrame({k: table[k] for k in ("action", "convention", "montant", "titre", "porteur", "annee")})
    bound = lines[(lines["convention"] != "") & lines["annee"].notna() & (lines["montant"] > 0)]
    groups = bound.groupby(["action", "convention", "montant"])
    found = groups[["titre", "porteur"]].first().join(groups["annee"].agg(["min", "max"]))
    for (action, convention, amount), title, carrier, low, high in found.itertuples(name=None):
        if low < high:
            both = (_span(low, high), _euros(amount))
            yield ("convention", action, convention, 100.0, title, convention, carrier, *both)


def read_decisions(territory: Territory, found: Inspection) -> dict[Question, str]:
    """(genre, a, b) → decision, as the analyst wrote them; the file may be absent."""
    if not (Path(territory.dossier) / DECISIONS).exists():
        return {}
    made = {}
    columns = ("genre", "a", "b", "decision")
    for row in read_rows(found, DECISIONS, columns, (*(c for c in COLONNES if c not in columns), "note")):
        tell = row.wrong
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


def name_actions(
    said: Sequence[str], spans: Iterable[tuple[float, float]], decisions: Mapping[Question, str], anomalies: Anomalies
) -> tuple[list[str], set[str]]:
    """The id of the action that each names, once decided, and every id that a decision may name.

    `said`: what an action is known by, its title at the end; `spans`: the first and the last year of its lines. A title that ends with
    the year of all its lines names the action without it, unless they were decided to be two: it is told.
    """
    ends = [_AU_BOUT.search(one) for one in said]
    dated = [end and low == high == int(end[1]) for end, (low, high) in zip(ends, spans, strict=True)]
    bare = [one[: end.start()] if end and own else one for one, end, own in zip(said, ends, dated, strict=True)]
    several, ids = Counter(bare), list(map(_identify, said))
    decided = {frozenset(question[1:]) for question in decisions}
    same: dict[Question, str] = {}
    for one, short, ident in zip(said, bare, ids, strict=True):
        if several[short] > 1 and one != short and {root := _identify(short), ident} not in decided:
            same["renouvellement", root, ident] = "même action"
            title = quoted(one.rpartition("\x1f")[2])
            what = f"{title}\u00a0: seule l'année de son édition le distingue d'un autre intitulé du même porteur"
            done = f"une seule action. Pour en compter deux\u00a0: renouvellement;{root};{ident};actions distinctes"
            anomalies.add(DECISIONS, 0, "renouvellement", f"{root} ; {ident}", what, done)
    merged = merged_actions({**decisions, **same})
    return [merged.get(one, one) for one in ids], {*ids, *(root for _, root, _ in same)}


def _identify(said: str) -> str:
    return f"A{blake2b(said.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"


def merged_actions(decisions: Mapping[Question, str]) -> dict[str, str]:
    """Action → the action that it was decided to be, chains followed to their end."""
    parent: dict[str, str] = {}

    def root(action: str) -> str:
        while parent.get(action, action) != action:
            action = parent[action]
        return action

    for (_, a, b), decision in sorted(decisions.items()):
        if decision == "même action" and root(a) != root(b):
            parent[root(b)] = root(a)
    return {action: root(action) for action in parent}
