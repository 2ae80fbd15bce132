"""The table of contents of a dump."""

from __future__ import annotations

from rehearse.stages import toc
from rehearse.stages.toc import Entry

LISTING = """;
; Archive created at 2026-11-24 13:02:47 UTC
;     Dumped by pg_dump version: 18.6
;
2; 3079 16387 EXTENSION - postgis 
2700; 0 0 COMMENT - EXTENSION postgis 
;	depends on: 2
221; 1259 16492 TABLE public places app
;	depends on: 2 2 7
223; 1259 16507 TABLE public we ird.T"x; 5 app
2535; 2606 16500 CONSTRAINT public places places_pkey app
;	depends on: 221
2539; 2606 16512 FK CONSTRAINT public visits visits_place_fkey app
;	depends on: 221 2535 223
"""  # noqa: W291 - pg_restore leaves a space where an owner is missing


def test_every_entry_is_read_with_what_it_needs():
    entries = toc.parse(LISTING)

    assert [(entry.id, entry.label, sorted(entry.needs)) for entry in entries] == [
        (2, "EXTENSION - postgis", []),
        (2700, "COMMENT - EXTENSION postgis", [2]),
        (221, "TABLE public places app", [2, 7]),
        (223, 'TABLE public we ird.T"x; 5 app', []),
        (2535, "CONSTRAINT public places places_pkey app", [221]),
        (2539, "FK CONSTRAINT public visits visits_place_fkey app", [221, 223, 2535]),
    ]


def test_dependants_are_found_at_any_distance_and_nothing_else():
    entries = toc.parse(LISTING)

    found = toc.with_dependants(entries, [entries[0]])

    assert found == {2, 2700, 221, 2535, 2539}


def test_a_kind_is_not_taken_for_a_longer_one():
    entry = Entry(id=1, label="TABLE DATA public orders app")

    assert entry.is_a("TABLE DATA")
    assert not Entry(id=1, label="CONSTRAINT public orders k app").is_a("FK CONSTRAINT")
