"""What a series, a state and an absence look like. Owns marker, dash and colour; refuses to let colour alone bear a meaning.

A role keeps its look in every figure of every report, so that a reader learns it once: the quarter is the large full circle.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cvanalysis.constat.shape import Valeur
from cvanalysis.territory.look import PALETTE, contrast_on_white

INK, GREY, RULE, FAINT, PALE = "#1d2733", "#4a5663", "#8a94a0", "#dfe4ea", "#c4ccd5"
"""Text, secondary text (7:1 on white), marks without meaning of their own (3:1), rules that guide the eye, lines behind another."""


@dataclass(frozen=True, slots=True)
class Look:
    marker: str
    dash: Sequence[float] | None = None
    size: float = 9
    width: float = 1.6
    colour: str = ""
    hollow: bool = False

    def mark(self, *, hollow: bool = False, size: float | None = None) -> dict[str, Any]:
        """The arguments of `Axes.plot` for marks of this look, hollow where there is no sure figure behind them."""
        hollow = hollow or self.hollow
        return {
            "linestyle": "none",
            "marker": self.marker,
            "markersize": size or self.size,
            "markerfacecolor": "#ffffff" if hollow else self.colour,
            "markeredgecolor": self.colour if hollow else "#ffffff",
            "markeredgewidth": 1.6 if hollow else 1,
            "clip_on": False,
        }


_SAID = tomllib.loads((Path(__file__).parent / "reperes.toml").read_text(encoding="utf-8"))
_LOOKS = {role: Look(**told) for role, told in _SAID["roles"].items()}
ABSENCES = {statut: Look(hollow=True, colour=GREY, **told) for statut, told in _SAID["absences"].items()}
_STATES = {state: Look(**one["marque"]) for one in _SAID["etats"] for state in one["mots"]}
_OTHER_STATES = [Look(**told) for told in _SAID["autres"]["marques"]]
_DASHES = (None, (5, 2), (1.5, 1.5), (7, 2, 1.5, 2))
_SPARE = ("s", "D", "^", "v", "p", "X", "P", "h", "8")

Palette = Mapping[str, str | tuple[str, ...]]


def look(role: str, palette: Palette) -> Look:
    """The look of a role, in the territory's colour where it declares one."""
    return replace(_LOOKS[role], colour=colours(role, palette)[0])


def colours(role: str, palette: Palette) -> tuple[str, ...]:
    """The colours declared for a role, or those by default: one, but for the shares of a whole."""
    declared = palette.get(role) or PALETTE[role]
    return (declared,) if isinstance(declared, str) else tuple(declared)


def looks(roles: list[str], palette: Palette) -> list[Look]:
    """The looks of the series of one figure: a role met again takes its next colour and another marker, never twice the same."""
    taken: set[str] = set()
    out = []
    for i, role in enumerate(roles):
        tones = colours(role, palette)
        out.append(replace(_LOOKS[role], colour=tones[roles[:i].count(role) % len(tones)]))
    own = {this.marker for this in out}
    # The subject chooses first, then whoever is the first of its role: their marks are those that readers know.
    for i in sorted(range(len(out)), key=lambda i: (roles[i] != "sujet", roles.index(roles[i]) != i)):
        if out[i].marker in taken:
            marker = next((m for m in _SPARE if m not in taken | own), out[i].marker)
            out[i] = replace(out[i], marker=marker, dash=_DASHES[len(taken) % len(_DASHES)])
        taken.add(out[i].marker)
    return out


def state_of(value: Valeur) -> str:
    """The words of a cell that is a state; '' for a number or an absence."""
    return value.texte if value.valeur is None and value.statut == "publié" else ""


def state_looks(states: Sequence[str], palette: Palette) -> dict[str, Look]:
    """The look of each state of a figure, the same in all the figures that show it."""
    mine = colours("sujet", palette)[0]
    spare = iter(_OTHER_STATES)
    found = {}
    for state in states:
        this = _STATES.get(state.lower()) or next(spare, _OTHER_STATES[-1])
        found[state] = replace(this, colour=mine if this.marker in "os" else GREY)
    return found


def shades(colour: str, n: int) -> tuple[str, ...]:
    """`n` tints of a colour, from the palest to itself."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    tints = ((round(245 + (part - 245) * (i + 0.3) / (n - 0.7)) for part in parts) for i in range(n))
    return tuple("#" + "".join(f"{part:02x}" for part in tint) for tint in tints)


def contrast(colour: str, ground: str = "#ffffff") -> float:
    """WCAG's contrast ratio of two `#rrggbb` colours."""
    ratio = contrast_on_white(ground) / contrast_on_white(colour)
    return max(ratio, 1 / ratio)


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on that fill: one of them always reaches 4.5:1, which our softer ink would not."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(fill, ink))
