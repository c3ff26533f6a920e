"""A territory's own words and look: one sentence, one colour, one logo changed on a built fiche; what is wrong is refused by its name."""

import os
import re
import shutil
import subprocess
import sys
import zlib
from base64 import b64decode

import pytest

from carnets import cva, territoire
from cvanalysis import textes
from cvanalysis.constat.shape import Message
from cvanalysis.display.phrases import write
from cvanalysis.dossier import ouvrir
from cvanalysis.errors import DeclarationError
from cvanalysis.publish.page.contract import check_live, read_page
from cvanalysis.tables.freshness import made_of
from cvanalysis.territory.contract import read_territory
from cvanalysis.territory.look import LOGO, live_in_svg, logo_uri
from cvanalysis.textes import label

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z" fill="#123456"/></svg>'


@pytest.fixture(autouse=True)
def _package_words():
    yield
    textes.use({})


def written(tmp_path, **files: str):
    """A small territory with these files of sentences, `contrat` ending its contrat.toml."""
    raw = territoire(tmp_path)
    with (raw / "contrat.toml").open("a", encoding="utf-8") as file:
        file.write(files.pop("contrat", ""))
    (raw / "textes").mkdir()
    for name, text in files.items():
        (raw / "textes" / f"{name}.toml").write_text(text, encoding="utf-8")
    return raw


def refused(raw) -> str:
    with pytest.raises(DeclarationError) as error:
        read_territory(raw)
    return str(error.value).replace("\u00a0", " ")


# ---------------------------------------------------------------------------------------------------------- sentences


def test_a_territory_says_a_sentence_its_own_way_and_the_next_one_does_not(tmp_path):
    raw = written(
        tmp_path,
        changements='[contributions]\nquestion = "Quelles réponses avez-vous eues ?"\n',
        qualite='[demandes]\naucune = "Rien à demander."\n',
    )
    ours = label("changements.contributions.question")
    read_territory(raw)
    assert label("changements.contributions.question") == "Quelles réponses avez-vous eues ?"
    assert label("qualite.demandes.aucune") == "Rien à demander."
    (tmp_path / "autre").mkdir()
    read_territory(territoire(tmp_path / "autre"))
    assert label("changements.contributions.question") == ours


def test_a_sentence_of_a_finding_uses_the_values_of_its_claim(tmp_path):
    raw = written(
        tmp_path,
        changements="[contributions]\nvariantes = [\"{{ suivies }} réponse{{ 's' if suivies > 1 }} en plus\"]\n",
    )
    read_territory(raw)
    assert write(Message("changements.contributions", {"suivies": 3})) == "3 réponses en plus"


def test_two_territories_opened_in_one_notebook_speak_each_in_its_own_words(tmp_path):
    opened = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        word = f'[actions-01]\nquestion = "Ce qu\'on demande en {name} ?"\n'
        raw = written(tmp_path / name, quartier=word, qualite=f'[demandes]\naucune = "Rien en {name}."\n')
        opened.append(ouvrir(raw))
    for name, dossier in zip(("a", "b"), opened, strict=True):
        page = dossier.fiche(dossier.territory.quartiers[0].code)
        asked = page.constat("actions-01").finding.question
        assert asked == f"Ce qu'on demande en {name} ?"
    first, last = (dossier.fiche(dossier.territory.quartiers[0].code) for dossier in opened)
    shown = [page.constat("actions-01") for page in (last, first)]
    assert all(
        label("qualite.demandes.aucune") == f"Rien en {name}."
        for name, one in zip("ba", shown, strict=True)
        if one.html
    )
    first.notes()
    assert label("qualite.demandes.aucune") == "Rien en a."


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("quartie", 'a = "b"', ["textes/quartie.toml", "aucune page", "quartier.toml"]),
        ("suite", "[constats", ["textes/suite.toml", "ligne 1"]),
        ("changements", '[contributions]\nquestions = "a"', ["ligne 2", "contributions.questions", "clé inconnue", "question"]),
        ("quartier", '[feuille]\nconsigne = "a"', ["ligne 1", "feuille", "clé inconnue", "Écrivez-la dans textes/affichage.toml"]),
        ("changements", '[contribution]\nquestion = "a"', ["contribution", "clé inconnue", "contributions"]),
        ("changements", '[contributions.sans]\ntextes = "a"', ["ligne 2", "contributions.sans.textes", "texte"]),
        ("changements", '[contributions]\nsous_titre = "Depuis {apres}"', ["« apres »", "Noms permis : avant"]),
        ("changements", '[contributions]\nquestion = "Combien de {nombre} ?"', ["« nombre »", "Aucun nom"]),
        ("changements", '[contributions]\nsous_titre = "{avant.__class__}"', ["« avant.__class__ »", "avant"]),
        ("changements", '[contributions]\nsous_titre = "{avant!r:9999999}"', ["avant"]),
        ("changements", '[contributions]\nsous_titre = "{avant"', ["ne se lit pas"]),
        ("changements", "[contributions]\nquestion = 3", ["« 3 »", "Un texte entre guillemets"]),
        ("changements", '[contributions]\ncolonnes = ["a"]', ["1 textes", "5, dans le même ordre"]),
        ("changements", '[contributions]\nvariantes = ["{{ suivi }}"]', ["« suivi »", "suivies"]),
        ("changements", '[contributions]\nvariantes = ["{{ suivies | attr(\'x\') }}"]', ["« attr »"]),
        ("changements", '[contributions]\nvariantes = ["{{ suivies.__class__ }}"]', ["« __class__ »"]),
        ("changements", '[contributions]\nvariantes = ["{{ 9 ** 9 }}"]', ["« Pow »"]),
        ("changements", '[contributions]\nvariantes = ["{% for i in range(9) %}{{ i }}{% endfor %}"]', ["« range »"]),
        ("changements", '[contributions]\nvariantes = ["{{ suivies"]', ["ne se lit pas"]),
        ("changements", '[contributions]\nquestion = "<script>alert(1)</script>"', ["ni < ni >"]),
        ("voix", 'tous = "ja"', ["ne se change pas"]),
        ("affichage", 'exemple = "chiffres provisoires"', ["ligne 1", "exemple", "ne se change pas"]),
    ],
)  # fmt: skip
def test_what_a_sentence_may_not_be_is_refused_with_its_file_its_key_and_what_is_allowed(tmp_path, name, text, said):
    told = refused(written(tmp_path, **{name: text + "\n"}))
    assert f"textes/{name}.toml" in told
    assert [one for one in said if one not in told] == []


def test_the_tables_are_not_made_again_for_a_wording(tmp_path):
    raw = written(tmp_path)
    before = made_of(read_territory(raw), "public")
    (raw / "textes" / "qualite.toml").write_text('[demandes]\naucune = "Rien à demander."\n', encoding="utf-8")
    assert made_of(read_territory(raw), "public") == before


def test_no_text_is_taken_when_a_module_is_loaded_for_a_territory_may_change_it():
    code = """
import importlib, pkgutil, cvanalysis, cvanalysis.textes as textes
seen, block = set(), textes.block
def spy(key):
    found = block(key)
    seen.update([key] if isinstance(found, str) else [])
    return found
textes.block = spy
for module in pkgutil.walk_packages(cvanalysis.__path__, "cvanalysis."):
    if ".publish" not in module.name:
        importlib.import_module(module.name)
print(*sorted(seen))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert found.stdout.split() == []


# --------------------------------------------------------------------------------------------------------------- look


def png(*more: bytes) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_of_a_png_only_the_picture_is_kept(tmp_path):
    secret = b"tEXtAuthor\0Jeanne"
    held = png(len(secret[4:]).to_bytes(4, "big") + secret + b"\0\0\0\0")
    (tmp_path / "logo.png").write_bytes(held)
    (tmp_path / "nu.png").write_bytes(png())
    assert logo_uri(tmp_path, "logo.png") == logo_uri(tmp_path, "nu.png")


def test_of_an_svg_neither_a_remark_nor_what_a_program_notes_of_its_author_is_kept(tmp_path):
    noted = 'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" inkscape:export-filename="jeanne/l.png"'
    drawn = SVG.replace("<svg", f"<!-- Jeanne --><?x Jeanne?><svg {noted}", 1)
    (tmp_path / "logo.svg").write_text(drawn)
    kept = b64decode(logo_uri(tmp_path, "logo.svg").partition(",")[2])
    assert b"eanne" not in kept
    assert live_in_svg(kept) == ""


def test_an_svg_of_groups_without_end_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "logo.svg").write_text(SVG.replace("</svg>", "<g>" * 2_400 + "</g>" * 2_400 + "</svg>"))
    with pytest.raises(ValueError, match="trop de groupes"):
        logo_uri(tmp_path, "logo.svg")


def test_an_svg_in_an_encoding_that_nobody_knows_is_no_logo(tmp_path):
    assert live_in_svg(b'<?xml version="1.0" encoding="klingon"?>' + SVG.encode()) != ""


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>", "<rect onload='alert(1)'/>", "<image href='x.png'/>", "<foreignObject/>",
        "<a href='javascript:alert(1)'/>", "<use href='http://mal.example/x.svg#a'/>", "<style>@import 'x'</style>",
        "<rect style='fill:url(http://mal.example)'/>", "<rect fill='\\75rl(x)'/>", "<animate attributeName='href'/>",
    ],
)  # fmt: skip
def test_an_svg_that_does_more_than_draw_is_refused(inside):
    drawn = SVG.replace("</svg>", f"{inside}</svg>").encode()
    assert live_in_svg(SVG.encode()) == ""
    assert live_in_svg(drawn) != ""
    assert live_in_svg(b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.encode()) != ""


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ('logo = "absent.svg"', "n'est pas dans le dossier"),
        ('logo = "../dehors.svg"', "n'est pas dans le dossier"),
        ('logo = "lourd.svg"', f"{LOGO} au plus"),
        ('logo = "vif.svg"', "l'élément script"),
        ('logo = "contrat.toml"', "ni un SVG ni un PNG"),
        ('logos = "x"', "Clés connues : logo, couleurs, contact, pied"),
        ('couleurs = { accent = "#77aadd" }', "4,5:1 au moins"),
        ('couleurs = { accent = "bleu" }', "#RRVVBB"),
        ('couleurs = { accents = "#000000" }', "Clés connues"),
        (f'pied = "{"a" * 121}"', "120 au plus"),
    ],
)
def test_what_a_look_may_not_be_is_refused(tmp_path, declared, said):
    raw = written(tmp_path, contrat=f"\n[mise_en_page]\n{declared}\n")
    (tmp_path / "data" / "dehors.svg").write_text(SVG)
    (raw / "lourd.svg").write_text(SVG.replace("</svg>", f"<desc>{'a' * LOGO}</desc></svg>"))
    (raw / "vif.svg").write_text(SVG.replace("</svg>", "<script/></svg>"))
    told = refused(raw)
    assert "contrat.toml" in told
    assert said in told


@pytest.mark.slow
def test_a_sentence_a_colour_and_a_logo_changed_are_on_the_built_fiche_and_nothing_is_cleaned_again(tmp_path):
    raw = written(tmp_path)
    assert cva("build", "--only", "QP973001", cwd=tmp_path).returncode == 0
    tables = tmp_path / "data" / "processed" / "indicateurs.parquet"
    made = tables.stat().st_mtime_ns
    (raw / "textes" / "affichage.toml").write_text('[feuille]\nconsigne = "Dites-nous tout."\n', encoding="utf-8")
    done = cva("build", "--only", "QP973001", cwd=tmp_path)
    assert "phrases du territoire modifiées" in done.stdout
    assert tables.stat().st_mtime_ns == made
    (raw / "logo.svg").write_text(SVG)
    with (raw / "contrat.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[mise_en_page]\nlogo = "logo.svg"\ncontact = "la mission ville, ville@exemple.org"\npied = "Un document de travail"\n'
            'couleurs = { accent = "#7a1f5c", sujet = "#7a1f5c" }\n'
        )
    assert cva("build", "--only", "QP973001", cwd=tmp_path).returncode == 0
    html = (tmp_path / "reports" / "essai" / "quartiers" / "QP973001.html").read_text(encoding="utf-8")
    assert "Dites-nous tout." in html
    assert "--accent: #7a1f5c;" in html
    assert read_territory(raw).palette["sujet"] == "#7a1f5c"
    assert re.search(r'<img class="logo" src="data:image/svg\+xml;base64,[^"]+" alt="Logo de Petit Pays">', html)
    assert "Un document de travail" in html
    assert re.search(r'@bottom-left \{ content: "Pour répondre : la mission ville, ville', html)
    assert check_live(read_page(html)) == []
    shutil.rmtree(tmp_path / "reports")
