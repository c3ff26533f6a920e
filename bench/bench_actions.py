"""200,000 rows of an action log, cleaned: CPU against parsing them as strings, memory, and cost per row against 20,000.

Run: `python bench/bench_actions.py [ROWS …]`. Each size runs in a process of its own, so that the peak memory is its own.
"""

import csv
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = (20_000, 200_000)
HEADER = [
    "N°",
    "Année",
    "Intitulé",
    "Porteur",
    "SIRET",
    "Thématique",
    "Pilier",
    "Quartiers",
    "Demandé",
    "Accordé",
    "Payé",
    "Statut",
    "Date",
    "Bénéficiaires",
    "Public",
]
CONTRACT = """
[[journaux]]
fichier = "actions/journal.csv"
[journaux.colonnes]
"N°" = "reference"
"Année" = "annee"
"Intitulé" = "action"
"Porteur" = "porteur"
"SIRET" = "siret"
"Thématique" = "theme"
"Pilier" = "pilier"
"Quartiers" = "qpv"
"Demandé" = "demande"
"Accordé" = "accorde"
"Payé" = "paye"
"Statut" = "statut"
"Date" = "date"
"Bénéficiaires" = "beneficiaires"
"Public" = "public"
[journaux.constantes]
financeur = "Financeur d'essai"
type_credit = "spécifique"
"""
VERBES = [
    "Atelier",
    "Stage",
    "Parcours",
    "Café",
    "Marche",
    "Fête",
    "Forum",
    "Permanence",
    "Sortie",
    "Chantier",
    "Club",
    "Jardin",
]
OBJETS = [
    "lecture",
    "devoirs",
    "cuisine",
    "vélo",
    "théâtre",
    "numérique",
    "santé",
    "langue",
    "musique",
    "sport",
    "couture",
    "écriture",
    "emploi",
]
LIEUX = [
    "du square",
    "de la dalle",
    "du préau",
    "des tours",
    "du marché",
    "de la halle",
    "du port",
    "des jardins",
    "de la place",
    "du quai",
]


def generate(rows: int, folder: Path, quarters: list[tuple[str, str]]) -> Path:
    """A log as dirty as the example ones: one carrier in about 40 rows, one title in about 5, six notations of amounts."""
    draw = random.Random(rows)
    carriers = [f"Association {draw.choice(LIEUX)} n° {i}" for i in range(max(20, rows // 40))]
    names = [name for _, name in quarters] + [code for code, _ in quarters]
    path = folder / "journal.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=";")
        writer.writerow(HEADER)
        for number in range(rows):
            carrier = draw.randrange(len(carriers))
            titre = f"{draw.choice(VERBES)} {draw.choice(OBJETS)} {LIEUX[carrier % 10]}" + (
                " 2" if draw.random() < 0.1 else ""
            )
            if draw.random() < 0.02:
                titre = titre.replace("e", "", 1)
            annee = draw.randrange(2015, 2023)
            demande = draw.randrange(800, 40_000) + draw.choice([0, 0, 0.5, 0.25])
            accorde = round(demande * draw.choice([0.5, 0.6, 0.8, 1]), 2)
            writer.writerow(
                [
                    number,
                    annee,
                    titre.upper() if draw.random() < 0.05 else titre,
                    carriers[carrier],
                    f"{carrier:014d}",
                    draw.choice(["Culture", "Santé", "Aller-vers", "1.5 Lien social"]),
                    "Cohésion sociale",
                    draw.choice([", ", " ; ", "/"]).join(draw.sample(names, draw.randrange(1, 4))),
                    write(draw, demande),
                    write(draw, accorde),
                    write(draw, accorde) if draw.random() < 0.7 else "",
                    draw.choice(["Favorable", "Non retenu", "Justifiée"]),
                    draw.choice([f"{annee}-05-12", f"12/05/{annee}", f"MAI {annee}"]),
                    draw.choice(["12", "45", ""]),
                    draw.choice(["Jeunes", "Familles"]),
                ]
            )
    return path


def write(draw: random.Random, amount: float) -> str:
    whole, cents = int(amount), round(amount % 1 * 100)
    grouped = f"{whole:,}"
    return draw.choice(
        [
            f"{amount:.2f}",
            f"{whole},{cents:02d}",
            f"{grouped.replace(',', ' ')},{cents:02d} €",
            f"{grouped.replace(',', chr(0x202F))},{cents:02d}",
            f"{grouped.replace(',', chr(0xA0))},{cents:02d}{chr(0xA0)}€",
            f"{whole},{cents:02d}",
        ]
    )


def measure(rows: int) -> None:
    """Print: CPU of parsing as strings, CPU of cleaning, rows out, questions, peak memory in MiB."""
    import shutil

    import pandas as pd

    from cvanalysis.tables.process import clean_actions
    from cvanalysis.territory.contract import read_territory

    root = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "raw"
        shutil.copytree(
            root / "data" / "raw", folder, ignore=shutil.ignore_patterns("actions", "insee", "paroles", "decisions.csv")
        )
        (folder / "actions").mkdir()
        contract = (folder / "contrat.toml").read_text(encoding="utf-8")
        for name in ("[[journaux]]", "[[actions]]"):  # the default territory's own logs are not there
            contract = contract.split(name)[0]
        (folder / "contrat.toml").write_text(contract + CONTRACT.replace("journaux", "actions"), encoding="utf-8")
        (folder / "engagements.csv").unlink(missing_ok=True)
        territory = read_territory(folder)
        path = generate(rows, folder / "actions", [(q.code, q.nom) for q in territory.quartiers])
        pd.read_csv(path, sep=";", dtype=str, keep_default_na=False, nrows=10)
        start = time.process_time()
        cleaned = clean_actions(territory)
        spent = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        start = time.process_time()
        pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)  # last, so that the peak is that of cleaning
        parsed = time.process_time() - start
        print(f"{rows};{parsed:.3f};{spent:.3f};{len(cleaned.actions)};{len(cleaned.propositions)};{peak:.0f}")


def main() -> None:
    if "--un" in sys.argv:
        measure(int(sys.argv[-1]))
        return
    sizes = [int(word) for word in sys.argv[1:]] or list(ROWS)
    print(
        f"{'lignes':>9} {'lire (s CPU)':>13} {'nettoyer (s CPU)':>17} {'rapport':>8} "
        f"{'µs/ligne':>9} {'questions':>10} {'mémoire (Mio)':>14}"
    )
    for size in sizes:
        done = subprocess.run([sys.executable, __file__, "--un", str(size)], check=True, capture_output=True, text=True)
        rows, parsed, spent, _, questions, peak = done.stdout.strip().split(";")
        print(
            f"{rows:>9} {float(parsed):>13.2f} {float(spent):>17.2f} {float(spent) / float(parsed):>8.1f} "
            f"{float(spent) / size * 1e6:>9.1f} {questions:>10} {peak:>14}"
        )


if __name__ == "__main__":
    main()
