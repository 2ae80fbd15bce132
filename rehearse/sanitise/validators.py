"""Find personal data and secrets in a text by what cannot be chance: check digits, lengths, prefixes.

For text of our own making only: what was masked, what a catalog says. Values of a source are judged inside the
source (sql/classify/). What a mask of ours has made may be found too: a masked card has a valid check digit. How
often chance passes: IBAN 1 in 97 (and the country's own length), card 1 in 10 (and its issuer's prefix and length),
phone number about 1 in 3 after a valid country code; e-mail addresses and secrets are known by their form alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_DOMAIN = re.compile(r"@((?:[\w-]{1,63}\.)+[^\W\d_]{2,24})(?![\w-])")
_LOCAL_PART = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+\Z")
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
# RFC 2606 and RFC 6761: nobody has an address there
_RESERVED = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|test|invalid|example|localhost)\Z", re.IGNORECASE)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?=(?:[ -]?[A-Z0-9]){11})(?:[ -]?[A-Z0-9]){11,30}")
_CARD = re.compile(r"(?<![\w.+-])[2-6](?:[ -]?[0-9]){12,18}(?![\w-]|\.[0-9])")
_ISSUER = re.compile(
    r"4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12,15}|35(?:2[89]|[3-8][0-9])[0-9]{12}"
    r"|62[0-9]{14,17}|(?:50|5[6-8]|6[0-9])[0-9]{14,17}"
)
_PHONE = re.compile(r"(?<![\w+])\+[1-9](?:[ ().\-/]{0,2}[0-9]){6,14}(?![0-9])")
_SOCIAL_SECURITY = re.compile(r"(?<![\w-])[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}(?![\w-])")
_SECRET_FORMS = (
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}",  # a signed JSON Web Token
    r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b",  # AWS
    r"\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_\w{22,255}\b|\bglpat-[\w-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",  # Slack
    r"\bAIza[\w-]{35}|\bya29\.[\w-]{20,}",  # Google
    r"\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}",  # Stripe
    r"\bSG\.[\w-]{16,}\.[\w-]{16,}",  # SendGrid
    r"\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}",  # bcrypt
    r"\$argon2(?:id|i|d)\$v?[^ \s]{20,}|\$pbkdf2[\w-]*\$[^ \s]{20,}|\bpbkdf2_sha\d+\$\d+\$[^ \s]{20,}",
    r"\$[156y]\$[./A-Za-z0-9$=,]{20,}|\{S?SHA\d*\}[A-Za-z0-9+/=]{20,}",  # crypt(3), LDAP
    r"\bSCRAM-SHA-256\$\d+:[^ \s]{20,}|\bscrypt:\d+:\d+:\d+\$[^ \s]{20,}",
    r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@']{0,64}:[^\s:/@']{1,128}@",  # a URL with a password
    r"(?i:\b(?:password|passwd|pwd)\s*=\s*)[^\s'\";,)(]{3,}",  # a connection string with one
)
_SECRETS = re.compile("|".join(_SECRET_FORMS))
# every secret has one of them, and most texts none, which is soon known
_SIGNS = (
    "-----BEGIN ", "eyJ", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox",
    "AIza", "ya29.", "_live_", "_test_", "SG.", "$", "{S", "://", "=",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing found, by kind and place; never the thing itself."""

    kind: str  # a meaning of the classification: "email", "iban", "card", "phone", "identity", "secret"
    start: int  # of the first character
    end: int  # behind the last


def find(text: str) -> Iterator[Found]:
    """Yield what a text holds that is validated, kind by kind; e-mail addresses of reserved domains count as masked.

    >>> [found.kind for found in find("zoe@acme.io, zoe@example.com, DE89 3704 0044 0532 0130 00, +44 20 7946 0018")]
    ['email', 'iban', 'phone']
    >>> list(find("DE88 3704 0044 0532 0130 00, 4111 1111 1111 1112, order 20261125-0001"))
    []
    """
    yield from _emails(text)
    yield from _ibans(text)
    yield from _cards(text)
    yield from _phones(text)
    yield from _identities(text)
    yield from _secrets(text)


def is_reserved(domain: str) -> bool:
    """Say whether a domain is one where nobody has an address.

    >>> [is_reserved(domain) for domain in ("example.com", "mail.example.org", "a.test", "acme.com", "myexample.com")]
    [True, True, True, False, False]
    """
    return _RESERVED.search(domain) is not None


def _emails(text: str) -> Iterator[Found]:
    for match in _DOMAIN.finditer(text):
        at = match.start()
        # looked for from its @ backwards: a long word without one costs nothing
        local = _LOCAL_PART.search(text[max(0, at - _LONGEST_LOCAL_PART) : at])
        if local is not None and not is_reserved(match[1]):
            yield Found(kind="email", start=at - len(local[0]), end=match.end())


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN_START.finditer(text):
        end = _end_of_iban(match[0])
        if end is not None:
            yield Found(kind="iban", start=match.start(), end=match.start() + end)


def _end_of_iban(candidate: str) -> int | None:
    """Return where a valid IBAN ends; capital letters and digits behind it may have been taken for more of it."""
    from stdnum import iban  # noqa: PLC0415 - reads its table of countries

    for end in range(len(candidate), 14, -1):
        compact = re.sub("[ -]", "", candidate[:end])
        if _remainder(compact) == 1 and not candidate[end : end + 1].isalnum() and iban.is_valid(compact):
            return end
    return None


def _remainder(compact: str) -> int:
    """Return the remainder of ISO 13616: 1 where the check digits are right."""
    return int("".join(str(int(character, 36)) for character in compact[4:] + compact[:4])) % 97


def _cards(text: str) -> Iterator[Found]:
    from stdnum import luhn  # noqa: PLC0415 - with its neighbours

    for match in _CARD.finditer(text):
        compact = re.sub("[ -]", "", match[0])
        if _ISSUER.fullmatch(compact) and len(set(compact)) > 1 and luhn.is_valid(compact):
            yield Found(kind="card", start=match.start(), end=match.end())


def _phones(text: str) -> Iterator[Found]:
    if "+" not in text:
        return
    import phonenumbers  # noqa: PLC0415 - heavy: the numbering plans of all countries

    for match in _PHONE.finditer(text):
        try:
            number = phonenumbers.parse(match[0], None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            yield Found(kind="phone", start=match.start(), end=match.end())


def _identities(text: str) -> Iterator[Found]:
    from stdnum.us import ssn  # noqa: PLC0415 - with its neighbours

    for match in _SOCIAL_SECURITY.finditer(text):
        if ssn.is_valid(re.sub("[- ]", "", match[0])):
            yield Found(kind="identity", start=match.start(), end=match.end())


def _secrets(text: str) -> Iterator[Found]:
    if not any(sign in text for sign in _SIGNS):
        return
    for match in _SECRETS.finditer(text):
        yield Found(kind="secret", start=match.start(), end=match.end())
