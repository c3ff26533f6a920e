"""Hostile workbooks: XLSX, XLSM, XLSB, XLS, ODS. Owns how each is written, part by part or record by record."""

import struct
import zipfile
from collections.abc import Iterator

from hostiles import MIO, Hostile, write
from hostiles_tables import BOMBE, GRAINE, REVN, damaged, encrypted, lying, zipped

# ----------------------------------------------------------------------------------------------------------- workbooks

_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/>'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>'
)
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def rels(target: str, kind: str = "worksheet") -> str:
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/{kind}" Target="{target}"/>'
        f'<Relationship Id="rId2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    )


def cell(ref: str, text: str, kind: str = "inlineStr") -> str:
    return (
        f'<c r="{ref}" t="{kind}"><is><t>{text}</t></is></c>'
        if kind == "inlineStr"
        else f'<c r="{ref}" t="{kind}"><v>{text}</v></c>'
    )


def rows_of(*lines: str) -> str:
    """Rows of a sheet from lines of text; columns A to Z."""
    return "".join(
        f'<row r="{i}">' + "".join(cell(f"{chr(65 + j)}{i}", text) for j, text in enumerate(line.split(";"))) + "</row>"
        for i, line in enumerate(lines, start=1)
    )


BON = rows_of(REVN, "QP973001;0;12000;9000;16000;41;7000;21000;30")


def sheet(data: str = BON, before: str = "", after: str = "") -> str:
    return f"<?xml version='1.0'?><worksheet {_NS}>{before}<sheetData>{data}</sheetData>{after}</worksheet>"


def parts(data: str | bytes | None = None, **more: str | bytes | None) -> dict[str, str | bytes]:
    """The parts of a workbook; `more` replaces or removes (None) some: keys `workbook`, `rels`, `strings`, `types`, `root`, `styles`."""
    names = {
        "workbook": "xl/workbook.xml",
        "rels": "xl/_rels/workbook.xml.rels",
        "strings": "xl/sharedStrings.xml",
        "types": "[Content_Types].xml",
        "root": "_rels/.rels",
        "styles": "xl/styles.xml",
    }
    book = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": rels("xl/workbook.xml", "officeDocument"),
        "xl/workbook.xml": f'<workbook {_NS}><sheets><sheet name="F" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": rels("worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": sheet() if data is None else data,
    } | {names[key]: value for key, value in more.items()}
    return {name: value for name, value in book.items() if value is not None}


def ole(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file of one stream."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\0")
    count = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        raw = title.encode("utf-16-le") + b"\0\0"
        ends = struct.pack("<HBBIII16xI8x8xIQ", len(raw), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, 0, start, size)
        return raw.ljust(64, b"\0") + ends

    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    head = head.ljust(512, b"\xff")
    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(stream)) + bytes(256)
    return head + struct.pack("<128I", *fat) + folder + stream


def biff(*records: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records)


_BOF = (0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
_BOF_FEUILLE = (0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
_FEUILLE = (0x85, struct.pack("<IBB", 46, 0, 0) + b"\x01\0F")
_FIN = (0x0A, b"")
_ODS = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
    "<office:body><office:spreadsheet>{}</office:spreadsheet></office:body></office:document-content>"
)


def ods(body: str, **more: str | bytes) -> bytes:
    mime = {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}
    manifest = {
        "META-INF/manifest.xml": '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    }
    return zipped(mime | manifest | {"content.xml": _ODS.format(body)} | more)


def _table(rows: str) -> str:
    return f'<table:table table:name="F">{rows}</table:table>'


def _row(cells: str, more: str = "") -> str:
    return f"<table:table-row{more}>{cells}</table:table-row>"


def _cell(text: str, more: str = "") -> str:
    return f"<table:table-cell{more}><text:p>{text}</text:p></table:table-cell>"


def _workbooks() -> Iterator[tuple[str, bytes]]:
    """(name with its extension, bytes)."""
    good = zipped(parts())
    errors = "".join(
        f'<row r="{i}">' + "".join(f'<c r="{chr(65 + j)}{i}" t="e"><f>' for j in range(26)) for i in range(1, 400)
    )
    wrong = "".join(
        f'<row r="{i}">' + "".join(cell(f"{chr(65 + j)}{i}", "#N/A", "e") for j in range(20)) + "</row>"
        for i in range(1, 3000)
    )
    yield from (
        ("dimension-menteuse.xlsx", zipped(parts(sheet(before='<dimension ref="A1:XFD1048576"/>')))),
        ("dimension-inversee.xlsx", zipped(parts(sheet(before='<dimension ref="XFD1048576:A1"/>')))),
        ("dimension-zero.xlsx", zipped(parts(sheet(before='<dimension ref="A0:ZZZ9999999"/>')))),
        ("dimension-geante.xlsx", zipped(parts(sheet(before='<dimension ref="A1:ZZZZZZZZ99999999999999999999"/>')))),
        (
            "cellule-lointaine.xlsx",
            zipped(parts(sheet(BON + '<row r="1048576">' + cell("XFD1048576", "x") + "</row>"))),
        ),
        (
            "cellule-hors-bornes.xlsx",
            zipped(parts(sheet(BON + '<row r="9999999">' + cell("ZZZ9999999", "x") + "</row>"))),
        ),
        (
            "cellule-hors-u32.xlsx",
            zipped(parts(sheet(BON + '<row r="99999999999">' + cell("AAAAAAAAAA99999999999", "x") + "</row>"))),
        ),
        ("cellule-negative.xlsx", zipped(parts(sheet(BON + '<row r="-5">' + cell("A-5", "x") + "</row>")))),
        (
            "cellule-lettre.xlsx",
            zipped(parts(sheet(BON + '<row r="3">' + cell("3A", "x") + cell("", "y") + cell("é1", "z") + "</row>"))),
        ),
        ("erreurs-ouvertes.xlsx", zipped(parts(sheet(errors)))),
        ("erreurs-60000.xlsx", zipped(parts(sheet(wrong)))),
        ("erreur-attributs.xlsx", zipped(parts(sheet("<c " + 'a="' * 60_000 + 't="e"')))),
        ("erreur-sans-fin.xlsx", zipped(parts(sheet('<row r="1">' + '<c r="A1" t="e"><f>' * 40_000)))),
        (
            "erreur-inconnue.xlsx",
            zipped(parts(sheet(BON + '<row r="3">' + cell("C3", "#\N{SUPERSCRIPT TWO}!", "e") + "</row>"))),
        ),
        ("chaines-absentes.xlsx", zipped(parts(sheet('<row r="1">' + cell("A1", "999999", "s") + "</row>")))),
        (
            "chaine-negative.xlsx",
            zipped(
                parts(
                    sheet('<row r="1">' + cell("A1", "-1", "s") + "</row>"),
                    strings=f"<sst {_NS}><si><t>a</t></si></sst>",
                )
            ),
        ),
        (
            "chaine-carre.xlsx",
            zipped(
                parts(
                    sheet('<row r="1">' + cell("A1", "²", "s") + "</row>"),
                    strings=f"<sst {_NS}><si><t>a</t></si></sst>",
                )
            ),
        ),
        (
            "chaine-4mo-3000.xlsx",
            zipped(
                parts(
                    sheet("".join(f'<row r="{i}">{cell(f"A{i}", "0", "s")}</row>' for i in range(1, 3001))),
                    strings=f"<sst {_NS}><si><t>{'a' * 4 * MIO}</t></si></sst>",
                )
            ),
        ),
        (
            "chaines-compte.xlsx",
            zipped(parts(strings=f'<sst {_NS} count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>')),
        ),
        (
            "bombe-entites.xlsx",
            zipped(
                parts(
                    BOMBE + f'<worksheet {_NS}><sheetData><row r="1">{cell("A1", "&a9;")}</row></sheetData></worksheet>'
                )
            ),
        ),
        ("bombe-chaines.xlsx", zipped(parts(strings=BOMBE + f"<sst {_NS}><si><t>&a9;</t></si></sst>"))),
        (
            "bombe-classeur.xlsx",
            zipped(
                parts(
                    workbook=BOMBE
                    + f'<workbook {_NS}><sheets><sheet name="&a9;" sheetId="1" r:id="rId1"/></sheets></workbook>'
                )
            ),
        ),
        (
            "xxe.xlsx",
            zipped(
                parts(
                    f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:/etc/hostname">]>'
                    f'<worksheet {_NS}><sheetData><row r="1">{cell("A1", "&x;")}</row></sheetData></worksheet>'
                )
            ),
        ),
        ("deflate-abime.xlsx", damaged(good, "xl/worksheets/sheet1.xml")),
        ("crc-faux.xlsx", damaged(zipped(parts(), zipfile.ZIP_STORED), "xl/worksheets/sheet1.xml", 200, b"x")),
        ("tronque.xlsx", good[: len(good) // 2]),
        ("tete-seule.xlsx", good[:30]),
        ("fin-seule.xlsx", good[-22:]),
        ("chiffre.xlsx", encrypted(good)),
        ("chiffre-ole.xlsx", ole(b"x" * 5000, "EncryptedPackage")),
        ("sans-feuille.xlsx", zipped({k: v for k, v in parts().items() if "sheet1" not in k})),
        ("sans-classeur.xlsx", zipped(parts(workbook=None))),
        ("sans-relations.xlsx", zipped(parts(rels=None))),
        ("sans-types.xlsx", zipped(parts(types=None, root=None))),
        ("relation-nulle-part.xlsx", zipped(parts(rels=rels("../../../../etc/passwd")))),
        ("relation-soi.xlsx", zipped(parts(rels=rels("workbook.xml")))),
        ("relation-url.xlsx", zipped(parts(rels=rels("http://localhost:1/x.xml")))),
        ("relation-vide.xlsx", zipped(parts(rels=rels("")))),
        (
            "colonnes-16384.xlsx",
            zipped(
                parts(sheet("".join(f'<row r="{r}">' + "<c><v>1</v></c>" * 16_384 + "</row>" for r in range(1, 11))))
            ),
        ),
        (
            "fusions-partout.xlsx",
            zipped(
                parts(
                    sheet(
                        after='<mergeCells count="20000">'
                        + '<mergeCell ref="A1:XFD1048576"/>' * 20_000
                        + "</mergeCells>"
                    )
                )
            ),
        ),
        (
            "fusion-folle.xlsx",
            zipped(
                parts(
                    sheet(
                        after='<mergeCells><mergeCell ref="ZZZ0:A99999999999"/><mergeCell ref=""/><mergeCell/></mergeCells>'
                    )
                )
            ),
        ),
        ("profondeur.xlsx", zipped(parts(sheet("<row><c><is>" * 50_000)))),
        ("vide-xml.xlsx", zipped(parts(""))),
        ("nul-xml.xlsx", zipped(parts(bytes(10_000)))),
        ("utf16-xml.xlsx", zipped(parts(sheet().encode("utf-16")))),
        ("codage-inconnu.xlsx", zipped(parts("<?xml version='1.0' encoding='klingon'?>" + sheet()[21:]))),
        (
            "date-folle.xlsx",
            zipped(
                parts(
                    sheet(
                        BON + '<row r="3"><c r="C3" s="1"><v>1e308</v></c><c r="D3" s="1"><v>-99999999</v></c></row>'
                    ),
                    styles=f'<styleSheet {_NS}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
                )
            ),
        ),
        (
            "date-iso.xlsx",
            zipped(
                parts(
                    sheet(
                        BON
                        + '<row r="3">'
                        + cell("C3", "99999-99-99T99:99:99", "d")
                        + cell("D3", "0000-00-00", "d")
                        + "</row>"
                    )
                )
            ),
        ),
        (
            "nombre-fou.xlsx",
            zipped(
                parts(
                    sheet(
                        BON
                        + '<row r="3">'
                        + cell("C3", "1e999", "n")
                        + cell("D3", "NaN", "n")
                        + cell("E3", "9" * 5000, "n")
                        + "</row>"
                    )
                )
            ),
        ),
        (
            "feuilles-3000.xlsx",
            zipped(
                parts(
                    workbook=f"<workbook {_NS}><sheets>"
                    + '<sheet name="F" sheetId="1" r:id="rId1"/>' * 3_000
                    + "</sheets></workbook>"
                )
            ),
        ),
        (
            "nom-feuille-30000.xlsx",
            zipped(
                parts(
                    workbook=f'<workbook {_NS}><sheets><sheet name="{"é&#10;" * 10_000}" sheetId="1" r:id="rId1"/></sheets></workbook>'
                )
            ),
        ),
        ("colonnes-500000.xlsm", zipped(parts(sheet("<row>" + "<c><v>1</v></c>" * 500_000 + "</row>")))),
        ("macro.xlsm", zipped(parts() | {"xl/vbaProject.bin": b"\xff" * 500})),
        ("partie-2gio-annoncee.xlsx", lying(good, 0xFFFFFFF0)),
        ("partie-1octet-annonce.xlsx", lying(zipped(parts(sheet(BON * 20_000))), 1)),
        (
            "hasard.xlsb",
            zipped(
                {
                    "xl/workbook.bin": GRAINE.randbytes(20_000),
                    "xl/_rels/workbook.bin.rels": rels("worksheets/sheet1.bin"),
                }
            ),
        ),
        ("vide.xlsb", zipped({"xl/workbook.bin": b""})),
        (
            "longueur.xlsb",
            zipped({"xl/workbook.bin": b"\x83\x01\xff\xff\xff\x7f" * 10, "xl/_rels/workbook.bin.rels": rels("x.bin")}),
        ),
        (
            "feuille.xlsb",
            zipped(
                {
                    "xl/workbook.bin": b"\x9c\x01\x1c" + bytes(8) + b"\x04\0\0\0r\0I\0d\x001\0\xff\xff\xff\xff",
                    "xl/_rels/workbook.bin.rels": rels("worksheets/sheet1.bin"),
                    "xl/worksheets/sheet1.bin": b"\x94\x01\xff\xff\xff\x7f",
                }
            ),
        ),
        ("zeros.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096)),
        ("hasard.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + GRAINE.randbytes(60_000)),
        ("tete.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ("boucle-fat.xls", ole(biff(_BOF)).replace(struct.pack("<I", 3), struct.pack("<I", 2), 1)),
        ("secteur.xls", ole(biff(_BOF))[:30] + b"\x3f\0" + ole(biff(_BOF))[32:]),
        ("sans-flux.xls", ole(b"", "Autre")),
        ("flux-vide.xls", ole(b"")),
        ("sst.xls", ole(biff(_BOF, (0xFC, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF) + b"\xff\xff\x01"), _FIN))),
        (
            "dimensions.xls",
            ole(
                biff(
                    _BOF,
                    _FEUILLE,
                    _FIN,
                    _BOF_FEUILLE,
                    (0x200, struct.pack("<IIHHH", 0, 0xFFFFFFFF, 0, 0xFFFF, 0)),
                    (0x203, struct.pack("<HHHd", 0xFFFF, 0xFFFF, 0, 1.0)),
                    _FIN,
                )
            ),
        ),
        (
            "etiquette.xls",
            ole(
                biff(
                    _BOF,
                    _FEUILLE,
                    _FIN,
                    _BOF_FEUILLE,
                    (0x204, struct.pack("<HHHH", 1, 1, 0, 0xFFFF) + b"x"),
                    (0xFD, struct.pack("<HHHI", 2, 2, 0, 0xFFFFFFFF)),
                    (0x06, b"\0" * 30),
                    _FIN,
                )
            ),
        ),
        ("ole-mot-de-passe.xls", ole(biff(_BOF, (0x2F, b"\1\0\1\0\1\0" + bytes(48)), _FIN))),
        (
            "repetees.ods",
            ods(
                _table(
                    _row(
                        _cell("CODGEO", ' table:number-columns-repeated="16384"'),
                        ' table:number-rows-repeated="1048576"',
                    )
                )
            ),
        ),
        ("repetees-5000-chiffres.ods", ods(_table(_row(_cell("x", f' table:number-columns-repeated="{"9" * 5000}"'))))),
        ("repetees-negatif.ods", ods(_table(_row(_cell("x", ' table:number-columns-repeated="-3"'))))),
        ("repetees-carre.ods", ods(_table(_row(_cell("x", ' table:number-columns-repeated="²"'))))),
        (
            "repetees-vides.ods",
            ods(
                _table(
                    _row(_cell("a"))
                    + _row(_cell("", ' table:number-columns-repeated="16384"'), ' table:number-rows-repeated="999"')
                    * 200
                )
            ),
        ),
        (
            "date-folle.ods",
            ods(
                _table(
                    _row(
                        '<table:table-cell office:value-type="date" office:date-value="99999-99-99"/>'
                        '<table:table-cell office:value-type="float" office:value="x"/>'
                    )
                )
            ),
        ),
        ("profondeur.ods", ods(_table(_row(_cell("<text:span>" * 20_000 + "x" + "</text:span>" * 20_000))))),
        (
            "tables-imbriquees.ods",
            ods(_table("<table:table-header-rows>" * 5_000 + _row(_cell("x")) + "</table:table-header-rows>" * 5_000)),
        ),
        ("bombe.ods", zipped({"mimetype": "x", "content.xml": BOMBE + _ODS.format(_table(_row(_cell("&a9;"))))})),
        ("espaces.ods", ods(_table(_row(_cell('<text:s text:c="2000000000"/>'))))),
        ("abime.ods", damaged(ods(_table(_row(_cell("x")))), "content.xml")),
        ("vide.ods", zipped({"content.xml": ""})),
        ("sans-table.ods", ods("")),
        ("chiffre.ods", encrypted(ods(""))),
    )


LOURDS = frozenset(
    {
        "classeur-dimension-menteuse.xlsx",
        "classeur-erreurs-ouvertes.xlsx",
        "classeur-erreur-attributs.xlsx",
        "classeur-erreur-sans-fin.xlsx",
        "classeur-chaine-4mo-3000.xlsx",
        "classeur-cellule-lointaine.xlsx",
        "classeur-cellule-hors-bornes.xlsx",
        "classeur-colonnes-500000.xlsm",
        "classeur-repetees.ods",
        "classeur-repetees-5000-chiffres.ods",
        "classeur-espaces.ods",
        "classeur-feuilles-3000.xlsx",
    }
)
"""Inputs that took long, or much memory, when they were first tried: each stands alone."""


def hostiles() -> Iterator[Hostile]:
    for at, (name, content) in enumerate(_workbooks()):
        title, folder = f"classeur-{name}", ("insee", "actions", "paroles")[at % 3]
        yield Hostile(title, "classeur", f"{folder}/{name}", write(content), seul=title in LOURDS)
