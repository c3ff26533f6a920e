"""The reader who wants the counts that were withheld. Owns the reading of a build's files as he finds them and his linear program.

He has every file of every edition, and nothing of the project's own: tables of pages and of `constats.json`, sentences, downloads.
A withheld cell is given away where the least and the most that agree with all of it are closer than `MARGE`. A small group is placed
where all that is said to be empty leaves it one place (`placed`), and heard where its words or their month are shown (`overheard`).
"""

import csv
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup, Tag
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

MARGE = 2
AXES = {"Quartier": "quartier", "Collège": "college", "Thème": "theme", "Étape": "sequence"}
CROISES = {
    "participation-couverture-01": "college",
    "participation-couverture-02": "theme",
    "participation-couverture-03": "theme",
}


@dataclass(frozen=True)
class Fact:
    """A cell that counts *prises de parole*: where it stands, which axes it fixes, and the class that is written (None: withheld)."""

    edition: str
    where: str
    fixe: tuple[tuple[str, str], ...]
    lu: tuple[int, int] | None


def same(text: str) -> str:
    return " ".join(text.replace("’", "'").split())


def presence(out: Path) -> dict[tuple[str, str, str, str], str]:
    """Who was heard, from the download: (quarter, college, theme, step) → oui, non or masqué."""
    with (out / "donnees" / "couverture.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    return {tuple(same(r[a]) for a in AXES.values()): r["entendu"] for r in rows}


def tables(out: Path) -> dict[str, list[list[str]]]:
    """Number of the finding → its table, header first, as the page prints it."""
    found = {}
    for page in sorted(out.rglob("*.html")):
        found |= tables_of(page.read_text(encoding="utf-8"))
    return found


@cache
def tables_of(page: str) -> dict[str, list[list[str]]]:
    """Those of one page, which the reader reads once."""
    figures = BeautifulSoup(page, "html.parser").select("figure.constat")
    return {one["id"]: lines_of(table) for one in figures if (table := one.select_one("table")) is not None}


def lines_of(table: Tag) -> list[list[str]]:
    """The cells of each line; what is said once above several of them is a last cell of each."""
    lines, above = [], ""
    for line in table.select("tr"):
        cells = [same(cell.get_text(" ")).removesuffix(" (prises de parole)") for cell in line.select("th, td")]
        if "groupe" in (line.get("class") or ()):
            above = cells[0]
        else:
            lines.append([*cells, *([above or "groupe"] if table.select_one("tr.groupe") else [])])
    return lines


def number(cell: str) -> tuple[int, int] | None:
    if cell.startswith("personne"):
        return 0, 0
    if cell.startswith(("masqué", "m.")):
        return None
    found = re.match(r"(\d[\d\s]*) à (\d[\d\s]*)", cell)
    assert found, f"une cellule d'un tableau de comptes n'est ni une tranche, ni « masqué », ni « personne » : {cell}"
    low, high = (int(re.sub(r"\s", "", one)) for one in found.groups())
    return low, high


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
        for value in re.findall(r"(\d[\d ]* à \d[\d ]*) prises? de parole", same(one["message"])):
            step = re.search(r"« (.*?) »", same(one["message"]))
            fixe = (("sequence", step[1]),) if step else ()
            found.append(Fact(edition, f"titre {one['id']}", fixe, number(value)))
        if one["id"] in all_tables and one["id"].startswith("participation-couverture"):
            for left, right in zip(one["lignes"], all_tables[one["id"]][1:], strict=True):
                for (value, *_), cell in zip(left[1:], right[1:], strict=True):
                    assert value is None or number(cell)[0] == int(value), one["id"]
    return found


def quoted_quarters(out: Path) -> set[str]:
    """Names of the quarters whose sheet tells what was said."""
    shown = tables(out)
    with (out / "donnees" / "couverture.csv").open(encoding="utf-8-sig", newline="") as file:
        return {same(r["quartier"]) for r in csv.DictReader(file, delimiter=";") if f"{r['qpv']}-voix-01" in shown}


def attack(reports: Path, editions: list[str], seuil: int, told: list[Fact] = ()) -> dict[str, tuple[float, float]]:
    """Withheld cells that the reader finds, and between which bounds; `told` is what he has learned besides.

    Unknowns: people first heard at each (quarter, college, theme, step) in each edition.
    """
    heard = [presence(reports / edition) for edition in editions]
    keys = sorted({key for one in heard for key, said in one.items() if said != "non"})
    # Nobody is where an edition says so, nor had been before.
    unknowns = [
        (key, rank)
        for key in keys
        for rank in range(len(editions))
        if all(heard[e].get(key) not in ("non", None) for e in range(rank, len(editions)))
    ]
    names = list(AXES.values())

    def row(fact: Fact) -> np.ndarray:
        rank = editions.index(fact.edition)
        wanted = [(names.index(axe), label) for axe, label in fact.fixe]
        return np.array([float(r <= rank and all(k[i] == v for i, v in wanted)) for k, r in unknowns])

    known = [fact for edition in editions for fact in facts(reports, edition)]
    matrix, limits = [], []
    printed = {(fact.edition, fact.fixe) for fact in known if fact.lu and fact.lu[0]}
    quoted = {edition: quoted_quarters(reports / edition) for edition in editions}
    for fact in known:
        line = row(fact)
        if fact.lu is not None:
            matrix += [line, -line]
            limits += [fact.lu[1], -max(fact.lu[0], seuil if fact.lu[0] else 0)]
        elif len(fact.fixe) < 2 or all((fact.edition, (one,)) in printed for one in fact.fixe):
            # Among groups that are all large enough an emptiness is said: what is withheld there holds someone.
            matrix.append(-line)
            limits.append(-1)
    empty = {(fact.edition, fact.fixe) for fact in known if fact.lu == (0, 0)}
    for fact in known:
        # An emptiness that its own margins do not say, and a sheet that quotes, say that enough people have spoken there.
        margins = [(one,) for one in fact.fixe if len(fact.fixe) == 2 and fact.lu == (0, 0)]
        if any((fact.edition, one) in empty for one in margins):
            margins = []
        if fact.fixe in {(("quartier", name),) for name in quoted[fact.edition]}:
            margins.append(fact.fixe)
        for one in margins:
            matrix.append(-row(Fact(fact.edition, "", one, None)))
            limits.append(-seuil)
    for rank, edition in enumerate(editions):
        for key in (key for key, said in heard[rank].items() if said == "oui"):
            matrix.append(-row(Fact(edition, "", tuple(zip(names, key, strict=True)), None)))
            limits.append(-seuil)
    for fact in told:
        line = row(fact)
        matrix += [line, -line]
        limits += [fact.lu[1], -fact.lu[0]]
    bounds = [(0.0, 5_000.0)] * len(unknowns)
    inside = csr_matrix(np.array(matrix))
    found, seen = {}, set()
    for fact in known:
        if fact.lu is None and (fact.edition, fact.fixe) not in seen:
            seen.add((fact.edition, fact.fixe))
            goal = row(fact)
            ends = [linprog(s * goal, A_ub=inside, b_ub=limits, bounds=bounds, method="highs") for s in (1, -1)]
            assert all(end.status == 0 for end in ends), f"ce qui est imprimé se contredit : {fact.where}"
            low, high = ends[0].fun, -ends[1].fun
            # That nobody is there is no one's count; whom it places is the question of `placed`.
            if high - low < MARGE - 1e-6 and high > 0.5:
                found[f"{fact.edition} {fact.where}"] = (low, high)
    assert seen, "rien n'est masqué : l'attaque n'a rien à chercher"
    return found


def small_groups(reports: Path, edition: str) -> set[tuple[str, str]]:
    """The quarters and colleges whose own number is withheld."""
    return {
        fact.fixe[0]
        for fact in facts(reports, edition)
        if fact.lu is None and len(fact.fixe) == 1 and fact.fixe[0][0] in ("quartier", "college")
    }


def placed(reports: Path, edition: str) -> set[tuple[str, str, str]]:
    """Small groups that what is said to be empty places in a single quarter or college: (group, theme, where)."""
    possible: dict[tuple[str, str, str], set[str]] = {}
    out, small = reports / edition, small_groups(reports, edition)
    assert small, "aucun groupe n'est sous le seuil : l'attaque n'a rien à chercher"
    listed = [line for line in tables(out)["participation-manques-01"][1:] if line[3] != "tous"]
    silent = {(line[0], line[1]): set(line[3].split(", ")) for line in listed}
    for (quarter, college, theme, _), said in presence(out).items():
        for axe, group, where in (("college", college, quarter), ("quartier", quarter, college)):
            if (axe, group) in small:
                there = possible.setdefault((axe, group, theme), set())
                if said != "non" and (axe == "quartier" or where not in silent.get((college, theme), ())):
                    there.add(where)
    return {(group, theme, *where) for (_, group, theme), where in possible.items() if len(where) == 1}


def overheard(out: Path, codes: set[str]) -> list[str]:
    """What is shown of what was said in quarters where too few have spoken (`codes`): words, months, themes."""
    found = []
    for one in json.loads((out / "donnees" / "contributions.json").read_text(encoding="utf-8"))["contributions"]:
        if one["cite"].split("-")[0] in codes and (one["texte"] or one["mois"]):
            found.append(f"contributions.json {one['cite']}")
    with (out / "donnees" / "couverture.csv").open(encoding="utf-8-sig", newline="") as file:
        names = {same(r["quartier"]) for r in csv.DictReader(file, delimiter=";") if r["qpv"] in codes}
    for ident, (head, *lines) in tables(out).items():
        if ident in {f"{code}-voix-01" for code in codes}:
            found.append(ident)
        for line in lines:
            cell = dict(zip(head, line, strict=True))
            cited = next((v for k, v in cell.items() if k.startswith("Constat")), "")
            said = {cell.get("Ce qui est dit", ""), cell.get("Reçue en", "")} - {"", "(texte non publié)", "sans date"}
            if (cited.split("-")[0] in codes and said) or (head[0] == "Immersion" and names & {*cell.values()}):
                found.append(f"{ident} {cited}")
    return found
