"""From INSEE's files to tidy indicators: CPU time and peak memory, beside pandas' parser alone and the usual way.

    python bench/bench_reading.py [DOSSIER] [--repetitions N]

DOSSIER holds the published files (by default `../shared/real/insee`). Each way runs in its own child process, all in one run,
so that memory is its own and nothing is warm from another; within it, the best of N runs is kept, imports left out.
CPU time counts every thread.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
PUBLIES = RACINE.parent / "shared" / "real" / "insee"
TERRITOIRE = RACINE / "data" / "raw"
MEMOIRE_MAX = 1024  # MiB


def separator_of(path: Path) -> str:
    """What an analyst would have typed: the sign that is most frequent in the first line."""
    with path.open("rb") as lines:
        first = lines.readline()
    return max(";,\t", key=lambda sign: first.count(sign.encode()))


def parse_only(folder: Path) -> Callable[[], int]:
    """pandas' C engine: every file, every column, as text; nothing else."""
    import pandas as pd

    paths = [(path, separator_of(path)) for path in sorted(folder.glob("*.csv"))]

    def run() -> int:
        return sum(
            len(pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, encoding="utf-8-sig", engine="c"))
            for path, sep in paths
        )

    return run


def read_usually(folder: Path) -> Callable[[], int]:
    """What is usually typed: read_csv with decimal comma and thousands, replace, to_numeric, melt."""
    import pandas as pd

    paths = [(path, separator_of(path)) for path in sorted(folder.glob("*.csv"))]

    def run() -> int:
        tidy = []
        for path, sep in paths:
            frame = pd.read_csv(path, sep=sep, decimal=",", thousands=" ", encoding="utf-8-sig", low_memory=False)
            frame = frame.dropna(axis=1, how="all")
            key = frame.columns[0]
            for column in frame.columns[1:]:
                if not pd.api.types.is_numeric_dtype(frame[column]):
                    bare = frame[column].astype(str).str.replace("\u202f", "").str.replace("\u00a0", "")
                    frame[column] = pd.to_numeric(bare.str.replace(",", "."), errors="coerce")
            tidy.append(frame.melt(id_vars=key, var_name="indicateur", value_name="valeur").dropna())
        return len(pd.concat(tidy))

    return run


def clean_every_zone(folder: Path) -> Callable[[], int]:
    """cvanalysis: recognised, decoded with a status per value, checked, reconciled; every zone of France."""
    from cvanalysis.indicateurs.clean.decode import clean_indicators

    return lambda: len(clean_indicators(folder).indicateurs)


def clean_territory(folder: Path) -> Callable[[], int]:
    """cvanalysis: the same, keeping the zones of the default territory."""
    from cvanalysis.indicateurs.clean.decode import clean_indicators
    from cvanalysis.tables.process import zones_of
    from cvanalysis.territory.contract import read_territory

    zones = zones_of(read_territory(TERRITOIRE))
    return lambda: len(clean_indicators(folder, zones).indicateurs)


def read_raw_only(folder: Path) -> Callable[[], int]:
    """cvanalysis: the reading layer alone, headers found, frames of text."""
    from cvanalysis.files.sheets import read_raw

    paths = sorted(folder.glob("*.csv"))
    return lambda: sum(len(table.cells) for path in paths for table in read_raw(path, path.name))


VOIES: dict[str, tuple[str, Callable[[Path], Callable[[], int]], float | None]] = {
    "analyse": ("pandas, moteur C : tout en texte, rien d'autre", parse_only, None),
    "lecture": ("cvanalysis : lecture seule", read_raw_only, None),
    "france": ("cvanalysis : fichiers → indicateurs, toutes les zones", clean_every_zone, 5.0),
    "territoire": ("cvanalysis : fichiers → indicateurs, le territoire", clean_territory, 2.0),
    "usage": ("l'usage : read_csv, replace, to_numeric, melt", read_usually, None),
}
"""Way → what it is, how to prepare it, how many times the first may it cost at most."""


def measure_here(way: str, folder: Path, repeats: int) -> dict[str, object]:
    """Run one way in this process."""
    run = VOIES[way][1](folder)
    times = []
    rows = 0
    for _ in range(repeats):
        start = time.process_time()
        rows = run()
        times.append(time.process_time() - start)
    return {"cpu": times, "lignes": rows, "memoire": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def measure_apart(way: str, folder: Path, repeats: int) -> dict[str, object]:
    """Run one way in a child of its own."""
    command = [sys.executable, __file__, str(folder), "--repetitions", str(repeats), "--voie", way]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=RACINE)
    return json.loads(out.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description="Temps CPU et mémoire de la lecture des fichiers de l'Insee.")
    parser.add_argument("dossier", nargs="?", type=Path, default=PUBLIES)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--voie", choices=VOIES, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.voie:
        print(json.dumps(measure_here(args.voie, args.dossier, args.repetitions)))
        return 0
    paths = sorted(args.dossier.glob("*.csv"))
    if not paths:
        print(f"Aucun fichier CSV dans {args.dossier.name} : rien à mesurer.")
        return 0
    size = sum(path.stat().st_size for path in paths) / 1e6
    print(f"Lecture de {len(paths)} fichiers de l'Insee ({size:.1f} Mo), {args.repetitions} répétitions par voie\n")
    print(f"{'':54} {'CPU min':>9} {'médiane':>9} {'rapport':>8} {'limite':>7} {'mémoire':>9} {'lignes':>10}")
    floor, held = 0.0, True
    for way, (what, _, limit) in VOIES.items():
        found = measure_apart(way, args.dossier, args.repetitions)
        best = min(found["cpu"])
        floor = floor or best
        ratio = best / floor
        held = held and (limit is None or (ratio <= limit and found["memoire"] <= MEMOIRE_MAX))
        count = f"{found['lignes']:,}".replace(",", "\u202f")
        print(
            f"{what:54} {best:8.2f}s {statistics.median(found['cpu']):8.2f}s {ratio:8.2f} "
            f"{f'≤ {limit:g}' if limit else '':>7} {found['memoire']:6.0f} Mo {count:>10}"
        )
    print(f"\nLimites {'tenues' if held else 'DÉPASSÉES'} (mémoire ≤ {MEMOIRE_MAX} Mo).")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
