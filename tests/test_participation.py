"""Who has spoken is counted, shown where it may be, and never given back by what is shown."""

import itertools
import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from cvanalysis.display.alternatives import describe
from cvanalysis.display.phrases import say, write
from cvanalysis.pages.participation import find_participation
from cvanalysis.paroles.clean.voices import attribute, cite, clean_voices
from cvanalysis.paroles.said import contributions_by_finding, find_quarter_voices, find_theme_voices
from cvanalysis.paroles.table import CONTRIBUTIONS, PAROLES
from cvanalysis.paroles.turnout import AXES, count_participations, coverage_table
from cvanalysis.territory.contract import read_territory


@pytest.fixture(scope="module")
def territory(brut):
    return read_territory(brut)


def voices(*rows):
    frame = pd.DataFrame([dict.fromkeys(PAROLES, "") | {"exemple": True} | row for row in rows], columns=list(PAROLES))
    return attribute(frame[list(PAROLES[:-2])].astype({"exemple": bool}), 11)


def invented(territory, count, seed):
    """Many people, unevenly spread, over two editions."""
    draw = random.Random(seed)
    quarters = [q.code for q in territory.quartiers[:7]] + [""]
    colleges = [c.id for c in territory.colleges[:3]] + [""]
    early, late = (e.id for e in sorted(territory.editions, key=lambda e: e.jusqu_au))
    rows = []
    for i in range(count):
        first = draw.random() < 0.55
        rows.append(
            {
                "locuteur": f"L{draw.randrange(count) if draw.random() < 0.2 else i}",
                "qpv": draw.choices(quarters, [9, 6, 4, 2, 1, 1, 0.3, 3])[0],
                "college": draw.choices(colleges, [1, 2, 1, 6])[0],
                "theme": draw.choice([t.id for t in territory.themes]),
                "sequence": draw.choice(["sequence-1", "sequence-2"] if first else ["temps-fort", "sequence-3"]),
                "arrivee": early if first else late,
            }
        )
    return voices(*rows)


# ------------------------------------------------------------------------------------------------------- reconstruction


def unknowns(paroles, territory):
    """Every (person's axes, edition of arrival) as the reader can frame it: the groups that are shown as heard, edition by edition."""
    order = [e.id for e in sorted(territory.editions, key=lambda e: e.jusqu_au)]
    first = {}
    for row in paroles.itertuples():
        key = (row.locuteur, *(getattr(row, a) for a in AXES))
        first[key] = min(first.get(key, 9), order.index(row.arrivee) if row.arrivee in order else len(order) - 1)
    groups = {}
    for (person, *axes), rank in first.items():
        groups.setdefault((*axes, rank), set()).add(person)
    return order, groups


def intervals(printed, paroles, territory):
    """What each printed number says, and the groups that it adds up, written apart from the code that protects."""
    order, groups = unknowns(paroles, territory)
    keys = sorted(groups)
    for (edition, face, *labels), count in printed.items():
        rank = order.index(edition)
        wanted = dict(zip(face.split("×"), labels, strict=True)) if face != "total" else {}
        inside = [
            i for i, k in enumerate(keys) if k[4] <= rank and all(k[AXES.index(a)] == v for a, v in wanted.items())
        ]
        yield (edition, face, *labels), count, inside, sum(len(groups[keys[i]]) for i in inside), len(keys)


@pytest.mark.parametrize("seed", range(4))
def test_two_editions_side_by_side_give_back_no_withheld_count(territory, seed):
    paroles = invented(territory, 160, seed)
    both = []
    for edition in sorted(territory.editions, key=lambda e: e.jusqu_au):
        known = paroles[paroles["arrivee"].isin([e.id for e in territory.editions if e.jusqu_au <= edition.jusqu_au])]
        both.append(count_participations(known, replace(territory, edition=edition)).protege.comptes)
    early, late = both
    assert {k: v for k, v in late.items() if k in early} == early  # an edition, once out, is not rewritten by the next
    cells = list(intervals(late, paroles, territory))
    shown = [(inside, count) for _, count, inside, _, _ in cells if count is not None]
    size = cells[0][4]
    rows = np.zeros((2 * len(shown), size))
    limits = np.zeros(2 * len(shown))
    for i, (inside, count) in enumerate(shown):
        rows[2 * i, inside], limits[2 * i] = 1, count - count % 5 + 4
        rows[2 * i + 1, inside], limits[2 * i + 1] = -1, -count
    withheld = [c for c in cells if c[1] is None]
    assert withheld
    for cle, _, inside, _, _ in random.Random(seed).sample(withheld, min(40, len(withheld))):
        goal = np.zeros(size)
        goal[inside] = 1
        low, high = (
            linprog(s * goal, A_ub=rows, b_ub=limits, bounds=(1, 2_000), method="highs").fun * s for s in (1, -1)
        )
        assert high - low >= 2 - 1e-6, cle


def test_every_printed_count_is_of_enough_people_and_in_a_class_of_five(territory):
    paroles = invented(territory, 200, 9)
    coverage = count_participations(paroles, territory)
    for (edition, *cle), count, _, truth, _ in intervals(coverage.protege.comptes, paroles, territory):
        if count is not None and edition == coverage.edition:
            low, high = map(int, coverage.value(*cle).texte.split(" à "))
            assert territory.seuils.personnes <= low <= truth <= high, cle
            assert (low in (11, high - 4), high % 5) == (True, 4), cle


def test_no_count_below_the_threshold_is_ever_printed_beside_a_withheld_one(territory):
    """Eleven people used to be « 10 », next to « masqué : moins de 11 »."""
    spoken = [{"locuteur": f"L{i}", "qpv": "QP044006" if i < 12 else "QP044005"} for i in range(30)]
    coverage = count_participations(voices(*spoken), territory)
    assert [coverage.value("qpv", q).texte for q in ("QP044006", "QP044005")] == ["11 à 14", "15 à 19"]
    assert say(coverage.value("total")) == "30 à 34 prises de parole"


# ----------------------------------------------------------------------------------------------------------- complement


def crowd(count, **where):
    return [{"locuteur": f"{i} {sorted(where.values())}"} | where for i in range(count)]


def said_of_missing(territory, *rows):
    paroles = voices(*rows)
    missing = next(
        f for f in find_participation(paroles, cite(paroles), territory) if f.id == "participation-manques-01"
    )
    return {
        (c, t): (number.valeur, which.texte)
        for some, about, number, which in missing.table.lignes
        for c in ([c.nom for c in territory.colleges] if some.texte == "tous" else some.texte.split(", "))
        for t in ([t.nom for t in territory.themes] if about.texte == "tous" else about.texte.split(", "))
    }, missing


def test_the_quarters_where_a_small_college_is_silent_do_not_tell_where_it_spoke(territory):
    """« Métropole × scolarité manque partout, sauf à Bottière » names the one person of the Métropole who spoke of it there."""
    alone = {"locuteur": "seul", "qpv": "QP044005", "college": "metropole", "theme": "scolarite"}
    others = [row for q in territory.quartiers for row in crowd(12, qpv=q.code, theme="scolarite", college="villes")]
    told, _ = said_of_missing(territory, alone, *others)
    colleges = {c.id: c.nom for c in territory.colleges}
    themes = {t.id: t.nom for t in territory.themes}
    assert told[colleges["metropole"], themes["scolarite"]] == (0.0, "aucun dont on puisse le dire")
    assert told[colleges["etat"], themes["scolarite"]] == (float(len(territory.quartiers)), "tous")
    coverage = count_participations(voices(alone, *others), territory)
    row = {q.code: say(coverage.value("qpv×college", q.code, "metropole")) for q in territory.quartiers}
    assert set(row.values()) == {"masqué"}
    table = coverage_table(coverage)
    table = table[(table["theme"] == themes["scolarite"]) & (table["sequence"] == "Sans étape")]
    assert set(table.loc[table["college"] == colleges["metropole"], "entendu"]) == {"masqué"}
    assert set(table.loc[table["college"] == colleges["etat"], "entendu"]) == {"non"}


@pytest.mark.parametrize("seed", range(3))
def test_moving_a_small_groups_only_voice_to_another_quarter_changes_nothing_that_is_printed(territory, seed):
    paroles = invented(territory, 160, seed)
    paroles = paroles[paroles["college"] != "metropole"]
    big = [q for q, some in paroles.groupby("qpv")["locuteur"].nunique().items() if q and some >= 20][:2]
    theme = territory.themes[0].id

    def printed(qpv):
        alone = voices(
            {"locuteur": "seul", "qpv": qpv, "college": "metropole", "theme": theme, "sequence": "sequence-2"}
        )
        coverage = count_participations(pd.concat([paroles, alone]), territory)
        table = coverage_table(coverage)
        matrix = [say(coverage.value("qpv×college", q, "metropole")) for q in coverage.names("qpv")]
        return matrix, table[table["college"] == coverage.names("college")["metropole"]]["entendu"].tolist()

    assert len(big) == 2
    assert printed(big[0]) == printed(big[1])


# ------------------------------------------------------------------------------------------------------------- findings


def findings(territory, cleaned):
    yield from find_participation(cleaned.paroles, cleaned.contributions, territory)
    for theme in territory.themes:
        yield from find_theme_voices(
            theme, cleaned.paroles, cleaned.contributions, cleaned.immersions, cleaned.codes, territory
        )
    for quarter in territory.quartiers:
        mine = cleaned.paroles[cleaned.paroles["qpv"] == quarter.code]
        yield from find_quarter_voices(
            quarter, mine, cleaned.contributions[cleaned.contributions["sujet"] == quarter.code], territory
        )


def test_the_example_gives_findings_with_their_own_number_sentence_and_alternative(territory):
    found = list(findings(territory, clean_voices(territory)))
    assert len({f.id for f in found}) == len(found)
    for finding in found:
        assert write(finding.message)
        assert (finding.figure is None) == (finding.table is None)
        assert finding.figure is None or finding.id in describe(finding.figure, write(finding.message), finding.id)
        assert finding.figure is not None or finding.manques


def test_nobody_has_spoken_is_said_of_each_theme_and_quarter(territory, tmp_path):
    bare = replace(territory, dossier=tmp_path)
    found = list(findings(bare, clean_voices(bare)))
    assert len(found) == 1 + 4 * len(territory.themes) + len(territory.quartiers)
    assert all("ersonne" in write(f.message) or "Aucune" in write(f.message) for f in found)


def test_a_missing_immersion_is_said(territory):
    cleaned = clean_voices(territory)
    theme = next(t for t in territory.themes if t.id == "aller-vers")
    first = find_theme_voices(
        theme, cleaned.paroles, cleaned.contributions, cleaned.immersions, cleaned.codes, territory
    )[0]
    assert write(first.message) == "1 immersion sur 2 a son compte rendu\u00a0: il en manque 1"
    assert first.manques


def test_what_does_not_work_comes_before_what_works(territory):
    cleaned = clean_voices(territory)
    numbers = [
        f.id[-7:]
        for f in find_theme_voices(
            territory.themes[0], cleaned.paroles, cleaned.contributions, cleaned.immersions, cleaned.codes, territory
        )
    ]
    assert numbers[:4] == ["voix-01", "voix-02", "voix-03", "voix-04"]


def test_no_share_of_voices_is_ever_printed(territory):
    for finding in findings(territory, clean_voices(territory)):
        cells = [v for line in (finding.table.lignes if finding.table else ()) for v in line]
        assert not any(v.unite == "%" for v in cells)
        assert "%" not in write(finding.message)


def test_an_idea_of_few_people_is_shown_without_their_number(territory):
    some = [
        {
            "locuteur": f"L{i}",
            "themes": "scolarite",
            "theme": "scolarite",
            "codes": "a",
            "tonalite": "marche",
            "texte": "Oui.",
            "college": "etat" if i < 3 else "",
        }
        for i in range(12)
    ]
    rare = [
        {
            "locuteur": "L99",
            "themes": "scolarite",
            "theme": "scolarite",
            "codes": "b",
            "tonalite": "marche",
            "texte": "Autrement.",
        }
    ]
    theme = next(t for t in territory.themes if t.id == "scolarite")
    empty = pd.DataFrame({c: pd.Series(dtype="str") for c in ("code", "nom", "theme", "tonalite")})
    immersions = pd.DataFrame({c: pd.Series(dtype="str") for c in ("immersion", "theme", "date")})
    found = find_theme_voices(
        theme, voices(*some, *rare), pd.DataFrame(columns=list(CONTRIBUTIONS)), immersions, empty, territory
    )
    (works,) = [f for f in found if f.id.endswith("voix-03")]
    assert [(line[0].texte, line[1].valeur, line[1].statut) for line in works.table.lignes] == [
        ("a", 11.0, "publié"),
        ("b", None, "masqué"),
    ]
    assert works.table.lignes[0][3].valeur == 1  # who is of no college makes no college more
    assert [line[0].texte for f in found if f.id.endswith("voix-05") for line in f.table.lignes] == ["b"]


def test_whose_voice_is_missing_lists_the_silent_quarters_and_colleges(territory):
    here = {"qpv": territory.quartiers[0].code, "college": territory.colleges[0].id, "theme": territory.themes[0].id}
    assert not said_of_missing(territory, *crowd(10, **here))[1].manques
    _, missing = said_of_missing(territory, *crowd(11, **here))
    said = " ".join(missing.manques)
    assert territory.quartiers[0].nom not in said
    assert all(q.nom in said for q in territory.quartiers[1:])
    assert all(c.nom in said for c in territory.colleges[1:])


def the(number, found):
    return next(f for f in found if f.id == f"participation-{number}")


def test_crossings_are_of_what_is_declared_and_never_of_what_has_no_place(territory):
    paroles = clean_voices(territory).paroles
    crossed = the("couverture-02", find_participation(paroles, pd.DataFrame(columns=list(CONTRIBUTIONS)), territory))
    assert len(crossed.table.lignes) == 15 + 2  # « Sans quartier » and the whole have their line, and are no crossing
    assert write(crossed.message) == "Sur 45 croisements d’un quartier et d’un thème, 6 au moins restent sans voix"


def test_that_too_few_have_spoken_is_never_told_as_all_have(territory):
    """One person in each quarter and college: nothing can be said of any, and nothing is."""
    everywhere = [
        {
            "locuteur": f"L{i}",
            "qpv": q.code,
            "college": territory.colleges[i % len(territory.colleges)].id,
            "theme": t.id,
        }
        for i, (q, t) in enumerate(itertools.product(territory.quartiers, territory.themes))
    ]
    found = find_participation(voices(*everywhere), pd.DataFrame(columns=list(CONTRIBUTIONS)), territory)
    told = [write(f.message) for f in found]
    assert not [
        sentence for sentence in told if "Chaque" in sentence or "tous les" in sentence or "aucun n’est" in sentence
    ]
    assert write(the("niveaux-01", found).message).startswith("Trop peu de personnes")


def test_steps_in_which_as_many_have_spoken_are_all_named(territory):
    here = {"qpv": territory.quartiers[0].code, "theme": territory.themes[0].id}
    some = [{"locuteur": f"L{step}{i}", "sequence": f"sequence-{step}", **here} for step in (1, 2) for i in range(12)]
    found = find_participation(voices(*some), pd.DataFrame(columns=list(CONTRIBUTIONS)), territory)
    said = write(the("couverture-04", found).message)
    assert said.startswith("C’est aux étapes «\u00a0Première")
    assert said.endswith("11 à 14 prises de parole, chacune")


def test_what_is_cited_is_told_in_words_and_months_are_written_out(territory):
    cleaned = clean_voices(territory)
    road = the(
        "reponses-01", find_participation(cleaned.paroles, cleaned.contributions, territory, {"E01": "Ouvrir un lieu"})
    )
    by_code = {line[0].texte.rsplit("(", 1)[1][:-1]: line for line in road.table.lignes}
    assert by_code["E01"][0].texte == "Ouvrir un lieu (E01)"
    assert by_code["QP044006-sante-02"][0].texte.startswith("Les Dervallières\u00a0: ")
    assert by_code["QP044005-emploi-01"][1].texte == "novembre 2022"
    assert {line[4].texte for line in road.table.lignes if line[3].texte == "reçue"} == {""}


def test_colleges_that_miss_in_the_same_quarters_are_told_on_one_line(territory):
    cleaned = clean_voices(territory)
    missing = the("manques-01", find_participation(cleaned.paroles, cleaned.contributions, territory))
    lines = [tuple(v.texte for v in line if v.texte) for line in missing.table.lignes]
    assert [line for line in lines if line[0] == "Bailleurs"] == [("Bailleurs", "tous", "tous")]
    assert len({line[-1] for line in lines}) == len(lines) == 3


def test_voices_that_nobody_has_coded_are_not_told_as_silence(territory):
    theme = territory.themes[0]
    some = voices(
        *({"locuteur": f"L{i}", "themes": theme.id, "theme": theme.id, "tonalite": "marche"} for i in range(3))
    )
    empty = clean_voices(replace(territory, dossier=territory.dossier / "nulle-part"))
    found = find_theme_voices(theme, some, empty.contributions, empty.immersions, empty.codes, territory)
    said = {f.id[-7:]: write(f.message) for f in found}
    assert said["voix-03"] == "Ce qui marche\u00a0: des paroles, pas encore classées par idée"
    assert said["voix-02"] == "Personne n’a encore dit ce qui ne marche pas"


def test_a_quarter_whose_voices_cannot_be_quoted_says_so(territory):
    quarter = territory.quartiers[0]
    some = [{"locuteur": f"L{i}", "qpv": quarter.code, "theme": territory.themes[i % 3].id} for i in range(12)]
    (found,) = find_quarter_voices(quarter, voices(*some), pd.DataFrame(columns=list(CONTRIBUTIONS)), territory)
    assert write(found.message) == (
        "On a parlé ici des 3 thèmes de l’évaluation, mais trop peu de personnes pour en citer une"
    )


def test_the_download_has_a_row_for_every_combination(territory):
    paroles = invented(territory, 60, 2)
    table = coverage_table(count_participations(paroles, territory))
    axes = [table[a].unique() for a in ("quartier", "college", "theme", "sequence")]
    assert len(table) == len(list(itertools.product(*axes)))
    assert set(table["entendu"]) <= {"oui", "non", "masqué"}
    assert not any(pd.api.types.is_numeric_dtype(t) for t in table.dtypes)


def test_a_contribution_stands_under_the_finding_that_it_cites_with_its_answer(territory):
    by_finding = contributions_by_finding(clean_voices(territory).contributions)
    (said,) = by_finding["QP044006-revenus-03"]
    assert (said.statut, bool(said.reponse), said.rapport) == ("répondue", True, "Complète")


def test_how_people_took_part_is_told_by_the_way_that_most_took(territory):
    cleaned = clean_voices(territory)
    found = the("niveaux-01", find_participation(cleaned.paroles, cleaned.contributions, territory))
    bars = {one.etiquette: one.valeur for one in found.figure.series[0].points if one.valeur.dite}
    most = max(bars.values(), key=lambda one: one.valeur)
    first = next(name for name, value in bars.items() if value == most)
    assert write(found.message).startswith(f"Façon de participer la plus suivie\u00a0: {first.lower()} ({say(most)})")
