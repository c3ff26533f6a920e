"""Hostile tables: delimited text, workbooks, archives, JSON. Owns how each is written; nothing of them is kept in the project."""

import codecs
import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hostiles import ACTIONS, MIO, PAROLES, Hostile, repeat, write

REVN = "CODGEO;NOTE_FILO;DISP_Q2;DISP_Q1;DISP_Q3;TP60;DISP_D1;DISP_D9;PMIMP"
GRAINE = random.Random(8)
Writer = Callable[[Path], object]


def revn(value: str = "12000", *, code: str = "QP973001", end: str = "\r\n", sep: str = ";", more: str = "") -> str:
    """A file of incomes, one of whose cells is the value."""
    rows = [
        REVN,
        f"{code};0;{value};9000;16000;41,0;7000;21000;30,0",
        "QP973002;0;13000;9500;17000;38,0;7500;22000;33,0",
    ]
    return end.join(rows).replace(";", sep) + end + more


def action(value: str = "1000", titre: str = "Aide", date: str = "2021", qpv: str = "QP973001") -> str:
    return f"{ACTIONS}\nR9;{date};{titre};Asso;;Les associations;;{qpv};Ville;droit commun;{value};{value};{value};accordée;12\n"


def parole(texte: str = "Bonjour.", date: str = "01/03/2022", audience: str = "public", qpv: str = "QP973001") -> str:
    return f"{PAROLES}\n7;{date};Les associations;{qpv};habitant;L9;{texte};;{audience};oui;oui\n"


LARGE = 100_000
BOMBE = (
    "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a0 'aaaaaaaaaa'>"
    + "".join(f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10))
    + "]>"
)  # a billion of letters


def zipped(
    members: Mapping[str, str | bytes] | list[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(name, content)
    return out.getvalue()


def damaged(data: bytes, member: str, at: int = 10, with_: bytes = b"\xff" * 24) -> bytes:
    """The archive with bytes of a member's compressed data overwritten."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        info = archive.getinfo(member)
    begin = info.header_offset + 30 + len(info.filename.encode()) + at
    return data[:begin] + with_ + data[begin + len(with_) :]


def encrypted(data: bytes) -> bytes:
    """The archive whose members all say that they are under a password."""
    raw = bytearray(data)
    for mark, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + flag] |= 1
            at = raw.find(mark, at + 4)
    return bytes(raw)


def lying(data: bytes, size: int, member: bytes = b"") -> bytes:
    """The archive whose directory says that its members have this size once unfolded."""
    raw = bytearray(data)
    at = raw.find(b"PK\x01\x02")
    while at >= 0:
        if not member or raw[at + 46 :].startswith(member):
            raw[at + 24 : at + 28] = struct.pack("<I", size)
        at = raw.find(b"PK\x01\x02", at + 4)
    return bytes(raw)


def _delimited() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    """(name, folder, content)."""
    r = revn()
    yield from (
        ("utf16le", "insee", r.encode("utf-16")),
        ("utf16be-nu", "insee", r.encode("utf-16-be")),
        ("utf32", "insee", r.encode("utf-32")),
        ("utf7", "insee", revn("+AOk-").encode("utf-7")),
        ("cp1252", "insee", revn("n.d. – é").encode("cp1252")),
        ("mac", "insee", revn("é").encode("mac-roman")),
        ("ebcdic", "insee", r.encode("cp500")),
        ("deux-bom", "insee", codecs.BOM_UTF8 * 2 + r.encode()),
        ("bom-seul", "insee", codecs.BOM_UTF8),
        ("bom-utf16-seul", "insee", codecs.BOM_UTF16_LE),
        ("bom-au-milieu", "insee", revn("\ufeff12000")),
        ("nul-dedans", "insee", revn("12\x00000")),
        ("nul-entete", "insee", "\x00" + r),
        ("nuls", "insee", bytes(MIO)),
        ("guillemet-debut", "insee", '"' + r),
        ("guillemet-fin", "insee", r + '"'),
        ("guillemets-impairs", "insee", r + 'QP973003;"0;1\n' * 20_001),
        ("cellule-lignes", "insee", revn('"' + "\n" * 200_000 + '"')),
        ("colonnes-100000", "insee", ";".join(f"C{i}" for i in range(LARGE)) + "\n" + "1;" * LARGE),
        ("colonnes-revn-20000", "insee", REVN + ";X" * 20_000 + "\n" + "QP973001" + ";1" * 20_008),
        ("entetes-sans-fin", "insee", (REVN + "\n") * 5_000),
        ("entetes-doubles", "insee", REVN + ";DISP_Q2" * 500 + "\nQP973001" + ";1" * 508),
        (
            "fins-melees",
            "insee",
            REVN + "\r" + "QP973001;0;1;2;3;4;5;6;7\n\r" + "\x0bQP973002;0\x85\u2028QP973003;0;1\r\n",
        ),
        ("retours-seuls", "insee", revn(end="\r")),
        ("formules", "insee", revn('=HYPERLINK("http://x";"y")')),
        ("commande", "insee", revn("=cmd|' /C calc'!A0")),
        ("bidi", "insee", revn("\u202e00021\u202c")),
        ("bidi-entete", "insee", r.replace("DISP_Q2", "\u2066DISP_Q2\u2069")),
        ("chiffres-arabes", "insee", revn("١٢٠٠٠")),
        ("exposants", "insee", revn("²³")),
        ("pleine-chasse", "insee", revn("１２０００")),
        ("romains", "insee", revn("Ⅻ")),
        ("1e999", "insee", revn("1e999")),
        ("nan", "insee", revn("NaN")),
        ("infini", "insee", revn("-inf")),
        ("chiffres-5000", "insee", revn("9" * 5_000)),
        ("decimales-5000", "insee", revn("0," + "9" * 5_000)),
        ("1e-999", "insee", revn("-1e-999")),
        ("hexa", "insee", revn("0x1F")),
        ("1e308", "insee", revn("1.7e308")),
        ("vide", "insee", b""),
        ("un-octet", "insee", b"\xff"),
        ("blancs", "insee", b" \t\r\n" * 5_000),
        ("entete-seul", "insee", REVN),
        ("lignes-vides", "insee", r + "\n" * 500_000),
        ("points-virgules", "insee", r + (";" * 8 + "\n") * 500_000),
        ("separateurs-meles", "insee", REVN.replace(";", "\t", 4) + "\n1,2;3|4\t5\n"),
        ("hasard", "insee", GRAINE.randbytes(MIO)),
        ("gzip", "insee", gzip.compress(r.encode())),
        ("pdf", "insee", b"%PDF-1.7\n" + GRAINE.randbytes(4_000)),
        ("html", "insee", "<html><body><table><tr><td>CODGEO</td></tr></table>"),
        ("xml", "insee", "<?xml version='1.0'?><a/>"),
        ("cellule-4mo", "insee", revn("9" * 4 * MIO)),
        ("utf8-trop-long", "insee", r.encode() + b"QP973003;\xc0\xaf;\xf8\x88\x80\x80\x80\n"),
        ("cesu", "insee", r.encode() + b"QP973003;\xed\xa0\x80;1\n"),
        ("zalgo", "insee", revn("e" + "\u0301" * 100_000)),
        ("ligne-longue", "insee", r + "QP973003" + ";1" * 50_000),
        ("sylk", "insee", "ID;PWXL;N;E\nC;Y1;X1;K1\nE\n"),
        ("lfs", "insee", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
        ("entete-chiffres", "insee", "1;2;3\n1;2;3\n"),
        ("lignes-1000000", "insee", repeat(REVN.encode() + b"\n", b"QP999001;0;1;2;3;4;5;6;7\n", 1_000_000)),
        ("ligne-200mo", "insee", repeat(b"CODGEO;DISP_Q2\nQP973001;", b"a", 200 * MIO)),
        ("guillemet-200mo", "insee", repeat(REVN.encode() + b'\nQP973001;"', b"a;\n", 70 * MIO)),
        ("colonnes-40mo", "insee", repeat(b"CODGEO", b";A", 20 * MIO)),
        ("lignes-20millions", "insee", repeat(REVN.encode(), b"\n", 200 * MIO)),
        ("annees", "actions", action(date="0")),
        ("annee-99999", "actions", action(date="99999")),
        ("annee-negative", "actions", action(date="-2021")),
        ("annee-5000", "actions", action(date="2" * 5_000)),
        ("date-an-0", "actions", action(date="00/00/0000")),
        ("date-31-02", "actions", action(date="31/02/2021")),
        ("annee-carre", "actions", action(date="202²")),
        ("date-excel", "actions", action(date="99999999999")),
        ("date-iso-99999", "actions", action(date="99999-12-31T25:61:61Z")),
        ("parole-an-0", "paroles", parole(date="0000-00-00")),
        ("parole-an-99999", "paroles", parole(date="99999-01-01")),
        ("parole-date-5000", "paroles", parole(date="1" * 5_000)),
        ("parole-date-carre", "paroles", parole(date="²/³/2022")),
        ("parole-date-arabe", "paroles", parole(date="٠١/٠٣/٢٠٢٢")),
        ("parole-utf16", "paroles", parole().encode("utf-16")),
        ("parole-nul", "paroles", parole("a\x00b")),
        ("parole-guillemet", "paroles", parole('"' + "x" * 100_000)),
        ("parole-colonnes", "paroles", "texte" + ";texte" * 20_000 + "\n" + "a;" * 20_000),
        ("action-utf16", "actions", action().encode("utf-16-be")),
        ("action-nul", "actions", action("1\x000")),
        ("action-colonnes", "actions", ACTIONS + ";x" * 20_000 + "\n" + "1;" * 20_000),
    )


# ------------------------------------------------------------------------------------------------------ archives, JSON


def _bomb(
    size: int,
    head: bytes = REVN.encode() + b"\n",
    row: bytes = b"QP999001;0;1;2;3;4;5;6;7\n",
    name: str = "REVN_2021.csv",
) -> Writer:
    """The writer of an archive of one member, large once unfolded."""

    def put(path: Path) -> None:
        block = row * (MIO // len(row))
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(name, "w", force_zip64=True) as member,
        ):
            member.write(head)
            for _ in range(size // len(block)):
                member.write(block)

    return put


def _archives() -> Iterator[tuple[str, bytes | Writer]]:
    one, r = {"REVN_2021.csv": revn()}, revn().encode()
    stored = zipped(one, zipfile.ZIP_STORED)
    nested = zipped(one)
    for _ in range(200):
        nested = zipped({"a.zip": nested}, zipfile.ZIP_STORED)
    yield from (
        ("membres-20000", zipped({f"d{i}/REVN_2021.csv": revn() for i in range(20_000)})),
        ("membres-vides-60000", zipped({f"{i}.csv": "" for i in range(60_000)})),
        ("imbriquees-200", nested),
        ("zip-dans-zip", zipped({"a.zip": zipped(one)})),
        ("traversee", zipped({"../../../../../../hostile/REVN_2021.csv": r, "..\\..\\REVN_2020.csv": r})),
        ("absolu", zipped({"/etc/REVN_2021.csv": r, "C:\\REVN_2020.csv": r})),
        ("doubles", zipped([("REVN_2021.csv", r)] * 50)),
        ("crc", damaged(stored, "REVN_2021.csv", 100, b"9")),
        ("lzma-abime", damaged(zipped(one, zipfile.ZIP_LZMA), "REVN_2021.csv", 12)),
        ("lzma-tete", damaged(zipped(one, zipfile.ZIP_LZMA), "REVN_2021.csv", 0, b"\xff" * 9)),
        ("bzip2-abime", damaged(zipped(one, zipfile.ZIP_BZIP2), "REVN_2021.csv", 6)),
        ("deflate-abime", damaged(zipped(one), "REVN_2021.csv", 4)),
        ("chiffree", encrypted(zipped(one))),
        ("noms-cp437", zipped({"REVN_2021_ete.csv": r}).replace(b"ete.csv", b"\x82t\x82.csv")),
        ("noms-utf8-faux", zipped({"REVN_é_2021.csv": r}).replace("é".encode(), b"\xff\xfe")),
        ("nom-nul", zipped({"REVN_2021X.csv": r}).replace(b"2021X", b"2021\0")),
        ("nom-vide", zipped([("X.csv", r)]).replace(b"X.csv", b"\0.csv")),
        ("nom-60000", zipped({"d/" * 30_000 + "REVN_2021.csv": r})),
        ("nom-html", zipped({"<script>alert(4242)</script>\nREVN_2021.csv": r})),
        ("vide", b"PK\x05\x06" + bytes(18)),
        (
            "methode-99",
            zipped(one, zipfile.ZIP_STORED).replace(
                b"PK\x01\x02\x14\x03\x14\0\0\0\0\0", b"PK\x01\x02\x14\x03\x14\0\0\0\x63\0"
            ),
        ),
        ("taille-menteuse", lying(zipped(one), 0xFFFFFFF0)),
        ("taille-un", lying(zipped({"REVN_2021.csv": r * 200}), 1)),
        ("decalage", zipped(one)[100:]),
        ("commentaire", zipped(one)[:-2] + b"\xff\xff" + b"PK\x05\x06" * 16_000),
        ("directoire-boucle", zipped(one).replace(b"PK\x05\x06", b"PK\x01\x02")),
        ("hasard", b"PK\x03\x04" + GRAINE.randbytes(60_000)),
        ("xlsx-dedans", zipped({"REVN_2021.xlsx": zipped({"xl/workbook.xml": "<a>"})})),
        ("tout-abime", damaged(zipped({f"{i}.csv": r for i in range(9)}), "4.csv", 4)),
        ("csv-1900mo", _bomb(1_900 * MIO)),
        ("zeros-1900mo", _bomb(1_900 * MIO, b"", bytes(1024))),
        ("ligne-500mo", _bomb(500 * MIO, REVN.encode() + b"\nQP973001;", b"9" * 1024)),
    )


def _json() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    row = dict(zip(ACTIONS.split(";"), action().split("\n")[1].split(";"), strict=True))
    said = dict(zip(PAROLES.split(";"), parole().split("\n")[1].split(";"), strict=True))
    wide = ", ".join(f'"k{i}": {i}' for i in range(6_000))
    yield from (
        ("profond", "actions", "[" * LARGE),
        ("profond-ferme", "actions", "[" * 5_000 + "]" * 5_000),
        ("objet-profond", "actions", '[{"a":' * 50_000),
        ("profond-paroles", "paroles", '[{"texte":' + "[" * 2_000 + "]" * 2_000 + "}]"),
        ("cles-doubles", "actions", '[{"action":"a","action":"b","annee":2021,"annee":"x"}]'),
        (
            "entier-geant",
            "actions",
            json.dumps([row | {"accorde": 0}]).replace('"accorde": 0', '"accorde": ' + "9" * 6_000),
        ),
        ("nan", "actions", json.dumps([row]).replace('"1000"', "NaN")),
        ("infini", "actions", json.dumps([row]).replace('"1000"', "-Infinity")),
        ("1e999", "actions", json.dumps([row]).replace('"1000"', "1e99999")),
        ("demi-paire", "actions", json.dumps([row]).replace("Aide", "\\ud800")),
        ("demi-paire-cle", "actions", json.dumps([row])[:-2] + ', "\\udfff": 1}]'),
        ("nul-cle", "actions", json.dumps([row | {"\0": 1, "": 2}])),
        ("imbriques", "actions", json.dumps([row | {"action": {"a": [1, {"b": None}]}, "porteur": [], "annee": True}])),
        ("autres-types", "actions", '[1, "a", null, {}]'),
        ("vides", "actions", "[{}, {}, {}]"),
        ("scalaire", "actions", "42"),
        ("rien", "actions", b""),
        ("tronque", "actions", json.dumps([row])[:-5]),
        ("utf16", "actions", json.dumps([row]).encode("utf-16")),
        ("deux-documents", "actions", json.dumps([row]) * 2),
        ("commentaires", "actions", "// a\n" + json.dumps([row])),
        ("cles-200000", "actions", json.dumps([{f"k{i}": 1} for i in range(3_000)])),
        ("6000x6000", "actions", repeat(b"[{" + wide.encode() + b"}", b", {" + wide.encode() + b"}", 5_999, b"]")),
        ("creux-6000", "actions", json.dumps([{f"k{i}": 1} for i in range(6_000)])),
        ("6000-paroles", "paroles", json.dumps([{f"k{i}": 1, "texte": "a"} for i in range(6_000)])),
        ("demi-paire-texte", "paroles", json.dumps([said]).replace("Bonjour", "\\ud83d")),
        ("nombres-texte", "paroles", json.dumps([said | {"texte": 12, "audience": True, "web": None, "date": 1e300}])),
        ("liste-texte", "paroles", json.dumps([said | {"texte": ["a", "b"], "audience": {}}])),
        (
            "entier-geant-date",
            "paroles",
            json.dumps([said | {"date": 0}]).replace('"date": 0', '"date": ' + "9" * 6_000),
        ),
        ("nan-paroles", "paroles", json.dumps([said]).replace('"01/03/2022"', "NaN")),
        ("objet-paroles", "paroles", json.dumps(said)),
        ("latin", "paroles", json.dumps([said | {"texte": "été"}], ensure_ascii=False).encode("latin-1")),
        ("nul-texte", "paroles", json.dumps([said | {"texte": "a\0b"}])),
    )


LOURDS = frozenset(
    {
        "csv-ligne-200mo",
        "csv-guillemet-200mo",
        "csv-colonnes-40mo",
        "csv-lignes-20millions",
        "csv-points-virgules",
        "csv-lignes-1000000",
        "csv-colonnes-100000",
        "zip-membres-20000",
        "zip-membres-vides-60000",
        "zip-csv-1900mo",
        "zip-zeros-1900mo",
        "zip-ligne-500mo",
        "json-6000x6000",
        "json-creux-6000",
        "json-6000-paroles",
    }
)
"""Inputs that took long, or much memory, when they were first tried: each stands alone."""


def hostiles() -> Iterator[Hostile]:
    def made(kind: str, name: str, path: str, content: str | bytes | Writer) -> Hostile:
        title = f"{kind}-{name}"
        return Hostile(title, kind, path, content if callable(content) else write(content), seul=title in LOURDS)

    for name, folder, content in _delimited():
        yield made(
            "csv", name, f"{folder}/REVN_2021_{name}.csv" if folder == "insee" else f"{folder}/{name}.csv", content
        )
    for name, content in _archives():
        yield made("zip", name, f"insee/{name}.zip", content)
    for name, folder, content in _json():
        yield made("json", name, f"{folder}/{name}.json", content)
