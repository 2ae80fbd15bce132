"""What validators find in a text is there, and where they say; the rest is none of their business."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import iban, luhn

from rehearse.sanitise import validators
from rehearse.sanitise.validators import find

BCRYPT = "$2b$12$" + "EXRkfkdmXn2gzds2SSitu.MW9.gAVqa9eLS1//RYtYCmB1eLHg.9q"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"


def found(text: str) -> list[tuple[str, str]]:
    return [(each.kind, text[each.start : each.end]) for each in find(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("write to zoë.o'hara+x@mail.acme-corp.io!", "email", "zoë.o'hara+x@mail.acme-corp.io"),
        ('{"a@b.example.net": 1, "to": "x@y.co"}', "email", "x@y.co"),
        ("pay DE89 3704 0044 0532 0130 00 AND GO", "iban", "DE89 3704 0044 0532 0130 00"),
        ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
        ("card 4111-1111-1111-1111.", "card", "4111-1111-1111-1111"),
        ("378282246310005", "card", "378282246310005"),
        ("call +1 (202) 456-1111 now", "phone", "+1 (202) 456-1111"),
        ("ssn 219-09-9998", "identity", "219-09-9998"),
        (f"Bearer {JWT}", "secret", JWT),
        (f"'{BCRYPT}'", "secret", BCRYPT),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "secret", "-----BEGIN RSA PRIVATE KEY-----"),
        ("key AKIAIOSFODNN7EXAMPLE", "secret", "AKIAIOSFODNN7EXAMPLE"),
        ("ghp_" + "a1B2" * 9, "secret", "ghp_" + "a1B2" * 9),
        ("postgres://app:hunter22@db/x", "secret", "postgres://app:hunter22@"),
        ("host=db password=hunter22 user=x", "secret", "password=hunter22"),
    ],
)
def test_what_is_validated_is_found_where_it_stands(text: str, kind: str, value: str):
    assert (kind, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "zoe@example.com bob@mail.example.org c@d.test e@f.invalid g@h.example",
        "user@localhost, @handle, git@host:path, a@b, logo@2x",
        "DE88370400440532013000",  # wrong check digits
        "XX89370400440532013000",  # no such country
        "4111111111111112",  # wrong check digit
        "7992739871300002",  # no such issuer
        "4444 4444 4444 4444",
        "order 2026-11-25 10:15:00.123456, 3.14159265358979",
        "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
        "+999 123 456 789",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "https://acme.com/a:b@c is no login, password = '' is none either",
        "3f786850e387550fdab836ed7e6dc881de23001b",
    ],
)
def test_what_only_looks_like_it_is_not(text: str):
    assert found(text) == []


@given(st.sampled_from(["DE", "FR", "NL", "GB", "IT"]), st.text("0123456789", min_size=22, max_size=22))
@settings(deadline=None, max_examples=300)
def test_an_iban_is_found_exactly_where_the_library_finds_it_valid(country: str, digits: str):
    for length in (18, 22, 24, 27):
        text = country + digits[: length - 2]

        assert (("iban", text) in found(text)) == iban.is_valid(text)


@given(st.text("0123456789", min_size=15, max_size=15))
@settings(deadline=None, max_examples=300)
def test_of_ten_numbers_that_differ_in_the_check_digit_one_is_a_card(digits: str):
    numbers = ["4" + digits[1:] + str(last) for last in range(10)]

    cards = [number for number in numbers if ("card", number) in found(number)]

    assert cards == [number for number in numbers if luhn.is_valid(number) and len(set(number)) > 1]


def test_long_texts_take_time_in_proportion_to_their_length():
    for text in ("a" * 400_000, "+1 " * 130_000, "4-" * 200_000, "DE89" * 100_000, "@a." * 130_000, "a@" * 200_000):
        started = time.perf_counter()
        list(find(text))

        assert time.perf_counter() - started < 5, text[:4]


@pytest.mark.parametrize("form", validators._SECRET_FORMS)
def test_every_form_of_a_secret_is_found_by_its_signs(form: str):
    @given(st.from_regex(form))
    @settings(deadline=None, max_examples=100)
    def is_found(text: str) -> None:
        assert "secret" in [kind for kind, _ in found(text)]

    is_found()
