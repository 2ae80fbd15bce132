"""The SQL that judges values inside a source agrees with the libraries that know the rules."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable

import phonenumbers
import pytest
from psycopg import sql
from psycopg.sql import SQL
from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.es import dni, nie
from stdnum.fr import nir
from stdnum.pl import pesel
from stdnum.us import ssn

from rehearse.engine.server import Server
from rehearse.sanitise.detectors import detectors

CHANCE = random.Random(7)  # noqa: S311 - test values are no secrets


def judged(server: Server, name: str, values: Iterable[str]) -> dict[str, bool]:
    """Return which of some values a detector finds something in."""
    (detector,) = (each for each in detectors() if each.name == name)
    with server.connect() as connection:
        asking = SQL("SELECT g.v, {} IS NOT NULL FROM pg_catalog.unnest({}::text[]) AS g (v)").format(
            detector.found(SQL('(g.v COLLATE pg_catalog."C")')), sql.Literal(sorted(set(values)))
        )
        return dict(connection.execute(asking).fetchall())


def digits(count: int) -> str:
    return "".join(CHANCE.choice(string.digits) for _ in range(count))


def ibans() -> Iterable[str]:
    for country, bban in (
        ("DE", "n" * 18), ("FR", "n" * 10 + "c" * 11 + "nn"), ("GB", "aaaa" + "n" * 14), ("NL", "aaaa" + "n" * 10),
        ("MT", "aaaa" + "n" * 5 + "c" * 18), ("NO", "n" * 11), ("XX", "n" * 18),
    ):  # fmt: skip
        for _ in range(300):
            pools = {"n": string.digits, "a": string.ascii_uppercase, "c": string.digits + string.ascii_uppercase}
            account = "".join(CHANCE.choice(pools[kind]) for kind in bban)
            right = iban.calc_check_digits(f"{country}00{account}")
            for check in (right, digits(2)):
                yield f"{country}{check}{account}"


def cards() -> Iterable[str]:
    for _ in range(3000):
        start = CHANCE.choice(["4" + digits(3), "51" + digits(2), "2221", "3782", "6011", "9" + digits(3)])
        body = start + digits(10 if start == "3782" else 11)
        yield body + CHANCE.choice([luhn.calc_check_digit(body), digits(1)])


def is_card(number: str) -> bool:
    return number[0] in "23456" and luhn.is_valid(number) and len(set(number)) > 1


@pytest.mark.parametrize(
    ("name", "values", "library"),
    [
        ("iban", ibans, lambda value: iban.is_valid(value, check_country=False)),
        ("card", cards, is_card),
        ("identity-us", lambda: (f"{digits(3)}-{digits(2)}-{digits(4)}" for _ in range(3000)), ssn.is_valid),
        ("identity-pl", lambda: (f"{digits(2)}{CHANCE.randint(1, 12):02}{CHANCE.randint(1, 28):02}{digits(5)}"
                                 for _ in range(3000)), pesel.is_valid),
        ("identity-br", lambda: (body + CHANCE.choice([cpf._calc_check_digits(body), digits(2)])
                                 for body in (digits(9) for _ in range(2000))), cpf.is_valid),
        ("identity-es", lambda: (f"{CHANCE.choice([*string.digits, *'XYZ'])}{digits(7)}{CHANCE.choice('TRWAGMYFPDX')}"
                                 for _ in range(3000)), lambda value: dni.is_valid(value) or nie.is_valid(value)),
        ("identity-fr", lambda: (body + CHANCE.choice([nir.calc_check_digits(body), digits(2)])
                                 for body in (f"{CHANCE.choice('12')}{digits(2)}0{CHANCE.randint(1, 9)}{digits(8)}"
                                              for _ in range(2000))), nir.is_valid),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_check_digits_are_judged_as_the_library_judges_them(
    server: Server, name: str, values: Callable[[], Iterable[str]], library: Callable[[str], bool]
):
    given = set(values())

    found = judged(server, name, given)

    assert {value for value in given if found[value] != library(value)} == set()
    assert 10 < sum(found.values()) < len(given)


def test_every_example_number_of_every_country_is_a_phone_number(server: Server):
    examples = [
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        for region in phonenumbers.SUPPORTED_REGIONS
        if (number := phonenumbers.example_number(region)) is not None
    ]

    found = judged(server, "phone", examples)

    assert [number for number, is_found in found.items() if not is_found] == []
    assert len(found) > 200


@pytest.mark.parametrize(
    ("name", "found", "silent"),
    [
        ("email", ["a@b.co", "to zoe@acme.io, please", '{"x@y.de": 1}', "zoë@müller.de"],
         ["a@example.com", "x@mail.example.org", "a@b.test", "a@b", "@handle", "git@host:path", "logo@2x"]),
        ("card", ["4111 1111 1111 1111", "pay 4111-1111-1111-1111 now"], ["4111 1111 1111 1112", "4444444444444444"]),
        ("iban", ["DE89 3704 0044 0532 0130 00", "to DE89370400440532013000, thanks"], ["DE88370400440532013000"]),
        ("secret", ["-----BEGIN PRIVATE KEY-----", "AKIAIOSFODNN7EXAMPLE", "postgres://u:pw1@h/d",
                    "$2b$12$" + "a" * 53, "ghp_" + "a1B2" * 9],
         ["3f786850e387550fdab836ed7e6dc881de23001b", "https://acme.com/x@y", "f47ac10b-58cc-4372-a567-0e02b2c3d479"]),
        ("phone", ["020 7946 0958", "(202) 456-1111", "0049 30 123456"],
         ["2026-11-25", "25.11.2026", "3.14159265", "123", "1.2.3", "4111 1111 1111 1111", "219-09-9998"]),
        ("device-ip", ["192.168.0.1", "10.0.0.0/8", "fe80::1", "08:00:2b:01:02:03"],
         ["1.2.3", "300.1.1.1", "12:30:45"]),
        ("url", ["https://acme.com/x", "www.acme.com"], ["acme", "see http"]),
        ("geo", ["48.13743, 11.57549", "POINT(11.57549 48.13743)"], ["1.5, 2.5", "48.13743"]),
        ("address", ["12 Main Street", "Hauptstrasse 5", "5 rue de la Paix"], ["Street", "version 12 released", "12"]),
        ("name", ["Anna Smith", "JOHN"], ["paid", "in progress", "anna_1"]),
        ("identity-gb", ["AB123456C"], ["GB123456C", "AB123456E"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_looks_like_it_is_found_and_what_does_not_stays_silent(
    server: Server, name: str, found: list[str], silent: list[str]
):
    answers = judged(server, name, [*found, *silent])

    assert {value for value, is_found in answers.items() if is_found} == set(found)
