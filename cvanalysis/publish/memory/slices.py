"""A report's slice: what it read, and whether that changed. Owns the comparison of two states of the processed tables and the
sentence that says it; refuses to read raw files.

Each record lists the reads of its report with a digest of the rows. The reads are asked again of today's tables: same digests,
same slice. Where they differ, the rows of then and of now are compared, to say which file brought what.
"""

from __future__ import annotations

import shutil
from collections import Counter
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvanalysis.files import atomic
from cvanalysis.tables.freshness import VOICES as VOICES_FOLDER
from cvanalysis.tables.freshness import read_own

if TYPE_CHECKING:
    import pandas as pd

    from cvanalysis.tables.store import Store
    from cvanalysis.territory.contract import Territory


Where = tuple[tuple[str, tuple[str, ...]], ...]

NAMES = {
    "indicateurs": ("valeur", "valeurs"),
    "anomalies": ("anomalie", "anomalies"),
    "actions": ("action", "actions"),
    "engagements": ("ligne d'engagement", "lignes d'engagement"),
    "paroles": ("parole", "paroles"),
}  # all feminine, as « ligne » is
VOICES = ("paroles", "contributions", "immersions")
KEYS = {"indicateurs": ["zone", "niveau", "indicateur", "millesime", "publication"]}


class Slices:
    """Today's tables, and those that records were made from."""

    def __init__(self, processed: Path, etat: Path, territory: Territory, audience: str) -> None:
        self.processed = processed
        self.territory = territory
        self.audience = audience
        self.folder = etat / "tables"
        self.tables: dict[str, str] = read_own(processed, territory, audience)["tables"]
        self.kept = {name: one for name, one in self.tables.items() if name not in VOICES}
        self.name = atomic.digest_value(self.kept)[:16]
        self.digest, self.compare, self._store_then = cache(self._digest), cache(self._compare), cache(self._open_then)

    @cached_property
    def store(self) -> Store:
        from cvanalysis.tables.store import Store

        return Store(self.processed, self.territory, self.audience)

    def _digest(self, table: str, where: Where) -> str:
        if table == "@fichiers":
            return atomic.digest(self.territory.dossier / dict(where)["nom"][0])
        return self.store.digest(table, where)

    def changed(self, record: dict[str, Any]) -> list[tuple[str, Where]]:
        """The reads of a record that would not give the same rows now."""
        found = []
        for one in record["lectures"]:
            table = one["table"]
            if table in self.tables and record["tables"].get(table) == self.tables[table]:
                continue  # the whole table is as it was
            where = tuple((column, tuple(values)) for column, values in one["where"])
            if self.digest(table, where) != one["digest"]:
                found.append((table, where))
        return found

    def voices_changed(self, record: dict[str, Any]) -> bool:
        """Whether a page quotes or counts voices that are not today's: one of them may have been withdrawn."""
        return any(table in VOICES for table, _ in self.changed(record))

    def keep(self) -> None:
        """Keep a copy of today's tables, for the comparisons of later builds. Not of what people said: a row for each voice, among the
        pages, would give back every count that they withhold, and « 2 paroles nouvelles » too."""
        target = self.folder / self.name
        if target.is_dir():
            return
        building = self.folder / f".{self.name}{atomic.SUFFIX}"
        shutil.rmtree(building, ignore_errors=True)
        try:
            atomic.make_folder(building)
            for name in self.kept:
                source = self.processed / f"{name}.parquet"
                shutil.copy(source, building / source.name)
            building.rename(target)
        except OSError:  # a full disk: a later build will only say less well what changed
            shutil.rmtree(building, ignore_errors=True)

    def forget(self, keep: set[str]) -> None:
        """Remove the tables that no record names."""
        if self.folder.is_dir():
            for folder in self.folder.iterdir():
                if folder.name not in keep:
                    shutil.rmtree(folder, ignore_errors=True)

    def say(self, record: dict[str, Any], changed: list[tuple[str, Where]]) -> list[str]:
        """What changed in a report's slice: « 3 valeurs nouvelles dans REVN_2022 »."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for table, where in dict.fromkeys(changed):
            counts |= self.compare(record["etat_tables"], table, where)  # two reads can cover the same rows: no sum
        return [_sentence(table, what, origin, count) for (table, what, origin), count in sorted(counts.items())]

    def _compare(self, then: str, table: str, where: Where) -> Counter[tuple[str, str, str]]:
        """Counts by (table, what, origin)."""
        if table in {"textes", "@fichiers"}:
            return Counter({(table, "modifié", dict(where)["nom"][0]): 1})
        if table == "geo":
            return Counter({(table, "modifiés", ""): 1})
        old = self._store_then(then)
        if old is None or not (self.folder / then / f"{table}.parquet").exists():
            return Counter({(table, "modifiées", ""): 1})
        return compare_rows(table, old.rows(table, where), self.store.rows(table, where))

    def _open_then(self, then: str) -> Store | None:
        from cvanalysis.tables.store import Store, open_tables

        folder = self.folder / then
        kept = {path.stem: atomic.digest(path) for path in folder.glob("*.parquet")}
        return Store(open_tables(folder, kept), self.territory) if kept else None


def compare_rows(table: str, old: pd.DataFrame, new: pd.DataFrame) -> Counter[tuple[str, str, str]]:
    """Rows that are new, changed or gone, by the file that they come from. Rows without a key are new or gone, never changed."""
    if old.empty or new.empty or list(old.columns) != list(new.columns):
        whole, what = (new, "nouvelle") if len(new) else (old, "retirée")
        return Counter((table, what, origin) for origin in _origins(whole, table))
    keys = [column for column in KEYS.get(table, []) if column in new.columns]
    then, now = (
        Counter(zip(_identity(one, keys), _identity(one, list(one.columns)), _origins(one, table), strict=True))
        for one in (old, new)
    )
    gone, come = then - now, now - then
    gone_keys, come_keys = ({key for key, _, _ in rows if keys} for rows in (gone, come))
    found: Counter[tuple[str, str, str]] = Counter()
    for (key, _, origin), count in come.items():
        found[table, "modifiée" if key in gone_keys else "nouvelle", origin] += count
    for (key, _, origin), count in gone.items():
        if key not in come_keys:
            found[table, "retirée", origin] += count
    return found


def _identity(frame: pd.DataFrame, columns: list[str]) -> list[str]:
    if not columns:
        return [""] * len(frame)
    return ["\x1f".join(map(str, row)) for row in frame[columns].itertuples(index=False, name=None)]


def _origins(frame: pd.DataFrame, table: str) -> list[str]:
    if "fichier" not in frame.columns:
        return [table] * len(frame)
    return [Path(str(name)).stem for name in frame["fichier"]]


def _sentence(table: str, what: str, origin: str, count: int) -> str:
    if table == "textes":
        return f"texte « {origin} » modifié"
    if table == "@fichiers":
        return f"fichier {'de paroles' if origin.startswith(VOICES_FOLDER) else origin} modifié"
    if table == "geo":
        return "contours modifiés"
    if not origin:
        return f"table {table} modifiée"
    one, many = NAMES.get(table, ("ligne", "lignes"))
    return f"{count} {many if count > 1 else one} {what}{'s' if count > 1 else ''} dans {origin}"
