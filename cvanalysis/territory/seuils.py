"""The thresholds that a contract may declare (`[seuils]`), and their defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields

from cvanalysis.french import quoted
from cvanalysis.territory.declarations import Inspection
from cvanalysis.territory.toml import Section, take


@dataclass(frozen=True, slots=True)
class Seuils:
    """Declared thresholds. Tolerances are in the indicator's own unit (points, % of the comparator)."""

    stable_points: float = 1.0
    stable_pourcent: float = 2.0
    rang_mini: int = 10  # published quarters (and two thirds of all) below which no place among them is told
    personnes: int = 11  # our own counts of people below this are withheld
    preuve_ancienne_mois: int = 12
    semblables: int = 0  # QPV of France most like a quarter that make one comparator (0: none)
    voisins: int = 60  # other quarters up to which all of them stand beside one; beyond, those of its communes do


def read_seuils(found: Inspection, section: Section | None) -> Seuils:
    if section is None:
        return Seuils()
    values = take(found, section, {}, {f.name: type(f.default) for f in fields(Seuils)}) or {}
    for key, value in values.items():
        if not 0 <= value < float("inf"):  # nor `nan`, which TOML allows
            found.add(
                section.fichier, section.line(key), key, f"{quoted(value)} ne convient pas", "un nombre, zéro ou plus"
            )
    return Seuils(**values)
