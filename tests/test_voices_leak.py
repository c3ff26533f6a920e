"""Nothing of what an audience may not know is in anything that is written for it: tables, sentences, alternatives, drawings, documents."""

import io
import json
import random
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from canaris import LIEU, OUVERT, canaris
from carnets import RACINE, cva, environment, shown
from cvanalysis.constat.record import record
from cvanalysis.display.alternatives import describe
from cvanalysis.display.figures import draw
from cvanalysis.display.phrases import write
from cvanalysis.display.tables import html_table
from cvanalysis.pages.participation import find_participation
from cvanalysis.pages.preconisations import read_recommendations
from cvanalysis.paroles.clean.voices import clean_voices
from cvanalysis.paroles.said import find_quarter_voices, find_theme_voices
from cvanalysis.paroles.turnout import count_participations, count_people, coverage_table
from cvanalysis.publish.papers.supports import render_poster, write_handover
from cvanalysis.territory.contract import read_territory
from test_editions_build import holds
from test_voices import LEVELS, OPEN, TOKEN, put, review, secret_voices


@pytest.fixture
def territory(brut, tmp_path):
    (tmp_path / "paroles").mkdir()
    return replace(read_territory(brut), dossier=tmp_path)


def written(territory, audience) -> bytes:
    """All that is made of voices for an audience, decompressed."""
    cleaned = clean_voices(territory, audience)
    found = list(find_participation(cleaned.paroles, cleaned.contributions, territory))
    for theme in territory.themes:
        found += find_theme_voices(
            theme, cleaned.paroles, cleaned.contributions, cleaned.immersions, cleaned.codes, territory
        )
    for quarter in territory.quartiers:
        mine = cleaned.contributions[cleaned.contributions["sujet"] == quarter.code]
        found += find_quarter_voices(quarter, cleaned.paroles[cleaned.paroles["qpv"] == quarter.code], mine, territory)
    out = [json.dumps([record(f, write(f.message)) for f in found], ensure_ascii=False).encode()]
    for finding in found:
        if finding.figure is not None:
            said = describe(finding.figure, write(finding.message), finding.id)
            out.append(draw(finding.figure, territory.palette, said).svg.encode())
            out.append(html_table(finding.table, finding.id).encode())
        out.append(repr(finding).encode())
    chains = read_recommendations(cleaned.preconisations, cleaned.paroles, cleaned.codes, cleaned.immersions)
    said = shown(found, territory)
    document = write_handover(territory, [("Tout", said)], chains)
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        out += [archive.read(name) for name in archive.namelist()]
    out.append(render_poster(territory, said).encode())
    out.append(coverage_table(count_participations(cleaned.paroles, territory)).to_csv().encode())
    for name, table in cleaned.tables.items():
        path = territory.dossier / f"{name}.parquet"
        table.to_parquet(path, compression="none")
        out.append(path.read_bytes())
    out += [cleaned.anomalies.to_csv().encode(), repr(cleaned.fichiers).encode()]
    return b"\n".join(out)


def test_no_token_of_a_restricted_field_is_in_anything_written_for_the_public(territory):
    open_rows = [
        OPEN | {"texte": f"Parole {i}.", "themes": "scolarite", "qpv": "QP044006", "locuteur": f"{TOKEN}p{i}"}
        for i in range(14)
    ]
    put(territory, *secret_voices(300), *open_rows)
    review(territory, *(row["texte"] for row in open_rows))
    public = written(territory, "public")
    assert b"Parole 3." in public
    assert TOKEN.encode() not in public
    assert TOKEN.encode() in written(territory, "equipe")


def test_a_group_reads_what_is_open_to_it_and_nothing_of_the_teams(territory):
    rows = [row for row in secret_voices(300) if row["audience"] == "equipe" or "art9" in row or "mineur" in row]
    shared = OPEN | {
        "audience": "groupe",
        "texte": "Entre nous.",
        "themes": "scolarite",
        "codes": "x",
        "tonalite": "marche",
    }
    put(territory, *rows, *(shared | {"locuteur": f"p{i}", "web": "non"} for i in range(14)))
    group = written(territory, "groupe")
    assert TOKEN.encode() not in group
    assert b"Entre nous." in group
    assert b"Entre nous." not in written(territory, "public")


def test_everything_written_for_the_public_is_the_same_with_and_without_what_it_may_not_know(territory):
    shown = [
        OPEN | {"texte": f"Parole {i}.", "themes": "scolarite", "qpv": "QP044006", "codes": "x"} for i in range(14)
    ]
    put(territory, *shown)
    alone = written(territory, "public")
    hidden = [
        {
            "audience": LEVELS[1 + i % 2],
            "texte": f"Réservé {i}",
            "themes": "scolarite",
            "qpv": "QP044006",
            "date": "2022-03-10",
        }
        for i in range(30)
    ]
    put(territory, *hidden[:15], *shown, *hidden[15:])
    assert written(territory, "public") == alone


def test_no_canary_is_in_anything_written_for_the_public(tmp_path):
    words = canaris(tmp_path)
    territory = read_territory(tmp_path / "data" / "raw")
    public, team = written(territory, "public"), written(territory, "equipe")
    assert OUVERT.encode() in public
    assert [why for why, word in words.items() if word.encode() in public] == []
    unseen = {"masque", "telephone", "constat", "colonne reponse", "tardive", "recue tard"}
    unseen |= {"retrait par ligne", "retrait par fichier", "retrait de la personne", "ligne répétée, retirée"}
    assert {why for why, word in words.items() if word.encode() not in team} == unseen  # the search sees what is there


@pytest.mark.slow
def test_no_canary_is_in_any_file_of_a_public_build(tmp_path):
    words = canaris(tmp_path)
    done = cva("build", "--edition", "essai", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert holds(tmp_path, OUVERT)
    assert {why: found for why, word in words.items() if (found := holds(tmp_path, word))} == {}


BY_HAND = """
import sys, cvanalysis as cv, pandas as pd
store = cv.ouvrir(**eval(sys.argv[1])).store
for table in ("paroles", "contributions", "immersions", "codes", "anomalies", "fichiers"):
    print(pd.DataFrame(store.rows(table)).to_csv())
"""


def run_by_hand(folder, *argv, **env):
    """What a program prints that is run from the project's folder without any variable of ours."""
    known = {key: value for key, value in environment(env=env).items() if key in env or key[:11] != "CVANALYSIS_"}
    done = subprocess.run([sys.executable, *argv], cwd=folder, env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_no_canary_is_in_the_outputs_of_any_notebook_run_by_hand_after_a_build_for_the_team(tmp_path):
    words = canaris(tmp_path)
    done = cva("build", "--audience", "equipe", "--jobs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    given = {
        "qpv.ipynb": ["-p", "qpv", LIEU],
        "suite.ipynb": ["-p", "qpv", LIEU],
        "theme.ipynb": ["-p", "theme", "associations"],
    }

    def outputs(notebook, *more, **env):
        asked = [*given.get(notebook.name, ()), "--no-progress-bar", *more]
        run_by_hand(tmp_path, "-m", "papermill", str(notebook), "out.ipynb", *asked, **env)
        return json.dumps(json.loads((tmp_path / "out.ipynb").read_bytes()), ensure_ascii=False)

    theme = RACINE / "notebooks" / "theme.ipynb"
    spoken = outputs(theme.with_name("participation.ipynb"), CVANALYSIS_AUDIENCE="equipe")
    assert words["reponse de l'equipe"] in spoken  # the search sees what is there
    told = {path.name: outputs(path) for path in sorted((RACINE / "notebooks").glob("*.ipynb"))}
    told |= {
        f"{path.name}, our engine": outputs(path, "--engine", "cvanalysis")
        for path in (theme, theme.with_name("qpv.ipynb"))
    }
    told["plain"] = run_by_hand(tmp_path, "-c", BY_HAND, "{}")
    assert any(OUVERT in text for text in told.values())
    assert {(name, why) for name, text in told.items() for why, word in words.items() if word in text} == set()
    assert words["equipe"] in run_by_hand(tmp_path, "-c", BY_HAND, "{'audience': 'equipe'}")


@pytest.mark.parametrize("seed", range(3))
def test_counts_of_people_who_hold_several_ideas_give_back_no_withheld_one(territory, seed):
    draw_lots = random.Random(seed)
    early, late = sorted(territory.editions, key=lambda e: e.jusqu_au)
    rows, labels = [], []
    for i in range(90):
        for _ in range(draw_lots.choice([1, 1, 2])):
            rows.append({"locuteur": f"L{i}", "arrivee": draw_lots.choice([early.id, late.id])})
            labels.append(tuple(draw_lots.choices("abcdef", [9, 7, 4, 2, 1, 0.5], k=draw_lots.choice([1, 2]))))
    frame = pd.DataFrame(rows)
    first = frame["arrivee"] == early.id
    printed = {}
    for edition, keep in ((early, first), (late, first | True)):
        kept = [names for names, yes in zip(labels, keep, strict=True) if yes]
        counts = count_people(frame[keep], kept, replace(territory, edition=edition))
        printed |= {(edition.id, name): value.valeur for name, value in counts.items()}
    since = {}
    for row, names in zip(rows, labels, strict=True):
        known = since.setdefault(row["locuteur"], {})
        for name in names:
            known[name] = min(known.get(name, 1), int(row["arrivee"] == late.id))
    groups = sorted({tuple(sorted(k.items())) for k in since.values()})

    def inside(edition, name):
        return np.array([float(any(n == name and arrived <= (edition == late.id) for n, arrived in g)) for g in groups])

    shown = [(inside(*key), count) for key, count in printed.items() if count is not None]
    matrix = np.array([sign * row for row, _ in shown for sign in (1, -1)])
    limits = np.array([x for _, count in shown for x in (count - count % 5 + 4, -count)])
    for key, count in printed.items():
        if count is None:
            low, high = (
                linprog(s * inside(*key), A_ub=matrix, b_ub=limits, bounds=(1, 1_000)).fun * s for s in (1, -1)
            )
            assert high - low >= 2 - 1e-6, key
