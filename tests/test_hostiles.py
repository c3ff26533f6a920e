"""A file made to hurt costs that file and no other: it is named, nothing hangs, dies, fills the memory or speaks English."""

import pytest

from hostiles import MIO, Hostile, Limits, all_hostiles, batches, run_all

pytestmark = pytest.mark.slow

LARGES = Limits(secondes=90, attente=600, rss=3072 * MIO)
"""What a slow machine and a folder of twenty such files may take; beyond, something hangs or swells."""


@pytest.fixture(scope="module")
def packs() -> list[list[Hostile]]:
    return batches(all_hostiles())


def test_there_are_more_than_three_hundred_inputs_each_of_its_own_name():
    assert len({one.nom for one in all_hostiles()}) >= 820


@pytest.mark.parametrize(
    "famille",
    [
        "csv",
        "classeur",
        "zip",
        "json",
        "entretien",
        "contour",
        "texte",
        "voix",
        "journal",
        "contrat",
        "declare",
        "lieu",
    ],
)
def test_what_hurts_costs_its_file_and_no_other(famille, packs):
    mine = [pack for pack in packs if pack[0].famille == famille]
    assert mine
    failed = [f"{run.nom} ({run.commande}) : {' ; '.join(run.fautes)}" for run in run_all(mine, LARGES) if run.fautes]
    assert not failed, "\n".join(failed)
