"""Reports: the published JSON shape, and a text a person can act on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import (
    NOON,
    ORDERS,
    evidence,
    facts,
    fidelity,
    lock,
    migration,
    rehearsal,
    row_count,
    setting,
    statement,
    table,
    timeline,
    verdict,
    work,
)

from rehearse.judge import judge
from rehearse.model.acknowledgement import Acknowledgement
from rehearse.model.downgrade import Downgrade, Loss, Way
from rehearse.model.migration import ForeignConnection
from rehearse.model.policy import Policy
from rehearse.model.report import Report, Verdict
from rehearse.model.setting import SettingChange, Standing
from rehearse.model.timeline import NestedCommand, RebuiltIndex, SizeChange, TableSize, Wait, WorkKind
from rehearse.reports import json as json_report
from rehearse.reports import text


def unsafe(policy: Policy | None = None) -> Report:
    given = rehearsal(
        facts=facts(table(212_000_000)),
        row_counts=(row_count(1_000, 1_000, 212_000_000),),
        timeline=timeline(
            statement(work=(work(WorkKind.REWRITE, 1_000, detail="default"),)), lock(timeout=timedelta(0))
        ),
    )
    return verdict(given, policy)


def test_json_has_every_published_key():
    found = json.loads(json_report.render(unsafe()))

    assert {"schema_version", "verdict", "reasons", "findings", "steps", "schema_changes", "row_counts"} <= set(found)
    assert {"fidelity", "inputs", "timings"} <= set(found)
    assert found["schema_version"] == 1
    assert found["verdict"] == "unsafe"


def test_json_steps_carry_statements_work_and_locks():
    found = json.loads(json_report.render(unsafe()))

    step = found["steps"][0]
    assert step["id"] == "0001"
    assert step["outcome"] == "applied"
    assert step["seconds"] == 1.0
    assert step["statements"][0]["work"][0] == {
        "kind": "rewrite",
        "object": ORDERS,
        "rows": 1000,
        "detail": "default",
        "existed_before": True,
        "production_rows": 212_000_000,
        "production_bytes": 21_200_000_000,
        "sort_bytes": None,
        "sort_memory_bytes": None,
    }
    assert step["locks"][0]["mode"] == "AccessExclusiveLock"
    assert step["locks"][0]["held_ms"] == 200.0
    assert step["locks"][0]["blocks"] == ["reads", "writes"]


def test_json_tells_what_was_measured():
    wait = Wait(
        session="a.1",
        holders=("a.2",),
        statement=1,
        mode="ShareLock",
        awaited=ORDERS,
        started=NOON,
        ended=NOON + timedelta(seconds=0.25),
        was_granted=True,
    )
    size = TableSize(table=8192, indexes=16384, toast=0)
    nested = NestedCommand(tag="ALTER TABLE", sql=None, started=NOON, ended=NOON, work=(work(WorkKind.SCAN, 7),))
    told = replace(
        statement(), rows=7, wal_bytes=100, temp_bytes=0, statement_timeout=timedelta(seconds=5), nested=(nested,)
    )
    given = rehearsal(
        timeline=timeline(
            told,
            waits=(wait,),
            sizes=(SizeChange(object=ORDERS, before=size, after=None),),
            rebuilt=(RebuiltIndex(object="public.i", table=ORDERS, old_oid=1, new_oid=2),),
        )
    )
    seen = evidence(given)

    found = json.loads(json_report.render(judge(seen, (), (), NOON.date())))

    (entry,) = found["steps"][0]["statements"]
    assert [entry[name] for name in ("rows", "wal_bytes", "temp_bytes", "statement_timeout_ms")] == [7, 100, 0, 5000]
    assert [(each["tag"], each["sql"], each["work"][0]["rows"]) for each in entry["nested"]] == [
        ("ALTER TABLE", None, 7)
    ]
    assert [(each["holders"], each["awaited"], each["waited_ms"]) for each in found["waits"]] == [
        (["a.2"], ORDERS, 250)
    ]
    assert found["sizes"] == [
        {"object": ORDERS, "before": {"table_bytes": 8192, "index_bytes": 16384, "toast_bytes": 0}, "after": None}
    ]
    assert found["rebuilt_indexes"] == [{"object": "public.i", "table": ORDERS, "old_oid": 1, "new_oid": 2}]


def test_json_findings_name_step_object_consequence_and_remedy():
    found = json.loads(json_report.render(unsafe()))

    rewrite = next(entry for entry in found["findings"] if entry["check"] == "table-rewrite")
    assert (rewrite["family"], rewrite["severity"], rewrite["step"]) == ("blocking", "block", "0001")
    assert rewrite["object"] == ORDERS
    assert "locked against reads and writes" in rewrite["message"]
    assert rewrite["remedy"]
    assert rewrite["acknowledged"] is None


def test_text_puts_the_verdict_first_and_the_next_act_last():
    lines = text.render(unsafe()).splitlines()

    assert lines[0] == "UNSAFE"
    assert lines[1] == "1 finding blocks this migration: table-rewrite."
    assert lines[-2].startswith("Next: Change the steps named above")


def test_text_without_colour_has_no_control_characters():
    assert "\x1b" not in text.render(unsafe())


def test_text_shows_an_acknowledged_finding_with_its_reason():
    accepted = Policy(acknowledgements=(Acknowledgement(check="table-rewrite", object="*", reason="done on Sunday"),))

    shown = text.render(unsafe(accepted))

    assert shown.startswith("SAFE")
    assert "acknowledged: done on Sunday" in shown


def test_text_says_which_databases_were_replaced_by_the_stage():
    asked = ForeignConnection(target="postgresql://app@db:5432/shop", redirected=True, location="env.py:12")
    report = Report(
        verdict=Verdict.SAFE, reasons=(), findings=(), rehearsal=rehearsal(migration=migration(connections=(asked,)))
    )

    shown = " ".join(text.render(report).split())

    assert "asked for postgresql://app@db:5432/shop (env.py:12) and was given the stage instead" in shown


@pytest.mark.parametrize(
    ("observation", "complete", "told"), [("exact", False, False), ("sampled", True, False), ("sampled", False, True)]
)
def test_text_does_not_call_nothing_what_samples_did_not_show(observation: str, complete: bool, told: bool):
    seen = evidence(rehearsal(fidelity=fidelity(observation=observation), timeline=timeline(complete=complete)))

    page = text.render(judge(seen, (), (), NOON.date()))

    assert (page.count("not known") == 2) is told
    assert ("none that blocks" in page) is not told


def test_text_tells_schema_changes_in_sentences():
    given = rehearsal(changes_told=("public.orders: column note text added",))
    report = Report(verdict=Verdict.SAFE, reasons=(), findings=(), rehearsal=given)

    assert "  public.orders: column note text added" in text.render(report).splitlines()


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (setting(), "work_mem: 4MB -> 1GB (reload)"),
        (setting(context="postmaster"), "work_mem: 4MB -> 1GB (restart)"),
        (setting(production="1GB"), "work_mem: 1GB in production already (no change)"),
        (setting(production=None, new=""), "work_mem: not known -> '' (reload)"),
        (setting(standing=Standing.REFUSED), "work_mem: 4MB -> 1GB (refused)"),
        (setting(standing=Standing.OPEN, context=None), "work_mem: 4MB -> 1GB (open)"),
        (
            setting(overridden=("for role app by ALTER ROLE",)),
            "work_mem: 4MB -> 1GB (reload); overridden for role app by ALTER ROLE",
        ),
    ],
)
def test_text_tells_a_setting_beside_productions(change: SettingChange, line: str):
    report = Report(verdict=Verdict.SAFE, reasons=(), findings=(), rehearsal=rehearsal(settings=(change,)))

    lines = text.render(report).splitlines()

    assert lines[lines.index("Settings") + 1] == f"  {line}"


def test_json_tells_every_setting():
    given = rehearsal(settings=(setting(standing=Standing.OPEN, error="why", applied=False),))
    report = Report(verdict=Verdict.UNDECIDED, reasons=(), findings=(), rehearsal=given)

    assert json.loads(json_report.render(report))["settings"] == [
        {
            "name": "work_mem",
            "production": "4MB",
            "new": "1GB",
            "unchanged": False,
            "unit": "kB",
            "context": "user",
            "needs": "reload",
            "accepted": None,
            "applied_on_stage": False,
            "error": "why",
            "overridden": [],
            "origin": "--set",
        }
    ]


def test_findings_of_one_check_in_one_step_stand_together():
    (one,) = (found for found in unsafe().findings if found.check == "table-rewrite")
    many = tuple(replace(one, object=f"public.t{number}", message=f"t{number} is written anew.") for number in range(9))
    report = replace(unsafe(), findings=(*many, replace(one, step="0002", message="Another step.")))

    shown = text.render(report)

    assert shown.count("table-rewrite in step 0001 (9)") == shown.count("table-rewrite in step 0002") == 1
    assert shown.count("is written anew") == 5
    assert "The same of public.t5, public.t6, public.t7 and public.t8" in shown


def test_what_is_said_of_several_objects_in_the_same_words_is_said_once():
    (one,) = (found for found in unsafe().findings if found.check == "table-rewrite")
    alike = tuple(replace(one, object=name, message=f"{name} waits.") for name in ("public.a", "public.b", "public.c"))
    other = replace(one, object="public.d", message="public.d waits: 7 rows.")

    shown = text.render(replace(unsafe(), findings=(*alike, other)))

    assert "public.a waits." in shown
    assert "public.d waits: 7 rows." in shown
    assert "The same of public.b and public.c (each with --format json)." in shown


def test_open_points_of_an_unsafe_verdict_stand_behind_its_findings():
    report = replace(unsafe(), reasons=("something else is open",))

    lines = text.render(report).splitlines()

    assert lines.index("Findings") < lines.index("Open besides") < lines.index("  - something else is open")


def test_text_tells_revisions_that_fared_alike_on_their_way_back_in_one_line():
    lost = (Loss(kind="rows", object=ORDERS, table=ORDERS, told=f"{ORDERS}: 1 row of 3 gone"),)
    found = (
        Downgrade(step="1", way=Way.LOSSLESS, took=timedelta(seconds=1)),
        Downgrade(step="2", way=Way.LOSSLESS, took=timedelta(seconds=2)),
        Downgrade(step="3", way=Way.LOSSY, losses=lost, together=("3", "4")),
        Downgrade(step="4", way=Way.LOSSY, losses=lost, together=("3", "4")),
        Downgrade(step="5", way=Way.IRREVERSIBLE, reason="no downgrade is written"),
        Downgrade(step="6", way=Way.OPEN, reason="it builds on several revisions"),
    )
    given = rehearsal(downgrades=found, timings={"downgrade": timedelta(seconds=3)})
    report = Report(verdict=Verdict.SAFE, reasons=(), findings=(), rehearsal=given)

    lines = text.render(report).splitlines()

    start = lines.index("The way back (rehearsed in 3.0 s; no part of the verdict)")
    assert lines[start + 1 : start + 6] == [
        "  1, 2: lossless",
        "  3, 4: lossy, tried as one",
        "    - public.orders: 1 row of 3 gone",
        "  5: irreversible, no downgrade is written",
        "  6: open, it builds on several revisions",
    ]
