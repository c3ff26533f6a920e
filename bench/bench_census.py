"""A census base of 120 MB, bare and zipped, and a long file as large: seconds and memory that reading a territory's rows takes.

Held: 5 s and 300 MB for each (the whole process, libraries included). The files are made here, in a temporary folder, under true headers.
"""

import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

SECONDES, MIO_MAX = 5.0, 300
ZONES = frozenset({("44109", "COMMUNE"), ("44162", "COMMUNE"), ("244400404", "EPCI"), ("44", "DEPARTEMENT")})
TAILLE = 120_000_000


def write_census(path: Path) -> None:
    """35,000 communes × 3 years × some 150 columns, as INSEE lays them out."""
    names = [
        f"{kind}{year}_{name}"
        for year in (11, 16, 22)
        for kind, name in (("P", "POP"), ("P", "POP0014"), ("P", "POPF"))
    ]
    names += [f"P{year}_MEN_ANEM{n:04}" for year in (11, 16, 22) for n in range(190)]
    figures = ";".join(f"{n * 1.00731:.14f}" for n in range(3, len(names) + 3))
    with path.open("w", encoding="utf-8") as out:
        out.write("CODGEO;" + ";".join(names) + "\n")
        n = 0
        while out.tell() < TAILLE:
            out.write(f"{44109 if n == 2_000 else 1000 + n:05};{figures}\n" if n != 5 else f"44162;{figures}\n")
            n += 1


def write_long(path: Path) -> None:
    """Two million lines of a `DS_*` file."""
    with path.open("w", encoding="utf-8") as out:
        out.write(
            '"GEO";"GEO_OBJECT";"FILOSOFI_MEASURE";"UNIT_MEASURE";"UNIT_MULT";"CONF_STATUS";"OBS_STATUS";"TIME_PERIOD";"OBS_VALUE"\n'
        )
        n = 0
        while out.tell() < TAILLE:
            code = 44109 if n == 2_000 else 1000 + n % 40_000
            for measure in ("MED_SL", "PR_MD60", "D1_SL"):
                out.write(f'"{code:05}";"COM";"{measure}";"EUR_YR";"0";"F";"A";2023;{20_000 + n % 97}\n')
            n += 1


def measure(folder: Path) -> list[float]:
    """Seconds, MiB at the highest and cells read, by a process of its own."""
    done = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, check=True)
    return [float(word) for word in done.stdout.split()]


def read(folder: Path) -> None:
    from cvanalysis.indicateurs.clean.decode import clean_indicators

    start = time.perf_counter()
    cleaned = clean_indicators(folder, ZONES, "QP2015")
    seconds = time.perf_counter() - start
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, cleaned.comptes["cellules"].sum())


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        bare, zipped, long = (Path(name) / kind for kind in ("nu", "zip", "long"))
        for folder in (bare, zipped, long):
            folder.mkdir()
        write_census(bare / "base-cc-evol-struct-pop-2022.CSV")
        with zipfile.ZipFile(zipped / "base-cc-evol-struct-pop-2022_csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(bare / "base-cc-evol-struct-pop-2022.CSV", "base-cc-evol-struct-pop-2022.CSV")
        write_long(long / "DS_FILOSOFI_CC_2023_data.csv")
        for folder, said in ((bare, "base par commune"), (zipped, "la même, en ZIP"), (long, "format long")):
            seconds, memory, values = measure(folder)
            verdict = "tenu" if seconds <= SECONDES and memory <= MIO_MAX else "DÉPASSÉ"
            print(
                f"{said}, 120 Mo : {seconds:.1f} s (5 au plus), {memory:.0f} Mio (300 au plus), {values:.0f} cellules lues : {verdict}"
            )


if __name__ == "__main__":
    if len(sys.argv) == 2:
        read(Path(sys.argv[1]))
    else:
        main()
