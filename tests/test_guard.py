"""A raw file made to hurt costs itself and no other: it is named in French, the others are read, nothing hangs, aborts or swells."""

import io
import json
import os
import resource
import shutil
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cvanalysis.errors import ReadError
from cvanalysis.files.atomic import named
from cvanalysis.files.sheets import read_raw
from cvanalysis.paroles.clean.interviews import read_codebook, read_interview

GIO = 1024**3


def packed(parts: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def spoilt(archive: bytes) -> bytes:
    """The same ZIP, its first member's stream damaged and its directory sound."""
    start = 30 + int.from_bytes(archive[26:28], "little") + int.from_bytes(archive[28:30], "little") + 8
    return archive[:start] + bytes(b ^ 0x5A for b in archive[start : start + 40]) + archive[start + 40 :]


NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def xlsx(sheet: str, shared: str = "", head: str = "") -> bytes:
    """A workbook of one sheet, written by hand."""
    relation = '<Relationship Id="r{}" Type="{}/{}" Target="{}"/>'
    package = "http://schemas.openxmlformats.org/package/2006/"
    parts = [("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")]
    return packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{package}relationships">'
            + relation.format(0, RELS, "officeDocument", "xl/workbook.xml")
            + "</Relationships>",
            "xl/workbook.xml": f'<workbook {NS} xmlns:r="{RELS}"><sheets><sheet name="s" sheetId="1" r:id="r0"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}relationships">'
            + "".join(relation.format(i, RELS, kind, target) for i, (kind, target) in enumerate(parts))
            + "</Relationships>",
            "xl/worksheets/sheet1.xml": f"<worksheet {NS}>{head}<sheetData>{sheet}</sheetData></worksheet>",
            "xl/sharedStrings.xml": f"<sst {NS}>{shared}</sst>",
        }
    )


def cell(place: str, text: str = "x") -> str:
    return f'<row r="{place.lstrip("ABCDEFXZ")}"><c r="{place}" t="str"><v>{text}</v></c></row>'


def references(count: int) -> str:
    return "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, count + 1))


def project(
    selection: str = "", codes: str = '<Code guid="c" name="lien"/>', text: str = "Une phrase entière.", head: str = ""
) -> str:
    passage = selection or '<PlainTextSelection startPosition="0" endPosition="10"{}>'.format("")
    return (
        f'{head}<Project xmlns="urn:QDA-XML:project:1.0"><CodeBook><Codes>{codes}</Codes></CodeBook><Sources>'
        f'<TextSource guid="s"><PlainTextContent>{text}</PlainTextContent>{passage}'
        '<Coding><CodeRef targetGUID="c"/></Coding></PlainTextSelection></TextSource></Sources></Project>'
    )


def qdpx(**said: str) -> bytes:
    return packed({"project.qde": project(**said)})


def at(position: str) -> str:
    return f'<PlainTextSelection startPosition="{position}" endPosition="10">'


BOMBE = '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "' + "ha" * 50 + '">' + "".join(
    f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 9)
) + "]>"  # fmt: skip
PROFOND = '<Code guid="c" name="n">' * 5000 + "</Code>" * 5000
CSV = "CODGEO;X\nQP044006;1\n"

LAISSES = {
    "insee/erreurs.xlsx": lambda: xlsx('<c r="A1" t="e"><f>' * 20_000),
    "insee/etendue.xlsx": lambda: xlsx(cell("A1") + cell("XFD1048576"), head='<dimension ref="A1:B2"/>'),
    "insee/etendue2.xlsx": lambda: xlsx(cell("A1"), head='<dimension ref="A1:XFD1048576"/>'),
    "actions/partage.xlsx": lambda: xlsx(references(3000), f"<si><t>{'x' * 4_000_000}</t></si>"),
    "insee/beaucoup.zip": lambda: packed({f"{i}.csv": CSV for i in range(20_000)}, zipfile.ZIP_STORED),
    "insee/lzma.zip": lambda: spoilt(packed({"a.csv": CSV * 100}, zipfile.ZIP_LZMA)),
    "insee/bzip2.zip": lambda: spoilt(packed({"a.csv": CSV * 100}, zipfile.ZIP_BZIP2)),
    "insee/deflate.zip": lambda: spoilt(packed({"a.csv": CSV * 100})),
    "insee/colonnes.csv": lambda: ";".join(f"c{i}" for i in range(20_000)) + "\n" + "1;" * 19_999 + "1\n",
    "insee/cellule.csv": lambda: "CODGEO;X\nQP044006;" + "x" * 1_500_000 + "\n",
    "insee/caf\udce9.csv": lambda: "CODGEO;X\n",
    "actions/objets.json": lambda: json.dumps([{f"k{i}": 1} for i in range(6000)]),
    "actions/emboite.json": lambda: "[" * 100_000,
    "actions/emboite.ods": lambda: packed({"content.xml": BOMBE + "<b>&a8;</b>"}),
    "paroles/emboite.json": lambda: '{"a":' * 5000 + "1" + "}" * 5000,
    "paroles/encodage.qdpx": lambda: qdpx(head='<?xml version="1.0" encoding="klingon"?>'),
    "paroles/deflate.qdpx": lambda: spoilt(packed({"project.qde": project(text="Une phrase. " * 50)})),
    "paroles/lzma.qdpx": lambda: spoilt(packed({"project.qde": project(text="Une phrase. " * 50)}, zipfile.ZIP_LZMA)),
    "paroles/bombe.qdpx": lambda: qdpx(head=BOMBE, text="&a8;"),
    "paroles/enorme.qdpx": lambda: packed({"project.qde": project(text=" " * (70 << 20))}),
    "paroles/profond.qdc": lambda: f'<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes>{PROFOND}</Codes></CodeBook>',
    "paroles/encodage.qdc": lambda: '<?xml version="1.0" encoding="klingon"?><CodeBook/>',
    "paroles/sans-rien.qdc": lambda: packed({"a.txt": "x"}),
}  # fmt: skip
"""Files that are left out, each with its reason. Those of the issue first, then of their kind."""

LUS = {
    "paroles/carre.qdpx": lambda: qdpx(selection=at("²")),
    "paroles/chiffres.qdpx": lambda: qdpx(selection=at("9" * 5000)),
    "paroles/profond.qdpx": lambda: qdpx(codes=PROFOND),
    "paroles/demi.json": lambda: '[{"texte": "moiti\\ud800", "audience": "public"}]',
    "paroles/\udcff\udcfe.csv": lambda: "texte;audience\nBonjour;public\n",
}
"""Odd files of which what is sound is read."""


SAINS = {"insee": "DEMO_2017.csv", "actions": "subventions_2017_2022.csv"}
"""The sound files that stand beside what hurts: one of a room says as much as all of them."""


@pytest.fixture
def raw(brut, tmp_path) -> Path:
    """The default territory's folder with few files, to be spoilt."""
    shutil.copytree(brut, tmp_path / "raw")
    for room, kept in SAINS.items():
        for path in (tmp_path / "raw" / room).iterdir():
            if path.name != kept:
                path.unlink()
    return tmp_path / "raw"


def write(folder: Path, files: dict) -> None:
    for name, content in files.items():
        path = folder / name
        made = content()
        path.write_bytes(made if isinstance(made, bytes) else made.encode())


def run(folder: Path, *setting: str, command: str = "check") -> subprocess.CompletedProcess:
    """The command line in its own process, `setting` of the guard changed; it may not map more than 4 GiB."""
    run = "from cvanalysis.cli import run; sys.exit(run(sys.argv[1:]))"
    code = "\n".join(["import sys; from cvanalysis.files import guard", *setting, run])
    ceiling = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 * GIO, 4 * GIO))  # noqa: E731
    arguments = [sys.executable, "-c", code, command, "--data", str(folder)]
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        arguments, capture_output=True, text=True, timeout=300, check=False, preexec_fn=ceiling, env=env
    )


def shown(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def assert_left_out(done: subprocess.CompletedProcess, names: Iterator[str]) -> None:
    assert "imprévue" not in done.stderr + done.stdout
    assert done.returncode == 1, done.stderr
    left = done.stdout.splitlines()[-1]
    assert "de côté" in left
    assert [name for name in names if shown(name) not in left] == []
    assert "✓ insee/DEMO_2017.csv" in done.stdout
    assert "✓ paroles/recueil-mars.xlsx" in done.stdout


def test_each_of_many_files_made_to_hurt_is_named_and_the_others_are_read(raw):
    write(raw, LAISSES | LUS)
    for room in ("insee", "actions", "paroles"):
        os.mkfifo(raw / room / "tube.csv")
        (raw / room / "dossier.csv").mkdir()
        (raw / room / "rien.csv").symlink_to("nulle-part.csv")
        (raw / room / "boucle.csv").symlink_to("boucle.csv")
        (raw / room / "zero.csv").symlink_to("/dev/zero")
    with (raw / "insee" / "ligne.csv").open("wb") as file:
        file.write(b"CODGEO;X\nQP044006;")
        file.truncate(200_000_000)
    with (raw / "insee" / "grand.csv").open("wb") as file:
        file.truncate(500 << 20)
    odd = [
        f"{room}/{name}.csv"
        for room in ("insee", "actions", "paroles")
        for name in ("tube", "dossier", "rien", "boucle", "zero")
    ]
    done = run(raw)
    assert_left_out(done, [*LAISSES, *odd, "insee/ligne.csv", "insee/grand.csv"])
    assert [name for name in LUS if shown(name) in done.stdout.splitlines()[-1]] == []


MAL = """
from cvanalysis.files import delimited
sound = delimited.to_utf8
def to_utf8(data):
    if data.startswith(b"MAL"):
        HARM
    return sound(data)
delimited.to_utf8 = to_utf8
"""


def stand_in(harm: str) -> str:
    """A parser that does harm with the files that begin by MAL."""
    return MAL.replace("HARM", harm)


@pytest.mark.parametrize(
    ("harm", "said", "patience"),
    [
        ("while True: pass", "de calcul", "SECONDES = 3"),
        ("import os; os.abort()", "fait tomber le programme", "SECONDES = 15"),
        ("bytearray(3 * 10**9)", "Mio de mémoire", "SECONDES = 15"),
        ("raise KeyError", "sa lecture échoue (KeyError)", "SECONDES = 15"),
        # long enough for the sound files of a machine that does ten other things
        pytest.param("import time; time.sleep(1000)", "ne répond plus", "ATTENTE = 30", marks=pytest.mark.slow),
    ],
)
def test_a_reader_that_hangs_dies_or_swells_costs_its_file(raw, harm, said, patience):
    write(raw, {"insee/mal.csv": lambda: "MAL;A\n1;2\n", "paroles/mal.csv": lambda: "MAL;texte\n1;2\n"})
    done = run(raw, f"guard.{patience}", stand_in(harm))
    assert_left_out(done, ["insee/mal.csv", "paroles/mal.csv"])
    assert done.stdout.count(said) >= 2


def test_a_build_goes_on_without_the_file_that_kills_its_reader(raw):
    write(raw, {"insee/mal.csv": lambda: "MAL;A\n1;2\n"})
    arguments = ["--out", str(raw.parent / "out"), "--only", "qualite"]
    done = run(raw, stand_in("import os; os.abort()"), f"sys.argv += {arguments}", command="build")
    assert "imprévue" not in done.stderr
    assert done.returncode == 1
    assert "insee/mal.csv" in done.stderr + done.stdout
    assert list((raw.parent / "out").glob("*/qualite.html"))


def test_a_process_that_has_other_threads_as_a_kernel_has_opens_without_the_file_that_kills_its_reader(raw):
    write(raw, {"insee/mal.csv": lambda: "MAL;A\n1;2\n"})
    (raw.parent / "sitecustomize.py").write_text(stand_in("import os; os.abort()"))  # in the process that reads too
    told = (
        "import sys, threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "import cvanalysis as cv\nfiles = cv.ouvrir(sys.argv[1]).store.rows('fichiers')\n"
        "print(dict(zip(files['fichier'], files['statut'])))"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(raw.parent), str(Path(__file__).resolve().parents[1])])}
    done = subprocess.run(
        [sys.executable, "-c", told, str(raw)], env=env, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "'insee/mal.csv': 'illisible'" in done.stdout


def test_withdrawals_that_kill_their_reader_stop_everything(raw):
    write(raw, {"paroles/retraits.csv": lambda: "MAL;A\n1;2\n"})
    done = run(raw, stand_in("import os; os.abort()"))
    assert done.returncode == 2
    assert "paroles/retraits.csv" in done.stderr


CONTRATS = {
    "emboité": lambda: "a = " + "[" * 3000 + "]" * 3000,
    "clés": lambda: "a" + ".a" * 3000 + " = 1",
    "ligne": lambda: "a" + ".a" * 300_000 + " = 1",
    "nombre": lambda: "a = " + "9" * 5000,
    "espaces": lambda: "[" + " " * 15_000 + "a\n" + ("[" + " " * 15_000 + "\n") * 100,
}


@pytest.mark.parametrize("contrat", [*CONTRATS, "tube", "boucle", "zero"])
def test_a_contract_made_to_hurt_is_refused_by_its_name(raw, contrat):
    path = raw / "contrat.toml"
    path.unlink()
    match contrat:
        case "tube":
            os.mkfifo(path)
        case "boucle":
            path.symlink_to("contrat.toml")
        case "zero":
            path.symlink_to("/dev/zero")
        case _:
            path.write_text(CONTRATS[contrat](), encoding="utf-8")
    done = run(raw)
    assert done.returncode == 2
    assert "`contrat.toml`" in done.stderr
    assert "imprévue" not in done.stderr


@pytest.mark.slow
@pytest.mark.seul
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("insee/geant.zip", lambda: packed({"a.csv": bytes(1_900_000_000)})),
        ("paroles/geant.qdpx", lambda: packed({"project.qde": project(), "a.docx": bytes(900_000_000)})),
        ("actions/large.json", lambda: json.dumps([{f"k{j}": 1 for j in range(6000)}] * 6000)),
        ("actions/partage.xlsx", lambda: xlsx(references(3000), f"<si><t>{'x' * 900_000}</t></si>")),
    ],
)
def test_the_largest_files_made_to_hurt_stay_within_two_gib(raw, name, content):
    write(raw, {name: content})
    done = run(raw)
    assert "imprévue" not in done.stderr + done.stdout
    assert "MemoryError" not in done.stderr
    assert name in done.stdout


# ------------------------------------------------------------------------------------------------------------- properties

AU_HASARD = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
BRIBES = st.sampled_from(
    [
        "<Code>",
        "</Code>",
        "<",
        "&a;",
        '"',
        "\0",
        "²",
        "-1",
        "9" * 30,
        "guid",
        "startPosition",
        "]]>",
        "\ud800",
        "é",
        "",
        "<!--",
    ]
)


@cache
def sound() -> dict[str, str]:
    return {"qdpx": project(), "xlsx": cell("A1", "CODGEO") + cell("A2", "QP044006")}


def damage(data: st.DataObject, text: str) -> bytes:
    """Pieces of a text replaced by others."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        text = text[:start] + data.draw(BRIBES) + text[start + data.draw(st.integers(0, 20)) :]
    return text.encode("utf-8", "surrogatepass")


def damage_bytes(data: st.DataObject, whole: bytes) -> bytes:
    made = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 8))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    return bytes(made[: data.draw(st.integers(1, len(made)))])


@AU_HASARD
@given(data=st.data(), method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]))
def test_a_coded_interview_whatever_its_xml_and_its_archive_is_read_or_refused(tmp_path, data, method):
    path = tmp_path / "f.qdpx"
    xml = damage(data, sound()["qdpx"]) if data.draw(st.booleans()) else sound()["qdpx"].encode()
    whole = packed({"project.qde": xml}, method)
    path.write_bytes(damage_bytes(data, whole) if data.draw(st.booleans()) else whole)
    for read in (read_interview, read_codebook):
        with suppress(ReadError):
            assert read(path, "f.qdpx") is not None
    path.write_bytes(xml)
    with suppress(ReadError):
        assert read_codebook(path, "f.qdc") is not None


@AU_HASARD
@given(data=st.data())
def test_a_workbook_whatever_its_xml_is_read_or_refused(tmp_path, data):
    path = tmp_path / "f.xlsx"
    path.write_bytes(xlsx(damage(data, sound()["xlsx"]).decode("utf-8", "replace"), head='<dimension ref="A1:A2"/>'))
    with suppress(ReadError):
        assert all(len(table.cells) == len(table.lignes) for table in read_raw(path, "f.xlsx"))


def test_names_that_are_no_utf_8_are_told_apart():
    one, two = (named(Path("/d") / os.fsdecode(raw), Path("/d")) for raw in (b"caf\xe9.csv", b"caf\xe8.csv"))
    assert (one, two) == ("caf\\xe9.csv", "caf\\xe8.csv")


def test_two_files_whose_names_look_the_same_are_two_files(tmp_path):
    both = [tmp_path / unicodedata.normalize(form, "été.csv") for form in ("NFC", "NFD")]
    both[1].touch()
    assert named(both[1], tmp_path) == "été.csv"
    both[0].touch()
    assert len({named(path, tmp_path) for path in both}) == 2


def test_time_allowed_while_no_file_is_read_limits_nothing():
    from cvanalysis.files.guard import allow, reading, under_guard

    def work():
        allow(0.1)
        free = resource.getrlimit(resource.RLIMIT_CPU)[0]
        with reading("a.csv"):
            allow(0.1)
            held = resource.getrlimit(resource.RLIMIT_CPU)[0]
        allow(0.1)
        return free, held, resource.getrlimit(resource.RLIMIT_CPU)[0]

    free, held, after = under_guard(work)
    assert free == after == resource.getrlimit(resource.RLIMIT_CPU)[0]
    assert 0 < held != free
