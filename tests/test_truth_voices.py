"""Who has spoken in the default territory, counted again from the raw files with nothing of ours: people by way of taking part, and
*prises de parole* (one person, one theme, one step) by quarter, college, theme and step, of both editions."""

import csv
import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest

from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.turnout import count_participations
from cvanalysis.territory.contract import read_territory

STEPS = [("sequence-1", "2022-03"), ("sequence-2", "2022-06"), ("temps-fort", "2022-09"), ("sequence-3", "2022-10")]
STEPS += [("copil", "2022-12")]
QDA = "{urn:QDA-XML:project:1.0}"


def people_wrote(path, delimiter=";", skip=0):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for _ in range(skip):
            next(lines)
        return list(csv.DictReader(lines, delimiter=delimiter))


def of_march(folder):
    """The voices of the workbook that all may read: neither withdrawn, there or in `retraits.csv`, nor sensitive, nor of a minor without
    leave."""
    header, *rows = openpyxl.load_workbook(folder / "recueil-mars.xlsx").active.values
    gone = {one[key] for one in people_wrote(folder / "retraits.csv") for key in ("parole", "locuteur")} - {""}
    for row in (dict(zip(header, cells, strict=True)) for cells in rows):
        theirs = row["art9"] == "oui" or (row["mineur"] == "oui" and row["accord_parental"] != "oui") or row["retrait"]
        if row["audience"] == "public" and not theirs and not gone & {row["parole"], row["locuteur"]}:
            day = str(row["date"])[:10]
            yield row["locuteur"], day, row["qpv"], row["college"], row["themes"], row["nature"]


def of_interviews(folder):
    """A person a case, a voice a coded passage, on the theme that `codes.csv` gives its code."""
    theme = {one["code"]: one["theme"] for one in people_wrote(folder / "codes.csv")}
    root = ElementTree.fromstring(zipfile.ZipFile(folder / "entretiens.qdpx").read("project.qde"))
    names = {one.get("guid"): one.get("name") for tag in ("Code", "Variable") for one in root.iter(QDA + tag)}
    for case in root.iter(QDA + "Case"):
        cells = case.iter(QDA + "VariableValue")
        said = {
            names[one.find(QDA + "VariableRef").get("targetGUID")]: one.findtext(QDA + "TextValue") for one in cells
        }
        for source in root.iter(QDA + "TextSource"):
            if source.get("guid") == case.find(QDA + "SourceRef").get("targetGUID"):
                for code in source.iter(QDA + "CodeRef"):
                    place = said["date"], said.get("qpv"), said.get("college")
                    yield case.get("name"), *place, theme[names[code.get("targetGUID")]], "entretien"


def of_tools(folder, quarters, themes, colleges):
    for n, one in enumerate(people_wrote(folder / "framaforms-juin.csv", skip=1)):
        day = "-".join(one["Date de soumission"][:10].split("/")[::-1])
        said = quarters.get(one["Votre quartier"]), colleges.get(one["Vous êtes"]), themes[one["Sur quel thème"]]
        yield f"f{n}", day, *said, "contribution"
    for n, one in enumerate(people_wrote(folder / "kobo-temps-fort.csv")):
        yield f"k{n}", one["start"][:10], one["lieu/quartier"], "", one["theme/themes"], "témoignage"
    for n, one in enumerate(people_wrote(folder / "limesurvey-octobre.csv", ",")):
        said = quarters.get(one["Votre quartier"]), one["Au titre de"], one["Thématique"]
        yield f"l{n}", one["Date de soumission"][:10], *said, "témoignage"
    for one in people_wrote(folder / "decidim-propositions.csv"):
        said = quarters[one["scope/name/fr"]], "", themes[one["category/name/fr"]]
        yield one["author/id"], one["published_at"][:10], *said, "contribution"
    for one in people_wrote(folder / "decidim-commentaires.csv"):
        yield one["author/id"], one["created_at"][:10], "", "", "", "contribution"


@pytest.fixture(scope="module")
def voices(brut):
    """(person, day, step, quarter, college, theme, way) of each voice that all may know."""
    names = [
        {one["nom"]: one[key] for one in people_wrote(brut / name)}
        for name, key in (("quartiers.csv", "code"), ("themes.csv", "id"), ("colleges.csv", "id"))
    ]
    folder = brut / "paroles"
    every = [*of_march(folder), *of_interviews(folder), *of_tools(folder, *names)]
    found = []
    for person, day, quarter, college, theme, way in every:
        step = "temps-fort" if person[0] == "k" else next(step for step, month in STEPS if day[:7] <= month)
        found.append((person, day, step, quarter or "", college or "", theme, way))
    return found


@pytest.mark.parametrize(
    ("edition", "until", "prises", "people"),
    [
        ("2022-06", "2022-06-30", 113, {"contribution": 53, "débat": 14, "entretien": 13, "témoignage": 26}),
        ("2022-12", "2022-12-15", 210, {"contribution": 69, "débat": 14, "entretien": 16, "témoignage": 100}),
    ],
)
def test_who_has_spoken_is_what_the_files_say(brut, voices, edition, until, prises, people):
    known = [one for one in voices if one[1] <= until]
    assert {way: len({one[0] for one in known if one[6] == way}) for way in people} == people
    groups = {(person, *said) for person, _, *said, _ in known}
    assert len(groups) == prises
    territory = read_territory(brut, edition=edition)
    coverage = count_participations(clean_voices(territory).paroles, territory)
    shown = 0
    for n, axe in enumerate(("sequence", "qpv", "college", "theme"), 1):
        for one in coverage.names(axe):
            value = coverage.value(axe, one)
            if value.dite:
                low, high = map(int, re.findall(r"\d+", value.texte))
                assert low <= sum(group[n] == one for group in groups) <= high, (axe, one)
                shown += 1
    assert shown > 8
