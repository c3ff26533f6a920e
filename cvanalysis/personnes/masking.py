"""What identifies a person, in a text that someone says and in the cells of a log. Owns the marks that replace it; refuses to judge.

What is looked for is data: `masques.toml` holds the patterns, in order, with their examples; `prenoms.csv` the first names. What a machine
can't find (a rare name, a nickname, a role that only one person holds) is why a human reads every verbatim before it is published: see
`review`. `KNOWN_MISSES` says so in the words of the help. `mask(text).texte` is all that most callers need.

Time grows as the text does, whatever is repeated in it: no pattern holds a repetition without a bound, first names are looked up once a
word, and what is taken is kept by character.

A log names organisations, many of them after a person (« Collège Rosa Parks »): a name proves a person there where it has a civility, the
order and capitals of an administration (« DUPONT Jean »), a first name and a name that no word of an organisation announces, or a column
that says so; where it tells of one person (« Permis de … »), all is masked that would be in a voice. Its words are in `personnes.toml`.
"""

import csv
import re
import tomllib
import unicodedata
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cvanalysis.french import fold
from cvanalysis.personnes.motifs import compile_all

_ICI = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing found: its kind (key of `MARKS`) and where it stood in the text that was read."""

    genre: str
    debut: int
    fin: int


@dataclass(frozen=True, slots=True)
class Masked:
    """A text without what was found, and what was found."""

    texte: str
    marques: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A block of `masques.toml`, ready to search; without `genre`, what it finds is left as it is, by later blocks too."""

    genre: str
    motif: re.Pattern[str]
    brut: bool


_DATA: dict[str, Any] = tomllib.loads((_ICI / "masques.toml").read_text(encoding="utf-8"))

KNOWN_MISSES = tuple(_DATA["mesures"]["manques"])
"""What the patterns are known to miss; printed with the reading list."""
RECALL = {kind: tuple(measured) for kind, measured in _DATA["mesures"]["rappel"].items()}
"""Kind → (masked, written) on sentences never in view: what to count on."""
RECALL_MISE_AU_POINT, PRECISION = tuple(_DATA["mesures"]["mise_au_point"]), tuple(_DATA["mesures"]["intactes"])

MARKS: dict[str, str] = _DATA["marques"]
"""Kind of thing masked → what stands in its place. A mark is never itself masked: masking twice changes nothing."""
_READINGS, _CARRIERS = 4, 12  # times that a text is read again, and the name of a carrier
_MARK = re.compile("|".join(map(re.escape, MARKS.values())))
_INVISIBLE = dict.fromkeys([0x00, 0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF])

_PLAIN = (
    dict.fromkeys((9, 160, 8199, 8201, 8239, 12288), " ")
    | dict.fromkeys(range(8208, 8214), "-")
    | {ord(wide): str(i) for i, wide in enumerate("０１２３４５６７８９")}
    | {0x2019: "'", 0xFF20: "@"}
    | dict.fromkeys(map(ord, "ꔀꔁꔂ"), "ꕀ")
)
_WORD = re.compile(r"[^\W\d_]{2,}+(?:-[^\W\d_]++)*+")


def expand(motif: str, pieces: Mapping[str, str]) -> str:
    """A pattern with its pieces (`%NOM%`) put in, and theirs."""
    while (name := re.search(r"%([A-Z_]+)%", motif)) is not None:
        motif = motif.replace(name[0], pieces[name[1]])
    return motif


@cache
def patterns() -> tuple[Pattern, ...]:
    """The blocks of `masques.toml`, in order of right: what an earlier one took, a later one leaves alone."""
    blocks = _DATA["masques"]
    found = compile_all([expand(one["motif"], _DATA["morceaux"]) for one in blocks])
    return tuple(Pattern(one["genre"], motif, one.get("brut", False)) for one, motif in zip(blocks, found, strict=True))


@cache
def first_names() -> dict[str, str]:
    """First name, folded → when it is one: always (''), with its `capitale`, if the `phrase` tells, once `annonce`d."""
    with (_ICI / "prenoms.csv").open(encoding="utf-8", newline="") as file:
        return {row["prenom"]: row["seulement"] for row in csv.DictReader(li for li in file if li[0] != "#")}


def _stand_in(word: re.Match[str]) -> str:
    """Signs as long as the word where it is a first name, that patterns can tell (see `masques.toml`); else the word."""
    written, known = word[0], first_names()
    folded = fold(written)
    each = {known.get(part, "annonce") for part in folded.split("-")}  # « Chloé-Jade »
    when = known.get(folded, "annonce" if "annonce" in each or each == {"phrase"} else "")
    capitals = written.isupper()
    unsure = when == "phrase" or (capitals and len(written) < 5)  # « Rose », « ALI »
    if when == "annonce" or (when and not written[0].isupper()):
        return written
    return ("ꔁ" if unsure else "ꔂ" if capitals else "ꔀ") * len(written)


def clean_text(text: str) -> str:
    """The text without what the eye doesn't see, that would hide a number from patterns (direction marks, NUL)."""
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE))


def find_marks(text: str) -> tuple[Mark, ...]:
    """What identifies someone in a text already cleaned by `clean_text`, in reading order, without overlap."""
    plain = text.translate(_PLAIN)
    named = _WORD.sub(_stand_in, plain)
    taken = bytearray(len(plain))
    found: list[Mark] = []
    for match in _MARK.finditer(plain):
        taken[match.start() : match.end()] = b"\1" * len(match[0])
    for pattern in patterns():
        for match in pattern.motif.finditer(plain if pattern.brut else named):
            start, end = max(match.start(), *(match.end(g) for g in pattern.motif.groupindex), 0), match.end()
            if taken.find(1, start, end) < 0:
                taken[start:end] = b"\1" * (end - start)
                if pattern.genre:
                    found.append(Mark(pattern.genre, start, end))
    return tuple(sorted(found, key=lambda m: m.debut))


def mask(text: str) -> Masked:
    """The text with every thing found replaced by its mark; masking twice gives the same text.

    A mark may uncover what the words it replaced kept from a pattern: the text is read again until nothing more is found, a few times
    at most. The place of a mark is that in the text as it was read then.
    """
    text = clean_text(text)
    found: list[Mark] = []
    for _ in range(_READINGS):
        if not (marks := find_marks(text)):
            break
        ends = [0, *(mark.fin for mark in marks)]
        parts = [text[end : mark.debut] + MARKS[mark.genre] for end, mark in zip(ends, marks, strict=False)]
        text = "".join([*parts, text[ends[-1] :]])
        found += marks
    return Masked(text, tuple(found))


PARTICULIER = "particulier"
BRUT_LU, BRUT_MAX, PRES = 1000, 300, 200  # characters of a raw cell that are looked at, and shown; before a name
NUMERO, NOM = MARKS["numero"], MARKS["nom"]
_DONNEES: Mapping[str, Any] = tomllib.loads((_ICI / "personnes.toml").read_text(encoding="utf-8"))
_MOTIFS = {name: re.compile(expand(motif, _DONNEES["morceaux"])) for name, motif in _DONNEES["motifs"].items()}
_JOINT = ("courriel", "telephone", "naissance")
_INTIME = (*_JOINT, "nom", "adresse", "numero")


@cache
def _known() -> Mapping[str, frozenset[str]]:
    """`personnes.toml`, folded, and the first names."""
    lists = {name: words for name, words in _DONNEES.items() if not isinstance(words, Mapping)}
    made = {name: words.split() if isinstance(words, str) else words for name, words in lists.items()}
    # Those that are words or places first are left out.
    made["prenoms"] = [name for name, when in first_names().items() if when != "annonce"]
    return {name: frozenset(map(fold, words)) for name, words in made.items()}


def is_nir(cell: str) -> bool:
    """Whether a cell holds a number with the shape of one of social security.

    >>> is_nir("1 85 05 78 006 084 36"), is_nir("1850578006084"), is_nir("838 310 126 00027")
    (True, True, False)
    """
    return _MOTIFS["nir"].search(cell) is not None


def mask_words(text: str, *, organisation: bool = False, people: bool = False) -> str:
    """Words of a log without names, numbers of social security, telephones nor e-mails; twice gives the same.

    Of an organisation, what follows a word with a capital is its own name; of `people`, a lone first name is one.

    >>> mask_words("Bourse au permis pour M. Dupont"), mask_words("Fête au collège Rosa PARKS")
    ('Bourse au permis pour [nom]', 'Fête au collège Rosa PARKS')
    """
    if len(text) < 4 or (text.isdigit() and len(text) < 10):
        return text
    if not organisation and len(text.split()) < 3 and _is_name(text):
        return NOM
    text = _MOTIFS["nir"].sub(NUMERO, text)
    if _MOTIFS["joindre"].search(text):
        text = _without(text, _JOINT)
    for _ in range(3):  # « M. M. M. Dupont »: what a name hides is looked at again
        text = _MOTIFS["nomme"].sub(lambda found: NOM if _is_named(found) else found[0], text)
    for order in ("nom_prenom", "prenom_nom", "crie"):
        text = _MOTIFS[order].sub(lambda found: NOM if _is_written_as_person(found) else found[0], text)
    text = _MOTIFS["pour"].sub(lambda found: found["avant"] + NOM if _is_announced(found) else found[0], text)
    alone = _MOTIFS["individuel"].search(text) is not None
    if not (alone or ":" in text or any(_is_said(word) for word in text.split())):
        return text
    shown = _without(text, _INTIME if alone else ("nom",), organisation=organisation, people=people)
    return shown if shown == text else mask_words(shown, organisation=organisation, people=people)


def mask_joined(text: str) -> str:
    """A reference, or the name of a file, whose words dashes and the like join.

    >>> mask_joined("2021_DUPONT-Jean"), mask_joined("CV44-2021-0147")
    ('2021 [nom]', 'CV44-2021-0147')
    """
    reached = _without(text, _JOINT) if "@" in text else text
    plain = re.sub(r"(?<=[^\W\d])[_\-]+|[_\-]+(?=[^\W\d])", " ", reached)
    named = _MOTIFS["suite"].sub(
        lambda found: NOM if _is_name(found[0]) and not _belongs(plain, *found.span(), 3) else found[0], plain
    )
    masked = mask_words(named, people=True)
    return reached if masked == plain else masked


def mask_carrier(name: str) -> str:
    """The name of an organisation without the person at whose home it is; `PARTICULIER` where it is itself a person.

    >>> [mask_carrier(name) for name in ("ASSO X CHEZ MME DUPONT", "DUPONT Jean", "Léo Lagrange", "M.J.C. Étoile")]
    ['ASSO X', 'particulier', 'Léo Lagrange', 'M.J.C. Étoile']
    """
    for _ in range(_CARRIERS):  # a masked name may leave the home of a person in sight
        at = _MOTIFS["chez"].search(name)
        if at and at.start() and _is_home(name, at):
            name = name[: at.start()].rstrip(" ,;(-–")
        first = re.split(r"\s*[,/+(]\s*|\s[-–]\s", name)[0]
        if is_person(" ".join(re.sub("[,()]", " ", name).split())) or (is_person(first) and not _is_thing(name)):
            return PARTICULIER
        if (shown := mask_words(name, organisation=True)) == name:
            break
        name = shown
    return name


def is_person(name: str) -> bool:
    """Whether a whole name is that of a person: a civility, « EI », or a first name beside a name that no organisation bears."""
    if found := _MOTIFS["nomme"].match(name):
        return _is_named(found)
    return _MOTIFS["entreprise"].search(name) is not None or _is_name(name)


def _is_name(text: str) -> bool:
    """Whether a whole text is initials and a name, or a first name beside a name that no organisation bears."""
    if _MOTIFS["initiales"].fullmatch(text):
        return True
    said = text.split() if not _MOTIFS["forme"].match(text) else text.split()[1:3]
    words = [word for word in said if fold(word) not in _known()["particules"]]
    if not 2 <= len(words) <= 3 or fold(said[0]) in _known()["articles"] or _is_thing(" ".join(words)):
        return False
    if not all(_MOTIFS["mot"].fullmatch(word) for word in words):
        return _MOTIFS["abrege"].fullmatch(text) is not None
    return (
        _is_first_name(words[-1])
        or any(fold(word) in _known()["patronymes"] for word in words)
        or (_is_first_name(words[0]) and (len(words) == 2 or words[-1].isupper() > words[0].isupper()))
    )


def mask_told(sentence: str) -> str:
    """A sentence of ours that quotes a raw cell."""
    return mask_words(_MOTIFS["loge"].sub(NOM, sentence))


def mask_cell(cell: str) -> str:
    """A raw cell as it may be shown: masked as voices are, and by the rules of logs; a lone SIRET or amount stays to be found."""
    digits = re.sub(r"[\s.,]", "", cell)
    if digits.isdecimal() and len(cell) < 19 and len(digits) in (*range(1, 10), 14) and not is_nir(cell):
        return cell
    shown = mask(mask_carrier(_MOTIFS["loge"].sub(NOM, cell[:BRUT_LU]))).texte
    return shown if len(shown) <= BRUT_MAX else f"{shown[:BRUT_MAX]}…"


def says_category(header: str) -> bool:
    """Whether a column's folded header is that of a legal category."""
    return header.removeprefix("code ").removeprefix("libelle ") in _known()["titres_categorie"]


def is_natural(category: str) -> bool:
    """Whether a cell of legal category says a natural person."""
    return fold(category).split(" - ")[0].removesuffix(".0") in _known()["personnes_physiques"]


def without_words(title: str, name: str) -> str:
    """A title without the words of the person's name who carries it.

    >>> without_words("Bourse au permis, Dupont jean", "M. DUPONT Jean")
    'Bourse au permis, [nom]'
    """
    words = [re.escape(word) for word in re.findall(r"[\w'’\-]{3,}", name) if fold(word) not in _known()["civilites"]]
    return re.sub(rf"(?i)\b(?:{'|'.join(words)})\b(?:\s+(?:{'|'.join(words)})\b)*", NOM, title) if words else title


def _is_first_name(word: str) -> bool:
    key = fold(word)
    return key in _known()["prenoms"] and key not in _known()["ambigus"] and len(key) > 2


def _is_thing(name: str) -> bool:
    """Whether a name holds a word of an organisation or place, or is one that they bear."""
    key = fold(name).replace("-", " ").split()
    return not _known()["organismes"].isdisjoint(key) or any(one.brut and one.motif.search(name) for one in patterns())


def _is_named(found: re.Match[str]) -> bool:
    """Whether a civility bears a name, and no function (« Madame la Maire ») nor measure (« 100 m. haies »).

    A lone « M » is often the letter of an acronym or of a place (« commune de M'Tsangamouji »).
    """
    before = found.string[max(0, found.start() - PRES) : found.start()].rstrip()
    acronym = fold(found["civil"]) == "m" and (len(found["mot"]) < 2 or _is_thing(" ".join(before.split()[-2:])))
    family = fold(found["civil"]) in _known()["parents"] and (
        _is_thing(found[0]) or not _known()["familles"].isdisjoint([fold(found["mot"]), *fold(before).split()[-1:]])
    )
    measure = found["civil"] in ("m", "m.") and before[-1:].isdigit()
    return not (measure or acronym or family or fold(found["mot"]) in _known()["fonctions"])


def _is_written_as_person(found: re.Match[str]) -> bool:
    """« DUPONT Jean » or « Jean DUPONT », unless a word of an organisation or place stands just before."""
    return (not found["prenom"] or _is_first_name(found["prenom"])) and not _belongs(found.string, *found.span(), 3)


def _is_announced(found: re.Match[str]) -> bool:
    """Whether the two words after « animateur : » are a first name and a name, or its initial, in any order."""
    name = found["nom"]
    return (name.endswith(".") or any(map(_is_first_name, name.split()))) and not _is_thing(name)


def _belongs(text: str, start: int, end: int, near: int) -> bool:
    """Whether a name holds a word of an organisation or place, or has one among the few words before it."""
    before = _MOTIFS["coupure"].split(text[max(0, start - PRES) : start])[-1].split()[-near:]
    return _is_thing(" ".join([*before, text[start:end]]))


def _is_home(name: str, chez: re.Match[str]) -> bool:
    """Whether « chez … » says a person: a civility, a first name, or one lone name after an association's."""
    who = re.split(r"\s[-–]\s|[,;(]|\s\d", chez["qui"])[0]
    words = who.split()
    bound = "c/o" in fold(chez[0]) or fold(name).startswith("asso")
    alone = bound and len(words) == 1 and fold(who) not in _known()["pronoms"]
    named = (found := _MOTIFS["nomme"].match(who)) is not None and _is_named(found)
    return named or (
        not _is_thing(who)
        and (alone or (len(words) > 1 and _is_first_name(words[0])) or is_person(" ".join(words[:2])))
    )


def _is_said(word: str) -> bool:
    """Whether a word is a first name, or an initial, in a text that is not all capitals (whole logs are written so)."""
    word = word.strip(",.;:()«»").removeprefix("d'").removeprefix("d’")
    return word[:1].isupper() and (len(word) == 1 or (not word.isupper() and _is_first_name(word)))


def _without(text: str, kinds: Container[str], *, organisation: bool = False, people: bool = False) -> str:
    """A text without marks of these kinds: a name of two words, one after a role, a first name after a word that leads to one."""
    for found in reversed(find_marks(text)):
        before, said = text[max(0, found.debut - PRES) : found.debut], text[found.debut : found.fin]
        words = said.split()
        told = any(map(_is_said, words)) and not (organisation and _MOTIFS["capitale"].search(before))
        led = len(words) > 1 or people or _MOTIFS["devant"].search(before) is not None
        named = (
            told and led and not said.isupper() and not _belongs(text, found.debut, found.fin, 9 if organisation else 2)
        )
        named |= found.genre != "nom" or (_MOTIFS["role"].search(before) is not None and not _is_thing(said))
        if found.genre in kinds and named and not before[-1:].isalnum():
            text = f"{text[: found.debut]}{MARKS[found.genre]}{text[found.fin :]}"
    return text
