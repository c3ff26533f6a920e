"""Hostile words and shapes: coded interviews, contours, the territory's texts."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from hostiles import MIO, Hostile, repeat, write
from hostiles_tables import BOMBE, damaged, encrypted, lying, zipped

Writer = Callable[[Path], object]
FICHE, SYNTHESE = "quartiers/QP973001", "synthese"

# ---------------------------------------------------------------------------------------------------- coded interviews

_DIT = "Le local est trop petit pour nous."


def coded(start: str, end: str) -> str:
    """A passage under our code."""
    place = f'<PlainTextSelection startPosition="{start}" endPosition="{end}">'
    return place + '<Coding><CodeRef targetGUID="c1"/></Coding></PlainTextSelection>'


def projet(
    start: str = "0", end: str = "8", *, head: str = "", source: str = "", codes: str = "", more: str = ""
) -> str:
    """A REFI-QDA project of one source and one coded passage."""
    source = source or f"<PlainTextContent>{_DIT}</PlainTextContent>"
    return (
        f'{head}<Project xmlns="urn:QDA-XML:project:1.0"><CodeBook><Codes><Code guid="c1" name="local"/>{codes}</Codes></CodeBook>'
        '<Variables><Variable guid="v1" name="qpv"/><Variable guid="v2" name="date"/></Variables>'
        f'<Sources><TextSource guid="s1">{source}{coded(start, end)}</TextSource></Sources>{more}</Project>'
    )


def qde(xml: str | bytes, **more: str | bytes) -> bytes:
    return zipped({"project.qde": xml} | more)


def _large_part(size: int) -> Writer:
    def put(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(
                "project.qde",
                projet(source="")
                .replace('<TextSource guid="s1"', '<TextSource guid="s1" plainTextPath="internal://s.txt"')
                .replace(f"<PlainTextContent>{_DIT}</PlainTextContent>", ""),
            )
            with archive.open("Sources/s.txt", "w", force_zip64=True) as member:
                for _ in range(size // MIO):
                    member.write(b"a " * (MIO // 2))

    return put


def _large_project(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("project.qde", "w") as member,
    ):
        member.write(b"<Project><CodeBook><Codes>")
        for _ in range(190):
            member.write(b'<Code guid="c" name="a"/>' * (MIO // 25))
        member.write(b"</Codes></CodeBook></Project>")


def _coded() -> Iterator[tuple[str, bytes | str | Writer]]:
    plain, book = qde(projet()), '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"><Codes>{}</Codes></CodeBook>'
    lzma = zipped({"project.qde": projet()}, zipfile.ZIP_LZMA)
    path = '<TextSource guid="s1" plainTextPath="{}">'
    without = projet().replace(f"<PlainTextContent>{_DIT}</PlainTextContent>", "")
    many = "".join(coded(str(i % 30), str(i % 30 + 3)) for i in range(40_000))
    yield from (
        ("carre.qdpx", qde(projet("²"))),
        ("position-5000.qdpx", qde(projet(end="9" * 5_000))),
        ("position-arabe.qdpx", qde(projet("٣", "٩"))),
        ("position-negative.qdpx", qde(projet("-9", "-1"))),
        ("position-inversee.qdpx", qde(projet("9", "2"))),
        ("position-lointaine.qdpx", qde(projet("0", str(2**63)))),
        ("position-vide.qdpx", qde(projet("", ""))),
        ("codage-inconnu.qdpx", qde(projet(head="<?xml version='1.0' encoding='klingon'?>"))),
        ("codage-idna.qdpx", qde(projet(head="<?xml version='1.0' encoding='idna'?>"))),
        ("codage-rot13.qdpx", qde(projet(head="<?xml version='1.0' encoding='rot13'?>"))),
        ("codage-utf7.qdpx", qde(projet(head="<?xml version='1.0' encoding='utf-7'?>"))),
        ("utf16-menteur.qdpx", qde(projet(head="<?xml version='1.0' encoding='utf-16'?>"))),
        ("xml-1.1.qdpx", qde(projet(head="<?xml version='1.1'?>"))),
        ("deflate-abime.qdpx", damaged(plain, "project.qde")),
        ("lzma-abime.qdpx", damaged(lzma, "project.qde", 12)),
        ("lzma-tete.qdpx", damaged(lzma, "project.qde", 0, b"\xff" * 9)),
        ("bzip2-abime.qdpx", damaged(zipped({"project.qde": projet()}, zipfile.ZIP_BZIP2), "project.qde", 6)),
        ("chiffre.qdpx", encrypted(plain)),
        ("tronque.qdpx", plain[:-40]),
        ("pas-zip.qdpx", b"bonjour"),
        ("vide.qdpx", b""),
        ("sans-projet.qdpx", zipped({"a.txt": "a"})),
        ("projet-vide.qdpx", qde("")),
        ("racine-autre.qdpx", qde("<a/>")),
        ("taille-menteuse.qdpx", lying(plain, 1)),
        ("codes-5000.qdpx", qde(projet(codes='<Code guid="d" name="d">' * 5_000 + "</Code>" * 5_000))),
        (
            "xxe.qdpx",
            qde(
                projet(
                    head='<!DOCTYPE a [<!ENTITY x SYSTEM "file:/etc/hostname">]>',
                    source="<PlainTextContent>&x;</PlainTextContent>",
                )
            ),
        ),
        ("bombe.qdpx", qde(projet(head=BOMBE, source="<PlainTextContent>&a9;</PlainTextContent>"))),
        ("sources-absentes.qdpx", qde(without.replace('<TextSource guid="s1">', path.format("internal://absent.txt")))),
        (
            "source-traversee.qdpx",
            qde(without.replace('<TextSource guid="s1">', path.format("../../../../etc/hostname"))),
        ),
        (
            "source-hasard.qdpx",
            qde(
                without.replace('<TextSource guid="s1">', path.format("internal://s.txt")),
                **{"Sources/s.txt": b"\xff\xfe\x00"},
            ),
        ),
        (
            "word-faux.qdpx",
            qde(
                without.replace('<TextSource guid="s1">', path.format("internal://s.docx")), **{"Sources/s.docx": b"PK"}
            ),
        ),
        (
            "word-sans-document.qdpx",
            qde(
                without.replace('<TextSource guid="s1">', path.format("internal://s.docx")),
                **{"Sources/s.docx": zipped({"a": "a"})},
            ),
        ),
        (
            "word-bombe.qdpx",
            qde(
                without.replace('<TextSource guid="s1">', path.format("internal://s.docx")),
                **{"Sources/s.docx": zipped({"word/document.xml": BOMBE + "<a>&a9;</a>"})},
            ),
        ),
        (
            "selections-40000.qdpx",
            qde(
                projet(
                    more=f"<Sources><TextSource><PlainTextContent>{_DIT}</PlainTextContent>{many}</TextSource></Sources>"
                )
            ),
        ),
        (
            "passages-20000.qdpx",
            qde(
                projet(
                    more="<Sources>"
                    + f"<TextSource><PlainTextContent>{_DIT}</PlainTextContent>{coded('0', '9')}</TextSource>" * 20_000
                    + "</Sources>"
                )
            ),
        ),
        ("zero-largeur.qdpx", qde(projet(source="<PlainTextContent>" + "\u200b" * 9_000 + "</PlainTextContent>"))),
        (
            "variables-folles.qdpx",
            qde(
                projet(
                    more='<Cases><Case guid="k"><VariableValue><VariableRef targetGUID="v2"/><TextValue>99999-99-99</TextValue>'
                    '</VariableValue><SourceRef targetGUID="s1"/></Case></Cases>'
                )
            ),
        ),
        ("partie-900mo.qdpx", _large_part(900 * MIO)),
        ("projet-190mo.qdpx", _large_project),
        ("codes-5000.qdc", book.format('<Code guid="d" name="d">' * 5_000 + "</Code>" * 5_000)),
        ("codage-inconnu.qdc", "<?xml version='1.0' encoding='klingon'?>" + book.format("")),
        ("bombe.qdc", BOMBE + "<a>&a9;</a>"),
        ("vide.qdc", b""),
        ("zip-abime.qdc", damaged(zipped({"a.qdc": book.format("")}), "a.qdc", 2)),
        ("lzma-abime.qdc", damaged(zipped({"a.qdc": book.format("")}, zipfile.ZIP_LZMA), "a.qdc", 12)),
        ("zip-sans-code.qdc", zipped({"a": "a"})),
        ("codes-100000.qdc", book.format('<Code guid="d" name="a|b"/>' * 100_000)),
    )


# ------------------------------------------------------------------------------------------------------------- contours


def contour(coordinates: object = None, kind: object = "Polygon", **more: object) -> str:
    ring = [[[-1.6, 48.1], [-1.5, 48.1], [-1.5, 48.2], [-1.6, 48.1]]]
    geometry = {"type": kind, "coordinates": ring if coordinates is None else coordinates}
    feature = {"type": "Feature", "properties": {"CODE_QP": "QP973001"}, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature | more]})


def _shapes() -> Iterator[tuple[str, str | bytes | Writer]]:
    good = contour()
    yield from (
        ("vide", b""),
        ("pas-json", "bonjour"),
        ("tronque", good[:-20]),
        ("liste", "[]"),
        ("nombre", "12"),
        ("nul", "null"),
        ("sans-features", '{"type": "FeatureCollection"}'),
        ("features-nul", '{"features": null}'),
        ("features-objet", '{"features": {"a": 1}}'),
        ("feature-nombre", '{"features": [1, "a", null]}'),
        ("geometrie-nombre", contour(geometry=12)),
        ("geometrie-liste", contour(geometry=[])),
        ("type-liste", contour(kind=["Polygon"])),
        ("proprietes-liste", contour(properties=["QP973001"])),
        ("coordonnees-texte", contour("abc")),
        ("coordonnees-nul", contour([[[None, None]] * 4])),
        ("coordonnees-objets", contour([[{"x": 1}] * 4])),
        ("coordonnees-inegales", contour([[[1, 2], [3], [4, 5], [1, 2]]])),
        ("coordonnees-vides", contour([[[], [], [], []]])),
        ("coordonnees-plates", contour([1, 2, 3, 4])),
        ("coordonnees-profondes", contour([[[[[1, 2]] * 4] * 4] * 4])),
        ("nan", good.replace("48.2", "NaN")),
        ("infini", good.replace("48.2", "1e999")),
        ("entier-geant", good.replace("48.2", "9" * 5_000)),
        ("lambert93", contour([[[350_000, 6_700_000]] * 4])),
        ("un-point", contour([[[-1.6, 48.1]] * 4])),
        ("utf16", good.encode("utf-16")),
        ("cp1252", good.replace("QP973001", "QP973001 é").encode() + b"\xe9"),
        ("profond", "[" * 100_000),
        ("objet-profond", '{"features":' * 50_000),
        ("cles-doubles", good.replace('"features"', '"features": 1, "features"')),
        ("demi-paire", good.replace("CODE_QP", "\\ud800")),
        ("points-600000", contour([[[-1.6 + i % 997 / 9970, 48.1 + i % 991 / 9910] for i in range(600_000)]])),
        ("anneaux-50000", contour([[[-1.6, 48.1], [-1.5, 48.1], [-1.5, 48.2], [-1.6, 48.1]]] * 50_000)),
        ("features-100000", json.dumps({"features": json.loads(good)["features"] * 100_000})),
        ("collection", contour(geometry={"type": "GeometryCollection", "geometries": []})),
        ("200mo", repeat(good[:-1].encode() + b', "x": "', b"a", 200 * MIO, b'"}')),
        ("nuls", bytes(MIO)),
    )


# ---------------------------------------------------------------------------------------------------------------- texts


def _texts() -> Iterator[tuple[str, bytes | str | Writer, bool]]:
    """(name, content, whether it is to be named: not so where it is read as it is)."""
    yield from (
        ("script", "Bonjour <script>alert(4242)</script>", False),
        ("gestes", '<img src=x onerror="alert(4242)"> <svg/onload=alert(4242)>', False),
        (
            "liens",
            "[a](javascript:alert(4242)) [b](JaVaScRiPt:alert(4242)) [c](data:text/html,x) <javascript:alert(4242)>",
            False,
        ),
        (
            "liens-caches",
            "[a](java\tscript:alert(4242)) [b](&#106;avascript:alert(4242)) [c]: javascript:alert(4242)\n[c]",
            False,
        ),
        (
            "iframe",
            '<iframe src="//x"></iframe><object data="x"></object><base href="//x"><meta http-equiv="refresh" content="0;url=//x">',
            False,
        ),
        ("style", "<style>@import url(//x);body{display:none}</style><link rel=stylesheet href=//x>", False),
        ("script-ouvert", "<script>alert(4242)", False),
        ("commentaire", "<!-- --!><script>alert(4242)</script> -->", False),
        ("image-loin", "![x](http://example.invalid/a.png)", False),
        ("titres", "</main></body></html># a\n" * 50, False),
        ("cp1252", "L’été à Nantes".encode("cp1252"), False),
        ("utf16", "Bonjour".encode("utf-16"), True),
        ("nul", "a\0b", False),
        ("hasard", bytes(range(256)) * 500, True),
        ("vide", "", False),
        ("citations", ">" * 20_000 + " a", False),
        ("listes", "".join(" " * 2 * i + "- a\n" for i in range(3_000)), False),
        ("crochets", "[" * 50_000, False),
        ("crochets-liens", "[a](" * 20_000, False),
        ("images", "![" * 20_000 + "](" * 20_000, False),
        ("etoiles", "*a **b " * 20_000, False),
        ("apostrophes", "`" * 30_000 + "a" + "``" * 10_000, False),
        ("balises", "<a " * 30_000, False),
        ("entites", "&" * 100_000, False),
        ("tableau", "|" * 5_000 + "\n" + "|-" * 5_000 + "\n" + "|a" * 5_000, False),
        ("references", "".join(f"[a{i}]: /x\n" for i in range(20_000)), False),
        ("souligne", "_a_b" * 30_000, False),
        ("50mo", repeat(b"", "Un mot de plus, été. ".encode(), 50 * MIO // 22), True),
        ("ligne-5mo", "a" * 5 * MIO, True),
        ("bidi", "\u202e" * 500 + "abc", False),
        ("formulaire", '<form action="//x"><input name=q autofocus onfocus=alert(4242)></form>', False),
    )


LUS_SANS_RIEN_DIRE = frozenset({"codes-100000.qdc", "codes-5000.qdc"})
"""Codebooks that may be read as they are: the codes they add say so."""

LOURDS = frozenset(
    {
        "entretien-partie-900mo.qdpx",
        "entretien-projet-190mo.qdpx",
        "entretien-codes-5000.qdpx",
        "entretien-codes-5000.qdc",
        "contour-200mo",
        "contour-points-600000",
        "contour-features-100000",
        "texte-50mo",
    }
)


def hostiles() -> Iterator[Hostile]:
    def made(kind: str, name: str, path: str, content: str | bytes | Writer, **more: object) -> Hostile:
        title = f"{kind}-{name}"
        return Hostile(
            title, kind, path, content if callable(content) else write(content), seul=title in LOURDS, **more
        )

    for name, content in _coded():
        yield made("entretien", name, f"paroles/{name}", content, toujours=name not in LUS_SANS_RIEN_DIRE)
    for name, content in _shapes():
        yield made("contour", name, f"geo/{name}.geojson", content, rapport=FICHE)
    slots = ("presentation", "methode")
    for at, (name, content, named) in enumerate(_texts()):
        yield made("texte", name, f"textes/{slots[at % 2]}.md", content, toujours=named, rapport=SYNTHESE)
