"""Makes the second territory, `data/exemple-2024/`: `python data/rekey_2024.py [FACTS] [CONSTATS]`.

The quarters of 2024 of the first territory's EPCI: declarations as `cvanalysis init` derives them, figures re-keyed under INSEE's headers,
contours, and what the first evaluation hands over: `precedent.csv` is the `donnees/constats.csv` of its last edition (CONSTATS), without the
actions and voices of the example. Refuses to invent: a figure that the facts do not hold is an empty cell, and no year is given to one that
has none (the facts say that of the rate of poverty alone). The same facts give the same bytes.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import unicodedata
from datetime import date
from pathlib import Path

from cvanalysis.tables.init import start

ICI = Path(__file__).resolve().parent
SORTIE = ICI / "exemple-2024"
AVANT = ICI / "raw"
EPCI, JOUR = "244400404", date(2026, 6, 30)
REPRIS = (
    *("DEMO_2017.csv", "DEMO_2022.csv", "IPRO_2022.csv", "REVN_2022.csv", "filo_panel_qp_2012_2021.csv"),
    *("FILO2019_DISP_EPCI.csv", "FILO2019_DISP_DEP.csv", "FILO2019_DISP_REG.csv", "FILO2019_DISP_METROPOLE.csv"),
    *(
        "FILO2018_DISP_COM.csv",
        "FILO2018_DISP_Pauvres_COM.csv",
        "data_filo16_qp_revdis.csv",
        "data_filo19_qp_revdis.csv",
    ),
)  # of the first territory: what unchanged quarters are followed from
QN = {
    "population_QPV2024_2024": "popMuniQPV indiceJeunesse partPopEt partPopImmi partMenImmi partMenEt partMen1p partMen2p partMen3p "
    "partMen45p partMen6pp",
    "allocataires_2024_QP24": "A PERCOU",
    "rsa_2024_QP24": "RSA_SOCLE",
    "revenus_2021_QP24": "TP60",
}  # file → the facts' columns
COMME_L_INSEE = {"RSA_SOCLE": "ARSAS", "TP60": "DISP_TP60_A21"}
DEVENUES = {
    "R1": "reprise",
    "R2": "reprise en partie",
    "R3": "reprise",
    "R4": "à décider",
    "R5": "reprise",
    "R6": "abandonnée",
    "R7": "reprise",
}  # invented, as the préconisations are
FONDEE = {"R3": "QP044006-familles-02"}  # so is the figure of a quarter that one of them rests on


def key(text: str) -> str:
    bare = unicodedata.normalize("NFD", text.replace("’", "'").casefold())
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).replace("-", " ").split())


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


def write(name: str, rows: list[list[str]]) -> None:
    with (SORTIE / name).open("w", encoding="utf-8-sig", newline="") as out:
        csv.writer(out, delimiter=";", lineterminator="\n").writerows(rows)


def declare(facts: Path) -> None:
    """What `init` writes, with where each quarter comes from: here those of 2015 bear the same names, in the same communes."""
    files, _ = start(EPCI, SORTIE, "2024", JOUR)
    before = {key(row["nom"]): row["code"] for row in read(AVANT / "quartiers.csv")}
    for path, raw in files.items():
        path.write_bytes(raw)
    lines = (SORTIE / "quartiers.csv").read_text(encoding="utf-8-sig").splitlines()
    told = [line if line.startswith(("#", "code;")) else line + before[key(line.split(";")[1])] for line in lines]
    (SORTIE / "quartiers.csv").write_text("\ufeff" + "\n".join([*told, ""]), encoding="utf-8")
    contract = (SORTIE / "contrat.toml").read_text(encoding="utf-8")
    contract = contract.replace('code = "244400404"', 'code = "CV142"').replace(
        "Première édition", "Préparation de l'évaluation à mi-parcours"
    )
    (SORTIE / "contrat.toml").write_text(contract, encoding="utf-8")
    for name in ("themes", "piliers", "colleges"):
        shutil.copyfile(AVANT / f"{name}.csv", SORTIE / f"{name}.csv")
    contours = json.loads((facts / "nantes_contours_2024.geojson").read_text(encoding="utf-8"))
    (SORTIE / "geo" / "quartiers_2024.geojson").write_text(
        json.dumps(contours, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def rekey(facts: Path) -> None:
    for name in REPRIS:
        shutil.copyfile(AVANT / "insee" / name, SORTIE / "insee" / name)
    quarters = read(facts / "nantes_qn2024.csv")
    for name, columns in QN.items():
        wanted = columns.split()
        shares = [
            [row["codeQPV"], row["libQPV"], *(row[c].removesuffix(".0").replace(".", ",") for c in wanted)]
            for row in quarters
        ]
        head = ["codeQPV", "libQPV"] if "popMuniQPV" in wanted else ["CODGEO", "LIBGEO"]
        write(f"insee/{name}.csv", [[*head, *(COMME_L_INSEE.get(c, c) for c in wanted)], *shares])


def hand_over(constats: Path) -> None:
    """What was stated of each quarter from published figures, and the préconisations with what became of them."""
    stated = [
        row
        for row in read(constats)
        if row["constat"].startswith("QP") and row["section"] not in ("actions", "voix", "engagements")
    ]
    columns = ["constat", "section", "titre", "source"]
    write("precedent.csv", [columns, *([row[name] for name in columns] for row in stated)])
    proposed = read(AVANT / "preconisations.csv")
    known = {row["constat"] for row in stated}
    for row in proposed:
        taken = [one for one in (*row["constats"].split("|"), FONDEE.get(row["id"])) if one in known]
        row["preuves"], row["constats"] = "|".join(f"chiffre:{one}" for one in taken), "|".join(taken)
        row["statut"], row["date"] = DEVENUES[row["id"]], "2024-03-31"
    write("preconisations.csv", [list(proposed[0]), *(list(row.values()) for row in proposed)])


def main() -> None:
    root = ICI.parent
    facts = Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared" / "facts"
    constats = Path(sys.argv[2]) if len(sys.argv) > 2 else root / "reports" / "2022-12" / "donnees" / "constats.csv"
    for folder in (SORTIE / "insee", SORTIE / "geo"):
        folder.mkdir(parents=True, exist_ok=True)
    declare(facts)
    rekey(facts)
    hand_over(constats)


if __name__ == "__main__":
    main()
