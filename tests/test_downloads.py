"""The downloads: what a person wrote never runs in a spreadsheet, and figures stay figures."""

import pandas as pd
import pytest

from cvanalysis.publish.papers.downloads import to_french_csv


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("x")',
        "+33",
        "-2+3",
        "@SOMME(A1)",
        "\tx",
        "\r=1",
        " =1",
        "\xa0=1",
        "\ufeff=1",
        "\u202e=1",
        "＝1+1",
        "＋1",
    ],
)
def test_a_cell_that_starts_as_a_formula_becomes_text(cell):
    raw = to_french_csv(pd.DataFrame({"texte": [cell]})).decode("utf-8-sig")
    assert raw.splitlines()[1].lstrip('"').startswith("'")


def test_a_nul_does_not_cut_a_download_short():
    assert "nul\ufffddedans" in to_french_csv(pd.DataFrame({"texte": ["nul\0dedans"]})).decode("utf-8-sig")


def test_numbers_keep_their_sign_and_get_a_decimal_comma():
    frame = pd.DataFrame({"valeur": [-1.5, None], "texte": ["a-b", None]})
    assert to_french_csv(frame).decode("utf-8-sig").splitlines()[1:] == ["-1,5;a-b", ";"]
