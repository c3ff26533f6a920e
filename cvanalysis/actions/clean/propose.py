"""An unknown log → the declaration to paste into `contrat.toml`, from its headers and its content. Owns that proposal and nothing else.

The proposal is complete TOML that reads back: one block per sheet that holds actions, what was not understood as comments. It is
proposed, never applied.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cvanalysis.actions.clean.cells import DOUTEUX, encode, knowledge, line_words, read_amounts
from cvanalysis.actions.clean.declared import LISTES
from cvanalysis.actions.clean.fields import Context
from cvanalysis.actions.clean.formats import flatten_header, head_rows, repeats, stated_year
from cvanalysis.actions.clean.guess import ANNEE, PROPOSE, VERSEMENT, Column, guess_columns, merged_columns
from cvanalysis.actions.clean.labels import EXCLU, Labels, read_labels
from cvanalysis.actions.table import CHAMPS, DATES, MONTANTS
from cvanalysis.errors import CvanalysisError
from cvanalysis.files.guard import reading
from cvanalysis.files.sheets import Grid, raw_files, read_grid
from cvanalysis.french import fold, quoted
from cvanalysis.personnes.masking import mask_words
from cvanalysis.territory.contract import Territory
from cvanalysis.territory.declarations import Inspection

MINIMUM = 3  # fields below which a sheet without amounts is not taken for a log
LISTE = LISTES[0]
PIVOT = ("etiquettes de lignes", "row labels")
CROISEE = (
    "est un tableau croisé dynamique, dont les sous-totaux redisent le détail : déposez plutôt la feuille qui l'a nourri "
    "(dans le tableur, un double clic sur le total général la rouvre)"
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds a log, its header and its columns as guessed."""

    grid: Grid
    entete: tuple[int, ...]
    columns: list[Column]

    @property
    def fields(self) -> set[str]:
        return {column.champ for column in self.columns if column.champ}

    @property
    def annee(self) -> tuple[str, str]:
        """The year that the sheet says outside its rows, and where, when no column says one."""
        said = set(DATES) & self.fields or any(column.annee for column in self.columns)
        stated = ("", "") if said else stated_year(self.grid, head_rows(self.grid), self.entete)
        years = {year for column in self.columns if column.champ in MONTANTS for year in ANNEE.findall(column.titre)}
        return stated if said or stated[0] or len(years) != 1 else (*years, "dans les titres des montants")

    def quartier(self, known: Context) -> tuple[str, str]:
        """The only quarter that the sheet names outside its rows, where they name none, and where it does."""
        told = "qpv" in self.fields or any(column.quartier for column in self.columns)
        above = " - ".join(cell for row in head_rows(self.grid)[: min(self.entete)] for cell in row)
        name = Path(self.grid.fichier).stem.replace("_", " - ")
        places = {"le titre du tableau": above, "le nom de la feuille": self.grid.feuille, "le nom du fichier": name}
        found = {where: {*known.quarters_of(said)} & {*known.quartiers} for where, said in places.items()}
        return next(((codes.pop(), where) for where, codes in found.items() if len(codes) == 1 and not told), ("", ""))

    def lines(self) -> set[tuple[str, str, float]]:
        """Title, year and amount of each row: what tells that a sheet says another's lines again."""
        columns = {column.champ: column for column in reversed(self.columns)}
        money = next((columns[champ] for champ in MONTANTS if champ in columns), None)
        if "action" not in columns or money is None:
            return set()
        amounts = np.nan_to_num(read_amounts(money.cellules)[0])
        titles = encode(columns["action"].cellules).array()
        years = encode(columns["annee"].cellules).array() if "annee" in columns else [self.annee[0]] * len(titles)
        return {(t, str(y), float(m)) for t, y, m in zip(titles, years, amounts, strict=True) if t}


def propose_journal(path: Path, fichier: str, territory: Territory) -> str:
    """The `[[…]]` blocks for one file, ready to paste; a block to fill in where no sheet looks like a log. Raises `ReadError`."""
    labels = read_labels(territory, Inspection(Path(territory.dossier)))
    known = Context(territory, labels)
    grids = read_grid(path, fichier)
    sheets = [sheet for grid in grids if (sheet := _read_sheet(grid, known)) is not None]
    if not sheets:
        return _skeleton(fichier, grids[0], known)
    named = any("action" in sheet.fields for sheet in sheets)
    aside = {id(one): "est cachée dans le classeur" for one in sheets if one.grid.cachee}
    recaps = (id(one) for one in sheets if named and "action" not in one.fields)
    aside |= dict.fromkeys(recaps, "ne dit aucune action : sans doute un récapitulatif")
    left = [one for one in sheets if id(one) not in aside]
    again = "répète une autre feuille : la lire aussi compterait deux fois le même argent"
    aside |= {id(left[rank]): again for rank in repeats([one.lines() for one in left])}
    blocks = ((_write(fichier, one, known), aside.get(id(one))) for one in sheets)
    return "\n".join(_set_aside(block, why) if why else block for block, why in blocks)


def propose_all(territory: Territory, fichiers: Sequence[str]) -> str:
    """The blocks of several files, one after the other; a file that cannot be read is left to the message that says so."""
    blocks, root = [], Path(territory.dossier)
    for path, fichier in raw_files(root / "actions", root):
        with suppress(CvanalysisError), reading(fichier):
            blocks.append(propose_journal(path, fichier, territory) if fichier in fichiers else "")
    return "\n".join(block for block in blocks if block)


def _read_sheet(grid: Grid, known: Context) -> Sheet | None:
    """The sheet under the header that tells most of its columns; None where it looks like no log."""
    scores: dict[float, Sheet] = {}
    for entete in _headers(grid):
        sheet = Sheet(grid, entete, guess_columns(grid, entete, known))
        score = len(sheet.fields) + 0.1 * sum(column.champ != "" for column in sheet.columns) - 0.05 * len(entete)
        money = sheet.fields & set(MONTANTS) and {"action", "porteur"} & sheet.fields
        if money or (len(sheet.fields) >= MINIMUM and {"action", "porteur"} <= sheet.fields):
            scores.setdefault(score, sheet)
    return scores[max(scores)] if scores else None


def _skeleton(fichier: str, grid: Grid, known: Context) -> str:
    """What to fill in, as comments, where nothing tells what the columns are."""
    entete = max(_headers(grid), key=lambda one: sum(map(bool, flatten_header(head_rows(grid), one))), default=(0,))
    sheet = Sheet(grid, entete, guess_columns(grid, entete, known))
    columns = [replace(column, champ=column.champ or "?", propre=False) for column in sheet.columns]
    pivot = any(fold(column.titre).startswith(PIVOT) for column in columns)
    block = _set_aside(
        _write(fichier, replace(sheet, columns=columns), known), CROISEE if pivot else "n'a pas été comprise"
    )
    return f"{block}# Champs possibles (une colonne « action » ou « porteur » au moins) : {', '.join(CHAMPS)}\n"


def _headers(grid: Grid) -> list[tuple[int, ...]]:
    if grid.entete is not None:
        return [(grid.entete,)]
    rows = head_rows(grid)[:20]
    words = [sum(bool(cell.strip()) for cell in row) for row in rows]
    good = [i for i, row in enumerate(rows) if words[i] >= 2 and not any(map(_is_number, row))]
    pairs = [
        (i, i + 1)
        for i in good
        if i + 1 in good and grid.lignes[i + 1] == grid.lignes[i] + 1 and not _stands_alone(rows[i], rows[i + 1])
    ]
    return [*((i,) for i in good), *pairs]


def _stands_alone(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether a row titles every column of the row below it, most of which is filled: that one is of data."""
    titles = [top.strip() for top, low in zip(upper, lower, strict=True) if low.strip()]
    return all(titles) and len(set(titles)) == len(titles) >= 0.6 * sum(bool(cell.strip()) for cell in upper)


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number, or an amount; a year is none, since columns of amounts are titled with it."""
    bare = re.sub(r"[\s.,€]|euros?$", "", cell)
    return bare.isdigit() and not ANNEE.fullmatch(bare)


def _set_aside(block: str, why: str) -> str:
    head, *lines = block.splitlines()
    told = f"# Feuille laissée de côté : elle {why}. Retirez les « # » si elle doit être lue."
    return "\n".join([head, told, *(f"# {line}".rstrip() for line in lines), ""])


def _write(fichier: str, sheet: Sheet, known: Context) -> str:
    grid, columns = sheet.grid, sheet.columns
    where = f" [{grid.feuille}]" if grid.feuille else ""
    lines = [
        f"# {fichier}{where} : proposé d'après ses titres et son contenu ; à relire, puis à coller dans contrat.toml.",
        f"[[{LISTE}]]",
        f"fichier = {_text(fichier)}",
    ]
    if grid.feuille:
        lines.append(f"feuille = {_text(grid.feuille)}")
    numbers = [int(grid.lignes[position]) for position in sheet.entete]
    if grid.entete is None:
        lines.append(f"entete = {numbers[0] if len(numbers) == 1 else numbers}")
    if merged := merged_columns(columns):
        lines.append(f"fusionnees = [{', '.join(map(_text, merged))}]  # une case vide répète celle du dessus")
    doubtful = [word for column in columns if column.champ in MONTANTS for word in _thousands(column)]
    for word in doubtful[:1]:
        lines.append(
            f"# milliers = {_text(word[-4])}  # si {quoted(word)} vaut des milliers ; sinon, corrigez ces cases"
        )
    lines += ["", f"[{LISTE}.colonnes]"]
    constants: list[str] = []
    penniless = not sheet.fields & set(MONTANTS)
    for column in columns:
        if column.champ and not column.propre:
            lines.append(f"{_text(column.titre)} = {_text(column.champ)}  # {column.raison}")
        elif not column.champ:
            lines.append(f"# {_text(column.titre)} : laissée de côté ({column.raison})")
            if penniless and column.raison == PROPOSE:
                lines.append(f'# {_text(column.titre)} = "accorde"  # si cela a été voté : aucun autre argent ici')
    if not set(DATES) & sheet.fields and not any(column.annee for column in columns):
        year, told = sheet.annee
        said = f"annee = {year}  # lue {told} :" if year else "# annee = 2020  #"
        constants.append(f"{said} aucune colonne ne la dit")
    if (place := sheet.quartier(known))[0]:
        constants.append(f"qpv = {_text(place[0])}  # lu dans {place[1]} : aucune colonne ne dit le quartier")
    lines += ["", f"[{LISTE}.constantes]", *constants] if constants else []
    for column in columns:
        if not column.propre:
            continue
        own, champ = f"colonne = {_text(column.titre)}", f"champ = {_text(column.champ)}"
        lines += ["", f"[[{LISTE}.financements]]", own, champ]
        if column.quartier:
            lines += [f"quartier = {_text(column.quartier)}  # {column.raison}"]
        elif column.raison == VERSEMENT:
            lines.append(f"# {VERSEMENT}")
        elif column.annee:
            lines += [f"annee = {column.annee}", '# financeur = "…"  # si cette colonne est celle d\'un seul financeur']
        else:
            funder = _text(mask_words(column.bas) or column.titre)
            lines += [f"financeur = {funder}  # à remplacer par le nom du financeur"]
            lines += ['# type_credit = "spécifique"  # ou "droit commun"']
    return "\n".join([*lines, *_unknown_words(columns, known.labels)]) + "\n"


def _thousands(column: Column) -> list[str]:
    """The cells of a column of amounts that may be read in two ways."""
    words = (word.strip(" €") for word in encode(column.cellules).words)
    return [word for word in words if DOUTEUX.fullmatch(word)] if read_amounts(column.cellules)[1].any() else []


def _unknown_words(columns: Sequence[Column], labels: dict[str, Labels]) -> list[str]:
    """Words of statuses and themes that nobody declared, as comments: where to say what they are."""
    made = []
    states = ", ".join(sorted(knowledge()["statuts"]))
    wanted = {
        "statut": (f"[{LISTE}.valeurs.statut]  # suites données à traduire : {states}", "?"),
        "theme": (f"# Thématiques à déclarer dans correspondances.csv (un thème, ou « {EXCLU} ») :", EXCLU),
    }
    titles = {fold(column.titre) for column in columns} | {fold(column.titre.rsplit(" ", 1)[-1]) for column in columns}
    for column in columns:
        said = encode(column.cellules)
        words = {
            key: word.strip()
            for word, key in zip(said.words, said.folded, strict=True)
            if any(map(str.isalpha, word))
            and not key.startswith(tuple(line_words("totaux")))
            and key not in titles
            and len(word) < 80
            and mask_words(word) == word  # a person's name is nothing to declare
        }
        known = labels.get(column.champ)
        unknown = sorted(key for key in words if known.code(key) is None)[:30] if column.champ in wanted else ()
        head, none = wanted.get(column.champ, ("", ""))
        made += ["", head] if unknown else []
        for key in unknown:
            word, code = words[key], known.code(known.nearest(key)) or none
            made.append(f"#   theme;{word};{code};" if none == EXCLU else f"# {_text(word)} = {_text(code)}")
    return made


def _text(word: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, but for U+007F."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007F")
