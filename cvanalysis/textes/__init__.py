"""Every sentence that a person reads on a page, one TOML file a page. Owns how a text is found; refuses to know what it means.

`[nom] variantes = […]` are the sentences of a claim: templates that `display.phrases` writes; `courts`, its title where they are too long.
All others are labels (questions, titles of columns and axes, notes), in which `{nom}` stands for a value. A text that is not there, or a
value that it lacks, raises `KeyError`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

PHRASES = "variantes", "courts"


@cache
def pages() -> Mapping[str, Mapping[str, Any]]:
    """File → what it holds."""
    found = sorted(
        (item for item in files(__package__).iterdir() if item.name.endswith(".toml")), key=lambda item: item.name
    )
    return MappingProxyType({item.name[:-5]: tomllib.loads(item.read_text(encoding="utf-8")) for item in found})


_replaced: list[tuple[dict[str, Any], str, Any]] = []
_in_use: list[Mapping[str, Any]] = []


def use(words: Mapping[str, Any]) -> None:
    """Put a territory's texts (by path) in place of the package's, and the package's back in place of another territory's.

    They change where they stand: whoever holds a block has them. Asked again for the same territory, nothing is done: whatever is shown
    of one of two that are open may ask.
    """
    if _in_use and _in_use[0] is words:
        return
    _in_use[:] = [words]
    while _replaced:
        holder, key, ours = _replaced.pop()
        holder[key] = ours
    for path, text in words.items():
        way, _, key = path.rpartition(".")
        holder = block(way)
        _replaced.append((holder, key, holder[key]))
        holder[key] = text


def label(key: str, /, **values: object) -> str:
    """A label by its path (`recit.jalons.question`), with its values in place."""
    return block(key).format_map(values)


def labels(key: str, /, **values: object) -> tuple[str, ...]:
    """A list of labels: the titles of a table's columns, the cautions of a finding."""
    return tuple(text.format_map(values) for text in block(key))


def block(key: str) -> Any:
    """What stands at a path, as it is written: a label, a list of them, or the block of a finding."""
    found: Any = pages()
    for part in key.split("."):
        found = found[part]
    return found


def variants(entry: Mapping[str, Any]) -> Iterator[str]:
    """The templates of all the sentences of claims under an entry."""
    for key, part in entry.items():
        if key in PHRASES:
            yield from part
        elif isinstance(part, Mapping):
            yield from variants(part)


def fill_in(modele: str, /, **values: object) -> str:
    """A text of several lines for a terminal, from its jinja model."""
    from jinja2 import Template  # here: most of what reads a label writes no such text

    return Template(modele, trim_blocks=True, lstrip_blocks=True).render(**values) + "\n"
