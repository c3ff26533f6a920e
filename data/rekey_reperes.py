"""Re-keys published figures of communes, EPCI, départements, régions and France, and those of all QPV of France, for the default
territory: `python data/rekey_reperes.py [FACTS] [DOSSIER]`.

Owns `insee/REPERES_*.csv` and `france_qpv.csv` of the folder. Each line bears the address where it was read. The share of people of 60 years or
more is computed from the published counts of its two age groups; all the rest is as published. The same facts give the same bytes.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

ICI = Path(__file__).resolve().parent
ZONES = {  # as the facts name them → file, code, name
    "Nantes (44109)": ("communes_epci", "44109", "Nantes"),
    "Nantes Métropole (244400404)": ("communes_epci", "244400404", "Nantes Métropole"),
    "Loire-Atlantique (44)": ("departement", "44", "Loire-Atlantique"),
    "Pays de la Loire (52)": ("region", "52", "Pays de la Loire"),
    "France métropolitaine": ("metropole", "1", "France métropolitaine"),
}
COLONNES = {"PART_MEN1": "PART_MEN1", "PART_0014": "PART_0014", "PART_PROP": "PART_PROP", "PART_LOGVAC": "PART_LOGVAC"}
DEPUIS = 2014


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def rekey(facts: Path, out: Path) -> None:
    """Write the files of `out` (`data/raw`) from the folder of facts."""
    zones: dict[str, dict[str, str]] = {}
    counts: dict[tuple[str, str, str], dict[str, int]] = {}
    for line in read(facts / "comparateurs.csv"):
        zone, year = line["zone"], line["annee_donnees"]
        if zone not in ZONES or int(year) < DEPUIS:
            continue
        cells = zones.setdefault(zone, {})
        if line["variable"] in COLONNES:
            cells[f"{COLONNES[line['variable']]}_A{year[2:]}"] = line["valeur"]
            cells.setdefault("ADRESSE", line["adresse"])
        elif line["variable"] in ("POP", "POP6074", "POP75P"):
            counts.setdefault((zone, year, line["table"]), {})[line["variable"]] = int(line["valeur"])
    for (zone, year, _), found in counts.items():
        if len(found) == 3:
            share = 100 * (found["POP6074"] + found["POP75P"]) / found["POP"]
            zones[zone].setdefault(f"PART_60P_A{year[2:]}", f"{share:.1f}".replace(".", ","))
    files: dict[str, list[dict[str, str]]] = {}
    for zone, cells in zones.items():
        name, code, libelle = ZONES[zone]
        files.setdefault(name, []).append({"CODGEO": code, "LIBGEO": libelle, **cells})
    for name, rows in files.items():
        write(out / "insee" / f"REPERES_{name}.csv", rows)
    france = read(facts / "france_qpv.csv")
    write(out / "france_qpv.csv", [{"CODGEO": row.pop("zone"), **row} for row in france])


def write(path: Path, rows: list[dict[str, str]]) -> None:
    names = dict.fromkeys(name for row in rows for name in row)
    years = sorted(name for name in names if name[-4:-2] == "_A" and name[-2:].isdigit())
    ordered = [*years, *(name for name in names if name not in years)] if path.name.startswith("REPERES") else [*names]
    first = [name for name in ("CODGEO", "LIBGEO") if name in ordered]
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, [*first, *(n for n in ordered if n not in first)], delimiter=";", restval="")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    where = [Path(a) for a in sys.argv[1:]]
    rekey(where[0] if where else ICI.parent.parent / "shared" / "facts", where[1] if where[1:] else ICI / "raw")
