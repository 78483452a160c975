"""The long run: processes of programs, and one of frames, watched until both the time and the count are reached.

A process that ends is what must not happen, since it is the service's part of the sandbox: that is a finding too.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import sandbox
from tests.fuzz.findings import Finding, Findings
from tests.fuzz.shift import BATCH

ROOT = Path(sandbox.__file__).resolve().parent.parent
EVERY = 30.0  # seconds between lines where there is no terminal
SILENCE = 120.0  # a process that says nothing for so long hangs
STOP = 60.0  # it has for what it has begun


@dataclass
class Member:
    """One process."""

    kind: str  # "programs" or "frames"
    number: int
    process: subprocess.Popen[str]
    counts: Counter[str] = field(default_factory=Counter)
    begun: int = 0
    heard: float = field(default_factory=time.monotonic)


class Campaign:
    def __init__(self, seed: str, processes: int, frames: bool, folder: Path) -> None:
        self.seed = seed
        self.findings = Findings(folder)
        self.folder = folder
        self.started = time.monotonic()
        self._processes = processes
        self._past: dict[str, Counter[str]] = {"programs": Counter(), "frames": Counter()}
        self._lines: SimpleQueue[tuple[Member, str | None]] = SimpleQueue()
        self._members: list[Member] = []
        self._frames = frames

    # Counts

    def counts(self, kind: str = "programs") -> Counter[str]:
        total = Counter(self._past[kind])
        for member in self._members:
            if member.kind == kind:
                total.update(member.counts)
        return total

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def summary(self) -> dict[str, Any]:
        counts, frames = self.counts(), self.counts("frames")
        programs = counts["programs"]
        outcomes = {
            name: count for name, count in sorted(counts.items()) if ": " not in name or name.startswith("killed")
        }
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "programs": programs,
            "per_second": round(programs / max(self.seconds, 0.001), 1),
            "accepted": programs - counts["refused"],
            "outcomes": {
                name: count for name, count in outcomes.items() if name != "programs" and not name.startswith("FOUND")
            },
            "made": {
                name.removeprefix("made: "): count
                for name, count in sorted(counts.items())
                if name.startswith("made: ")
            },
            "frames": dict(sorted(frames.items())),
            "findings": dict(sorted(self.findings.counts.items())),
        }

    # The run

    def run(self, minutes: float, programs: int, console: Console) -> None:
        """Until `minutes` have passed and `programs` are done, whichever comes last, or until Ctrl-C."""
        for number in range(self._processes):
            self._start("programs", number, number * BATCH)
        if self._frames:
            self._start("frames", 0, 0)
        progress = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        by_count = progress.add_task("programs", total=max(programs, 1))
        by_time = progress.add_task("seconds", total=max(round(minutes * 60), 1))
        told = time.monotonic()
        live = Live(console=console, refresh_per_second=2) if console.is_terminal else None
        try:
            if live is not None:
                live.start()
            while self.counts()["programs"] < programs or self.seconds < minutes * 60:
                self._listen(0.5, console)
                done = self.counts()["programs"]
                progress.update(by_count, completed=min(done, max(programs, 1)))
                progress.update(by_time, completed=min(round(self.seconds), max(round(minutes * 60), 1)))
                if live is not None:
                    live.update(self._table(progress))
                elif time.monotonic() - told > EVERY:
                    told = time.monotonic()
                    console.print(self._line(), soft_wrap=True)
        except KeyboardInterrupt:
            console.print("stopped")
        finally:
            if live is not None:
                live.stop()
            self._end(console)

    def _line(self) -> str:
        known = self.summary()
        parts = [f"{name} {count:,}" for name, count in known["outcomes"].items()]
        rate = f"{known['seconds']:.0f} s, {known['programs']:,} programs, {known['per_second']}/s"
        return f"{rate}: {', '.join(parts)}; {len(known['findings'])} findings"

    def _table(self, progress: Progress) -> Table:
        known = self.summary()
        table = Table.grid(padding=(0, 2))
        table.add_row(progress)
        inner = Table(box=None, show_header=False, padding=(0, 2))
        for name, count in known["outcomes"].items():
            inner.add_row(name, f"{count:,}")
        inner.add_row("programs a second", f"{known['per_second']:,}")
        for name, count in known["frames"].items():
            inner.add_row(f"frames: {name}", f"{count:,}")
        inner.add_row("findings", ", ".join(known["findings"]) or "none")
        table.add_row(inner)
        return table

    # Processes

    def _start(self, kind: str, number: int, first: int) -> None:
        module = {"programs": "tests.fuzz.shift", "frames": "tests.fuzz.firing"}[kind]
        process = subprocess.Popen(
            [sys.executable, "-m", module, self.seed, str(first), str(self._processes - 1)],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        member = Member(kind, number, process, begun=first)
        self._members.append(member)
        threading.Thread(target=self._read, args=(member,), daemon=True).start()

    def _read(self, member: Member) -> None:
        assert member.process.stdout is not None
        with member.process.stdout as lines:
            for line in lines:
                self._lines.put((member, line))
        self._lines.put((member, None))

    def _listen(self, seconds: float, console: Console) -> None:
        """Take what the processes say, and replace those that are gone or silent."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                member, line = self._lines.get(timeout=left)
            except Empty:
                break
            member.heard = time.monotonic()
            if line is not None:
                self._heard(member, json.loads(line), console)
            elif member in self._members:
                self._lost(member, f"the process ended by {member.process.wait()}", console)
        for member in list(self._members):
            if time.monotonic() - member.heard > SILENCE:
                member.process.kill()
                self._lost(member, f"the process said nothing for {SILENCE:.0f} s", console)

    def _heard(self, member: Member, said: dict[str, Any], console: Console) -> None:
        if "counts" in said:
            member.counts = Counter(said["counts"])
        elif "begun" in said:
            member.begun = said["begun"]
        elif "finding" in said:
            self._found(Finding(**said["finding"]), console)

    def _lost(self, member: Member, what: str, console: Console) -> None:
        self._members.remove(member)
        self._past[member.kind].update(member.counts)
        origin = f"{self.seed}:{member.begun} and the {2 * BATCH} after it"
        self._found(Finding("service", f"{member.kind}: {what}", "", origin), console)
        first = member.begun + BATCH * self._processes if member.kind == "programs" else member.begun + 1
        self._start(member.kind, member.number, first)

    def _found(self, finding: Finding, console: Console) -> None:
        if self.findings.add(finding):
            console.print(
                f"found: {finding.kind}: {finding.detail[:300]} ({finding.origin})", markup=False, soft_wrap=True
            )

    def _end(self, console: Console) -> None:
        for member in self._members:
            member.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + STOP
        while time.monotonic() < until and any(member.process.poll() is None for member in self._members):
            try:
                member, line = self._lines.get(timeout=0.2)
            except Empty:
                continue
            if line is not None:
                self._heard(member, json.loads(line), console)
        for member in self._members:
            if member.process.poll() is None:
                member.process.kill()
                self._found(
                    Finding("service", f"{member.kind}: did not end", "", f"{self.seed}:{member.begun}"), console
                )
            member.process.wait()
        while not self._lines.empty():
            member, line = self._lines.get()
            if line is not None:
                self._heard(member, json.loads(line), console)


def processors() -> int:
    return max(len(os.sched_getaffinity(0)), 1)
