"""Text in GitHub- and GitLab-flavoured Markdown: whatever a name holds, it is shown and does nothing."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # what turns the direction of text
_SIGNS = re.compile(r"[\\`*_\[\]|~$]")
_BAR = re.compile(r"(?<!\\)\|")
_ESCAPED = r"\\\g<0>"
_CALLS = re.compile(r"@(?=[\w-])|[#!&](?=\d)")  # would notify people, or link to an issue
_LINK = re.compile(r"\b(https?|ftp)(?=://)|\b(www)(?=\.)", re.IGNORECASE)
_NOTHING = "&#8203;"  # a blank of no width


def escaped(text: str) -> str:
    r"""Return text on one line that Markdown, HTML and the forge leave as it is.

    >>> escaped("a|b_c <d> @anna\n#12")
    'a\\|b\\_c &lt;d&gt; @&#8203;anna #&#8203;12'
    """
    return _quiet(_SIGNS.sub(_ESCAPED, html.escape(shown(text), quote=False)))


def raw(text: str) -> str:
    """Return text for the inside of an HTML element, where Markdown does not reach.

    >>> raw("<d> @anna")
    '&lt;d&gt; @&#8203;anna'
    """
    return _quiet(html.escape(shown(text)))


def code(text: str) -> str:
    """Return text as code; no forge looks for people or issues there.

    >>> code("a"), code("a`b"), code("`")
    ('`a`', '``a`b``', '`` ` ``')
    """
    line = shown(text) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    apart = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{apart}{line}{apart}{fence}"


def row(cells: Iterable[str]) -> str:
    r"""Return a line of a table; cells are Markdown already, and the bars in their code are escaped here.

    >>> row(["`a|b`", "c"])
    '| `a\\|b` | c |'
    """
    return f"| {' | '.join(_BAR.sub(_ESCAPED, cell) for cell in cells)} |"


def _quiet(text: str) -> str:
    return _LINK.sub(rf"\g<0>{_NOTHING}", _CALLS.sub(rf"\g<0>{_NOTHING}", text))


def shown(text: str) -> str:
    """Return text on one line in which nothing hides: what cannot be seen is written out."""
    line = " ".join(text.split())
    return "".join(repr(sign)[1:-1] if not sign.isprintable() or sign in _BIDI else sign for sign in line)
