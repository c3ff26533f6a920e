"""What the columns of an unknown sheet are: the title proposes, the content confirms. Owns that guess; refuses to apply it.

A column called « montant » without an amount is no amount; the cost of an action, or a column that adds up the others, is not money
granted; columns that bear a year each are the amounts of these years.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from cvanalysis.actions.clean.cells import (
    encode,
    knowledge,
    line_words,
    other_aid,
    read_amounts,
    read_siren,
    read_year,
    ticked,
    years_of_date,
)
from cvanalysis.actions.clean.declared import Financement
from cvanalysis.actions.clean.fields import Context
from cvanalysis.actions.clean.formats import Located, flatten_header, head_rows, join_lines, squeeze, stated_year
from cvanalysis.actions.clean.quarters import quarters_named, whole_of
from cvanalysis.actions.table import HORS_QPV, MONTANTS, MONTANTS_LUS
from cvanalysis.files.keys import commune_key
from cvanalysis.files.sheets import Grid
from cvanalysis.french import fold
from cvanalysis.personnes.masking import mask_words

TITRES = knowledge()["titres"]
ACCORDE = next(words for champ, *words in TITRES["ordre"] if champ == "accorde")
LIGNES_LUES = 2000
MONTANTS_CONTENU = "d'après son contenu : des montants"

ANNEE = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
PROPOSE, ANNULE = (
    next(w for w, words in TITRES["pas_montant"].items() if one in words) for one in (" propos", " annul")
)
FINANCEURS = {word.strip() for word in TITRES["financeurs"] if word[0] == word[-1] == " "}
"""Words that name a funder when a title says nothing else."""
GRAND_LIVRE = (
    "écritures d'un grand livre : ce qui est payé est son débit moins son crédit ; faites-en une colonne « Payé »"
)
VERSEMENT = "une part parmi d'autres : elles s'ajoutent"

CROIX = "des croix sous le nom d'un quartier"
PAS_UNE_PART = (
    "porte le nom d'un quartier : non lue, sa somme avec les autres n'est celle d'aucun montant ; "
    "si c'est l'argent de ce quartier, déclarez-le dans [[actions.financements]], avec quartier ="
)

GROUPES = ("porteur", "theme", "pilier", "financeur", "dispositif", "annee")
"""Fields that people write once for several rows, in a merged cell."""

PLUS = {"statut": ["statut"], "qpv": ["qpv", "quartier"], "theme": ["thematique", " theme"], "pilier": ["pilier"]}
"""Fields that a known format may bear besides its own, and the titles that say them beyond doubt."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as guessed: its header as written, its field ('' where none), what makes us think so, in French; `bas` its lower title.

    `propre`: a column of amounts that has a funder (then its title names it), a year (`annee`) or a quarter of its own.
    """

    titre: str
    champ: str
    raison: str
    cellules: pa.Array
    bas: str = ""
    propre: bool = False
    annee: str = ""
    quartier: str = ""


def guess_columns(grid: Grid, entete: tuple[int, ...], known: Context) -> list[Column]:
    """What each column of a sheet is, under a header. A field that only one column can be goes to the first that holds it.

    On two lines, the lower title decides; the group above it, only where it says nothing.
    """
    head = head_rows(grid)
    body = grid.table.slice(max(entete) + 1, LIGNES_LUES)
    taken: set[str] = set()
    columns = []
    keys = flatten_header(head, entete)
    titles = join_lines(head, entete, lambda cell: " ".join(cell.split()))
    for i, (key, title) in enumerate(zip(keys, titles, strict=True)):
        if not key:
            continue
        cells = body.column(i).combine_chunks()
        own = [head[position][i] for position in entete]
        champ, reason = _field((own[-1], key), sample_of(cells, own), cells, known)
        if known.quarter_titled(own[-1]) and (words := encode(cells)) is not ticked(words, own[-1]):
            champ, reason = "qpv", CROIX
        elif champ and champ in taken and champ not in MONTANTS:
            champ, reason = "", f"déjà donné par une autre colonne ({champ})"
        taken.add(champ)
        columns.append(Column(mask_words(title + key[len(fold(title)) :]), champ, reason, cells, own[-1]))
    groups = {column.titre.removesuffix(column.bas): {} for column in columns}
    for column in columns:
        groups[column.titre.removesuffix(column.bas)][column.titre] = column
    parts = [
        quarters_named({t: (c.bas, c.cellules) for t, c in group.items() if c.raison != CROIX}, known)
        for group in groups.values()
    ]
    others = [column for column in columns if not any(column.titre in one for one in parts)]
    others = _sort_amounts(others, stated_year(grid, head, entete)[0], f"{grid.feuille} {grid.fichier}")
    shares = [share for one, group in zip(parts, groups.values(), strict=True) for share in _shares(one, group, others)]
    order = [column.titre for column in columns]
    return sorted([*others, *shares], key=lambda column: order.index(column.titre))


def _shares(parts: Mapping[str, np.ndarray], group: Mapping[str, Column], others: Sequence[Column]) -> Iterator[Column]:
    """Columns titled by quarters: each the share of its quarter in the amount that they add up to, or that their own titles say."""
    whole = whole_of(parts, {c.titre: c.cellules for c in reversed(others) if c.champ in MONTANTS})
    told = f"part d'un quartier dans «\u00a0{whole}\u00a0», que ces parts font sur chaque ligne"
    champ = next((column.champ for column in others if column.titre == whole), "")
    alone = not any(column.champ in MONTANTS_LUS for column in others)
    for column, values in ((group[title], values) for title, values in parts.items()):
        said = column.champ if alone or column.raison != MONTANTS_CONTENU else ""
        raison = told if champ else PAS_UNE_PART if values.any() and not said else column.raison
        yield replace(column, champ=champ or said, raison=raison, propre=bool(champ or said), quartier=column.bas)


def sample_of(cells: pa.Array, titles: Sequence[str]) -> list[str]:
    """Distinct filled words of a column, its titles said again and totals left out."""
    words, totals, said = encode(cells), tuple(line_words("totaux")), set(map(fold, titles))
    return [
        word
        for word, key, full in zip(words.words, words.folded, words.filled, strict=True)
        if full and key not in said and not key.startswith(totals) and key not in line_words("idem")
    ][:300]


def _field(titles: Sequence[str], sample: Sequence[str], cells: pa.Array, known: Context) -> tuple[str, str]:
    """Field and reason. The title proposes, the content confirms; where the title says nothing, telling content is enough."""
    if not sample:
        return "", "colonne vide"
    others = "argent d'autres financeurs : à déclarer dans [[actions.financements]] s'il est accordé"
    many = f"{len(sample)} valeur{'s' if len(sample) > 1 else ''} différente{'s' if len(sample) > 1 else ''}"
    told = [word for word in sample if fold(word) not in line_words("sans_montant")]
    numeric = _share(told, lambda w: w.strip()[:1].isdigit() and not re.search(r"[^\W\d_]{4}", w)) > 0.5
    for title in titles:
        bare = re.sub(TITRES["apartes"], " ", title)
        reasons = (why for why, words in TITRES["pas_montant"].items() if _said(words, bare))
        barred = (others if _said(TITRES["cofinanceurs"], titles[-1]) else next(reasons, "")) if numeric else ""
        for champ in fields_said(title):
            if not (barred and champ in (*MONTANTS_LUS, "observation")) and _holds(champ, sample, cells, known):
                if champ == next(fields_said(title)) == "accorde" and not _said(ACCORDE, title):
                    # « montant », and not which: the line below, or the group, may say it.
                    champ = next((one for one in fields_said(titles[-1]) if one in MONTANTS_LUS), champ)
                return champ, f"d'après son titre ({many})"
        if barred:
            return "", barred
    if _share(sample, lambda word: any(code in known.quartiers for code in known.quarters_of(word))) > 0.6:
        return "qpv", "d'après son contenu : des quartiers du contrat"
    if _share(sample, known.labels["statut"].code) > 0.8 and (
        _said(ACCORDE, titles[-1]) or not line_words("oui_non").issuperset(map(fold, sample))
    ):
        return "statut", "d'après son contenu : des suites données"
    if len(sample) > 1 and _share(sample, lambda w: len(_digits(w)) == 14 and read_siren(w)[0] != "") > 0.6:
        return "siret", "d'après son contenu : des SIRET"
    if numeric and _is_money(sample, cells, titles[-1]):
        return "accorde", MONTANTS_CONTENU
    return "", "pas reconnue"


def _said(words: Iterable[str], title: str) -> bool:
    """Whether a title has one of these words; underscores, apostrophes and inner capitals part its words as spaces do."""
    parted = re.sub(r"(?<=[a-zà-ÿ])(?=[A-Z])", " ", title)
    spaced = [re.sub("[_'’]", " ", f" {fold(one)} ") for one in {title, parted}]
    return any(word.replace("'", " ") in one for word in words for one in spaced)


def fields_said(title: str) -> Iterator[str]:
    """The fields that a title proposes, the surest first."""
    return (champ for champ, *hints in TITRES["ordre"] if _said(hints, title))


def _is_money(sample: Sequence[str], cells: pa.Array, title: str) -> bool:
    """Whether numbers alone say money: cents, the sign €, or the name of a funder over what cannot be a code."""
    amounts, _ = read_amounts(cells, ",")
    read = amounts[np.nan_to_num(amounts) != 0]
    if not len(read) or np.median(read) < 100 or not _holds("accorde", sample, cells, None):
        return False
    widths = {len(_digits(word)) for word in sample}
    bare = fold(re.sub(r"\([^)]*\)", "", title))
    if ANNEE.fullmatch(bare):
        return True
    if _said(TITRES["financeurs"], title) and not (len(widths) == 1 and min(widths) >= 5):
        return len(read) > 2 or bare in FINANCEURS
    return (
        len(read) > 5
        and len(set(read)) > 3
        and _share(sample, lambda w: "€" in w or re.search(r"[.,](?!00?$)\d\d?$", w.strip())) > 0.1
    )


def _digits(word: str) -> str:
    return "".join(filter(str.isdigit, word))


def _share(words: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(word)) for word in words) / max(1, len(words))


_CONTENUS: Mapping[str, tuple[Callable[[str], object], float]] = {
    "siret": (lambda word: len(_digits(word)) >= 8, 0.5),
    "annee": (read_year, 0.4),
    "date": (years_of_date, 0.4),
    "date_convention": (years_of_date, 0.4),
    "beneficiaires": (lambda word: word.strip()[:1].isdigit(), 0.5),
    "nature": (lambda word: other_aid(word) or "numeraire" in fold(word), 0.5),
    **dict.fromkeys(("engagement", "reference", "observation"), (bool, -1)),
}
"""What the words of a column must be for its title to be believed, and above which share of them; else letters."""


def _holds(champ: str, sample: Sequence[str], cells: pa.Array, known: Context | None) -> bool:
    if champ in MONTANTS_LUS:
        values, _ = read_amounts(cells, ",")
        read = values[~np.isnan(values)]
        codes = len(sample) > 1 and all(w.isdigit() and len(w) == len(sample[0]) > 7 for w in map(str.strip, sample))
        told = [word for word in sample if fold(word) not in line_words("sans_montant")]
        digits, shares = (_share(told, lambda w, s=s: re.search(s, w)) for s in (r"\d", r"^[\s\d.,-]*%"))
        return bool(len(read)) and digits > 0.5 and not (shares > 0.2 or codes)
    if champ == "qpv":
        wanted = (*known.quartiers, HORS_QPV)
        return _share(sample, lambda word: any(code in wanted for code in known.quarters_of(word))) > 0.3
    if champ == "commune":  # only where it tells our rows from others': a list larger than the contract
        ours = [commune_key(word) in known.communes for word in sample]
        return any(ours) and not all(ours)
    holds, least = _CONTENUS.get(champ, (lambda word: any(map(str.isalpha, word)), 0.5))
    return _share(sample, holds) > least


def complete(located: Located, known: Context) -> tuple[Located, list[tuple[str, str, str]]]:
    """A known format with the columns that it does not have, where title and content agree.

    Of those that it leaves and that may count: title, what is doubtful, what was done.
    """
    grid, start = located.grid, max(located.entete) + 1
    found, doubtful = dict(located.journal.colonnes), []
    for i, (name, title) in enumerate(zip(located.noms, head_rows(grid)[start - 1], strict=True)):
        if not name or name in found or located.format is None or squeeze(name) in located.format.laissees:
            continue
        cells = grid.table.column(i).slice(start, LIGNES_LUES).combine_chunks()
        if known.quarter_titled(title) and (words := encode(cells)) is not ticked(words, title):
            found[name] = "qpv"
            doubtful.append((title, CROIX, "lues comme ce quartier"))
            continue
        sample = sample_of(cells, [title])
        money, why = _field((title,), sample, cells, known)
        paste = f'[[actions]] fichier = "{grid.fichier}", reconnu = true, [actions.colonnes] "{title}" ='
        if why == ANNULE:
            doubtful.append((title, *why.split(" : ")))
        elif money in MONTANTS and why != MONTANTS_CONTENU:
            left = "gardés dans le fichier, et non analysés ; s'ils ont été demandés, accordés ou payés, collez dans contrat.toml :"
            what = "montants d'une colonne que ce format ne lit pas"
            doubtful.append((title, what, f'{left} {paste} "{money}"'))
        champ = next((c for c in fields_said(title) if c in PLUS and c not in found.values()), "")
        if champ and sample and not _said(["juridique"], title):
            codes = {name: known.labels[name].code for name in ("theme", "pilier", "statut")}
            codes |= {"qpv": lambda w: any(known.quarters_of(w))}
            if _share(sample, codes[champ]) > 0.3:
                found[name] = champ
            elif _said(PLUS[champ], title):
                what = f"semble dire « {champ} », avec des mots que personne n'a déclarés"
                left = "non lue ; déclarez ses mots dans correspondances.csv, ou collez dans contrat.toml :"
                doubtful.append((title, what, f'{left} {paste} "{champ}"'))
    more, told = _shares_besides(located, known)
    return replace(located, journal=replace(located.journal, colonnes=found, financements=more)), doubtful + told


def _shares_besides(located: Located, known: Context) -> tuple[tuple[Financement, ...], list[tuple[str, str, str]]]:
    """Columns of a known format that are titled by quarters: how they are read, and what is said of it."""
    start, wanted = max(located.entete) + 1, located.journal.colonnes
    cells = {
        name: column.slice(start, LIGNES_LUES).combine_chunks()
        for name, column in zip(located.noms, located.grid.table.columns, strict=True)
    }
    parts = quarters_named({name: (name, one) for name, one in cells.items() if name not in wanted}, known)
    whole = whole_of(
        parts, {name: cells[name] for name, champ in wanted.items() if champ in MONTANTS and name in cells}
    )
    what, done = (
        (f"part d'un quartier dans « {whole} »", "lue comme l'argent de ce quartier")
        if whole
        else PAS_UNE_PART.split(" : ", 1)
    )
    found = tuple(Financement(name, wanted[whole], quartier=name) for name in parts) if whole else ()
    return (*located.journal.financements, *found), [(name, what, done) for name in parts]


def _sort_amounts(columns: Sequence[Column], stated: str, where: str) -> list[Column]:
    """Columns of amounts told apart: those of a year, those of a funder, and those that repeat the money of the others.

    `stated`: the year of the table, '' where it says none; `where`: the names of its sheet and file.
    """
    columns = list(columns)
    ledger = any(_said(TITRES["debits"], column.titre) for column in columns)
    for i, column in enumerate(columns if ledger else ()):
        if column.champ in ("", *MONTANTS) and _said((*TITRES["debits"], *TITRES["credits"]), column.titre):
            columns[i] = replace(column, champ="", raison=GRAND_LIVRE)
    years = [ANNEE.findall(column.titre) for column in columns]
    asked = {tuple(years[i]) for i, column in enumerate(columns) if column.champ == "demande"}
    if not stated and len(asked) == 1 and len(year := next(iter(asked))) == 1:
        (stated,) = year  # what is asked for is of the year of the table: an earlier one is recalled
    recalled = any(column.champ == "rappel" for column in columns)
    for i, column in enumerate(columns):
        if column.champ in MONTANTS and stated and len(years[i]) == 1 and years[i][0] < stated:
            told = f"montant d'une autre année que {stated}, celle du tableau"
            columns[i], recalled = replace(column, champ="" if recalled else "rappel", raison=told), True
    others = [re.sub(r"\W+", " ", where), *(column.titre for column in columns if column.champ not in MONTANTS)]
    if not recalled and not asked and any(_said(TITRES["paiements"], title) for title in others):
        why = "d'après une autre colonne, ou le nom de la table : des paiements"
        plain = {c.titre for c in columns if c.champ == "accorde" and not c.annee and not _said(ACCORDE, c.titre)}
        columns = [replace(c, champ="paye", raison=why) if c.titre in plain else c for c in columns]
    granted = 0.0
    for champ in MONTANTS:
        mine = [i for i, column in enumerate(columns) if column.champ == champ]
        mine.sort(key=lambda i: _said(TITRES["hors_taxes"], columns[i].titre))  # with its tax where both are told
        values = {i: np.nan_to_num(read_amounts(columns[i].cellules)[0]) for i in mine}
        parts = [i for i in mine if _said(TITRES["versements"], columns[i].titre)]
        whole = [i for i in mine if i not in parts and not years[i] and columns[i].raison != MONTANTS_CONTENU]
        above = sum(values[i].sum() for i in mine) > granted > 0  # paid more than granted: some is told twice
        if len(whole) == 1 and (above or (sum(values[i] for i in parts) <= values[whole[0]] + 0.01).all()):
            why = f"une partie de « {columns[whole[0]].titre} » : la compter doublerait l'argent"
            columns = [replace(c, champ="", raison=why) if i in parts else c for i, c in enumerate(columns)]
            mine = [i for i in mine if i not in parts]
        kept = [i for i in mine if not _repeats(i, columns, [j for j in mine if j != i], values)]
        kept = [i for i in kept if not _doubles(i, columns, kept, values)]
        titled = [i for i in kept if columns[i].raison != MONTANTS_CONTENU]
        plain = ""
        for i in mine:
            title, several = columns[i].titre, len(kept) > 1
            change: dict[str, Any] = {"propre": True}
            if i not in kept:
                why = "redit d'autres colonnes de montants : la compter doublerait l'argent"
                change = {"champ": "", "raison": why}
            elif len(years[i]) == 1 and (several or title == years[i][0]):
                change |= {"annee": years[i][0]}
            elif i not in titled and len(titled) == 1:
                change = {"champ": "", "raison": "des montants, sans que son titre dise lesquels"}
            elif several and _said(TITRES["versements"], title) and not _said(TITRES["financeurs"], title):
                change |= {"raison": VERSEMENT}
            elif i in titled and not (several and _names_more(title)):
                why = f"même montant que « {plain} », ou à choisir entre elles"
                change = {"champ": "", "raison": why} if plain else {}
                plain = plain or title
            columns[i] = replace(columns[i], **change)
        granted = sum(values[i].sum() for i in mine if columns[i].champ == "accorde")
    return columns


def _repeats(i: int, columns: Sequence[Column], others: list[int], values: dict[int, np.ndarray]) -> bool:
    """Whether a column of amounts is the sum, or a part, of others: by its title, or by its figures."""
    if not others or _said(TITRES["sommes"], columns[i].titre):
        return bool(others)
    same = (np.abs(values[i] - np.sum([values[j] for j in others], axis=0)) < 0.01)[values[i] != 0]
    return len(others) > 1 and len(same) >= 3 and bool(same.mean() >= 0.9)


def _doubles(i: int, columns: Sequence[Column], kept: list[int], values: dict[int, np.ndarray]) -> bool:
    """Whether a column that names no funder has, row by row, the amounts of one before it, or of one that names a funder."""
    apart = (*TITRES["versements"], *TITRES["financeurs"])
    if _said(apart, columns[i].titre) or ANNEE.search(columns[i].titre) or np.count_nonzero(values[i]) < 5:
        return False
    return any(np.array_equal(values[i], values[j]) for j in kept if j < i or _said(apart, columns[j].titre))


def _names_more(title: str) -> bool:
    """Whether a title of amounts says more than money: a funder, mostly."""
    stems = [stem for champ, *stems in TITRES["ordre"] if champ in MONTANTS_LUS for stem in stems]
    usual = tuple(stem.strip() for stem in (*stems, *TITRES["ordinaires"]))
    stems = tuple(stem for stem in usual if len(stem) > 3)  # « et » begins « État », and says nothing of it
    words = re.findall(r"[^\W\d_]+", fold(title))
    return any(len(word) > 1 and word not in usual and not word.startswith(stems) for word in words)


def merged_columns(columns: Sequence[Column]) -> list[str]:
    """Titles of the columns at the left of the action that are written once for several rows, as merged cells are read."""
    place = next((i for i, column in enumerate(columns) if column.champ == "action"), 0)
    if not place:
        return []
    actions = encode(columns[place].cellules)
    sums = tuple(line_words("totaux") | line_words("enveloppes"))
    named = actions.map(lambda word: bool(word.strip()) and not fold(word).startswith(sums), bool)
    made = []
    for column in columns[:place] if named.sum() > 3 else ():
        filled = encode(column.cellules).map(lambda word: bool(word.strip()), bool)[named]
        if column.champ in GROUPES and filled[0] and 0.25 <= 1 - filled.mean() < 1:
            made.append(column.titre)
    return made
