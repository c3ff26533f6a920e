"""The processed tables as reports read them. Owns reading, filtering and the record of what was read.

Every read is recorded with a digest of the rows that it gave: those records are the report's slice, which tells the next
build whether the report must be made again. Refuses to clean (the other modules of this room do) and to interpret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
import pyarrow as pa

from cvanalysis.errors import UsageError
from cvanalysis.files.atomic import digest, digest_value
from cvanalysis.files.contours import Outline, contour_files, read_contours
from cvanalysis.files.texts import read_text
from cvanalysis.tables.freshness import FILES, read_own
from cvanalysis.territory.contract import Territory

QUARTIERS = "@quartiers"
"""Stands for all the quarters of the contract in a filter, so that a record does not list forty codes."""
TEXTES = "textes"
GEO = "geo"


@dataclass(frozen=True, slots=True)
class Lecture:
    """One read: a table, the filters, and the digest of the rows they gave."""

    table: str
    where: tuple[tuple[str, tuple[str, ...]], ...]
    digest: str


def read_bytes(path: Path) -> pa.Buffer:
    """A file in Arrow's own memory: its threads free it even as the process ends, which would abort if Python held it."""
    with pa.OSFile(str(path)) as file:
        return file.read_buffer()


def read_parquet(raw: pa.Buffer) -> pd.DataFrame:
    """A processed table from its bytes (`read_bytes`)."""
    return pd.read_parquet(pa.BufferReader(raw))


class Tables:
    """The tables of one processed folder as they were when it was opened (`digests`, by name), loaded on first use.

    A table that is not of then any more is refused: it may be another contract's, or for other readers.
    """

    def __init__(self, processed: Path, digests: dict[str, str]) -> None:
        self.processed = processed
        self.digests = digests
        self._tables: dict[str, _Table] = {}

    def __getitem__(self, name: str) -> _Table:
        if name not in self._tables:
            self._tables[name] = _Table(self._read(name) if name in self.digests else pd.DataFrame())
        return self._tables[name]

    def _read(self, name: str) -> pd.DataFrame:
        path = self.processed / f"{name}.parquet"
        raw = read_bytes(path) if path.exists() else b""
        if hashlib.sha256(raw).hexdigest() != self.digests[name]:
            raise UsageError(
                f"La table «\u00a0{name}\u00a0» n'est plus celle que ce dossier a ouverte : d'autres l'ont refaite depuis, ou retirée. "
                "Ouvrez le dossier à nouveau par cv.ouvrir()."
            )
        frame = read_parquet(raw)
        return frame.assign(**{name: _held_once(frame[name]) for name in frame.select_dtypes("str")})

    def warm(self) -> None:
        """Load the tables and their indexes, before any fork: each child would otherwise do it again."""
        for name in self.digests:
            table = self[name]
            _ = table.hashes
            for column in ("zone", "indicateur", "qpv", "sujet"):
                table.positions(column)


def _held_once(texts: pd.Series) -> pd.api.extensions.ExtensionArray:
    """The same texts, each as one text of Python's own: a page takes few rows at a time, and Arrow costs more there than it saves."""
    codes, words = pd.factorize(texts)
    return words.astype(pd.StringDtype("python", na_value=np.nan)).array.take(codes, allow_fill=True)


class _Table:
    """A frame with, per column used as a filter, the positions of each value."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._positions: dict[str, dict[str, np.ndarray]] = {}

    @cached_property
    def hashes(self) -> np.ndarray:
        """One 64-bit hash a row, so that a slice's digest costs nothing to take."""
        if self.frame.empty:
            return np.zeros(0, dtype="uint64")
        return pd.util.hash_pandas_object(self.frame, index=False).to_numpy()

    def positions(self, column: str) -> dict[str, np.ndarray]:
        if column not in self._positions:
            if column not in self.frame.columns:
                return {}
            values = self.frame[column].astype("string").fillna("").to_numpy(dtype=object)
            self._positions[column] = pd.Series(values).groupby(values, sort=False).indices
        return self._positions[column]

    def select(self, where: dict[str, tuple[str, ...]]) -> np.ndarray:
        """Row numbers, in the table's order, of the rows that satisfy all the filters; the one that keeps the fewest goes first."""
        if not where:
            return np.arange(len(self.frame))
        none = np.zeros(0, dtype=np.intp)
        found = [
            np.concatenate([none, *(index[value] for value in dict.fromkeys(wanted) if value in index)])
            for column, wanted in where.items()
            for index in (self.positions(column),)
        ]
        rows, *others = sorted(found, key=len)
        for other in others:
            rows = rows[np.isin(rows, other)]
        return np.sort(rows)


_shared: WeakValueDictionary[tuple[Path, str], Tables] = WeakValueDictionary()
_recorded: list[Lecture] = []
_invented: set[str] = set()


def open_tables(processed: Path, digests: dict[str, str]) -> Tables:
    """These tables of that folder, loaded once as long as someone holds them (a forked child inherits its parent's)."""
    key = (processed.resolve(), digest_value(digests))
    tables = _shared.get(key)
    if tables is None:
        tables = _shared[key] = Tables(processed, digests)
    return tables


def start_recording() -> None:
    """Forget the reads so far: what a parent read to decide is not what its child reads for a report."""
    _recorded.clear()
    _invented.clear()


def recorded() -> list[Lecture]:
    """What this process has read so far, each read once, in order."""
    return list(dict.fromkeys(_recorded))


def read_invented() -> bool:
    """Whether rows that an example declares were among them."""
    return bool(_invented)


class Store:
    """What a notebook reads: processed tables, texts and contours of one territory.

    Raises `UsageError` where the tables of that folder are not this territory's, for this audience.
    """

    def __init__(self, processed: Path | Tables, territory: Territory, audience: str = "public") -> None:
        self.territory = territory
        self.tables = (
            processed
            if isinstance(processed, Tables)
            else open_tables(processed, read_own(processed, territory, audience)["tables"])
        )

    def rows(self, table: str, where: Iterable[tuple[str, tuple[str, ...]]] = ()) -> pd.DataFrame:
        """A new frame of the rows of `table` that satisfy `where`, in the table's order; the read is recorded."""
        where = tuple((column, tuple(values)) for column, values in where)
        positions, rows = self._select(table, where)
        _recorded.append(Lecture(table, where, rows))
        frame = self.tables[table].frame
        found = frame.iloc[positions].reset_index(drop=True) if len(positions) else frame.iloc[:0]
        if "exemple" in found and found["exemple"].any():
            _invented.add(table)
        return found

    def digest(self, table: str, where: Iterable[tuple[str, tuple[str, ...]]] = ()) -> str:
        """The digest that a read would have now, without recording it."""
        if table == FILES:
            return digest(self.territory.dossier / dict(where)["nom"][0])
        if table == TEXTES:
            return digest(self._text_path(dict(where)["nom"][0]))
        if table == GEO:
            return digest_value([digest(path) for path in contour_files(self.territory.dossier)])
        return self._select(table, tuple((column, tuple(values)) for column, values in where))[1]

    def indicateurs(
        self, zones: Iterable[str] | str | None = None, indicateurs: Iterable[str] | None = None
    ) -> pd.DataFrame:
        """Tidy indicators of some zones (`QUARTIERS` for all the contract's) and some indicators; all by default."""
        where = []
        if zones is not None:
            where.append(("zone", (zones,) if isinstance(zones, str) else tuple(zones)))
        if indicateurs is not None:
            where.append(("indicateur", tuple(indicateurs)))
        return self.rows("indicateurs", where)

    def texte(self, nom: str) -> tuple[str, bool]:
        """A text of `textes/` (Markdown), '' where there is none to be had; and whether there is one that cannot be read."""
        path = self._text_path(nom)
        _recorded.append(Lecture(TEXTES, (("nom", (nom,)),), digest(path)))
        text, lost, _ = read_text(path) if path.exists() else ("", (), ())
        return text, bool(lost)

    def contours(self) -> tuple[tuple[Outline, ...], bool]:
        """The outlines of the territory's GeoJSON files; and whether some cannot be used."""
        paths = contour_files(self.territory.dossier)
        _recorded.append(Lecture(GEO, (), self.digest(GEO)))
        read = [read_contours(path) for path in paths]
        return tuple(one for outlines, _, _ in read for one in outlines), any(lost for _, lost, _ in read)

    def _text_path(self, nom: str) -> Path:
        return self.territory.dossier / "textes" / f"{nom}.md"

    def _select(self, table: str, where: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[np.ndarray, str]:
        quarters = tuple(quartier.code for quartier in self.territory.quartiers)
        wanted = {column: quarters if values == (QUARTIERS,) else values for column, values in where}
        source = self.tables[table]
        positions = source.select(wanted)
        return positions, hashlib.sha256(source.hashes[positions].tobytes()).hexdigest()[:24]
