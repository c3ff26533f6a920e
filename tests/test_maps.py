"""Small maps: contours found by code, the subject among the others, all of them by name."""

import json
import re
from pathlib import Path

import pytest

from cvanalysis.display.blocs import show_map, show_overview
from cvanalysis.display.maps import describe_map, find_contours, locator, overview, tell_contours
from cvanalysis.files.contours import Outline, read_contours
from cvanalysis.publish.page.contract import check_live, read_page
from cvanalysis.territory.contract import read_territory

DATA = Path(__file__).parents[1] / "data" / "raw"


@pytest.fixture(scope="module")
def nantes():
    return read_territory(DATA)


@pytest.fixture(scope="module")
def outlines():
    [path] = (DATA / "geo").glob("*.geojson")
    found, lost, remarks = read_contours(path)
    assert (lost, remarks) == ((), ())
    return found


@pytest.fixture(scope="module")
def contours(nantes, outlines):
    return find_contours(outlines, {quarter.code: quarter.nom for quarter in nantes.quartiers})


@pytest.mark.parametrize("dossier", ["raw", "exemple-2024"])
def test_every_quarter_of_a_territory_of_ours_has_a_contour_and_says_whose_it_is(dossier):
    territory = read_territory(DATA.parent / dossier)
    [path] = (territory.dossier / "geo").glob("*.geojson")
    found = find_contours(read_contours(path)[0], {quarter.code: quarter.nom for quarter in territory.quartiers})
    assert [one.code for one in found] == [quarter.code for quarter in territory.quartiers]
    assert {one.source for one in found} == {"ANCT, 2024, Licence Ouverte 2.0"}


def test_the_locator_is_light_and_shows_the_quarter_among_all_the_others(contours):
    drawn = locator(contours, "QP044008")
    assert len(drawn) < 3_000
    others, mine = re.findall(r'<path class="(?:la|ici)" d="([^"]*)"', drawn)
    assert (others.count("M"), mine.count("M")) == (
        sum(len(one.rings) for one in contours if one.code != "QP044008"),
        sum(len(one.rings) for one in contours if one.code == "QP044008"),
    )
    assert "au nord des 15\u00a0quartiers" in drawn


def test_every_name_of_the_overview_finds_its_room_and_leads_to_its_page(nantes, contours):
    drawn = overview(contours, {quarter.code: f"quartiers/{quarter.code}.html" for quarter in nantes.quartiers})
    assert len(drawn) < 8_000
    links = re.findall(r'<a href="quartiers/(QP\d+).html" tabindex="-1" aria-label="[^"]+"><path [^>]*/><text', drawn)
    assert sorted(links) == sorted(one.code for one in contours)


def test_no_name_stands_on_another_nor_leaves_the_map(contours):
    drawn = overview(contours, {})
    places = [(int(x), int(y), len(line)) for x, y, line in re.findall(r'<text x="(\d+)" y="(\d+)">([^<]+)<', drawn)]
    for i, (x, y, n) in enumerate(places):
        assert n * 3.2 <= x <= 358 - n * 3.2
        for x2, y2, n2 in places[i + 1 :]:
            assert abs(y - y2) >= 13 or abs(x - x2) >= (n + n2) * 3.2 - 1


def test_maps_are_made_of_what_a_page_may_hold(nantes, outlines):
    for bloc in (show_map(outlines, "QP044005", nantes), show_overview(outlines, nantes, {"QP044005": "a.html"})):
        assert check_live(read_page(bloc.html)) == []


def test_under_the_map_stands_which_perimeters_of_2015_were_changed(contours):
    told = tell_contours(contours)
    assert "modifiés pour 7 quartiers sur 15" in told
    assert "Malakoff" in told
    assert "Le Breil" not in told
    assert "a été modifié en 2024" in tell_contours(contours, "QP044013")
    assert "celui de 2015" in tell_contours(contours, "QP044007")


def test_a_contract_of_2024_is_not_told_that_its_figures_bear_on_2015(outlines):
    contours = find_contours(outlines, {"QN04405M": "Bellevue", "QN04407I": "Le Breil"})
    for told in (tell_contours(contours), tell_contours(contours, "QN04405M")):
        assert "2024" in told
        assert "chiffres" not in told
    assert "celui de 2015" in tell_contours(contours, "QN04407I")


def test_words_of_a_map_have_at_most_25_words(contours):
    for one in contours:
        assert len(describe_map(contours, one.code).split()) <= 25 + len(one.nom.split())
    assert len(describe_map(contours).split()) <= 25


def test_without_contours_there_is_no_map_and_no_error(nantes):
    assert find_contours((), {"QP999001": "Ici"}) == ()
    assert (locator((), "QP999001"), overview((), {})) == ("", "")
    assert show_overview((), nantes, {}).html == show_map((), "QP044005", nantes).html == ""


def test_a_map_that_lost_a_file_says_so(nantes, outlines):
    assert "aucun contour n’a pu être lu" in show_overview((), nantes, {}, lost=True).html
    assert "peut-être incomplète" in show_overview(outlines, nantes, {}, lost=True).html


def test_contours_of_another_territory_are_found_whichever_property_bears_the_code(real):
    path = real / "geo" / "rennes_qpv.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    noms = {f["properties"]["CODE_QP"]: f["properties"]["NOM_QP"] for f in features}
    found = find_contours(read_contours(path)[0], noms)
    assert len(found) == 6
    assert noms["QP035004"] in describe_map(found, "QP035004")
    assert len(overview(found, {})) < 12_000


def test_a_quarter_very_far_from_the_others_does_not_make_dots_of_them(outlines, nantes):
    noms = {quarter.code: quarter.nom for quarter in nantes.quartiers} | {"QP999001": "Loin"}
    far = Outline(frozenset({"QP999001"}), (outlines[0].rings[0] + 3.0,))
    assert "Loin" not in overview(find_contours((*outlines, far), noms), {})
