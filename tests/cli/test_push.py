"""`diff`, `push` and `pull`: the plan, the conflict, the race, and what is written where."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, OTHER, RULE, Commands, environment

CHANGED = RULE.replace("user.user_id", "user.email")
THEIRS = RULE.replace("user.user_id", "'theirs'")


def listing(folder: Path) -> list[dict[str, object]]:
    return json.loads((folder / "rules.json").read_text())["rules"]  # type: ignore[no-any-return]


def seen(folder: Path) -> dict[str, object]:
    return json.loads((folder / ".claimsmith.json").read_text())  # type: ignore[no-any-return]


def test_a_first_push_is_one_revision(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    planned = commands.run("diff", "rules")
    assert (planned.code, planned.err) == (1, "")
    assert planned.out == (
        f"revision 1 is live at {commands.url}\n"
        "\n"
        '+ create first  order 10, enabled true, on_failure "deny", 2 lines\n'
        "\n"
        '+ create second  order 20, enabled true, on_failure "deny", 2 lines\n'
        "\n"
        "plan: 2 to create, 0 to change, 0 to delete\n"
    )
    assert not (folder / ".claimsmith.json").exists()
    pushed = commands.run("push", "rules", "--yes", "-m", "the first two")
    assert (pushed.code, pushed.err) == (0, "")
    assert commands.call("GET", "/v1/revisions/2")["message"] == "the first two"
    assert pushed.out == planned.out + "revision 2 is live\n"
    live = commands.live()
    assert {name: (rule["script"], rule["order"]) for name, rule in live.items()} == {
        "first": (RULE, 10),
        "second": (OTHER, 20),
    }
    assert seen(folder)["revision"] == 2
    again = commands.run("push", "rules")
    assert (again.code, again.out) == (
        0,
        f"revision 2 is live at {commands.url}\n\nno differences\nnothing to push\n",
    )
    assert (commands.run("diff", "rules").code, commands.revision()) == (0, 2)


def test_the_plan_of_a_change(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER, third=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    (folder / "first.py").write_text(CHANGED)
    (folder / "fourth.py").write_text(OTHER)
    rules = [
        {"file": "second.py", "order": 5, "enabled": False, "on_failure": "skip"},
        {"file": "first.py", "order": 10},
    ]
    (folder / "rules.json").write_text(json.dumps({"rules": rules}))
    planned = commands.run("diff", "rules")
    assert planned.code == 1
    assert planned.out == (
        f"revision 2 is live at {commands.url}\n"
        "\n"
        '~ change second  order 20 -> 5, enabled true -> false, on_failure "deny" -> "skip"\n'
        "\n"
        "~ change first\n"
        "    --- first.py version 1\n"
        "    +++ first.py\n"
        "    @@ -1,2 +1,2 @@\n"
        "     def rule(user, context):\n"
        '    -    context.idToken["https://example.com/a"] = user.user_id\n'
        '    +    context.idToken["https://example.com/a"] = user.email\n'
        "\n"
        "then they run in this order: second, first, third\n"
        "\n"
        "not in the folder, left as they are without --prune: third\n"
        "plan: 0 to create, 2 to change, 0 to delete\n"
        "not in rules.json, and so not looked at: fourth.py, third.py\n"
    )
    pruned = commands.run("diff", "rules", "--prune")
    assert "- delete third\n" in pruned.out
    assert "plan: 0 to create, 2 to change, 1 to delete\n" in pruned.out
    machine = commands.run("diff", "rules", "--prune", "--json").json
    assert [(change["kind"], change["rule"]) for change in machine["changes"]] == [
        ("change", "second"),
        ("change", "first"),
        ("delete", "third"),
    ]
    assert machine["changes"][0]["fields"]["order"] == {"before": 20, "after": 5}
    assert (machine["revision"], machine["order"], machine["unlisted"]) == (
        2,
        ["second", "first"],
        ["fourth.py", "third.py"],
    )
    assert commands.run("push", "rules", "--yes").code == 0
    assert list(commands.live()) == ["second", "first", "third"]
    pushed = commands.run("push", "rules", "--yes", "--prune", "--json")
    assert (pushed.code, pushed.json["pushed"], list(commands.live())) == (0, 4, ["second", "first"])


@pytest.mark.parametrize("with_force", [False, True])
def test_somebody_elses_newer_edit_is_a_conflict(commands: Commands, with_force: bool) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.edit("first", script=THEIRS, on_failure="skip")
    (folder / "first.py").write_text(CHANGED)
    (folder / "second.py").write_text(RULE)
    if with_force:
        done = commands.run("push", "rules", "--yes", "--force")
        assert (done.code, done.out.splitlines()[-1]) == (0, "revision 4 is live")
        assert commands.live()["first"]["script"] == CHANGED
        return
    done = commands.run("push", "rules", "--yes")
    assert done.code == 1
    shown = done.out.partition("1 conflict with what is on the service\n")[2].splitlines()
    assert shown[:2] == ["", "! first  changed since revision 2, which this folder was last in step with"]
    assert shown[2].startswith("    version 2 is by bob, 20")
    assert shown[3:] == [
        '    on_failure: "deny" -> "skip", by bob or somebody before them',
        "    --- first.py version 1",
        "    +++ first.py version 2",
        "    @@ -1,2 +1,2 @@",
        "     def rule(user, context):",
        '    -    context.idToken["https://example.com/a"] = user.user_id',
        "    +    context.idToken[\"https://example.com/a\"] = 'theirs'",
        "nothing was pushed: get what is there with `claimsmith pull`, or overwrite it with --force",
    ]
    assert (commands.live()["first"]["script"], commands.live()["second"]["script"]) == (THEIRS, OTHER)
    assert commands.revision() == 3
    machine = commands.run("push", "rules", "--yes", "--json")
    assert (machine.code, machine.json["pushed"]) == (1, None)
    assert [conflict["rule"] for conflict in machine.json["conflicts"]] == ["first"]
    assert commands.run("diff", "rules").code == 1


def test_an_edit_of_a_rule_that_the_folder_leaves_alone_is_no_obstacle_and_not_undone(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.edit("second", enabled=False)
    (folder / "first.py").write_text(CHANGED)
    # To push the folder would enable it again: that is the emergency brake somebody has pulled.
    done = commands.run("push", "rules", "--yes")
    assert (done.code, commands.revision()) == (1, 3)
    assert "! second  changed since revision 2" in done.out
    assert commands.run("pull", "rules").code == 0
    assert listing(folder)[1]["enabled"] is False
    assert (folder / "first.py").read_text() == CHANGED
    assert commands.run("push", "rules", "--yes").code == 0
    live = commands.live()
    assert (live["first"]["script"], live["second"]["enabled"]) == (CHANGED, False)


def test_rules_that_came_and_went_on_the_service_are_conflicts(commands: Commands) -> None:
    commands.write("rules", first=RULE, second=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.call("DELETE", f"/v1/rules/{commands.live()['second']['id']}")
    done = commands.run("push", "rules", "--yes")
    assert done.code == 1
    assert "! second  was live when this folder last had it, and is not any more\n" in done.out
    assert "    revision 3 is by bob, " in done.out
    assert commands.run("pull", "rules").code == 0
    assert [rule["file"] for rule in listing(commands.folder / "rules")] == ["first.py"]
    assert (commands.folder / "rules" / "second.py").exists()
    commands.call("POST", "/v1/rules", {"name": "theirs", "script": OTHER})
    commands.call("POST", "/v1/rules", {"name": "mine", "script": OTHER})
    done = commands.run("push", "rules", "--yes", "--prune")
    assert done.code == 1
    assert "! theirs  is on the service, and was not in revision 3" in done.out
    commands.write("rules", first=RULE, mine=RULE)
    done = commands.run("push", "rules", "--yes")
    assert (done.code, "! mine  is on the service, and was not in revision 3" in done.out) == (1, True)
    assert set(commands.live()) == {"first", "theirs", "mine"}
    # Another rule of the same name.
    commands.call("DELETE", f"/v1/rules/{commands.live()['first']['id']}")
    commands.call("POST", "/v1/rules", {"name": "first", "script": THEIRS})
    done = commands.run("diff", "rules")
    assert "! first  is another rule of this name than in revision 3" in done.out


@pytest.mark.parametrize("meanwhile", ["", "push", "pull"])
def test_a_rule_that_was_pruned_and_comes_back_is_new(commands: Commands, meanwhile: str) -> None:
    """Who has taken it out is this folder: nobody's edit is undone."""
    folder = commands.write("rules", first=RULE, second=OTHER)
    (folder / "second.cases.json").write_text(case_file("ada"))
    assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes", "--prune").code == 0
    assert list(commands.live()) == ["first"]
    if meanwhile == "push":
        commands.write("rules", first=CHANGED)
        assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", first=RULE, second=OTHER)
    if meanwhile == "pull":
        pulled = commands.run("pull", "rules")
        assert (pulled.code, "second" in pulled.out) == (0, False)
        assert [rule["file"] for rule in listing(folder)] == ["first.py", "second.py"]
    done = commands.run("push", "rules", "--yes")
    assert (done.code, "conflict" in done.out) == (0, False), done.out
    assert "+ create second" in done.out
    assert "+ cases of second  1\n" in done.out
    assert (list(commands.live()), cases_of(commands, "second")) == (["first", "second"], "ada")
    assert commands.run("diff", "rules").code == 0


def test_what_somebody_else_puts_in_the_place_of_a_pruned_rule_is_a_conflict(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    (folder / "second.cases.json").write_text(case_file("ada"))
    assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes", "--prune").code == 0
    commands.call("POST", "/v1/rules", {"name": "second", "script": THEIRS})
    keep(commands, "second", "theirs")
    commands.write("rules", first=RULE, second=OTHER)
    done = commands.run("push", "rules", "--yes")
    assert (done.code, commands.live()["second"]["script"]) == (1, THEIRS)
    assert "! second  is on the service, and was not in revision 3, which this folder was last in step" in done.out
    assert "! cases of second  changed on the service since" in done.out


def test_without_prune_a_rule_that_somebody_else_takes_out_stays_a_conflict(commands: Commands) -> None:
    """Also where the folder was without it for a while."""
    commands.write("rules", first=RULE, second=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", first=CHANGED)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.call("DELETE", f"/v1/rules/{commands.live()['second']['id']}")
    commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", first=RULE, second=OTHER)
    done = commands.run("push", "rules", "--yes")
    assert (done.code, "second" in commands.live()) == (1, False)
    assert "! second  was live when this folder last had it, and is not any more\n" in done.out


def test_without_what_was_seen_a_push_says_so(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.edit("first", script=THEIRS)
    (folder / ".claimsmith.json").unlink()
    done = commands.run("push", "rules", "--yes")
    assert done.code == 0
    assert "there is no .claimsmith.json of this service: newer edits on it cannot be told from" in done.out
    # What was seen of another service says nothing about this one.
    commands.edit("first", script=THEIRS)
    (folder / ".claimsmith.json").write_text(json.dumps({**seen(folder), "service": "http://other"}))
    assert commands.run("push", "rules", "--yes").code == 0
    (folder / ".claimsmith.json").write_text("{")
    done = commands.run("push", "rules", "--yes")
    assert (done.code, done.err) == (
        2,
        "claimsmith: rules/.claimsmith.json:1:2: the JSON ends too early; remove it and run `claimsmith pull` again\n",
    )


def test_a_draft_that_is_put_aside_is_said(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.edit("first", script=THEIRS, deploy=False)
    assert commands.run("diff", "rules").code == 0
    (folder / "first.py").write_text(CHANGED)
    done = commands.run("push", "rules", "--yes")
    assert (done.code, "somebody has saved a draft of it, which this puts aside" in done.out) == (0, True)
    assert commands.live()["first"]["draft"] is None
    commands.call("POST", "/v1/rules", {"name": "second", "script": OTHER, "deploy": False})
    commands.write("rules", second=RULE)
    done = commands.run("push", "rules", "--yes")
    assert (done.code, "somebody has saved a draft of it, which this puts aside" in done.out) == (0, True)
    assert commands.live()["second"]["script"] == RULE


def test_a_folder_that_cannot_be_written_is_pushed_all_the_same(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    words = " ".join([*COMMAND, "push", "rules", "--yes"])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 0; {words}"],
        cwd=commands.folder,
        env=environment(**commands.environ()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "revision 2 is live")
    assert done.stderr == (
        "claimsmith: rules/.claimsmith.json: file too large: the next push from here will not know what this one did\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["first.py", "rules.json"]


def test_pull_leaves_a_listing_as_somebody_has_written_it(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    text = (folder / "rules.json").read_text()
    assert commands.run("pull", "rules").code == 0
    assert (folder / "rules.json").read_text() == text


def test_it_asks_and_another_push_may_be_faster(commands: Commands) -> None:
    for name, script in (("one", RULE), ("two", OTHER)):
        commands.write(name, first=script)
    asked = commands.terminal("push", "one")
    asked.until("Make this live? [y/N]")
    assert "\x1b[32m+ create first\x1b[0m" in asked.seen
    assert commands.run("push", "two", "--yes").code == 0
    asked.type("y\n")
    assert asked.ended() == 1
    assert "nothing was pushed: another revision went live meanwhile; see what it changed, and push again" in asked.seen
    assert commands.live()["first"]["script"] == OTHER
    declined = commands.terminal("push", "one")
    declined.until("Make this live? [y/N]")
    declined.type("\n")
    assert (declined.ended(), "nothing was pushed" in declined.seen) == (1, True)
    agreed = commands.terminal("push", "one")
    agreed.until("Make this live? [y/N]")
    agreed.type("y\n")
    assert (agreed.ended(), commands.live()["first"]["script"]) == (0, RULE)


def test_nobody_is_asked_where_nobody_is(commands: Commands) -> None:
    commands.write("rules", first=RULE)
    done = commands.run("push", "rules", stdin="y\n")
    assert (done.code, done.err) == (
        2,
        "claimsmith: standard input is no terminal, so nobody can be asked: say --yes\n",
    )
    done = commands.run("push", "rules", "--json")
    assert (done.code, done.out, done.err) == (2, "", "claimsmith: with --json nobody can be asked: say --yes\n")
    assert commands.live() == {}


def test_a_rule_with_errors_is_not_pushed_nor_any_other(commands: Commands) -> None:
    commands.write("rules", good=RULE, bad="import os\n", worse="def rule(:\n")
    done = commands.run("push", "rules", "--yes")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[-1] == "nothing was pushed: these rules have errors"
    assert [line.partition(": ")[0] for line in lines[-4:-1]] == [
        "rules/bad.py:1:1",
        "rules/bad.py:1:8",
        "rules/worse.py:1:10",
    ]
    assert commands.live() == {}
    machine = commands.run("push", "rules", "--yes", "--json").json
    assert [(one["file"], one["line"]) for one in machine["problems"]] == [
        ("rules/bad.py", 1),
        ("rules/bad.py", 1),
        ("rules/worse.py", 1),
    ]


def test_five_hundred_rules_are_one_revision_and_show_progress(commands: Commands) -> None:
    commands.write("rules", **{f"r{n:03}": RULE + f"# {n}\n" + "#" * 2_000 + "\n" for n in range(500)})
    pushed = commands.terminal("push", "rules", "--yes")
    assert pushed.ended() == 0
    assert "checking" in pushed.seen
    assert "500/500" in pushed.seen
    assert (commands.revision(), len(commands.live())) == (2, 500)
    pulled = commands.run("pull", "copy")
    assert (pulled.code, pulled.out.splitlines()[-1]) == (0, "copy: revision 2 has 500 rules")
    assert commands.run("diff", "copy").code == 0


def test_conditions_travel_with_their_rule(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    listing = {"rules": [{"file": "first.py", "order": 10, "conditions": {"clients": ["shop"]}}]}
    (folder / "rules.json").write_text(json.dumps(listing))
    assert commands.run("diff", "rules").out.splitlines()[2] == (
        '+ create first  order 10, enabled true, on_failure "deny", conditions {"clients": ["shop"]}, 2 lines'
    )
    assert commands.run("push", "rules", "--yes").code == 0
    assert commands.run("diff", "rules").code == 0
    commands.edit("first", conditions={"connections": ["c"]})
    (folder / "first.py").write_text(CHANGED)
    conflict = commands.run("push", "rules", "--yes")
    assert (conflict.code, commands.revision()) == (1, 3)
    assert '    conditions: {"clients": ["shop"]} -> {"connections": ["c"]}, by' in conflict.out
    assert json.loads(commands.run("diff", "rules", "--json").out)["changes"][0]["fields"]["conditions"] == {
        "before": {"connections": ["c"]},
        "after": {"clients": ["shop"]},
    }
    assert commands.run("pull", "copy").code == 0
    assert json.loads((commands.folder / "copy" / "rules.json").read_text())["rules"][0]["conditions"] == {
        "connections": ["c"]
    }
    assert commands.run("diff", "copy").code == 0


GEO = "def country(user):\n    return user.get('country')\n"
IMPORTS = "import geo\n\n\ndef rule(user, context):\n    context.idToken.c = geo.country(user)\n"


def test_modules_travel_with_the_rules(commands: Commands) -> None:
    folder = commands.write("rules", first=IMPORTS)
    (folder / "modules").mkdir()
    (folder / "modules" / "geo.py").write_text(GEO)
    assert commands.run("check", "rules").code == 0
    planned = commands.run("diff", "rules")
    assert "+ create modules/geo  2 lines\n" in planned.out
    assert planned.out.endswith("plan: 2 to create, 0 to change, 0 to delete\n")
    assert commands.run("push", "rules", "--yes").code == 0
    assert (commands.run("diff", "rules").code, commands.revision()) == (0, 2)
    pulled = commands.run("pull", "copy")
    assert (pulled.code, pulled.out) == (0, "+ modules/geo\n+ first\ncopy: revision 2 has 1 rule\n")
    assert (commands.folder / "copy" / "modules" / "geo.py").read_text() == GEO
    assert commands.run("diff", "copy").code == 0
    # Only the module is changed, on the service and in one of the folders.
    commands.call("PUT", "/v1/modules/geo", {"script": f"{GEO}X = 1\n"})
    (folder / "modules" / "geo.py").write_text(f"{GEO}Y = 1\n")
    conflict = commands.run("push", "rules", "--yes")
    assert (conflict.code, commands.revision()) == (1, 3)
    assert "! modules/geo" in conflict.out
    assert "    +X = 1" in conflict.out
    assert commands.run("pull", "copy").code == 0
    assert (commands.folder / "copy" / "modules" / "geo.py").read_text() == f"{GEO}X = 1\n"
    assert commands.run("push", "rules", "--yes", "--force").code == 0
    # A module that breaks its rule goes nowhere, and neither does one that is not there any more.
    (folder / "modules" / "geo.py").write_text("def land(user):\n    return 1\n")
    broken = commands.run("push", "rules", "--yes")
    assert broken.code in (1, 2)
    assert "`geo` has no `country`" in broken.out + broken.err
    (folder / "modules" / "geo.py").unlink()
    assert commands.run("push", "rules", "--yes", "--prune").code in (1, 2)
    assert commands.revision() == 4


def test_a_file_that_can_be_no_module_is_said(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    (folder / "modules").mkdir()
    (folder / "modules" / "My Module.py").write_text("x = 1\n")
    found = commands.run("diff", "rules")
    assert (found.code, "My Module.py: no name of a module" in found.err) == (2, True)


def test_pull_writes_what_is_live_byte_for_byte(commands: Commands) -> None:
    script = "# ä \u2028\r\n" + RULE.rstrip("\n")
    commands.call("POST", "/v1/rules", {"name": "b c", "script": OTHER, "order": 7, "on_failure": "skip"})
    commands.call("POST", "/v1/rules", {"name": "a", "script": script, "order": 7, "enabled": False})
    commands.call("POST", "/v1/rules", {"name": "draft", "script": OTHER, "deploy": False})
    done = commands.run("pull", "new/folder")
    assert (done.code, done.out) == (0, "+ b c\n+ a\nnew/folder: revision 3 has 2 rules\n")
    folder = commands.folder / "new" / "folder"
    assert (folder / "a.py").read_bytes() == script.encode()
    assert (folder / "rules.json").read_text() == (
        '{\n  "rules": [\n'
        '    {"file": "b c.py", "order": 7, "enabled": true, "on_failure": "skip"},\n'
        '    {"file": "a.py", "order": 7, "enabled": false, "on_failure": "deny"}\n'
        "  ]\n}\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == [".claimsmith.json", "a.py", "b c.py", "rules.json"]
    assert commands.run("diff", "new/folder").code == 0
    again = commands.run("pull", "new/folder", "--json")
    assert (again.code, again.json) == (0, {"revision": 3, "pulled": True, "differences": [], "cases": []})


def test_pull_overwrites_nothing_that_was_edited_on_both_sides(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER, third=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    (folder / "first.py").write_text(CHANGED)
    (folder / "second.py").write_text(RULE)
    commands.edit("first", script=THEIRS, order=30)
    commands.edit("third", script=RULE)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = commands.run("pull", "rules")
    assert done.code == 1
    assert done.out == (
        "! first  was edited here and on the service  order 30 -> 10\n"
        "    --- first.py version 2\n"
        "    +++ first.py\n"
        "    @@ -1,2 +1,2 @@\n"
        "     def rule(user, context):\n"
        "    -    context.idToken[\"https://example.com/a\"] = 'theirs'\n"
        '    +    context.idToken["https://example.com/a"] = user.email\n'
        "nothing was written: edited in the folder and on the service; --force overwrites the folder\n"
    )
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    machine = commands.run("pull", "rules", "--json").json
    assert {one["rule"]: one["kind"] for one in machine["differences"]} == {
        "first": "conflict",
        "second": "kept",
        "third": "changed",
    }
    done = commands.run("pull", "rules", "--force")
    assert done.code == 0
    assert "~ second  was edited here, which is overwritten\n" in done.out
    assert [(folder / f"{name}.py").read_text() for name in ("first", "second", "third")] == [THEIRS, OTHER, RULE]
    assert commands.run("diff", "rules").code == 0


def test_pull_keeps_rules_that_are_only_here(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    commands.write("rules", new=OTHER, first=RULE)
    done = commands.run("pull", "rules")
    assert done.code == 0
    assert {str(rule["file"]) for rule in listing(folder)} == {"first.py", "new.py"}
    # A rule that was taken out of the folder, to be pruned, does not come back.
    commands.write("rules", new=OTHER)
    assert "= first  was edited here, and stays so\n" in commands.run("pull", "rules").out
    assert [rule["file"] for rule in listing(folder)] == ["new.py"]
    assert commands.run("push", "rules", "--yes", "--prune").code == 0
    assert list(commands.live()) == ["new"]


def test_pull_does_not_overwrite_a_file_that_it_has_not_written(commands: Commands) -> None:
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE})
    folder = commands.folder / "rules"
    folder.mkdir()
    (folder / "first.py").write_text("my notes\n")
    done = commands.run("pull", "rules")
    assert (done.code, (folder / "first.py").read_text()) == (1, "my notes\n")
    elsewhere = commands.folder / "elsewhere.py"
    elsewhere.write_text(RULE)
    (folder / "first.py").unlink()
    (folder / "first.py").symlink_to(elsewhere)
    assert commands.run("pull", "rules").code == 0
    commands.edit("first", script=THEIRS)
    assert commands.run("pull", "rules").code == 0
    assert (elsewhere.read_text(), (folder / "first.py").read_text()) == (RULE, THEIRS)


@pytest.mark.parametrize("command", ["diff", "push", "pull"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "rules.json:1:2: the JSON ends too early"),
        ('{"rules": [\n  x]}', "rules.json:2:3: no JSON: invalid character"),
        ('{"rules": [{"file": "a.py"}]}', "rules.json: Object missing required field `order` - at `$.rules[0]`"),
        (
            '{"rules": [{"file": "a.py", "order": 1}, {"file": "a.py", "order": 2}]}',
            "rules.json: `a.py` stands there twice - at `$.rules[1].file`",
        ),
        (
            '{"rules": [{"file": "../a.py", "order": 1}]}',
            "rules.json: `../a.py` is no file of a rule: expected is `NAME.py` in this folder - at `$.rules[0].file`",
        ),
        ('{"rules": [{"file": "none.py", "order": 1}]}', "none.py: no such file or directory"),
        (
            '{"rules": [{"file": "binary.py", "order": 1}]}',
            "binary.py:2:1: it is not text in UTF-8: invalid start byte",
        ),
        ('{"rules": [{"file": "long.py", "order": 1}]}', "long.py:1:1: the script is longer than 65536 bytes"),
        ('{"rules": [{"file": "folder.py", "order": 1}]}', "folder.py: is a directory"),
    ],
)
def test_folders_that_cannot_be_used(commands: Commands, command: str, text: str, says: str) -> None:
    folder = commands.write("rules", a=RULE)
    (folder / "rules.json").write_text(text)
    (folder / "binary.py").write_bytes(b"\n\xff\xfe")
    (folder / "long.py").write_bytes(b"#" * 10_000_000)
    (folder / "folder.py").mkdir()
    done = commands.run(command, "rules")
    assert (done.code, done.out, done.err) == (2, "", f"claimsmith: rules/{says}\n")
    assert not (folder / ".claimsmith.json").exists()


def test_no_folder(commands: Commands) -> None:
    for command in ("diff", "push"):
        done = commands.run(command, "none")
        assert (done.code, done.err) == (2, "claimsmith: none/rules.json: no such file or directory\n")
    (commands.folder / "file").write_text("")
    done = commands.run("pull", "file")
    assert (done.code, done.err) == (2, "claimsmith: file: file exists\n")


def test_the_scope_that_is_missing_is_named(commands: Commands) -> None:
    commands.write("rules", first=RULE)
    done = commands.run("push", "rules", "--yes", CLAIMSMITH_TOKEN=commands.token("rules:read rules:write"))
    assert done.code == 2
    assert done.err == (
        "claimsmith: this needs the scope `rules:deploy`, which the token has not: "
        'make one with `claimsmith token --scope "rules:read rules:write rules:deploy"`\n'
    )
    assert commands.live() == {}


def case_file(*users: str) -> str:
    cases = [{"name": user, "user": {"user_id": user}, "context": {}, "expect": {}} for user in users]
    return json.dumps({"cases": cases}, indent=1) + "\n"


def cases_of(commands: Commands, name: str) -> str:
    """Those that are kept there, by their names."""
    found = commands.call("GET", f"/v1/rules/{commands.live()[name]['id']}/cases")["cases"]
    return " ".join(case["name"] for case in found)


def keep(commands: Commands, name: str, *users: str) -> None:
    commands.call("PUT", f"/v1/rules/{commands.live()[name]['id']}/cases", json.loads(case_file(*users)))


def test_cases_go_along(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    (folder / "first.cases.json").write_text(case_file("ada", "bob"))
    pushed = commands.run("push", "rules", "--yes")
    assert (pushed.code, pushed.out.splitlines()[-3:]) == (
        0,
        ["plan: 2 to create, 0 to change, 0 to delete", "+ cases of first  2", "revision 2 is live"],
    )
    assert (cases_of(commands, "first"), cases_of(commands, "second")) == ("ada bob", "")
    assert commands.run("push", "rules").out.endswith("no differences\nnothing to push\n")
    (folder / "first.cases.json").write_text(case_file("ada"))
    (folder / "second.cases.json").write_text(case_file("eve"))
    planned = commands.run("diff", "rules")
    assert (planned.code, planned.out.splitlines()[-3:]) == (
        1,
        ["no differences in rules", "~ cases of first  2 -> 1", "+ cases of second  1"],
    )
    machine = commands.run("push", "rules", "--yes", "--json").json
    assert (machine["pushed"], machine["text"]) == (None, "the cases are pushed")
    assert machine["cases"] == [
        {"rule": "first", "kind": "change", "conflict": False},
        {"rule": "second", "kind": "create", "conflict": False},
    ]
    assert (cases_of(commands, "first"), cases_of(commands, "second"), commands.revision()) == ("ada", "eve", 2)
    (folder / "first.cases.json").write_text('{"cases": []}')
    (folder / "second.cases.json").unlink()  # which leaves alone what is there
    assert "- cases of first  1 -> 0" in commands.run("push", "rules", "--yes", "--prune").out
    assert (cases_of(commands, "first"), cases_of(commands, "second")) == ("", "eve")


def test_cases_that_are_none_push_nothing(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    (folder / "first.cases.json").write_text('{"cases": [{"name": "ada"}]}')
    refused = commands.run("push", "rules", "--yes")
    assert (refused.code, commands.revision()) == (2, 1)
    assert "first.cases.json" in refused.err


@pytest.mark.parametrize("with_force", [False, True])
def test_somebody_elses_cases_are_a_conflict(commands: Commands, with_force: bool) -> None:
    folder = commands.write("rules", first=RULE)
    (folder / "first.cases.json").write_text(case_file("ada"))
    assert commands.run("push", "rules", "--yes").code == 0
    keep(commands, "first", "theirs")
    (folder / "first.cases.json").write_text(case_file("ours"))
    (folder / "first.py").write_text(CHANGED)
    done = commands.run("push", "rules", "--yes", *(["--force"] if with_force else []))
    assert "! cases of first  changed on the service since" in done.out
    if with_force:
        assert (done.code, cases_of(commands, "first"), commands.revision()) == (0, "ours", 3)
        return
    assert (done.code, cases_of(commands, "first"), commands.revision()) == (1, "theirs", 2)
    again = commands.run("push", "rules", "--yes")  # it is not forgotten
    assert (again.code, cases_of(commands, "first")) == (1, "theirs")
    pulled = commands.run("pull", "rules")
    assert (pulled.code, "! cases of first  were edited here and on the service" in pulled.out) == (1, True)
    assert "ours" in (folder / "first.cases.json").read_text()
    assert commands.run("pull", "rules", "--force").code == 0
    assert json.loads((folder / "first.cases.json").read_text()) == json.loads(case_file("theirs"))
    assert (folder / "first.py").read_text() == RULE


def test_cases_of_a_rule_that_was_only_saved(commands: Commands) -> None:
    """Nobody has seen them before it is live."""
    commands.call("POST", "/v1/rules", {"name": "first", "script": RULE, "deploy": False})
    (rule,) = commands.call("GET", "/v1/rules")["rules"]
    commands.call("PUT", f"/v1/rules/{rule['id']}/cases", json.loads(case_file("theirs")))
    folder = commands.write("rules", first=RULE)
    (folder / "first.cases.json").write_text(case_file("ours"))
    pushed = commands.run("push", "rules", "--yes")
    assert (pushed.code, cases_of(commands, "first")) == (1, "theirs")
    assert "is live, but not the cases of first, which somebody else has changed" in pushed.out


def test_cases_are_pulled(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE, second=OTHER)
    assert commands.run("push", "rules", "--yes").code == 0
    text = case_file("ada").replace("\n", "\r\n")
    path = f"/v1/rules/{commands.live()['first']['id']}/cases"
    commands.call("PUT", path, json.loads(text))
    assert "+ cases of first\n" in commands.run("pull", "rules").out
    assert json.loads((folder / "first.cases.json").read_text()) == json.loads(text)
    assert not (folder / "second.cases.json").exists()
    assert "cases" not in commands.run("pull", "rules").out
    (folder / "first.cases.json").write_text(case_file("ours"))
    kept = commands.run("pull", "rules")
    assert (kept.code, "= cases of first  were edited here, and stay so\n" in kept.out) == (0, True)
    assert "ours" in (folder / "first.cases.json").read_text()
    assert commands.run("push", "rules", "--yes").code == 0
    keep(commands, "first", "theirs")
    pulled = commands.run("pull", "rules", "--json").json
    assert pulled["cases"] == [{"rule": "first", "kind": "changed"}]
    assert "theirs" in (folder / "first.cases.json").read_text()
    keep(commands, "first")
    assert "- cases of first  are not kept there any more" in commands.run("pull", "rules").out
    assert not (folder / "first.cases.json").exists()


def test_cases_that_nobody_here_has_seen_are_not_overwritten(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    keep(commands, "first", "theirs")
    (folder / "first.cases.json").write_text(case_file("ours"))
    pushed = commands.run("push", "rules", "--yes")
    assert (pushed.code, cases_of(commands, "first")) == (1, "theirs")
    assert "! cases of first  changed on the service since" in pushed.out
    (folder / ".claimsmith.json").unlink()
    pushed = commands.run("push", "rules", "--yes")
    assert (pushed.code, cases_of(commands, "first")) == (0, "ours")
    assert "newer edits on it cannot be told from older ones" in pushed.out


@pytest.mark.parametrize("in_step", [False, True])
def test_cases_that_are_only_here_stay(commands: Commands, in_step: bool) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    if not in_step:
        (folder / ".claimsmith.json").unlink()
    (folder / "first.cases.json").write_text(case_file("ada"))
    for more in ([], ["--force"]):
        pulled = commands.run("pull", "rules", *more)
        assert (pulled.code, "cases" in pulled.out) == (0, False)
        assert (folder / "first.cases.json").read_text() == case_file("ada")
    assert commands.run("push", "rules", "--yes").code == 0
    assert cases_of(commands, "first") == "ada"


def test_cases_that_change_while_it_asks(commands: Commands) -> None:
    folder = commands.write("rules", first=RULE)
    assert commands.run("push", "rules", "--yes").code == 0
    (folder / "first.cases.json").write_text(case_file("ours"))
    terminal = commands.terminal("push", "rules")
    terminal.until("Make this live?")
    keep(commands, "first", "theirs")
    terminal.type("y\n")
    assert terminal.ended() == 1
    assert "nothing was pushed: somebody else has changed the cases of first" in terminal.seen
    assert cases_of(commands, "first") == "theirs"
