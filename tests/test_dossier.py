"""The front door as a notebook meets it: what names itself, and what a mistake shows."""

from __future__ import annotations

import shutil

import pytest

from cvanalysis.dossier import ouvrir
from cvanalysis.errors import UsageError


@pytest.fixture(scope="module")
def dossier(brut, tmp_path_factory):
    raw = tmp_path_factory.mktemp("data") / "raw"
    shutil.copytree(brut, raw)
    return ouvrir(raw)


def test_what_is_opened_names_itself_in_a_line_and_says_what_it_can_show(dossier):
    fiche = dossier.fiche("QP044006")
    assert repr(fiche).startswith("Fiche de Les Dervallières (QP044006). Constats\u00a0: population-01, ")
    assert fiche.numeros[0] == "population-01"
    assert "revenus-03" in dossier.synthese().numeros
    assert all(len(repr(one)) < 600 for one in (dossier, fiche, dossier.synthese(), dossier.theme("aller-vers")))


def test_a_wrong_quarter_shows_its_message_and_not_the_way_through_our_code(dossier):
    with pytest.raises(UsageError) as told:
        dossier.fiche("QP044099")
    (shown,) = told.value._render_traceback_()
    assert "«\u00a0QP044099\u00a0» n'est pas un quartier de «\u00a0Nantes Métropole\u00a0»" in shown
    assert "File" not in shown


def test_rows_declared_as_examples_bear_the_mark_in_every_list_and_table(dossier):
    marked = 'class="ex"'
    assert marked in dossier.engagements().liste("Les engagements").html
    assert marked in dossier.theme("aller-vers").liste("Les actions").html
    quality = dossier.qualite()
    assert all(marked in show().html for show in (quality.argent, quality.controles, quality.propositions))


@pytest.mark.parametrize(
    "page", ["synthese", "qualite", "engagements", "partenaires", "participation", "recit", "preconisations"]
)
def test_an_unknown_number_is_refused_on_every_page_with_the_known_ones(dossier, page):
    shown = getattr(dossier, page)()
    with pytest.raises(UsageError, match=shown.numeros[0]):
        shown.constat("voix-99")
    for chapter in shown.chapitres:
        with pytest.raises(UsageError, match=chapter.numeros[0]):
            chapter.constat("voix-99")


def test_what_a_page_does_not_have_is_refused_with_what_it_has(dossier):
    with pytest.raises(
        UsageError, match=r"« carte » .* Elle a : constat, section, liste, plan, apercu, tableau, inconnus"
    ):
        dossier.synthese().carte()
    assert "recto" in dir(dossier.fiche("QP044006"))
