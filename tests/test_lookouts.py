"""What is looked for is seen in every block, whoever looks; a lookout that ends too soon proves nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearse.sanitise.lookout import PIECES, Block, Layout, Lookout, Seen
from rehearse.sanitise.units import BETWEEN_WORDS, BLANKS, ESCAPED, WITHIN_WORDS, Fingerprints, units
from rehearse.snapshot import lookouts
from rehearse.snapshot.blocks import blocks
from rehearse.snapshot.errors import SearchFailed
from rehearse.snapshot.lookouts import Looking, looking

SECRET = b"secret|"
LEAKED = b"zoe.quimper@corp.com"
LAYOUT = Layout(file="1.copy", width=3, searched=frozenset({1, PIECES}), doubted=frozenset({2}))
VALUES = st.lists(st.text("aAb0189é .@-,'\\n\v", max_size=30).map(str.encode), max_size=5)


def key(unit: bytes) -> bytes:
    return Fingerprints(SECRET).of([unit])[0]


def lookout() -> Lookout:
    return Lookout(SECRET, frozenset({key(b"zoequimpercorpcom"), key(b"quimper")}))


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looking]:
    monkeypatch.setattr(lookouts, "_WORTH_IT", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    with looking(lookout(), 1) as several:
        yield several


def given_blocks() -> list[Block]:
    return [
        (b"1\tmasked value\tpaid\n2\t" + LEAKED + b"\tsent\n", b""),
        (b"3\tmasked value\tann@acme.io\n", b"a piece with Quimper\n"),
        (b"", b"a piece that ends nowhere"),
        (b"4\tharmless\t" + LEAKED + b"\n", b""),
        (b"5\tharmless\t\\N\n", b""),
    ]


def told(seen: Iterator[Seen]) -> list[tuple[dict[int, list[bytes]], dict[int, dict[str, int]]]]:
    """Return what differs from nothing, by the number of a column."""
    return [
        (
            {number: sorted(keys) for number, keys in each.canaries.items() if keys},
            {number: dict(found.kinds) for number, found in each.personal.items() if found.kinds},
        )
        for each in seen
    ]


EXPECTED = [
    ({1: sorted([key(b"zoequimpercorpcom"), key(b"quimper")])}, {}),
    ({PIECES: [key(b"quimper")]}, {2: {"email": 1}}),
    ({}, {}),
    ({}, {2: {"email": 1}}),
    ({}, {}),
]


def test_a_lookout_tells_canaries_and_personal_data_by_column():
    assert told(lookout().look(LAYOUT, given_blocks())) == EXPECTED


def test_processes_tell_the_same_in_the_same_order(processes: Looking):
    assert told(processes.look(LAYOUT, given_blocks())) == EXPECTED


def test_values_that_the_block_before_had_are_counted_once_in_each_file():
    rows = b"1\tordinary\t\n"
    one = lookout()

    first, second, third = one.look(LAYOUT, [(rows, b""), (rows, b""), (rows + b"1\tordinarily\t\n", b"")])
    (other,) = one.look(Layout(file="2.copy", width=3, searched=frozenset({1})), [(rows, b"")])

    assert first.units == other.units == {(1, (8, 8)): 1}
    assert second.units == {}
    assert third.units == {(1, (10, 10)): 1}


def test_a_process_that_cannot_start_fails_the_search(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lookouts, "_WORTH_IT", 0)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.executable", "/bin/false")

    with pytest.raises(SearchFailed, match="ended with status 1"), looking(lookout(), 1) as several:
        list(several.look(LAYOUT, given_blocks()))


def test_a_process_that_cannot_be_started_fails_the_search(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(SearchFailed, match="could not be started"), looking(lookout(), lookouts._WORTH_IT):
        pass


def test_a_process_that_ends_too_soon_fails_the_search(processes: Looking):
    with pytest.raises(SearchFailed, match="ended with status 1"):
        list(processes.look(LAYOUT, [*given_blocks(), (b"two\tfields\n", b"")]))


@pytest.mark.parametrize(
    ("cpus", "size", "alone"), [(2, 16 << 20, False), (2, (16 << 20) - 1, True), (1, 1 << 40, True)]
)
def test_small_snapshots_and_single_processors_need_no_processes(
    cpus: int, size: int, alone: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("os.cpu_count", lambda: cpus)
    one = lookout()

    with looking(one, size) as found:
        assert (found is one) == alone


@given(st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=12), st.integers(1, 40))
def test_blocks_hold_every_line_whole(lines: list[bytes], size: int):
    text = b"".join(line + b"\n" for line in lines)

    found = list(blocks(io.BytesIO(text), size))

    assert b"".join(rows for rows, _ in found) == text
    assert all(rows.endswith(b"\n") and not pieces for rows, pieces in found)


@given(st.lists(st.text("ab", max_size=9).map(str.encode), max_size=12), st.integers(1, 20), st.integers(1, 9))
def test_lines_beyond_reason_come_in_pieces_and_nothing_is_lost(lines: list[bytes], size: int, longest: int):
    text = b"".join(line + b"\n" for line in lines)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rehearse.snapshot.blocks._LONGEST_LINE", longest)
        found = list(blocks(io.BytesIO(text), size))

    assert sorted(b"".join(rows + pieces for rows, pieces in found)) == sorted(text)
    assert all(set(rows.splitlines()) <= set(lines) for rows, _ in found)
    assert all(len(rows + pieces) <= size + longest for rows, pieces in found)


def one_by_one(values: list[bytes]) -> set[bytes]:
    """Return the units as the module defines them, of one value after another."""
    within, splitting = re.escape(WITHIN_WORDS), re.escape(BLANKS + BETWEEN_WORDS)
    found: set[str] = set()
    for value in values:
        text = re.sub(ESCAPED, " ", value.decode())
        found.update(re.split(f"[{within}{splitting}]", text))
        found.update(re.sub(f"[{within}]", "", word) for word in re.split(f"[{splitting}]", text))
        found.add(re.sub(f"[{within}{splitting}]", "", text))
    lower = {"".join(each.lower() if each.isascii() else each for each in unit)[:64] for unit in found}
    return {unit.encode() for unit in lower if len(unit.encode()) >= (9 if re.fullmatch("[0-9]+", unit) else 6)}


@given(VALUES)
@settings(max_examples=500)
def test_units_of_many_values_are_those_of_each(values: list[bytes]):
    assert units(values) == one_by_one(values)


def test_long_units_are_cut_by_characters():
    assert units([b"a" * 70, "é".encode() * 70, b"0" * 70]) == {b"a" * 64, "é".encode() * 64, b"0" * 64}
