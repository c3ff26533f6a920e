"""A quarter called as people call it: by its code, its name or words of it. Owns who is meant; refuses to choose between several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cvanalysis.errors import UsageError
from cvanalysis.french import capital, fold, listed, nearest, quoted

if TYPE_CHECKING:
    from cvanalysis.territory.contract import Quartier, Territory


def quarters_called(territory: Territory, said: str) -> list[Quartier]:
    """The quarters of that code or whole name (capitals and accents aside), else those whose name holds these words."""
    asked = fold(said)
    whole = [one for one in territory.quartiers if asked in (fold(one.nom), fold(one.code))]
    return whole or [one for one in territory.quartiers if asked and f" {asked} " in f" {fold(one.nom)} "]


def find_quarter(territory: Territory, said: str) -> Quartier:
    """The quarter that is meant. Raises `UsageError` with the candidates where there are several, with the known ones where none."""
    found = quarters_called(territory, said)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{quoted(said)} désigne plusieurs quartiers\u00a0: {_listed(found)}. Donnez le code.")
    if near := nearest(said, [one.nom for one in territory.quartiers]):
        known = _listed(territory.quartiers)
        raise UsageError(
            f"{quoted(said)} n'est le nom d'aucun quartier de {quoted(territory.nom)}. {capital(near)} Quartiers déclarés\u00a0: {known}."
        )
    return territory.quartier(said)


def _listed(quarters: list[Quartier] | tuple[Quartier, ...]) -> str:
    return listed([f"{one.nom} ({one.code})" for one in quarters])
