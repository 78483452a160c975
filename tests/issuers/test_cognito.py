"""The events of our cases for Cognito, against the schemas of Powertools for AWS Lambda, which functions use.

They are installed beside this file, once (`powertools/package.json`).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers.test_cases import read
from tests.node import NODE, absent, install

POWERTOOLS = Path(__file__).parent / "powertools"

CHECK = """
import { readFileSync } from "node:fs";
import * as schemas from "@aws-lambda-powertools/parser/schemas/cognito";
const found = {};
for (const [name, event] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const version = event.request.scopes ? "V2AndV3" : "V1";
  const result = schemas[`PreTokenGenerationTriggerSchema${version}`].safeParse(event);
  if (!result.success) found[name] = result.error.issues.map((issue) => issue.path.join("."));
}
console.log(JSON.stringify(found));
"""
# Events of which we take more than there should be.
ODD = {
    "an event without a version is of the first",
    "null for the attributes of a machine",
}


def test_our_events_are_events_of_cognito(tmp_path: Path) -> None:
    events: dict[str, Any] = {
        case["name"]: case["request"]
        for case in read("cognito")
        if case.get("status") != 400 and case["name"] not in ODD and isinstance(case["request"], dict)
    }
    events |= calls_of(ISSUERS["cognito"])
    if reason := install(POWERTOOLS):
        absent(reason)
    assert NODE is not None
    script = tmp_path / "check.mjs"
    script.write_text(CHECK)
    (tmp_path / "node_modules").symlink_to(POWERTOOLS / "node_modules")
    done = subprocess.run(
        [NODE, script], input=json.dumps(events), capture_output=True, text=True, check=True, timeout=60
    )
    assert len(events) > 50
    assert json.loads(done.stdout) == {}
