"""Texts and contours, read as they are: nothing in them runs, loads or fails a page; what is wrong with one is told with its file."""

import csv
import json
import re
import shutil
import zipfile
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnets import cva, territoire
from cvanalysis.cli import run as cvanalysis
from cvanalysis.display.blocs import show_map, show_text
from cvanalysis.display.maps import find_contours, locator, overview
from cvanalysis.files.contours import read_contours
from cvanalysis.files.texts import LARGEST, read_text, to_html
from cvanalysis.publish.page.contract import check_live, check_page, read_page
from cvanalysis.publish.page.page import OUR_STYLE, font_style
from cvanalysis.territory.contract import read_territory
from test_page import PAGE, wrap_page

CODE = "QP999001"
CARRE = [[-1.6, 47.2], [-1.5, 47.2], [-1.5, 47.3], [-1.6, 47.3], [-1.6, 47.2]]


# --------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("<script>alert(1)</script>Bonjour", "Bonjour"),
        ('<img src=x onerror="alert(1)">Bonjour', "<p>Bonjour</p>"),
        ("<p onclick=alert(1)>Bonjour</p>", "<p>Bonjour</p>"),
        ("[ici](javascript:alert(1))", "<p><a>ici</a></p>"),
        ("[ici](JaVa&#9;script&colon;alert(1))", None),
        ('<a href="java&#10;script:alert(1)">ici</a>', "<p><a>ici</a></p>"),
        ("[ici](data:text/html,<script>alert(1)</script>)", None),
        ("[ici](//mal.example/x)", "<p><a>ici</a></p>"),
        ('<iframe src="https://mal.example"></iframe>', ""),
        ('<object data="x"></object><embed src="x"><base href="//mal.example/">', None),
        ('<meta http-equiv="refresh" content="0;url=//mal.example">', ""),
        ('<form action="//mal.example"><input><button>Envoyer</button></form>', "Envoyer"),
        ("<style>body{display:none}</style>", ""),
        ('<p style="position:fixed">Bonjour</p>', "<p>Bonjour</p>"),
        ("<svg><script>alert(1)</script></svg>", None),
        ("<math><mi//xlink:href='data:x,<script>alert(1)</script>'>", None),
        ("<!--><script>alert(1)</script>-->", None),
        ("![photo](https://mal.example/x.png)", "<p></p>"),
        ('<link rel=stylesheet href="//mal.example/x.css">', ""),
        ("<template><script>alert(1)</script></template>", None),
        ("</main></body></html><script>alert(1)</script>", None),
        ("<noscript><p title='</noscript><script>alert(1)</script>'>", None),
    ],
)
def test_of_a_text_only_what_markdown_makes_is_kept(written, kept):
    html = show_text(written).html
    if kept is not None:
        assert html.strip() == kept
    assert check_live(read_page(wrap_page(html, PAGE))) == []


def test_a_text_keeps_its_form_its_typography_and_its_links():
    html = show_text(
        "# Titre\n\nUn *mot* ici : R & D, « oui ».\n\n- [le site](https://exemple.org/a)\n- [écrire](mailto:a@exemple.org)"
    ).html
    assert html.startswith("<p>Un <em>mot</em> ici\u00a0: R &amp; D, «\u00a0oui\u00a0».</p>")
    assert '<a href="https://exemple.org/a">le site</a>' in html
    assert '<a href="mailto:a@exemple.org">' in html


def test_what_a_text_remarks_for_its_writers_is_in_no_form_that_it_is_shown_in():
    shown = show_text('Bonjour **vous**.\n\n<!-- zremarque -->\n\n[//]: # (zremarque)\n\n<i data-x="zremarque">ici</i>')
    assert "zremarque" not in str(shown._repr_mimebundle_())
    assert shown.texte.split() == ["Bonjour", "vous.", "ici"]


def test_headings_of_a_text_skip_no_level_and_make_no_second_title():
    html = show_text("Un\n==\n\n#### Deux\n\n<h1>Trois</h1>\n\n##### Quatre").html
    assert re.findall(r"<h(\d)>", html) == ["2", "3", "2", "3"]


@pytest.mark.parametrize(
    ("raw", "text", "said"),
    [
        ("Été".encode(), "Été", ""),
        ("Été".encode("utf-8-sig"), "Été", ""),
        ("Été".encode("utf-16"), "Été", ""),
        ("Été".encode("cp1252"), "Été", "Windows-1252"),
        (b"Et\x81", "", "ni UTF-8 ni Windows-1252"),
        (b"\x89PNG\x00\x1a", "", "pas du texte"),
        (b"a\r\nb\rc", "a\nb\nc", ""),
        (b"x" * (LARGEST + 1), "", "trop long"),
        (b"---\ntitre: x\n---\nBonjour", "Bonjour", "en-tête"),
        (b"---\njamais ferme", "---\njamais ferme", ""),
        (b"a <script>alert(1)</script>", "a <script>alert(1)</script>", "script"),
        (b"![photo](photo.png)", "![photo](photo.png)", "img"),
    ],
)
def test_a_text_is_read_whatever_tool_saved_it_or_refused_with_its_reason(tmp_path, raw, text, said):
    path = tmp_path / "methode.md"
    path.write_bytes(raw)
    found, lost, remarks = read_text(path)
    assert found == text
    told = " ".join(map(str, lost + remarks))
    assert said in told if said else told == ""
    assert bool(lost) == (text == "")


@given(st.text(st.sampled_from("<>/\"'=& abhionsx#[]()`!*-:;\n\t{}"), max_size=200))
def test_no_text_puts_anything_live_in_a_page(written):
    html, _ = to_html(written)
    assert check_live(read_page(wrap_page(html, PAGE))) == []


# ------------------------------------------------------------------------------------------------------ contours


def geojson(path: Path, *polygons: object, **more: object) -> Path:
    features = [
        {"type": "Feature", "properties": {"code_qp": CODE}, "geometry": {"type": "Polygon", "coordinates": one}}
        for one in polygons
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more), encoding="utf-8")
    return path


BAD = {
    "pas du JSON": b"{",
    "pas du texte": b"\x00\x81\xff",
    "features": b"[1, 2]",
    "liste": b'{"features": 3}',
    "imbriqué": b"[" * 200_000,
    "polygone": b'{"features": [3, null, {"geometry": {"type": "Point", "coordinates": [1, 2]}}, {"geometry": {"type": ["a"]}}]}',
    "listes": b'{"features": [{"geometry": {"type": "Polygon", "coordinates": {"a": 1}}}]}',
    "nombres": b'{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[1, NaN], [2, 3], [4, 5], [1, 2]]]}}]}',
    "des nombres": b'{"features": [{"geometry": {"type": "MultiPolygon", "coordinates": [[["ab", "cd", "ef", "ab"]]]}}]}',
    "moins de trois points": b'{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[1, 2], [2, 3], [1, 2]]]}}]}',
    "Lambert": b'{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[355e3, 1689e3], [355e3, 169e4], [356e3, 169e4]]]}}]}',
    "avant la longitude": b'{"features": [{"geometry": {"type": "Polygon", "coordinates": [[[47.2, -1.6], [47.3, -1.6], [47.3, -1.5]]]}}]}',
}  # fmt: skip


@pytest.mark.parametrize("said", BAD)
def test_a_bad_contour_is_refused_in_french_with_its_file(tmp_path, said):
    path = tmp_path / "geo" / "contours.geojson"
    path.parent.mkdir()
    path.write_bytes(BAD[said])
    outlines, lost, _ = read_contours(path)
    assert outlines == ()
    assert str(lost[0]).startswith("`geo/contours.geojson` : ")
    assert said in str(lost[0])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_contour_is_read_however_it_is_encoded_and_closed_where_it_was_not(tmp_path, encoding):
    path = geojson(tmp_path / "a.geojson", [CARRE[:-1]])
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    outlines, lost, remarks = read_contours(path)
    assert lost == ()
    assert "fermé" in str(remarks[0])
    assert outlines[0].rings[0].tolist() == CARRE


def test_a_contour_of_600_000_points_gives_a_light_map(tmp_path):
    around = np.linspace(0, 2 * np.pi, 600_000)
    rough = 0.02 + 0.01 * np.random.default_rng(1).random(600_000)
    ring = np.column_stack((-1.5 + rough * np.cos(around), 47.2 + rough * np.sin(around))).round(7).tolist()
    outlines, lost, _ = read_contours(geojson(tmp_path / "a.geojson", [ring]))
    assert lost == ()
    assert len(overview(find_contours(outlines, {CODE: "Ici"}), {})) < 60_000


def test_a_file_too_heavy_to_be_read_is_refused(tmp_path):
    path = tmp_path / "a.geojson"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    assert "Mio" in str(read_contours(path)[1][0])


numbers = st.one_of(st.floats(), st.integers(-200, 200), st.none(), st.text(max_size=3), st.booleans())
positions = st.one_of(st.lists(st.floats(-180, 180, width=32) | numbers, max_size=4), numbers)
rings = st.lists(positions, max_size=6) | numbers
geometries = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["Polygon", "MultiPolygon", "Point", None, 3]),
        "coordinates": st.lists(st.lists(rings, max_size=3) | rings, max_size=3) | numbers,
    },
)
anything = st.recursive(
    numbers, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
feature = st.fixed_dictionaries(
    {}, optional={"properties": anything | st.just({"c": CODE}), "geometry": geometries | anything}
)


@given(st.fixed_dictionaries({"features": st.lists(feature | anything, max_size=4)}) | anything)
def test_whatever_is_in_a_geojson_it_is_read_or_refused_and_can_be_drawn(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "geo-essai.geojson"
    path.write_text(json.dumps(content), encoding="utf-8")
    outlines, lost, _ = read_contours(path)
    assert outlines or lost
    for one in outlines:
        assert all(np.isfinite(ring).all() and len(ring) >= 4 and (ring[0] == ring[-1]).all() for ring in one.rings)
    contours = find_contours(outlines, {CODE: "Ici"})
    for svg in filter(None, (locator(contours, CODE), overview(contours, {}))):
        ElementTree.fromstring(svg)
        assert "nan" not in svg


@given(st.binary(max_size=300))
def test_whatever_bytes_there_are_a_text_or_a_contour_is_read_or_refused(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "octets"
    path.write_bytes(raw)
    assert read_contours(path)[1]
    text, lost, _ = read_text(path)
    assert not (text and lost)


# --------------------------------------------------------------------------------- what `check` and a fiche say


def test_check_names_the_file_and_why_and_a_fiche_says_that_its_map_is_missing(brut, tmp_path, capsys):
    data = tmp_path / "raw"
    shutil.copytree(brut, data, ignore=shutil.ignore_patterns("insee", "paroles", "actions"))
    geojson(data / "geo" / "bon.geojson", [CARRE])
    (data / "geo" / "mauvais.geojson").write_bytes(BAD["Lambert"])
    (data / "textes" / "methode.md").write_bytes("Été <script>".encode("cp1252"))
    assert cvanalysis(["check", "--data", str(data)]) == 1
    told = capsys.readouterr().out
    assert "✓ geo/bon.geojson" in told
    assert re.search(r"✗ geo/mauvais.geojson.*Lambert-93", told)
    assert "✓ textes/methode.md" in told
    assert re.search(r"- textes/methode.md : .*retiré : l'élément script", told.replace("\u00a0", " "))
    assert re.search(r"- textes/methode.md : .*Windows-1252", told.replace("\u00a0", " "))
    assert "1 fichier laissé de côté : geo/mauvais.geojson" in told.replace("\u00a0", " ")
    territory = read_territory(data)
    code = territory.quartiers[0].code
    shown = show_map((), code, territory, lost=True).html
    assert "La carte manque" in shown
    assert check_live(read_page(wrap_page(shown, PAGE))) == []
    assert show_map((), code, territory).html == ""
    assert "Un texte manque" in show_text("", lost=True).html
    assert check_page(wrap_page(show_text("", lost=True).html, PAGE), [], 300_000) == []


# ------------------------------------------------------------------------------- other ways into what is published


VIF = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


@pytest.mark.slow
def test_html_in_names_and_titles_is_text_in_every_page_sheet_download_and_document(tmp_path):
    raw = territoire(tmp_path)
    for name, before, after in (
        ("quartiers.csv", "Le Port", f'"{VIF.replace(chr(34), chr(34) * 2)}"'),
        ("communes.csv", "Bourg-Neuf", "=cmd|' /C calc'!A0</title>"),
        ("themes.csv", "Les associations", "</script><script>alert(1)</script>"),
        ("contrat.toml", '"Petit Pays"', "'Petit <b>Pays</b> \"></style><style>*{display:none}'"),
    ):
        path = raw / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")
    partners = "id;nom;college\nasso;<svg onload=alert(1)>;villes\n"
    (raw / "partenaires.csv").write_text(partners, encoding="utf-8")
    done = cva("build", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "reports"
    supports = files("cvanalysis.publish").joinpath("templates", "supports", "supports.css").read_text(encoding="utf-8")
    printed = re.compile(re.escape(f"{font_style()}\n{supports}") + r"[^<]*")
    pages = sorted(out.rglob("*.html"))
    assert {"index.html", "QP973001.html", "affiche.html", "synthese.html"} <= {path.name for path in pages}
    for path in pages:
        page = read_page(path.read_text(encoding="utf-8"))
        style = printed if path.parent.name == "supports" else OUR_STYLE
        assert check_live(page, style=style) == [], path.name
    for path in out.rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file, delimiter=";") for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))], path.name
    with zipfile.ZipFile(next(out.rglob("*.docx"))) as document:
        for name in document.namelist():
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(document.read(name))
        assert b"alert(1)</script>" not in document.read("word/document.xml")
