"""The events of our cases for Cognito, against the schemas of Powertools for AWS Lambda, which functions use.

`npm install @aws-lambda-powertools/parser zod` in some folder, and name that folder by `POWERTOOLS`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.issuers.table import ISSUERS
from cli.simulation import calls_of
from tests.issuers.test_cases import read

POWERTOOLS = os.environ.get("POWERTOOLS")
NODE = shutil.which("node")
NOT_RUN = "the events of Cognito were not compared with AWS's schemas: POWERTOOLS names no folder with them"
pytestmark = pytest.mark.skipif(not POWERTOOLS or NODE is None, reason=NOT_RUN)

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
    assert NODE is not None and POWERTOOLS is not None
    script = tmp_path / "check.mjs"
    script.write_text(CHECK)
    (tmp_path / "node_modules").symlink_to(Path(POWERTOOLS).resolve() / "node_modules")
    done = subprocess.run(
        [NODE, script], input=json.dumps(events), capture_output=True, text=True, check=True, timeout=60
    )
    assert len(events) > 50
    assert json.loads(done.stdout) == {}
