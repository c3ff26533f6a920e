"""Hostile files of the tools that people use: office texts, exports, logos, sentences, what a system leaves beside. Owns what each is made of."""  # noqa: E501

import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from carnets import CONTRAT
from hostiles import DECLARES, LUS, MIO, Hostile, repeat, write
from hostiles_tables import BOMBE, GRAINE, action, encrypted, parole, revn, zipped
from hostiles_text import FICHE, SYNTHESE, contour, projet, qde
from hostiles_workbooks import BON, cell, ods, parts, sheet

Writer = Callable[[Path], object]
PNG = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    return (
        struct.pack(">I", len(data) if length is None else length)
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )


def png(*chunks: bytes) -> bytes:
    return PNG + b"".join(chunks)


IHDR = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
IDAT, IEND = chunk(b"IDAT", zlib.compress(b"\0\0")), chunk(b"IEND", b"")


def svg(inside: str, more: str = "", before: str = "") -> str:
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" {more}>{inside}</svg>'  # noqa: E501


def _logos() -> Iterator[tuple[str, str | bytes | Writer]]:
    yield from (
        ("vide.png", b""),
        ("tete.png", PNG),
        ("sans-fin.png", png(IHDR, chunk(b"IDAT", b"x" * 100, 0xFFFFFFFF))),
        ("longueur-zero.png", png(*[chunk(b"tEXt", b"")] * 1_000)),
        ("geante.png", png(chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0)), IDAT, IEND)),
        ("hasard.png", PNG + GRAINE.randbytes(15_000)),
        ("trop-lourd.png", png(IHDR, chunk(b"IDAT", bytes(30_000)), IEND)),
        ("script.svg", svg("<script>alert(4242)</script>")),
        ("gestes.svg", svg('<rect width="1" height="1"/>', 'onload="alert(4242)"')),
        (
            "etranger.svg",
            svg('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml" onload="alert(4242)"/></foreignObject>'),
        ),
        ("image.svg", svg('<image href="file:/etc/hostname"/>')),
        ("usage.svg", svg('<use xlink:href="http://example.invalid/a.svg#b"/>')),
        ("style.svg", svg("<style>@import url(//x)</style>")),
        ("anime.svg", svg('<animate onbegin="alert(4242)"/>')),
        ("lien.svg", svg('<a href="javascript:alert(4242)"><rect/></a>')),
        ("bombe.svg", BOMBE + svg("<text>&a9;</text>")),
        ("xxe.svg", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:/etc/hostname">]>' + svg("<text>&x;</text>")),
        ("profond.svg", svg("<g>" * 2_400 + "</g>" * 2_400)),
        ("utf16.svg", svg("<rect/>", before='<?xml version="1.0" encoding="utf-16"?>').encode("utf-16")),
        ("codage.svg", svg("<rect/>", before='<?xml version="1.0" encoding="klingon"?>')),
        ("feuille-xml.svg", svg("<rect/>", before='<?xml-stylesheet href="//example.invalid/x.xsl" type="text/xsl"?>')),
        ("nul.svg", svg("\0")),
        ("dossier.svg", Path.mkdir),
        ("zero.svg", lambda p: p.symlink_to("/dev/zero")),
        ("ailleurs.svg", lambda p: p.symlink_to("/etc/passwd")),
    )


def _sentences() -> Iterator[tuple[str, str | bytes | Writer]]:
    def one(text: str) -> str:
        return f"[feuille]\nconsigne = {json.dumps(text)}\n"

    yield from (
        ("attribut", one("{nom.__class__.__mro__}")),
        ("largeur", one("{nom:>999999999}")),
        ("place", one("{0} {} {1}")),
        ("accolades", one("{" * 5_000)),
        ("conversion", one("{nom!r:>{largeur}}")),
        ("script", one("<script>alert(4242)</script>")),
        ("gabarit", one("{{ cycler.__init__.__globals__ }} {% for i in range(999999999) %}a{% endfor %}")),
        ("long", one("a" * 900_000)),
        ("types", "[feuille]\nconsigne = [[1], {a = 2}]\n"),
        ("profond", "[feuille]\nconsigne = " + "[" * 5_000),
        ("nul", one("a\0b")),
        ("bidi", one("\u202eabc")),
        ("cp1252", "[feuille]\nconsigne = 'à l’été'\n".encode("cp1252")),
        ("fin", b"\x1a" * 100),
        ("lien", lambda p: p.symlink_to("/dev/zero")),
    )


def _office() -> Iterator[tuple[str, str, bytes | Writer]]:
    """(name, folder, content)."""

    def word(xml: str | bytes, **more: str | bytes) -> bytes:
        return zipped({"word/document.xml": xml} | more)

    plain = "<w:document xmlns:w='w'><w:p><w:t>Bonjour</w:t></w:p></w:document>"
    for folder in ("paroles", "actions", "insee"):
        yield from (
            (f"{folder}-bombe.docx", folder, word(BOMBE + "<a>&a9;</a>")),
            (f"{folder}-faux.docx", folder, b"PK\x03\x04" + GRAINE.randbytes(3_000)),
            (
                f"{folder}-texte.odt",
                folder,
                zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": BOMBE}),
            ),
            (f"{folder}-tableau.parquet", folder, b"PAR1" + GRAINE.randbytes(2_000) + b"\xff\xff\xff\x7fPAR1"),
            (f"{folder}-base.gpkg", folder, b"SQLite format 3\0" + GRAINE.randbytes(4_000)),
        )
    yield from (
        ("chiffre.docx", "paroles", encrypted(word(plain))),
        ("mots.rtf", "paroles", b"{\\rtf1" + b"{" * 50_000),
        ("mots.pdf", "paroles", b"%PDF-1.7\n1 0 obj<</Length 99999999999>>stream\n" + GRAINE.randbytes(900)),
        ("classeur.numbers", "paroles", zipped({"Index/Document.iwa": GRAINE.randbytes(900)})),
        ("verrou.xlsx", "actions", b"\x05Awa" + b" " * 160),
    )


def _overlapped() -> bytes:
    """An archive all of whose members are the same bytes, which unfold to a hundred times more together."""
    one = zipped({"REVN_2021.csv": revn() + "QP999001;0;1;2;3;4;5;6;7\r\n" * 400_000})
    at, end = one.index(b"PK\x01\x02"), one.index(b"PK\x05\x06")
    entries = b"".join(one[at:end].replace(b"REVN_2021.csv", b"REVN_%04d.csv" % i) for i in range(100))
    return one[:at] + entries + one[end : end + 8] + struct.pack("<HHIIH", 100, 100, len(entries), at, 0)


def _link(name: str, target: str) -> bytes:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return zipped([(info, target)])  # type: ignore[list-item]


def _tables() -> Iterator[tuple[str, str, str | bytes | Writer]]:
    """(family, path, content)."""
    inline = "<is>" + "<r><t>a</t></r>" * 200_000 + "</is>"
    said = "Mon voisin M. Zorbec du 3e dit que la rue est sale. "
    yield from (
        ("zip", "insee/recouvertes.zip", _overlapped()),
        ("zip", "insee/lien.zip", _link("REVN_2021.csv", "/etc/passwd")),
        ("zip", "actions/classeur-dans.zip", zipped({"suivi.xlsx": zipped(parts(BOMBE))})),
        ("zip", "paroles/entretien-dans.zip", zipped({"e.qdpx": qde(projet("²"))})),
        ("zip", "insee/macosx.zip", zipped({"__MACOSX/._REVN_2021.csv": b"\0\x05\x16\x07" + bytes(100), "REVN_2021.csv": revn()})),
        ("classeur", "insee/riche.xlsx", zipped(parts(sheet(BON + f'<row r="3"><c r="C3" t="inlineStr">{inline}</c></row>')))),
        ("classeur", "actions/meme-case.xlsx", zipped(parts(sheet('<row r="1">' + cell("A1", "action") * 90_000 + "</row>")))),
        ("classeur", "paroles/notes.xlsx", zipped(parts() | {"xl/comments1.xml": BOMBE + "<a>&a9;</a>", "docProps/core.xml": BOMBE + "<a>&a9;</a>"})),  # noqa: E501
        ("classeur", "insee/en-desordre.xlsx", zipped(parts(sheet("".join(f'<row r="{i}">{cell(f"A{i}", "x")}</row>' for i in range(9_000, 0, -1)))))),  # noqa: E501
        ("classeur", "actions/couvertes.ods", ods('<table:table table:name="F"><table:table-row>' + '<table:covered-table-cell table:number-columns-repeated="9999"/>' * 900 + "</table:table-row></table:table>")),  # noqa: E501
        ("classeur", "paroles/plat.fods", '<?xml version="1.0"?>' + BOMBE[21:] + "<office:document>&a9;</office:document>"),
        ("csv", "insee/REVN_2019_titre-html.csv", revn().replace("DISP_Q2", "<script>alert(4242)</script>")),
        ("csv", "insee/REVN_2018_titre-long.csv", revn().replace("DISP_Q2", "D" * 300_000)),
        ("csv", "actions/terminal.csv", action(titre="\x1b]8;;http://x\x07clic\x1b]8;;\x07")),
        ("csv", "paroles/longues.csv", parole((said * 60)[:3_000]) + f"8;01/03/2022;;;;;{said * 60};;public;oui;oui\n" * 300),
        ("csv", "insee/REVN_2017_guillemets.csv", revn('"' + '""' * 300_000 + '"')),
        ("json", "paroles/lignes.json", '{"texte": "a"}\n' * 50_000),
        ("json", "paroles/enveloppe.json", json.dumps({"results": {str(i): {"texte": "a"} for i in range(3_000)}})),
        ("json", "actions/cle-longue.json", json.dumps([{"k" * 900_000: 1, "action": "a"}])),
        ("json", "paroles/objets.json", json.dumps([{"texte": {"a": {"b": {"c": "x"}}}, "audience": ["public"], "web": {"oui": True}}])),
    )  # fmt: skip


def _interviews() -> Iterator[tuple[str, str | bytes | Writer]]:
    swarm = "".join(
        f'<Code guid="{i}" name="c{i}"><Code guid="{i}b" name="{"d" * 300}"/></Code>' for i in range(20_000)
    )
    loop = '<Sets><Set guid="e1"><MemberSource targetGUID="e1"/><MemberCode targetGUID="c1"/></Set></Sets>'
    away = projet().replace(
        '<TextSource guid="s1">',
        '<TextSource guid="s1" plainTextPath="absolute:///etc/passwd" richTextPath="internal://../../x.docx">',
    )
    yield from (
        ("essaim.qdpx", qde(projet(codes=swarm))),
        ("boucle.qdpx", qde(projet(more=loop))),
        (
            "absolu.qdpx",
            qde(away.replace("<PlainTextContent>Le local est trop petit pour nous.</PlainTextContent>", "")),
        ),
        (
            "deux-projets.qdpx",
            zipped([("project.qde", projet()), ("PROJECT.QDE", "<a/>"), ("x/project.qde", projet("²"))]),
        ),
        ("guid-doubles.qdpx", qde(projet(codes='<Code guid="c1" name="autre"/>' * 500))),
        ("nom-html.qdpx", qde(projet().replace('name="local"', 'name="&lt;script&gt;alert(4242)&lt;/script&gt;"'))),
        ("source-200mo.qdpx", _long_source),
        (
            "paires.qdpx",
            qde(projet("1", "2", source="<PlainTextContent>" + "\U0001f600" * 30_000 + "</PlainTextContent>")),
        ),
        (
            "sans-nom.qdc",
            '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes><Code guid="1"/><Code name=""/></Codes></CodeBook>',
        ),
        (
            "xxe.qdc",
            '<!DOCTYPE a [<!ENTITY x SYSTEM "file:/etc/hostname">]><CodeBook><Codes><Code guid="1" name="&x;"/></Codes></CodeBook>',
        ),
    )


def _long_source(path: Path) -> None:
    head = projet().replace('<TextSource guid="s1">', '<TextSource guid="s1" richTextPath="internal://s.docx">').replace(
        "<PlainTextContent>Le local est trop petit pour nous.</PlainTextContent>", "")  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("project.qde", head)
        with archive.open("Sources/s.docx", "w", force_zip64=True) as member:
            member.write(b"PK\x03\x04")
            for _ in range(200):
                member.write(bytes(MIO))


def _maps() -> Iterator[tuple[str, str | bytes | Writer]]:
    ring = [[-1.6, 48.1], [-1.5, 48.1], [-1.5, 48.2], [-1.6, 48.1]]
    nested: object = {"type": "Polygon", "coordinates": [ring]}
    for _ in range(300):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    yield from (
        ("altitudes.geojson", contour([[[*point, 12.5, "x"] for point in ring]])),
        ("textes.geojson", contour([[[str(x) for x in point] for point in ring]])),
        ("poupees.geojson", contour(geometry=nested)),
        ("loin.geojson", contour([[[x * 1e300 for x in point] for point in ring]])),
        (
            "proprietes.geojson",
            contour(properties={"CODE_QP": "QP973001"} | {f"p{i}": "x" * 90 for i in range(60_000)}),
        ),
        ("source-html.geojson", contour(properties={"CODE_QP": "QP973001", "source": "<script>alert(4242)</script>"})),
        ("suite.geojson", (contour() + "\n") * 3),
        ("topo.geojson", json.dumps({"type": "Topology", "objects": {}, "arcs": [ring] * 9})),
        ("quartiers.shp", struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 2**31 - 1) + GRAINE.randbytes(500)),
        ("quartiers.dbf", b"\x03\x7a\x01\x01" + struct.pack("<IHH", 0xFFFFFFFF, 0xFFFF, 0xFFFF) + bytes(20)),
        ("quartiers.kml", BOMBE + "<kml>&a9;</kml>"),
        ("quartiers.zip", zipped({"q.shp": GRAINE.randbytes(900), "q.dbf": b"\x03", "q.geojson": contour()})),
    )


def _texts() -> Iterator[tuple[str, str]]:
    yield from (
        ("ancre", '<a href="//example.invalid/x" ping="//example.invalid" target=_blank onclick=alert(4242)>a</a>'),
        ("details", "<details open ontoggle=alert(4242)><summary>a</summary></details>"),
        ("math", "<math><mtext><table><mglyph><style><img src=x onerror=alert(4242)>"),
        (
            "modele",
            "<template><script>alert(4242)</script></template><noscript><img src=x onerror=alert(4242)></noscript>",
        ),
        (
            "sources",
            '<img srcset="//example.invalid/a 2x"><video poster="//example.invalid/b"><source src="//example.invalid/c"></video>',
        ),
        ("styles", '<p style="background:url(//example.invalid/x);position:fixed">a</p>'),
        ("image-lourde", "![a](data:image/png;base64," + "A" * 600_000 + ")"),
        ("commentaire-ouvert", "Bonjour <!-- " + "a" * 90_000),
        ("notes", "".join(f"[^{i}]: a [^{i + 1}]\n" for i in range(9_000))),
        ("echappe", "\\<script>alert(4242)\\</script> &lt;script&gt;alert(4242)&lt;/script&gt;"),
    )


LAISSES = (".DS_Store", "._recueil.csv", "~$recueil.xlsx", ".~lock.recueil.csv#", "Thumbs.db", "desktop.ini")
"""What systems and office tools leave beside a file; nobody has put it there."""
SANS_TORT = frozenset({"image-lourde"})
LOURDS = frozenset({"paroles/longues.csv", "insee/recouvertes.zip", "source-200mo.qdpx"})


def hostiles() -> Iterator[Hostile]:
    def put(content: str | bytes | Writer) -> Writer:
        return content if callable(content) else write(content)

    def with_logo(name: str, content: str | bytes | Writer) -> Writer:
        def both(path: Path) -> None:
            put(content)(path)
            (path.parent / "contrat.toml").write_text(f'{CONTRAT}\n[mise_en_page]\nlogo = "{name}"\n')

        return both

    for name, content in _logos():
        yield Hostile(
            f"logo-{name}", "declare", name, with_logo(name, content), DECLARES, toujours=False, rapport=SYNTHESE
        )
    for name, content in _sentences():
        yield Hostile(
            f"phrase-{name}",
            "declare",
            "textes/affichage.toml",
            put(content),
            DECLARES,
            toujours=False,
            rapport=SYNTHESE,
        )
    for name, folder, content in _office():
        yield Hostile(f"bureau-{name}", "texte", f"{folder}/{name}", put(content), LUS)
    for family, path, content in _tables():
        yield Hostile(
            f"outil-{path}", family, path, put(content), seul=path in LOURDS, toujours=not path.endswith("lignes.json")
        )
    for name, content in _interviews():
        yield Hostile(
            f"outil-{name}",
            "entretien",
            f"paroles/{name}",
            put(content),
            toujours=name[:6] != "guid-d",
            seul=name in LOURDS,
        )
    for name, content in _maps():
        yield Hostile(f"carte-{name}", "contour", f"geo/{name}", put(content), rapport=FICHE, toujours=False)
    for at, (name, content) in enumerate(_texts()):
        path = f"textes/{('presentation', 'methode')[at % 2]}.md"
        yield Hostile(f"page-{name}", "texte", path, put(content), toujours=False, rapport=SYNTHESE)
    for name in LAISSES:
        for folder in ("paroles", "actions"):
            yield Hostile(
                f"laisse-{folder}-{name}",
                "lieu",
                f"{folder}/{name}",
                repeat(b"\0\x05\x16\x07", b"\xff", 300),
                toujours=False,
            )
