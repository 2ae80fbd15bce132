"""What PostgreSQL and its programs say, without the values of rows: names of objects stay, values go.

Messages quote values after a colon, after a word that says what they are, or in DETAIL, CONTEXT and LINE; names of
objects stand in double quotes after their kind (manual, 56.3, Error Message Style Guide). A message of PostgreSQL's
own that is about values has one of few shapes; what has none of them, because it is in another language or a
function raised it, is replaced by the name of its condition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

MARK = "..."
_ABOUT_VALUES = ("22", "23", "P0", "XX", "38", "39", "2F")  # classes of SQLSTATE (manual, Appendix A)
_RAISED = "P0"  # by a function: any words at all
_LABEL = r"(?:ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|LOG|DETAIL|HINT|CONTEXT|QUERY|STATEMENT|LOCATION|LINE \d+)"
_LABELLED = re.compile(rf"^(?P<before>.*?\b)?(?P<label>{_LABEL}):(?P<blanks>\s*)")
_NEW_LINE = re.compile(rf"^(?:\w[\w./-]*: |\[|\S*\b{_LABEL}:|COMMAND|Command|Traceback)")
_WHOLLY = re.compile(r"DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+")
_SAID_BY_SERVER = re.compile(r"\b(?:ERROR|FATAL|PANIC|WARNING|NOTICE|HINT): ")
_MOST_LINES = 200  # of one detail

_KEY = re.compile(r"(\([^()]*\)\s?=\s?)\((?:[^()]|\([^()]*\))*\)")
_ROW = re.compile(r"\b([Rr]ow contains )\(.*\)")
_AFTER_COLON = re.compile(r"(?<=: )\"(?:.*)\"")
_NAMED = re.compile(
    r"\b((?:value|token|string|symbol|character|digit|element|key|label|literal|path|abbreviation|time zone) )"
    r"\"[^\"\n]*\""
)
_SUBJECT = re.compile(r"\"[^\"\n]*\"(?= is (?:out of range for|not a|not an|not valid)\b)")
_LITERAL = re.compile(r"(?<!\w)'(?:[^']|'')*'(?!\w)")
_ANY_LITERAL = re.compile(r"'(?:[^']|'')*'")
_PASSWORD = re.compile(r"(\bpassword\s+)'(?:[^']|'')*'", re.IGNORECASE)  # of a role, or of a user mapping
_NAMED_PASSWORD = re.compile(r"(\b(?:ssl)?password\s*=\s*)(?:''(?:[^'])*''|[^\s'&]+)", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(\w://[^\s:/@']*):[^\s@/']+@")
_OPEN_LITERAL = re.compile(r"\"'[^\"\n]*\"")  # "unterminated quoted string at or near"
_BYTES = re.compile(r"\b0x[0-9a-fA-F]{2}(?: 0x[0-9a-fA-F]{2})*")
_ADDRESS = re.compile(r"[^\s\"'(<,;]+@[\w-]+(?:\.[\w-]+)+")
_LONG_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d.]{5,}(?![\w])")
_NUMBER = re.compile(r"(?<!\w)[-+]?\d[\d.,:/-]*")
_ANY_QUOTED = re.compile(r"\"[^\"\n]*\"|«[^»\n]*»|„[^“”\n]*[“”]|“[^”\n]*”")

# The messages of the classes above that say nothing but names, once their values are gone: "#" stands for a name,
# % for words of PostgreSQL's own.
_SHAPES = """
invalid input syntax for type %
invalid input syntax for type %: "..."
invalid input value for enum %: "..."
value "..." is out of range for type %
value ... is out of range for type %
"..." is out of range for type %
value too long for type %
bit string too long for type %
bit string length % does not match type %
smallint out of range
integer out of range
bigint out of range
date out of range: "..."
date out of range for timestamp
timestamp out of range
timestamp out of range: "..."
interval out of range
interval field value out of range: "..."
date/time field value out of range: "..."
date/time field value out of range: %
value out of range: overflow
value out of range: underflow
numeric field overflow
value overflows numeric format
malformed array literal: "..."
malformed record literal: "..."
malformed range literal: "..."
malformed multirange literal: "..."
invalid byte sequence for encoding "#": 0x...
character with byte sequence 0x... in encoding "#" has no equivalent in encoding "#"
null character not permitted
unsupported Unicode escape sequence
division by zero
cannot cast jsonb % to type %
cannot take square root of a negative number
cannot take logarithm of zero
cannot take logarithm of a negative number
a negative number raised to a non-integer power yields a complex result
zero raised to a negative power is undefined
invalid hexadecimal digit: "..."
invalid hexadecimal data: odd number of digits
invalid symbol "..." found while decoding % sequence
invalid base64 end sequence
invalid value "..." for "#"
invalid regular expression: %
invalid parameter value
time zone "..." not recognized
time zone displacement out of range: "..."
range lower bound must be less than or equal to range upper bound
extra data after last expected column
missing data for column "#"
null value in column "#" of relation "#" violates not-null constraint
column "#" of relation "#" contains null values
duplicate key value violates unique constraint "#"
could not create unique index "#"
could not create exclusion constraint "#"
conflicting key value violates exclusion constraint "#"
insert or update on table "#" violates foreign key constraint "#"
update or delete on table "#" violates foreign key constraint "#" on table "#"
update or delete on table "#" violates RESTRICT setting of foreign key constraint "#" on table "#"
new row for relation "#" violates check constraint "#"
new row for relation "#" violates partition constraint
no partition of relation "#" found for row
check constraint "#" of relation "#" is violated by some row
partition constraint of relation "#" is violated by some row
updated partition constraint for default partition "#" would be violated by some row
value for domain % violates check constraint "#"
domain % does not allow null values
column "#" of table "#" contains values that violate the new constraint
"""
_WORDS = r"(?:[A-Za-z][\w .\[\](),]*|\d+)"
_ANY_SHAPE = re.compile(
    "|".join(re.escape(line).replace('"\\#"', '"[^"]*"').replace("%", _WORDS) for line in _SHAPES.strip().splitlines())
)


def without_values(text: str, mark: str = MARK) -> str:
    r"""Return what a server or one of its programs printed, line by line, without the values of rows.

    >>> without_values('duplicate key value violates unique constraint "u"\nDETAIL:  Key (a)=(x) already exists.')
    'duplicate key value violates unique constraint "u"\nDETAIL:  ...'
    >>> without_values('invalid input syntax for type integer: "abc"')
    'invalid input syntax for type integer: "..."'
    """
    return "\n".join(_lines(text.split("\n"), mark, _line))


def of_output(text: str, mark: str = MARK) -> str:
    r"""Return what a program printed that talks about more than a server: numbers and addresses go from errors only.

    >>> of_output("upgrade 20260101 done\nERROR:  value 20260101 is out of range")
    'upgrade 20260101 done\nERROR:  value ... is out of range'
    """
    return "\n".join(_lines(text.split("\n"), mark, _line_of_output))


def _lines(lines: list[str], mark: str, plain: Callable[[str, str], str]) -> Iterator[str]:
    hidden = 0  # lines of a detail that may go on
    for line in lines:
        labelled = _LABELLED.match(line)
        if labelled and _WHOLLY.fullmatch(labelled["label"]):
            yield f"{labelled['before'] or ''}{labelled['label']}:{labelled['blanks']}{mark}"
            hidden = _MOST_LINES if _goes_on(labelled["label"], line) else 0
        elif hidden and not labelled and not _NEW_LINE.match(line):
            hidden = 0 if line.rstrip().endswith((".", '"')) else hidden - 1
        else:
            hidden = 0
            yield plain(line, mark)


def _goes_on(label: str, line: str) -> bool:
    """Say whether a detail is not at its end: values hold line breaks, too."""
    end = line.rstrip()
    if label == "DETAIL":
        return not end.endswith(".")
    return label in ("CONTEXT", "QUERY", "STATEMENT") and line.count('"') % 2 == 1


def _line_of_output(line: str, mark: str) -> str:
    return _line(line, mark) if _SAID_BY_SERVER.search(line) else _quoted(line, mark)


def _quoted(line: str, mark: str) -> str:
    line = _ROW.sub(rf"\1({mark})", _KEY.sub(rf"\1({mark})", line))
    line = _SUBJECT.sub(f'"{mark}"', _AFTER_COLON.sub(f'"{mark}"', line))
    return _NAMED.sub(rf'\1"{mark}"', line)


def _line(line: str, mark: str) -> str:
    line = _quoted(line, mark)
    line = _OPEN_LITERAL.sub(f'"{mark}"', _LITERAL.sub(f"'{mark}'", line))
    return _LONG_NUMBER.sub(mark, _ADDRESS.sub(mark, _BYTES.sub(f"0x{mark}", line)))


def message(primary: str, sqlstate: str, condition: str) -> str:
    """Return a primary message as it may be shown; its condition's name where only that is sure to hold no value.

    >>> message("division by zero", "22012", "division by zero")
    'division by zero'
    >>> message("ungültige Eingabesyntax für Typ integer: »abc«", "22P02", "invalid text representation")
    'invalid text representation (SQLSTATE 22P02)'
    """
    plain = without_values(primary.partition("\n")[0])
    if not sqlstate.startswith(_ABOUT_VALUES):
        return plain
    if not sqlstate.startswith(_RAISED) and _ANY_SHAPE.fullmatch(plain):
        return plain
    return f"{condition} (SQLSTATE {sqlstate})"


def without_passwords(sql: str) -> str:
    """Return a statement without the passwords of roles, user mappings, connection strings and URLs it quotes.

    >>> without_passwords("SELECT dblink_connect('host=db password=hush'); ALTER ROLE app PASSWORD 'hush'")
    "SELECT dblink_connect('host=db password=...'); ALTER ROLE app PASSWORD '...'"
    >>> without_passwords("UPDATE t SET hash = md5(password) WHERE password=lower(mail)")
    'UPDATE t SET hash = md5(password) WHERE password=lower(mail)'
    """

    def inside(literal: re.Match[str]) -> str:
        return _URL_PASSWORD.sub(rf"\1:{MARK}@", _NAMED_PASSWORD.sub(rf"\1{MARK}", literal[0]))

    return _ANY_LITERAL.sub(inside, _PASSWORD.sub(rf"\1'{MARK}'", sql))


def statement(sql: str) -> str:
    """Return a statement without the texts it quotes; their names are names, and its numbers are the project's.

    >>> statement("UPDATE t SET mail = E'me@x.org' WHERE id = 7")
    "UPDATE t SET mail = E'...' WHERE id = 7"
    """
    return _ANY_LITERAL.sub(f"'{MARK}'", sql)


def raised(text: str) -> str:
    """Return what a function of a project's own raised, without quoted texts, addresses and numbers.

    Good for a stage only, where every text is masked or an established code: the words are those of the project.

    >>> raised('order 4711 of "Jane" is unpaid since 2026-01-01')
    'order ... of "..." is unpaid since ...'
    """
    plain = _ANY_QUOTED.sub(f'"{MARK}"', _LITERAL.sub(f"'{MARK}'", text.partition("\n")[0]))
    return _NUMBER.sub(MARK, _ADDRESS.sub(MARK, _KEY.sub(rf"\1({MARK})", plain)))
