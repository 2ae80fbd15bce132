"""Settings as people write them: `NAME=VALUE`, and fragments of a postgresql.conf."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from rehearse.errors import RequestError
from rehearse.model.setting import WantedSetting

_WORD = r"[A-Za-z_\x80-\U0010ffff][A-Za-z_0-9\x80-\U0010ffff]*"
_NAME = rf"{_WORD}(?:\.{_WORD})?"
# The tokens of PostgreSQL's own reader (src/backend/utils/misc/guc-file.l; manual 20.1.2).
_LINE = re.compile(
    rf"""[ \t\r]*
    (?: (?P<name>{_NAME}) (?: [ \t\r]*=[ \t\r]* | [ \t\r]+ | (?=') )
        (?P<value> '(?:[^'\\\n]|\\.|'')*'
                 | [-+]?(?:0x[0-9A-Fa-f]+|[0-9]+)[A-Za-z]*
                 | [-+]?[0-9]*\.[0-9]*(?:[Ee][-+]?[0-9]+)?
                 | (?!{_WORD}\.{_WORD}[ \t\r]*(?:\#|\Z)) [A-Za-z_\x80-\U0010ffff][-._:/A-Za-z_0-9\x80-\U0010ffff]*)
    )? [ \t\r]* (?:\#.*)?""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\([0-7]{1,3})|\\(.)|''")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_INCLUDES = frozenset({"include", "include_if_exists", "include_dir"})


class FragmentUnreadable(RequestError):
    """A file of settings is not there, or not to be read."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"The settings in {path} cannot be read: {why}.", "Check the path given with --settings.")


class FragmentMistaken(RequestError):
    """A line that PostgreSQL would not read."""

    def __init__(self, path: Path, line: int, what: str, hint: str) -> None:
        super().__init__(f"{path}, line {line}: {what}", hint)


class NotASetting(RequestError):
    """A --set that names no setting or gives it no value."""

    def __init__(self, said: str) -> None:
        super().__init__(f'--set "{said}" is not NAME=VALUE.', "Write it as --set maintenance_work_mem=1GB.")


def wanted(file: Path | None, given: Iterable[str]) -> tuple[WantedSetting, ...]:
    """Return the settings of a fragment and of --set flags, each once: later ones win, flags over the file.

    Raises FragmentUnreadable, FragmentMistaken and NotASetting; no message holds a value.
    """
    written = (*(_read(file) if file is not None else ()), *(_flag(text) for text in given))
    last = {setting.name.lower(): setting for setting in written}
    return tuple(last.values())


def parse(text: str, path: Path) -> Iterator[WantedSetting]:
    r"""Yield the settings of a fragment as they stand; raises FragmentMistaken.

    >>> [(each.name, each.value) for each in parse("work_mem 8MB # more\n\nTimeZone='it''s\\041'", Path("x.conf"))]
    [('work_mem', '8MB'), ('TimeZone', "it's!")]
    """
    for number, line in enumerate(text.split("\n"), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            hint = "Write name = value, and quote a value of more than one word: name = 'a, b'."
            raise FragmentMistaken(path, number, "this is not a setting as postgresql.conf holds them.", hint)
        if match["name"] is None:
            continue
        if match["name"].lower() in _INCLUDES:
            what = f"{match['name']} is not followed."
            raise FragmentMistaken(path, number, what, "Put the settings themselves into the file.")
        yield WantedSetting(name=match["name"], value=_plain(match["value"]), origin=f"{path.name}:{number}")


def _read(path: Path) -> tuple[WantedSetting, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FragmentUnreadable(path, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise FragmentUnreadable(path, "it is not UTF-8 text") from None
    return tuple(parse(text, path))


def _flag(text: str) -> WantedSetting:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(_NAME, name.strip()):
        raise NotASetting(f"{name}=..." if equals else name)
    return WantedSetting(name=name.strip(), value=value.strip(), origin="--set")


def _plain(value: str) -> str:
    """Return a value without its quotes and escapes."""
    return _ESCAPE.sub(_unescaped, value[1:-1]) if value.startswith("'") else value


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 8))
    return _ESCAPED.get(match[2], match[2]) if match[2] else "'"
