"""The reader who wants the counts that were withheld. Owns the reading of a build's files as he finds them and his linear program.

He has every file of every edition, and nothing of the project's own: tables of pages and of `constats.json`, sentences, downloads.
A withheld cell is given away where the least and the most that agree with all of it are closer than `MARGE`.
"""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup
from scipy.optimize import linprog

MARGE = 2
AXES = {"Quartier": "quartier", "Collège": "college", "Thème": "theme", "Étape": "sequence"}
CROISES = {
    "participation-couverture-01": "college",
    "participation-couverture-02": "theme",
    "participation-couverture-03": "theme",
}


@dataclass(frozen=True)
class Fact:
    """A cell that counts *prises de parole*: where it stands, which axes it fixes, and what is written (None: withheld)."""

    edition: str
    where: str
    fixe: tuple[tuple[str, str], ...]
    lu: int | None


def same(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def presence(out: Path) -> dict[tuple[str, str, str, str], bool]:
    """Who was heard, from the download: (quarter, college, theme, step) → yes or no."""
    with (out / "donnees" / "couverture.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {tuple(same(r[a]) for a in AXES.values()): r["entendu"] == "oui" for r in rows}


def tables(out: Path) -> dict[str, list[list[str]]]:
    """Number of the finding → its table, header first, as the page prints it."""
    found = {}
    for page in sorted(out.rglob("*.html")):
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for figure in soup.select("figure.constat"):
            if (table := figure.select_one("table")) is not None:
                found[figure["id"]] = [
                    [same(cell.get_text(" ")) for cell in line.select("th, td")] for line in table.select("tr")
                ]
    return found


def number(cell: str) -> int | None:
    if cell.startswith("personne"):
        return 0
    if cell.startswith("masqué"):
        return None
    digits = re.match(r"\d[\d\s]*", cell)
    assert digits, f"une cellule d'un tableau de comptes n'est ni un nombre, ni « masqué », ni « personne » : {cell}"
    return int(re.sub(r"\s", "", digits.group()))


def facts(reports: Path, edition: str) -> list[Fact]:
    """All that the edition prints of how many spoke: crossed tables with their margins and total, steps, sentences."""
    found = []
    all_tables = tables(reports / edition)
    for ident, (head, *lines) in all_tables.items():
        if ident not in (*CROISES, "participation-couverture-04"):
            continue
        one = AXES[head[0]]
        for line in lines:
            for title, cell in zip(head[1:], line[1:], strict=True):
                fixe = {} if line[0] == "Ensemble" else {one: line[0]}
                if ident in CROISES and title != "Ensemble":
                    fixe[CROISES[ident]] = title
                found.append(Fact(edition, f"{ident} {line[0]} {title}", tuple(sorted(fixe.items())), number(cell)))
    stated = json.loads((reports / edition / "donnees" / "constats.json").read_text(encoding="utf-8"))["constats"]
    for one in stated:
        # The same figures as plain values, and those of the sentences: one more way to read a cell, never another figure.
        for value in re.findall(r"environ (\d[\d ]*) prises? de parole", same(one["message"])):
            step = re.search(r"« (.*?) »", same(one["message"]))
            fixe = (("sequence", step[1]),) if step else ()
            found.append(Fact(edition, f"titre {one['id']}", fixe, number(value)))
        if one["id"] in all_tables and one["id"].startswith("participation-couverture"):
            plain = [["" if v is None else str(int(v)) for v, *_ in line] for line in one["lignes"]]
            shown = all_tables[one["id"]][1:]
            for left, right in zip(plain, shown, strict=True):
                assert all(not a or number(b) == int(a) for a, b in zip(left[1:], right[1:], strict=True)), one["id"]
    return found


def attack(
    reports: Path, editions: list[str], seuil: int, arrondi: int, told: list[Fact] = ()
) -> dict[str, tuple[float, float]]:
    """Withheld cells that the reader finds, and between which bounds; `told` is what he has learned besides.

    Unknowns: people first heard at each (quarter, college, theme, step) in each edition.
    """
    heard = [presence(reports / edition) for edition in editions]
    keys = sorted({key for one in heard for key, yes in one.items() if yes})
    unknowns = [(key, rank) for key in keys for rank in range(len(editions))]
    # A place first heard in an edition holds someone there; a place heard before may have nobody new.
    least = [float(heard[r].get(k, False) and not any(heard[e].get(k, False) for e in range(r))) for k, r in unknowns]
    most = [5_000.0 if heard[r].get(k, False) else 0.0 for k, r in unknowns]
    names = list(AXES.values())

    def row(fact: Fact) -> np.ndarray:
        rank = editions.index(fact.edition)
        wanted = [(names.index(axe), label) for axe, label in fact.fixe]
        return np.array([float(r <= rank and all(k[i] == v for i, v in wanted)) for k, r in unknowns])

    known = [fact for edition in editions for fact in facts(reports, edition)]
    matrix, limits = [], []
    for fact in known:
        if fact.lu is not None:
            line = row(fact)
            low, high = fact.lu - arrondi // 2, fact.lu + (arrondi - 1) // 2
            matrix += [line, -line]
            limits += [high if fact.lu else 0, -max(low, seuil) if fact.lu else 0]
    for fact in told:
        line = row(fact)
        matrix += [line, -line]
        limits += [fact.lu, -fact.lu]
    bounds = list(zip(least, most, strict=True))
    found, seen = {}, set()
    for fact in known:
        if fact.lu is None and (fact.edition, fact.fixe) not in seen:
            seen.add((fact.edition, fact.fixe))
            goal = row(fact)
            ends = [
                linprog(s * goal, A_ub=np.array(matrix), b_ub=limits, bounds=bounds, method="highs") for s in (1, -1)
            ]
            assert all(end.status == 0 for end in ends), f"ce qui est imprimé se contredit : {fact.where}"
            low, high = ends[0].fun, -ends[1].fun
            if high - low < MARGE - 1e-6:
                found[f"{fact.edition} {fact.where}"] = (low, high)
    assert seen, "rien n'est masqué : l'attaque n'a rien à chercher"
    return found
