"""SQL that people wrote, kept within the brackets it is put into."""

from __future__ import annotations

from rehearse.errors import RequestError

_NEVER_ALONE = frozenset("'\"$;")  # a quote that is not closed, or the end of a statement


class NotOnePiece(RequestError):
    """A text that is more, or less, than one expression or query."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(
            f"{what} cannot be used: {fault}.", "Write one condition, or one SELECT, and nothing after it."
        )


def one_piece(text: str, what: str) -> str:
    """Return the text if it stays within a pair of brackets put around it; raises NotOnePiece.

    >>> one_piece("status IN ('a)', 'b')", "--where")
    "status IN ('a)', 'b')"
    """
    from rehearse.watch.tokens import tokens  # noqa: PLC0415 - a plain count is quick, and does not wait for the watch

    depth = 0
    for token in tokens(text):
        if token.kind != "other":
            continue
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0:
            raise NotOnePiece(what, "it closes a bracket that it did not open")
        if token.text in _NEVER_ALONE:
            raise NotOnePiece(what, f"there is a {token.text} that ends it, or is never closed")
    if depth:
        raise NotOnePiece(what, "it opens a bracket that it does not close")
    return text
