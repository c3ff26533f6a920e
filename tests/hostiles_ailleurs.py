"""Hostile files that come from elsewhere: other systems' archives, encodings, databases, names and special files. Owns what each is made of."""  # noqa: E501

import bz2
import gzip
import json
import lzma
import sqlite3
import struct
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from hostiles import MIO, Hostile, write
from hostiles_tables import action, parole, revn, zipped
from hostiles_text import FICHE, contour
from hostiles_workbooks import BON, cell, ods, parts, sheet

Writer = Callable[[Path], object]
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
LOURDS = ("trou.csv", "trou.xlsx", "memoire.csv", "quines.csv.gz", "bombe.csv.xz", "cles.json", "chaine.json")


def link(target: str) -> Writer:
    return lambda path: path.symlink_to(target)


def hole(size: int, head: bytes = b"") -> Writer:
    """The writer of a file whose size is said and whose blocks are not there."""

    def put(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)

    return put


def database(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("create table suivi (action text, montant real)")
        base.execute("insert into suivi values ('Aide', 1000)")


def tarred(name: str, content: bytes) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, BytesIO(content))
    return out.getvalue()


def linked_zip() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("REVN_2020.csv")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/hostname")
    return out.getvalue()


def method_of(content: bytes, method: int) -> bytes:
    """An archive whose members say another way of compression."""
    made = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        where = made.find(mark)
        while where >= 0:
            struct.pack_into("<H", made, where + at, method)
            where = made.find(mark, where + 4)
    return bytes(made)


def _tables() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    good, log, voices = revn(), action(), parole()
    book = zipped(parts(sheet()))
    yield from (
        ("csv", "insee/sep.csv", "sep=;\r\n" + good),
        ("csv", "actions/sep.csv", "sep=;\n" + log),
        ("csv", "paroles/sep.csv", "sep=;\n" + voices),
        ("csv", "insee/fin-dos.csv", good + "\x1a"),
        ("csv", "actions/sjis.csv", (log + "日本語;" * 9).encode("shift_jis", "replace")),
        ("csv", "actions/gb.csv", (log + "中文;" * 9).encode("gb18030")),
        ("csv", "paroles/koi8.csv", (voices + "Привет;" * 9).encode("koi8-r", "replace")),
        ("csv", "actions/base64.csv", "QUJDREVGR0g=" * 5_000),
        ("csv", "actions/barre.csv", log.replace(";", "|")),
        ("csv", "paroles/tabulations.tsv", voices.replace(";", "\t")),
        ("csv", "actions/separateur-unite.csv", log.replace(";", "\x1f").replace("\n", "\x1e")),
        ("csv", "insee/courriel.eml", "From: a\nSubject: b\nContent-Type: text/csv\n\n" + good),
        ("csv", "paroles/sous-titres.vtt", "WEBVTT\n\n00:00.000 --> 99:99:99.999\nBonjour\n" * 2_000),
        ("csv", "insee/compresse.csv.gz", gzip.compress(good.encode())),
        ("csv", "actions/quines.csv.gz", gzip.compress(gzip.compress(bytes(300 * MIO), 1), 9)),
        ("csv", "insee/bombe.csv.xz", lzma.compress(bytes(200 * MIO), preset=0)),
        ("csv", "paroles/compresse.csv.bz2", bz2.compress(voices.encode())),
        ("csv", "actions/base.db", database),
        ("csv", "actions/base.sqlite", database),
        ("csv", "insee/faux.csv", book),
        ("csv", "actions/trou.csv", hole(6_000 * MIO, log.encode())),
        ("csv", "actions/memoire.csv", link("/proc/self/mem")),
        ("csv", "insee/aleas.csv", link("/dev/urandom")),
        ("csv", "paroles/carte.csv", link("/proc/self/pagemap")),
        ("csv", "actions/terminal.csv", link("/dev/tty")),
        ("csv", "actions/complet.csv", link("/dev/full")),
        ("zip", "insee/archive.tar.gz", tarred("REVN_2020.csv", good.encode())),
        ("zip", "insee/sept.7z", b"7z\xbc\xaf\x27\x1c" + bytes(200)),
        ("zip", "insee/serre.rar", b"Rar!\x1a\x07\x01\x00" + bytes(200)),
        ("zip", "insee/deflate64.zip", method_of(zipped({"REVN_2020.csv": good}), 9)),
        ("zip", "insee/ppmd.zip", method_of(zipped({"REVN_2020.csv": good}), 98)),
        ("zip", "insee/zstd.zip", method_of(zipped({"REVN_2020.csv": good}), 93)),
        ("zip", "insee/auto.zip", b"MZ" + bytes(9_000) + zipped({"REVN_2020.csv": good})),
        ("zip", "insee/lien-dedans.zip", linked_zip()),
        ("zip", "insee/morceau.z01", zipped({"REVN_2020.csv": good})[:60]),
        ("classeur", "insee/strict.xlsx", zipped({k: str(v).replace("http://schemas.openxmlformats.org/spreadsheetml/2006/main", STRICT) for k, v in parts(sheet()).items()})),  # noqa: E501
        ("classeur", "insee/trou.xlsx", hole(6_000 * MIO, book)),
        ("classeur", "actions/partagee.xlsx", zipped(parts(sheet(f'<row r="1">{cell("A1", "Action")}<c r="B1"><f t="shared" ref="A1:XFD1048576" si="0">B1+1</f><v>1</v></c></row>')))),  # noqa: E501
        ("classeur", "insee/vrai-faux.xlsx", zipped(parts(sheet(BON.replace("12000", "</v></c><c><v>", 1))))),
        ("classeur", "insee/ratures.ods", ods('<table:table table:name="a"><table:tracked-changes><table:deletion table:position="99999999999"/></table:tracked-changes></table:table>')),  # noqa: E501
        ("classeur", "insee/csv-nomme.xlsx", good),
        ("classeur", "actions/html-nomme.xls", "<html><table>" + "<tr><td>1</td></tr>" * 60_000 + "</table></html>"),
        ("classeur", "actions/xml-2003.xls", "<?xml version='1.0'?><Workbook xmlns='urn:schemas-microsoft-com:office:spreadsheet'><Worksheet/></Workbook>"),  # noqa: E501
        ("json", "actions/lignes.ndjson", '{"action": "a"}\n{"action": \n' * 2_000),
        ("json", "paroles/cles.json", json.dumps([{f"k{i}_{j}": 1 for j in range(200)} for i in range(2_000)])),
        ("json", "insee/chaine.json", b'"' + b"a" * (150 * MIO) + b'"'),
        ("json", "actions/bom.json", b"\xef\xbb\xbf[{}]"),
        ("json", "paroles/echappes.json", '["' + "\\u0000\\ud83d" * 50_000 + '"]'),
        ("texte", "insee/colonnes.feather", b"ARROW1\0\0" + b"\xff" * 4_000),
        ("texte", "insee/pandas.pkl", b"cos\nsystem\n(S'true'\ntR."),
        ("texte", "insee/stata.dta", b"<stata_dta><header><release>118</release>" + b"\xff" * 4_000),
        ("texte", "insee/spss.sav", b"$FL2@(#) SPSS" + b"\xff" * 4_000),
    )  # fmt: skip


def _names() -> Iterator[tuple[str, str | bytes]]:
    for folder, content in (("actions", action()), ("paroles", parole()), ("insee", revn())):
        yield from (
            (f"{folder}/{name}", content)
            for name in ("CON.csv", "-rf.csv", ".csv", "suivi.csv.", "suivi .CSV", "sansfin")
        )
        yield f"{folder}/{unicodedata.normalize('NFD', 'été.csv')}", content
        yield f"{folder}/été.csv", content
        yield f"{folder}/{{0.__class__}}%s%n$HOME`id`.csv", content
        yield f"{folder}/" + "\N{ZERO WIDTH SPACE}" * 9 + ".csv", content


def _maps() -> Iterator[tuple[str, str | bytes | Writer]]:
    ring = [[[f"{x}", f"{y}"] for x, y in ((-1.6, 48.1), (-1.5, 48.1), (-1.5, 48.2), (-1.6, 48.1))]]
    yield from (
        ("textes-nombres.geojson", contour(ring)),
        ("pole.geojson", contour([[[180, 90], [-180, 90], [180, -90], [180, 90]]])),
        ("memes-points.geojson", contour([[[-1.6, 48.1]] * 40_000])),
        ("crs.geojson", contour().replace("{", '{"crs": {"type": "name", "properties": {"name": {"a": []}}}, ', 1)),
        ("bbox.geojson", contour().replace("{", '{"bbox": ["a", null, {}], ', 1)),
        ("suite.ndgeojson", "\n".join([contour()] * 50)),
        ("memoire.geojson", link("/proc/self/mem")),
        ("petits.geojson", contour([[[[-1.6 + i / 1e7, 48.1], [-1.5, 48.1 + i / 1e7], [-1.5, 48.2], [-1.6 + i / 1e7, 48.1]]] for i in range(30_000)], "MultiPolygon")),  # noqa: E501
    )  # fmt: skip


def hostiles() -> Iterator[Hostile]:
    put = lambda content: content if callable(content) else write(content)  # noqa: E731 - a writer, or what to write
    for family, path, content in _tables():
        yield Hostile(
            f"ailleurs-{path}", family, path, put(content), seul=path.rpartition("/")[2] in LOURDS or callable(content)
        )
    for at, (path, content) in enumerate(_names()):
        yield Hostile(f"ailleurs-nom-{at}", "lieu", path, put(content), toujours=False)
    for name, content in _maps():
        yield Hostile(
            f"ailleurs-{name}",
            "contour",
            f"geo/{name}",
            put(content),
            rapport=FICHE,
            toujours=False,
            seul=callable(content),
        )
