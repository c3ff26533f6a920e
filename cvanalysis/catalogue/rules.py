"""National rules of comparison (`regles.toml`), read once. Owns what may be compared; refuses to compare."""

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

from cvanalysis.catalogue import ICI, read_catalogue_rows


class Rupture(NamedTuple):
    """Two successive years between which a source changed."""

    avant: int
    apres: int
    precaution: str


class SourceRule(NamedTuple):
    """How far apart two data years of a source must be, and what to say of its evolutions."""

    ecart_minimal: int
    motif: str
    precaution: str = ""
    ruptures: tuple[Rupture, ...] = ()
    temoin: bool = False  # a movement is told without reserve only where other years say the same

    def crossed(self, debut: int, fin: int) -> tuple[Rupture, ...]:
        """The breaks that one crosses from `debut` to `fin`."""
        return tuple(one for one in self.ruptures if debut <= one.avant and fin >= one.apres)


class Rules(NamedTuple):
    """All the rules; a source that is not named follows the default."""

    defaut: SourceRule
    sources: Mapping[str, SourceRule]
    precautions: Mapping[str, str]
    quand: Mapping[str, Mapping[str, object]]
    mouvements: Mapping[str, float]
    ipc: Mapping[int, float]
    lentes: Mapping[str, int]
    proches: Mapping[str, object]
    largeurs: Mapping[str, int]

    def deflator(self, debut: int, fin: int) -> float | None:
        """How much consumer prices were multiplied by from one year to another; None where the index of one is not known."""
        return self.ipc[fin] / self.ipc[debut] if debut in self.ipc and fin in self.ipc else None

    def of(self, source: str) -> SourceRule:
        return self.sources.get(source, self.defaut)

    def applies(self, precaution: str, dated: Collection[int], undated: int) -> bool:
        """True where a caution of the catalogue is to be printed under figures of these data years and so many undated ones."""
        case = self.quand.get(precaution)
        if case is None:
            return True
        if case.get("plusieurs"):
            return len(dated) + undated > 1
        if case.get("non_date"):
            return undated > 0
        if "annees" in case:
            return bool(set(case["annees"]) & set(dated))
        before, after = case["entre"]
        return bool(dated) and min(dated) <= before and max(dated) >= after


@cache
def load_codes() -> Mapping[str, Any]:
    """How INSEE's files write zones and headers (`codes.toml`)."""
    return _read("codes.toml")


@cache
def load_sirens() -> Mapping[str, str]:
    """Former SIREN of an EPCI → today's (`sirens.csv`): under one name, merged or of another status since."""
    return {row["ancien"]: row["code"] for row in read_catalogue_rows("sirens.csv")}


@cache
def load_rules() -> Rules:
    """The rules shipped with the package; `ipc` is the consumer price index by year (`ipc.csv`)."""
    read = _read("regles.toml")
    slow = read["structures_lentes"]
    prices = {int(row["annee"]): float(row["ipc"].replace(",", ".")) for row in read_catalogue_rows("ipc.csv")}
    return Rules(
        defaut=_rule(read["defaut"]),
        sources={name: _rule(table) for name, table in read["sources"].items()},
        ipc=prices,
        lentes=dict.fromkeys(slow["indicateurs"], slow["ecart"]),
        **{name: read[name] for name in ("precautions", "quand", "mouvements", "proches", "largeurs")},
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((ICI / name).read_text(encoding="utf-8"))


def _rule(table: dict) -> SourceRule:
    ruptures = tuple(Rupture(*item["entre"], item["precaution"]) for item in table.get("ruptures", ()))
    return SourceRule(**table | {"ruptures": ruptures})
