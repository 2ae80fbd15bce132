"""Words: one command of a text, read from the left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rehearse.watch.tokens import Token

_OFF = ("OFF", "FALSE", "0")


class Words:
    """The tokens of one command, consumed from the left."""

    def __init__(self, said: Iterable[Token]) -> None:
        self._tokens = list(said)

    def take(self, *words: str) -> bool:
        """Consume these key words if they come next, in this order."""
        if tuple(token.word for token in self._tokens[: len(words)]) != words:
            return False
        del self._tokens[: len(words)]
        return True

    def options(self) -> set[str]:
        """Consume a parenthesised list of options; return the names of those switched on."""
        if not self._tokens or self._tokens[0].text != "(":
            return set()
        inside: list[Token] = []
        while self._tokens and self._tokens[0].text != ")":
            inside.append(self._tokens.pop(0))
        del self._tokens[:1]
        words = [token.word or token.text for token in inside[1:]]
        return {word for word, follower in zip(words, [*words[1:], ","], strict=True) if follower not in _OFF}

    def name(self) -> tuple[str | None, str] | None:
        """Consume a possibly qualified name; return schema and name."""
        names = self.path()
        if not names:
            return None
        return (names[-2] if len(names) > 1 else None, names[-1])

    def path(self) -> tuple[str, ...]:
        """Consume names with dots between them."""
        if not self._tokens or (first := self._tokens[0].name) is None:
            return ()
        del self._tokens[0]
        names = [first]
        while len(self._tokens) > 1 and self._tokens[0].text == "." and self._tokens[1].name is not None:
            names.append(str(self._tokens[1].name))
            del self._tokens[:2]
        return tuple(names)

    def names(self) -> Iterator[tuple[str | None, str, bool]]:
        """Consume a list of tables; yield schema, name and whether ONLY was said."""
        while True:
            only = self.take("ONLY")
            bracket = self.symbol("(")
            found = self.name()
            if found is None:
                return
            yield (*found, only)
            if bracket:
                self.symbol(")")
            self.symbol("*")
            if not self.symbol(","):
                return

    def symbol(self, text: str) -> bool:
        """Consume this symbol if it comes next."""
        if not self._tokens or self._tokens[0].text != text:
            return False
        del self._tokens[0]
        return True

    def skip(self) -> None:
        """Consume whatever comes next."""
        del self._tokens[0]

    def has(self, word: str) -> bool:
        """Say whether a key word is still to come."""
        return any(token.word == word for token in self._tokens)

    def split(self) -> list[Words]:
        """Take apart what is left, at the commas outside of brackets."""
        found: list[list[Token]] = [[]]
        depth = 0
        for token in self._tokens:
            depth += (token.text == "(") - (token.text == ")")
            if token.text == "," and depth == 0:
                found.append([])
            else:
                found[-1].append(token)
        return [Words(said) for said in found]

    def rest(self) -> tuple[str, ...]:
        """Return the key words still to come; the empty string for anything else."""
        return tuple(token.word for token in self._tokens)
