"""Files made to hurt, and the runner that drops each beside a small valid territory. Owns what must hold of the product; knows no family.

A hostile input is a name, where it is dropped in a data folder, and a function that writes it (`hostiles_tables`, `hostiles_text`): nothing
of them is kept in the project. `python tests/hostiles.py [FRAGMENT …]` runs the real command on each and prints what fails.
"""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from bs4 import BeautifulSoup

from carnets import environment, territoire

LUS = frozenset({0, 1})
DECLARES = frozenset({0, 1, 2})
MIO = 1024**2
MODULES = (
    "hostiles_tables",
    "hostiles_workbooks",
    "hostiles_text",
    "hostiles_people",
    "hostiles_declared",
    "hostiles_outils",
    "hostiles_ailleurs",
)
VOISIN = "insee/REVN_2022.csv"
ACTIONS = "reference;annee;action;porteur;siren;theme;pilier;qpv;financeur;type_credit;demande;accorde;paye;statut;beneficiaires"
PAROLES = "parole;date;themes;qpv;qualite;locuteur;texte;codes;audience;citation_anonyme;web"
CANARI = "4242"
"""Written in each script that an input would have a reader's browser run."""


@dataclass(frozen=True)
class Hostile:
    """One input. `chemin` is in the data folder; `cite` what the output must say to name it ('' : its path); `toujours`: named even where
    it does no harm; `seul`: too heavy to share a folder; `rapport`: the report to build, for what only a build reads."""

    nom: str
    famille: str
    chemin: str | bytes
    ecrire: Callable[[Path], object]
    statuts: Collection[int] = LUS
    cite: str = ""
    toujours: bool = True
    seul: bool = False
    rapport: str = ""

    @property
    def nomme(self) -> str:
        return self.cite or str(self.chemin)


@dataclass(frozen=True)
class Limits:
    """Beyond them the watchdog ends the whole tree of processes. `secondes` are of processor, which a busy machine does not stretch;
    `attente` by the clock is for what waits without working."""

    secondes: float = 60
    attente: float = 300
    rss: int = int(2.2 * 1024) * MIO
    disque: int = 3072 * MIO


@dataclass
class Outcome:
    """What a run did. `fautes` is empty where all that must hold held."""

    nom: str
    commande: str
    code: int
    secondes: float
    processeur: float
    rss: int
    sortie: str
    tue: str = ""
    fautes: list[str] = field(default_factory=list)


def write(content: bytes | str) -> Callable[[Path], object]:
    """The writer of a file that fits in memory."""
    raw = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(raw)


def repeat(head: bytes, unit: bytes, times: int, tail: bytes = b"") -> Callable[[Path], object]:
    """The writer of a file too large to be held."""

    def put(path: Path) -> None:
        block = max(1, (8 * MIO) // len(unit))
        with path.open("wb") as file:
            file.write(head)
            for at in range(0, times, block):
                file.write(unit * min(block, times - at))
            file.write(tail)

    return put


def all_hostiles() -> list[Hostile]:
    """Every input, names unique."""
    modules = map(importlib.import_module, MODULES)
    found = [one for module in modules for one in module.hostiles()]
    names = [one.nom for one in found]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two inputs of one name: {sorted(doubles)}")
    return found


# ------------------------------------------------------------------------------------------------------------- the run


def ground(folder: Path) -> Path:
    """A small valid territory: a file of INSEE, a log of actions, a table of voices; returns its data folder."""
    raw = territoire(folder)
    (raw / "actions").mkdir()
    (raw / "actions" / "suivi.csv").write_text(
        f"{ACTIONS}\nR1;2021;Aide aux devoirs;Asso X;;Les associations;;QP973001;Ville;droit commun;1000;900;900;accordée;12\n"
    )
    (raw / "paroles").mkdir()
    (raw / "paroles" / "recueil.csv").write_text(
        f"{PAROLES}\n1;01/03/2022;Les associations;QP973001;habitant;L1;Le local est trop petit.;;public;oui;oui\n"
    )
    return raw


def drop(raw: Path, one: Hostile) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(raw), os.fsencode(one.chemin))))  # noqa: PTH118 - names that are no text
    path.parent.mkdir(parents=True, exist_ok=True)
    one.ecrire(path)


def launch(argv: Iterable[object], folder: Path, limits: Limits) -> Outcome:
    """Run the command in a process group of its own, under the watchdog."""
    (folder / "tmp").mkdir(exist_ok=True)
    argv = [sys.executable, "-m", "cvanalysis.cli", *map(str, argv)]
    with (folder / "sortie.txt").open("wb") as out:
        child = subprocess.Popen(
            argv,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment(env={"TMPDIR": str(folder / "tmp"), "PYTHONIOENCODING": "utf-8:backslashreplace"}),
        )
        begun, peak, cpu, killed, looks = time.monotonic(), 0, 0.0, "", 0
        standing = weight(folder)
        while child.poll() is None:
            time.sleep(0.05)
            looks += 1
            now, spent = use_of(child.pid)
            peak, cpu = max(peak, now), max(cpu, spent)
            passed = time.monotonic() - begun
            if cpu > limits.secondes or passed > limits.attente:
                killed = "temps"
            elif peak > limits.rss:
                killed = "mémoire"
            elif looks % 40 == 0 and weight(folder) - standing > limits.disque:
                killed = "disque"
            if killed:
                break
        with suppress(ProcessLookupError):  # what the command left running goes with it
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    said = (folder / "sortie.txt").read_text(encoding="utf-8", errors="replace")
    return Outcome("", argv[3], child.returncode, round(time.monotonic() - begun, 1), round(cpu, 1), peak, said, killed)


def use_of(pid: int) -> tuple[int, float]:
    """Resident bytes and seconds of processor of a process and of all that it started, those that ended too."""
    memory, cpu = 0, 0.0
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                memory += process.memory_info().rss
                times = process.cpu_times()
                cpu += times.user + times.system + times.children_user + times.children_system
    return memory, cpu


def weight(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118 - as above
    return total


def judge(outcome: Outcome, ones: Collection[Hostile], pages: Path | None = None) -> Outcome:
    """What does not hold of a run over some inputs."""
    said, found = outcome.sortie, outcome.fautes
    plain = said.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    if outcome.tue:
        found.append(f"arrêté : {outcome.tue}")
    elif outcome.code < 0 or outcome.code > 2:
        found.append(f"mort : code {outcome.code}")
    elif not any(outcome.code in one.statuts for one in ones):
        found.append(f"code {outcome.code}")
    if "Erreur imprévue" in said:
        found.append("imprévue")
    if "Traceback (most recent call last)" in said or "panicked at" in said:
        found.append("trace")
    if "\x1b" in said or "\n✓ faux.csv" in said:
        found.append("un nom qui parle à la place du programme")
    if not outcome.tue:
        if outcome.commande == "check" and outcome.code in LUS and f"✓ {VOISIN}" not in said:
            found.append("voisin perdu")
        asked = [one for one in ones if outcome.commande == "check" or one.rapport]
        alone = len(ones) == 1 and outcome.code  # in a folder of many, another may be why it is not 0
        wanted = [one for one in asked if alone or (one.toujours and outcome.commande == "check")]
        lost = [one.nom for one in wanted if one.nomme not in plain]
        found += [f"pas nommé : {', '.join(lost)}"] if lost else []
    if pages is not None:
        made = sorted(pages.rglob("*.html"))
        missing = {one.rapport for one in ones if one.rapport} - {
            p.relative_to(pages).with_suffix("").as_posix() for p in made
        }
        # A declaration that is refused stops everything, and says so: no page is lost that was owed.
        lost = missing and not outcome.tue and outcome.code != 2
        found += [f"page perdue : {', '.join(sorted(missing))}"] if lost else []
        held = sorted({what for page in made for what in alive(page.read_text(encoding="utf-8"))})
        found += [f"vivant : {', '.join(held)}"] if held else []
    return outcome


def alive(page: str) -> Iterator[str]:
    """What a browser would run or fetch of a page, and our pages never have."""
    for tag in BeautifulSoup(page, "html.parser").find_all(True):
        if tag.name in ("iframe", "object", "embed", "base", "form") or (tag.name == "script" and CANARI in tag.text):
            yield f"<{tag.name}>"
        if tag.name == "style" and ("@import" in tag.text or tag.text[-13:] == "display:none}"):
            yield "<style>"
        for name, value in tag.attrs.items():
            bare = "".join(str(value).split()).lower()
            if name.startswith("on") or bare.startswith(("javascript:", "data:text/html")):
                yield name
            elif name == "src" and bare.startswith(("http:", "https:", "//")):
                yield f"{tag.name} {name}"


def try_out(ones: Collection[Hostile], folder: Path, limits: Limits = Limits()) -> list[Outcome]:
    """Drop some inputs in one territory and run `check`, then `build` where one of them is for a page."""
    folder.mkdir(parents=True)
    raw = ground(folder)
    for one in ones:
        drop(raw, one)
    runs = [judge(launch(("check", "--data", raw), folder, limits), ones)]
    if wanted := sorted({one.rapport for one in ones if one.rapport}):
        only = [word for report in wanted for word in ("--only", report)]
        built = launch(("build", "--data", raw, "--out", folder / "out", "--jobs", 1, *only), folder, limits)
        runs.append(judge(built, ones, folder / "out" / "essai"))
    for run in runs:
        run.nom = title_of(ones)
    return runs


def title_of(ones: Collection[Hostile]) -> str:
    first = next(iter(ones)).nom
    return first if len(ones) == 1 else f"{first} et {len(ones) - 1} autres"


def batches(ones: Iterable[Hostile], size: int = 20) -> list[list[Hostile]]:
    """Inputs that may share a folder, a family at a time; those that may stop everything, or are heavy, stand alone."""
    packed: list[list[Hostile]] = []
    for one in ones:
        open_to_it = (
            other
            for other in packed
            if not one.seul
            and not other[0].seul
            and set(one.statuts) <= LUS
            and set(other[0].statuts) <= LUS
            and other[0].famille == one.famille
            and len(other) < size
            and all(o.chemin != one.chemin for o in other)
        )
        if (place := next(open_to_it, None)) is not None:
            place.append(one)
        else:
            packed.append([one])
    return packed


def run_all(
    packs: Iterable[Collection[Hostile]], limits: Limits = Limits(), told: Callable = lambda _: None
) -> list[Outcome]:
    """Two at once, each in a folder that goes with it."""

    def one_pack(pack: Collection[Hostile]) -> list[Outcome]:
        folder = Path(tempfile.mkdtemp(prefix="hostile-"))
        try:
            runs = try_out(pack, folder / "t", limits)
        finally:
            subprocess.run(["chmod", "-R", "u+rwX", str(folder)], check=False, capture_output=True)
            shutil.rmtree(os.fsencode(folder), ignore_errors=True)
        for run in runs:
            told(run)
        return runs

    with ThreadPoolExecutor(2) as pool:
        return [run for runs in pool.map(one_pack, packs) for run in runs]


def main(argv: list[str]) -> int:
    """Run the inputs, those of a folder where something fails then one by one, and print what fails.

    `--seuls`: each alone from the first; `--json FICHIER`: keeps all that was measured.
    """
    kept = Path(argv.pop(argv.index("--json") + 1)) if "--json" in argv else None
    wanted = [word for word in argv if not word.startswith("--")]
    ones = [one for one in all_hostiles() if not wanted or any(w in f"{one.famille}/{one.nom}" for w in wanted)]

    def tell(run: Outcome) -> None:
        if run.fautes:
            figures = f"{run.code:4} {run.secondes:6.1f} s {run.processeur:6.1f} s {run.rss // MIO:5} Mio"
            print(f"{run.nom:44} {run.commande:6} {figures}  {' ; '.join(run.fautes)}", flush=True)
        if kept:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(run.__dict__, ensure_ascii=False) + "\n")

    packs = [[one] for one in ones] if "--seuls" in argv else sorted(batches(ones), key=lambda pack: pack[0].seul)
    runs = run_all(packs, told=tell)
    failed = {run.nom for run in runs if run.fautes}
    apart = [pack for pack in packs if len(pack) > 1 and title_of(pack) in failed]
    again = run_all([[one] for pack in apart for one in pack], told=tell)
    runs = [run for run in runs if run.nom not in set(map(title_of, apart))] + again
    print(summary(ones, runs))
    return int(any(run.fautes for run in runs))


def summary(ones: Collection[Hostile], runs: Collection[Outcome]) -> str:
    def count(what: Callable[[Outcome], bool]) -> int:
        return len({run.nom for run in runs if what(run)})

    return (
        f"{len(ones)} entrées : {count(lambda r: 'imprévue' in r.fautes)} « Erreur imprévue », "
        f"{count(lambda r: r.processeur > 45 or r.tue == 'temps')} au-delà de 45 s, "
        f"{count(lambda r: r.rss > 2048 * MIO)} au-delà de 2 Gio, "
        f"{count(lambda r: any(f.startswith('mort') for f in r.fautes))} arrêts brutaux, "
        f"{count(lambda r: any(f.startswith('pas nommé') for f in r.fautes))} sans nom, {count(lambda r: bool(r.fautes))} en faute."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
