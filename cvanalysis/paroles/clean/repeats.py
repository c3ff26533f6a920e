"""Rows that repeat under one answer, in a table of their own (Kobo): joined to it. Owns which answer is whose; refuses to name a field.

They stand in the other sheets of a workbook or in files of their own, and say in a column of `outils.toml` (`parent`) which answer they
belong to: who said it, where, when and with what leave is said there. A row whose answer is not there is the team's: it may have been
taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

import numpy as np
import pandas as pd
import pyarrow as pa

from cvanalysis.files.sheets import Grid, RawTable
from cvanalysis.french import fold
from cvanalysis.paroles.clean.outils import field_of, fields_known, first_headers, recognise
from cvanalysis.paroles.table import Declared

SEULE = "lignes dont la réponse n'est pas là, réservées à l'équipe"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file of voices, its headers as found. `grille`: where it was found; `declared`: what the team says of its file.

    `origine`: the file of the answers that its rows repeat, else its own; `venues`: the columns that come from there; `sert`: whether
    others take such columns from it; `seules`: rows whose answer is not there.
    """

    raw: RawTable
    grille: Grid
    declared: Declared
    origine: str
    venues: frozenset[str] = frozenset()
    sert: bool = False
    seules: int = 0


@dataclass(slots=True)
class _Joining:
    sheets: Sequence[Sheet]
    done: dict[int, Sheet] = field(default_factory=dict)
    serving: set[int] = field(default_factory=set)

    def whole(self, rank: int) -> Sheet:
        """The sheet with the columns of its answers, and of theirs."""
        if rank not in self.done:
            sheet = self.done[rank] = self.sheets[rank]  # one that is its own ancestor stays as it is
            self.done[rank] = self._joined(sheet)
        return self.done[rank]

    def _joined(self, sheet: Sheet) -> Sheet:
        headers = first_headers(sheet.raw.colonnes)
        links = [(headers[link], key) for link, key in recognise(sheet.raw.colonnes).parent if link in headers]
        for mine, key in links:
            there = self._parents(sheet, mine, key)
            if len(there) == 1:
                self.serving.add(there[0])
                found = self.sheets[there[0]].raw
                keys = found.cells[first_headers(found.colonnes)[key]]
                return _with_answers(sheet, mine, self.whole(there[0]), keys)
        return _of_the_team(sheet, np.full(len(sheet.raw.lignes), True)) if links else sheet

    def _parents(self, sheet: Sheet, mine: str, key: str) -> list[int]:
        """Where the answers of a sheet's rows can be: one, where what the tool writes tells."""
        wanted = set(sheet.raw.cells[mine].unique()) - {""}
        titles = [first_headers(other.raw.colonnes) for other in self.sheets]
        there = [
            rank
            for rank, (other, known) in enumerate(zip(self.sheets, titles, strict=True))
            if other is not sheet and key in known and not wanted.isdisjoint(other.raw.cells[known[key]])
        ]
        named = set(map(fold, sheet.raw.cells.get("_parent_table_name", pd.Series(dtype=str)).unique()))
        for closer in (
            lambda rank: not named.isdisjoint(map(fold, _called(self.sheets[rank]))),
            lambda rank: self.sheets[rank].raw.fichier == sheet.raw.fichier,
            lambda rank: wanted <= set(self.sheets[rank].raw.cells[titles[rank][key]]),
            lambda rank: titles[rank].keys().isdisjoint(link for link, _ in recognise(titles[rank]).parent),
        ):
            there = [rank for rank in there if closer(rank)] or there
        return there


def _called(sheet: Sheet) -> tuple[str, str]:
    return sheet.raw.feuille, PurePath(sheet.raw.fichier).stem


def join_repeats(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The sheets in their order, repeated rows with the columns of their answer."""
    joining = _Joining(sheets)
    whole = [joining.whole(rank) for rank in range(len(sheets))]
    return [replace(sheet, sert=rank in joining.serving) for rank, sheet in enumerate(whole)]


def _with_answers(sheet: Sheet, mine: str, parent: Sheet, keys: pd.Series) -> Sheet:
    """Rows with, besides, what their answer says, but for its words: those are a voice of its own. Its numbers stand for theirs.

    `keys`: what names each row of the parent, as `mine` does.
    """
    own, answers = sheet.raw.cells, parent.raw.cells
    tool = recognise(sheet.raw.colonnes)
    known = fields_known(tool, parent.declared)
    numbers = [header for name, header in first_headers(parent.raw.colonnes).items() if name in tool.numero]
    said = [h for h in answers if h not in own and field_of(h, known) not in ("texte", "reponse")]
    more = answers[list(dict.fromkeys([*numbers, *said]))].set_axis(keys)
    more = more[(keys != "").to_numpy() & ~keys.duplicated().to_numpy()].reindex(own[mine]).reset_index(drop=True)
    alone = ~own[mine].isin(set(keys) - {""}).to_numpy()
    cells = pd.concat([own.drop(columns=[h for h in numbers if h in own]), more.fillna("")], axis=1)
    both = (parent.declared, sheet.declared)
    declared = Declared(*({k: v for one in both for k, v in getattr(one, part).items()} for part in Declared.__slots__))
    raw = replace(sheet.raw, table=pa.Table.from_pandas(cells, preserve_index=False))
    joined = replace(sheet, raw=raw, declared=declared, origine=parent.origine, venues=frozenset(more))
    return _of_the_team(joined, alone)


def _of_the_team(sheet: Sheet, alone: np.ndarray) -> Sheet:
    if not alone.any():
        return sheet
    cells = sheet.raw.cells.copy()
    cells["audience"] = cells.get("audience", pd.Series("", index=cells.index)).mask(alone, "equipe")
    raw = replace(sheet.raw, table=pa.Table.from_pandas(cells, preserve_index=False))
    return replace(sheet, raw=raw, seules=int(alone.sum()))
