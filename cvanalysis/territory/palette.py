"""Colours of the roles that a series can have. Owns the palette by default and the checks of a declared one; refuses to draw."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cvanalysis.french import quoted
from cvanalysis.territory.declarations import Inspection
from cvanalysis.territory.toml import Section, take

PALETTE: dict[str, str | tuple[str, ...]] = {
    "sujet": "#0b5394",
    "commune": "#1d2733",
    "epci": "#4a5663",
    "france_qpv": "#6b7683",
    "semblables": "#6b7683",
    "departement": "#6b7683",
    "region": "#6b7683",
    "france": "#4a5663",
    "autre": "#77828e",
    "femmes": "#0b5394",
    "hommes": "#6b7683",
    "part": ("#072f55", "#0b5394", "#2f74b5", "#5a6f84", "#4f8fca", "#77828e", "#1d2733"),
}
"""Colours where the territory declares none: told apart by colour-blind eyes, at least 3:1 on white."""
_COULEUR = re.compile(r"#[0-9A-Fa-f]{6}")


def read_palette(
    found: Inspection, section: Section | None, roles: Iterable[str] = PALETTE, least: Mapping[str, float] = {}
) -> dict[str, str | tuple[str, ...]]:
    """The colours declared for these roles, each told from white: 3:1, or what `least` asks for its role."""
    if section is None:
        return {}
    values = take(found, section, {}, {role: list if role == "part" else str for role in roles}) or {}
    for role, value in values.items():
        for colour in value if role == "part" else [value]:
            if not isinstance(colour, str) or not _COULEUR.fullmatch(colour):
                what = f"{quoted(colour)} n'est pas une couleur"
                found.add(section.fichier, section.line(role), role, what, "la forme #RRVVBB")
            elif (contrast := contrast_on_white(colour)) < (wanted := least.get(role, 3)):
                said, asked = (f"{one:.2g}".replace(".", ",") for one in (contrast, wanted))
                found.add(section.fichier, section.line(role), role, f"{quoted(colour)} a un contraste de {said}:1 sur le blanc",
                          f"{asked}:1 au moins, pour qui voit mal", "foncez la couleur")  # fmt: skip
    return {role: tuple(value) if role == "part" else value for role, value in values.items()}


def contrast_on_white(colour: str) -> float:
    """Contrast ratio of `#RRGGBB` with white, as WCAG defines it: 1 to 21."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
