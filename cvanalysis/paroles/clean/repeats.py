"""Rows that repeat under one answer, in a table of their own (Kobo): joined to it. Owns which answer is whose; refuses to name a field.

They stand in the other sheets of a workbook or in files of their own, and say in a column of `outils.toml` (`parent`) which answer they
belong to: who said it, where, when and with what leave is said there. A row whose answer is not there is the team's: it may have been
taken away.
"""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import PurePath

import numpy as np
import pandas as pd

from cvanalysis.french import fold
from cvanalysis.paroles.clean.outils import Sheet
from cvanalysis.paroles.table import Declared

SEULE = "lignes dont la réponse n'est pas là, réservées à l'équipe"


def join_repeats(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets in their order, repeated rows with the columns of their answer."""
    done: dict[int, Sheet] = {}
    serving: set[int] = set()

    def whole(rank: int) -> Sheet:
        """The sheet with the columns of its answers, and of theirs."""
        if rank in done:
            return done[rank]
        sheet = done[rank] = sheets[rank]  # one that is its own ancestor stays as it is
        links = [(sheet.first[link], key) for link, key in sheet.outil.parent if link in sheet.first]
        for mine, key in links:
            if len(there := _parents(sheets, sheet, mine, key)) == 1:
                found = sheets[there[0]]
                serving.add(there[0])
                done[rank] = _with_answers(sheet, mine, whole(there[0]), found.cells[found.first[key]])
                return done[rank]
        if links:
            done[rank] = _of_the_team(sheet, np.full(len(sheet.cells), True))
        return done[rank]

    joined = [whole(rank) for rank in range(len(sheets))]
    return [replace(sheet, sert=rank in serving) for rank, sheet in enumerate(joined)]


def _parents(sheets: Sequence[Sheet], sheet: Sheet, mine: str, key: str) -> list[int]:
    """Where the answers of a sheet's rows can be: one, where what the tool writes tells."""
    wanted = set(sheet.cells[mine].unique()) - {""}
    known = {
        rank: set(other.cells[other.first[key]])
        for rank, other in enumerate(sheets)
        if other is not sheet and key in other.first
    }
    there = [rank for rank, keys in known.items() if not wanted.isdisjoint(keys)]
    named = set(map(fold, sheet.cells.get("_parent_table_name", pd.Series(dtype=str)).unique()))
    for closer in (
        lambda one, _: not named.isdisjoint(map(fold, (one.raw.feuille, PurePath(one.raw.fichier).stem))),
        lambda one, _: one.raw.fichier == sheet.raw.fichier,
        lambda _, keys: wanted <= keys,
        lambda one, _: one.first.keys().isdisjoint(link for link, _ in one.outil.parent),
    ):
        there = [rank for rank in there if closer(sheets[rank], known[rank])] or there
    return there


def _with_answers(sheet: Sheet, mine: str, parent: Sheet, keys: pd.Series) -> Sheet:
    """Rows with, besides, what their answer says, but for its words: those are a voice of its own. Its numbers stand for theirs.

    `keys`: what names each row of the parent, as `mine` does.
    """
    own, answers = sheet.cells, parent.cells
    numbers = [header for name, header in parent.first.items() if name in sheet.outil.numero]
    said = [h for h in answers if h not in own and parent.field_of(h) not in ("texte", "reponse")]
    more = answers[list(dict.fromkeys([*numbers, *said]))].set_axis(keys)
    more = more[(keys != "").to_numpy() & ~keys.duplicated().to_numpy()].reindex(own[mine]).reset_index(drop=True)
    alone = ~own[mine].isin(set(keys) - {""}).to_numpy()
    cells = pd.concat([own.drop(columns=[h for h in numbers if h in own]), more.fillna("")], axis=1)
    both = (parent.declared, sheet.declared)
    declared = Declared(
        *({k: v for one in both for k, v in getattr(one, part.name).items()} for part in fields(Declared))
    )
    joined = replace(sheet, cells=cells, declared=declared, origine=parent.origine, venues=frozenset(more))
    return _of_the_team(joined, alone)


def _of_the_team(sheet: Sheet, alone: np.ndarray) -> Sheet:
    if not alone.any():
        return sheet
    declared = sheet.cells.get("audience", pd.Series("", index=sheet.cells.index))
    return replace(sheet, cells=sheet.cells.assign(audience=declared.mask(alone, "equipe")), seules=int(alone.sum()))
