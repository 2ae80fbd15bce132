"""What a policy asks of a pass: windows, freezes, promotion paths, as they are written."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rehearse.config import ConfigurationError, load
from rehearse.config.windows import NotAFreeze, NotAWindow, freeze, window
from rehearse.model.admission import Admission, MinFidelity
from rehearse.model.policy import Policy

SATURDAY = date(2026, 11, 28)


def admission(directory: Path, toml: str) -> Admission:
    (directory / "rehearse.toml").write_text(toml)
    return load(None, directory, {}).policy.admission


@pytest.mark.parametrize(
    ("written", "moment", "inside"),
    [
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-11-26T08:00Z", True),  # Thursday, nine in winter
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-11-26T07:59Z", False),
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-11-26T15:00Z", False),
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-07-02T07:00Z", True),  # nine in summer
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-11-27T10:00Z", False),  # Friday
        ("Fri 22:00-02:00 UTC", "2026-11-28T01:59Z", True),  # the night of Friday to Saturday
        ("Fri 22:00-02:00 UTC", "2026-11-27T01:00Z", False),
        ("Sat-Mon,Wed 10:00-11:00 UTC", "2026-11-30T10:30Z", True),
        ("Sat-Mon,Wed 10:00-11:00 UTC", "2026-12-01T10:30Z", False),
        ("daily 00:00-24:00 UTC", "2026-11-28T00:00Z", True),
        ("daily 00:00-24:00 UTC", "2026-11-28T23:59Z", True),
    ],
)
def test_a_window_is_open_when_it_says(written: str, moment: str, *, inside: bool):
    assert window(written).contains(datetime.fromisoformat(moment)) is inside


def test_a_window_says_when_it_opens_next():
    opening = window("Mon-Thu 09:00-16:00 Europe/Berlin").opens_after(datetime(2026, 11, 26, 20, tzinfo=UTC))

    assert opening.isoformat() == "2026-11-30T09:00:00+01:00"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("office hours", "names days, hours and a time zone"),
        ("Mon 09:00-25:00 UTC", "hours from 00:00 to 24:00"),
        ("Mon 09:00-09:00 UTC", "it ends when it begins"),
        ("Mon 09:00-10:00 Europe/Atlantis", 'no time zone "Europe/Atlantis"'),
        ("Mon 09:00-10:00 ../../etc/passwd", "no time zone"),
        ("Mon-Fre 09:00-10:00 UTC", 'no day "Fre"'),
    ],
)
def test_what_is_no_window_says_why(written: str, why: str):
    with pytest.raises(NotAWindow, match=why):
        window(written)


def test_a_freeze_holds_on_its_first_and_its_last_day():
    found = freeze("2026-12-18..2027-01-04")

    inside = [
        found.contains(date(2026, 12, 18)),
        found.contains(date(2027, 1, 4)),
        freeze("2026-11-28").contains(SATURDAY),
    ]
    assert inside == [True, True, True]
    assert [found.contains(date(2026, 12, 17)), found.contains(date(2027, 1, 5))] == [False, False]
    for wrong in ("Christmas", "2027-01-04..2026-12-18", "2026-12-18.."):
        with pytest.raises(NotAFreeze):
            freeze(wrong)


def test_every_key_of_the_gate_is_read(tmp_path: Path):
    found = admission(
        tmp_path,
        '[policy]\nmax_age = "2h"\nrequire_signed = true\nrequire_commit = true\nversions = ["alembic"]\n'
        'windows = ["Mon 09:00-10:00 UTC"]\nfreezes = ["2026-12-24"]\n[policy.min_fidelity]\nobservation = "exact"\n'
        'same_major = true\nmax_data_age = "7d"\nsampled_fraction = 0.01\nisolated = true\nmax_deviations = 3\n',
    )

    assert found.min_fidelity == MinFidelity(
        observation="exact",
        same_major=True,
        max_data_age=timedelta(days=7),
        sampled_fraction=0.01,
        isolated=True,
        max_deviations=3,
    )
    assert (found.max_age, found.versions) == (timedelta(hours=2), ("alembic",))
    assert (found.require_signed, found.require_commit) == (True, True)
    assert ([each.written for each in found.windows], len(found.freezes)) == (["Mon 09:00-10:00 UTC"], 1)


CHAIN = """
[environments.dev]
promotes_to = "qa"
[environments.hotfix]
promotes_to = "production"
[environments.qa]
promotes_to = "stage"
[environments.stage]
promotes_to = "production"
[environments.twin]
provider = "embedded"
promotes_to = "production"
[environments.production]
"""


@pytest.mark.parametrize(
    ("toml", "before"),
    [
        (CHAIN, ()),
        (f"{CHAIN}[policy]\nrequire_path = true\n", {"dev", "qa", "stage", "hotfix"}),  # no stage of rehearse's own
        (f'{CHAIN}requires = ["qa"]\n[policy]\nrequire_path = true\n', {"qa"}),
        (f"{CHAIN}requires = []\n[policy]\nrequire_path = true\n", ()),
    ],
)
def test_a_path_is_what_is_required_or_what_promotes_there(toml: str, before: set[str], tmp_path: Path):
    assert set(admission(tmp_path, toml).earlier("production")) == set(before)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ('[environments.a]\npromotes_to = "b"\n[environments.b]\npromotes_to = "a"\n', "in a circle: a -> b -> a"),
        ('[environments.a]\npromotes_to = "a"\n', "in a circle: a -> a"),
        (
            '[environments.stage]\n[environments.a]\nrequires = ["stag"]\n',
            'no environment "stag"; did you mean "stage"?',
        ),
        ('[environments.a]\nrequires = ["a"]\n', "it cannot come before itself"),
        ('[policy]\nwindows = ["never"]\n', '"never" is no window'),
        ('[policy]\nfreezes = ["never"]\n', '"never" names no days'),
        ('[policy]\nversions = ["flask"]\n', "policy.versions"),
        ('[policy]\nrequire_signed = "yes"\n', "policy.require_signed"),
        ("[policy.min_fidelity]\nsampled_fraction = 2.0\n", "policy.min_fidelity.sampled_fraction"),
        ('[policy.min_fidelity]\nmax_data_ago = "1d"\n', 'did you mean "max_data_age"?'),
    ],
)
def test_mistakes_are_told_with_their_key(toml: str, says: str, tmp_path: Path):
    with pytest.raises(ConfigurationError) as caught:
        admission(tmp_path, toml)

    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "part"),
    [
        ('max_age = "1h"', "admission"),
        ('windows = ["Mon 09:00-10:00 UTC"]', "admission"),
        ("min_fidelity.isolated = true", "admission"),
        ('max_blocking = "2s"', "limits"),
        ("rates.scan.rows = 1", "limits"),
        ('override = [{check = "rows-lost", severity = "note", reason = "x"}]', "limits"),
        ('acknowledge = [{check = "rows-lost", object = "*", reason = "x"}]', "acknowledgements"),
    ],
)
def test_each_part_of_a_policy_has_a_digest_that_it_alone_moves(toml: str, part: str, tmp_path: Path):
    (tmp_path / "rehearse.toml").write_text(f"[policy]\n{toml}\n")

    found, plain = load(None, tmp_path, {}).policy.digests, Policy().digests

    assert {name for name in plain if found[name] != plain[name]} == {part}
