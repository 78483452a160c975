"""What was found, kept as files: one for every kind of thing that happened, however often it did."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Finding:
    kind: str  # what was broken: "canary", "death", "provenance" ...
    detail: str
    script: str
    origin: str  # the seed and the way the script was made

    @property
    def signature(self) -> str:
        """The same for things that are the same but for their numbers and names."""
        shape = re.sub(r"'[^']*'|\"[^\"]*\"|\[.*\]", "_", self.detail)
        shape = re.sub(r"/\S+|context\.\S+|updates\.\S+", "_", shape)
        return f"{self.kind}-{hashlib.sha256(re.sub(r'[0-9]+', '0', shape).encode()).hexdigest()[:10]}"


class Findings:
    """A folder of findings."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: dict[str, int] = {}

    def add(self, finding: Finding) -> bool:
        """Keep `finding`; whether it is the first of its kind. Of several the shortest script is kept."""
        name = finding.signature
        count = self.counts[name] = self.counts.get(name, 0) + 1
        path = self._folder / f"{name}.py"
        if path.exists() and path.stat().st_size <= len(finding.script.encode()) + 300:
            return count == 1
        self._folder.mkdir(parents=True, exist_ok=True)
        detail = finding.detail.replace("\n", "\n#   ")
        path.write_text(f"# {finding.kind}: {detail}\n# origin: {finding.origin}\n{finding.script}", "utf-8", "replace")
        return count == 1
