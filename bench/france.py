"""All the QPV of France in one build: cost per report of the first and last hundred, peak memory of the whole tree.

Makes, in a temporary folder, a territory of every quarter of the published files (`../shared/real/insee`, or --insee), builds it and
prints the table. Nothing of those files is ever kept.

    python bench/france.py [--jobs 2] [--quartiers N] [--garder DOSSIER]
"""

import argparse
import csv
import json
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from bench_batch import RACINE, Cost, measure

CODE = re.compile(r"QP(\d{3}|02[AB])\d{3}")
CONTRAT = """\
[territoire]
id = "france"
nom = "France entière"
epci = "200000000"
geographie = "QP2015"

[contrat]
nom = "Tous les quartiers prioritaires"
code = "CV000"
debut = 2014
fin = 2022
edition = "essai"

[[editions]]
id = "essai"
nom = "Essai"
jusqu_au = 2022-12-31
"""


def read_quarters(insee: Path) -> dict[str, str]:
    """Code and name of every quarter of the latest file that names them."""
    names: dict[str, str] = {}
    for path in sorted(insee.glob("*.csv")):
        try:
            rows = csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";")
        except UnicodeDecodeError:
            continue
        header = [cell.strip().upper() for cell in next(rows)]
        where = header.index("LIBGEO") if "LIBGEO" in header else None
        for row in rows:
            if row and CODE.fullmatch(row[0].strip()):
                name = row[where].strip() if where is not None and where < len(row) else ""
                names[row[0].strip()] = name or names.get(row[0].strip(), "") or row[0].strip()
    return dict(sorted(names.items()))


def write_territory(raw: Path, insee: Path, quarters: dict[str, str]) -> None:
    """Declarations of a territory that has all these quarters. Communes are invented: a département's quarters by forties, a little more
    than the largest city has."""
    shutil.copytree(insee, raw / "insee")
    (raw / "contrat.toml").write_text(CONTRAT, encoding="utf-8")
    rank: dict[str, int] = {}
    commune = {}
    for code in quarters:
        part = code[2:5] if code[2:4] == "97" else code[3:5]
        rank[part] = rank.get(part, -1) + 1
        commune[code] = (part + f"{rank[part] // 40:03}")[:5] if len(part) == 2 else f"{part}{rank[part] // 40:02}"
    write(raw / "communes.csv", ("code", "nom"), sorted({(one, f"Commune {one}") for one in commune.values()}))
    write(
        raw / "quartiers.csv",
        ("code", "nom", "communes"),
        [(code, name, commune[code]) for code, name in quarters.items()],
    )
    write(raw / "comparateurs.csv", ("zone", "niveau", "nom"), [("Ensemble", "FRANCE_QPV", "Tous les QPV")])
    write(raw / "themes.csv", ("id", "nom", "question"), [("theme", "Un thème", "Quelle question ?")])
    write(raw / "piliers.csv", ("id", "nom"), [("pilier", "Un pilier")])
    write(raw / "colleges.csv", ("id", "nom"), [("college", "Un collège")])


def write(path: Path, header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(header)
        writer.writerows(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--insee", type=Path, default=RACINE.parent / "shared" / "real" / "insee")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quartiers", type=int, help="the first N only")
    parser.add_argument("--garder", type=Path, help="build here and leave the result")
    options = parser.parse_args()
    if not options.insee.is_dir():
        sys.exit(f"Les fichiers publiés ne sont pas dans {options.insee}.")
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.garder or Path(temporary)
        raw = scratch / "data" / "raw"
        raw.mkdir(parents=True)
        quarters = read_quarters(options.insee)
        write_territory(raw, options.insee, dict(list(quarters.items())[: options.quartiers]))
        env = os.environ | {"PYTHONPATH": str(RACINE), "CVANALYSIS_NOTEBOOKS": str(RACINE / "notebooks")}
        build = [sys.executable, "-m", "cvanalysis.cli", "build", "--jobs", str(options.jobs)]
        first = measure(build, len(quarters), env, scratch, status=None)
        again = measure(build, len(quarters), env, scratch, status=None)
        show(scratch / "reports" / "essai", first, again)


def show(out: Path, first: Cost, again: Cost) -> None:
    manifest = json.loads((out / "manifest.json").read_bytes())
    log = json.loads((out / "build-log.json").read_bytes())
    tasks = [one for one in log["taches"] if one["id"].startswith("quartiers/")]
    failed = [one["id"] for one in manifest["reports"] if one["status"] == "failed"]
    head, tail = ([one["cpu"] for one in part] for part in (tasks[:100], tasks[-100:]))
    print(f"{len(manifest['reports'])} rapports, {len(failed)} échecs {failed[:5]}")
    print(
        f"CPU {first.cpu:.0f} s, mur {first.wall:.0f} s, pic de mémoire de tout l'arbre {first.memory:.0f} Mio (moins de 2048)"
    )
    print(
        f"CPU par rapport : {sum(head) / len(head):.3f} s pour les cent premiers, {sum(tail) / len(tail):.3f} pour les cent derniers, "
        f"{100 * (sum(tail) / sum(head) * len(head) / len(tail) - 1):+.1f} % (au plus ± 10)"
    )
    print(f"Sans changement : CPU {again.cpu:.2f} s, mur {again.wall:.2f} s")


if __name__ == "__main__":
    main()
