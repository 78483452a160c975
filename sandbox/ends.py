"""What becomes of the jobs that a worker had when it ended."""

from __future__ import annotations

import time

from sandbox.executions import TOO_LATE, Counts, Killed, Ticket
from sandbox.process import Worker
from sandbox.progress import CALLING, COLLECTING, RUNNING, Place

RUN_ELSEWHERE = "another worker runs its execution"
LATE_FINALISERS = "late finalisers"  # of an earlier job


def settle(worker: Worker, zygote_has_ended: bool, counts: Counts) -> list[Ticket]:
    """Those that have to be run elsewhere. The one at the head may end here: killed, or refused if it has not begun."""
    tickets = list(worker.in_flight)
    worker.in_flight.clear()
    if not tickets:
        return []
    head = tickets[0]
    assert worker.progress is not None, "closed after this"
    place = worker.progress.place()
    running = place.seq == head.seq and place.phase in (RUNNING, CALLING)
    begun = running or worker.calling.made
    # What an earlier job left behind may have ended it; a worker that had none has nobody else to blame.
    earlier = worker.executions > 0 and (worker.late == LATE_FINALISERS or place.phase == COLLECTING)
    if head.caller is worker:
        head.caller = None
    if head.caller is not None or head.done:
        tickets.pop(0).copies -= 1
    elif worker.late == "deadline" and not begun:
        counts.refused_busy += tickets.pop(0).refuse(TOO_LATE)
    elif worker.late != RUN_ELSEWHERE and (begun or not earlier):  # else the other has died meanwhile
        if _may_run_again(worker, head, begun, zygote_has_ended):
            counts.retries += 1
        else:
            cause = worker.late if worker.late in ("time", "deadline") else "died"
            tickets.pop(0).end(_killed(worker, place, head, running, cause))
    return tickets


def _may_run_again(worker: Worker, head: Ticket, begun: bool, zygote_has_ended: bool) -> bool:
    """The job may be what ends workers, so its tries are counted; one that has not begun is less suspect, and one
    whose worker died with the zygote is not at all."""
    if worker.late in ("time", "deadline") or (begun and head.request.broker.changes):
        return False
    if worker.late is not None or not zygote_has_ended:
        head.attempts += 1
    return head.attempts <= (1 if begun else 3)


def seen(worker: Worker, ticket: Ticket) -> Killed | None:
    """What is seen of a job that has to end now, while its worker is still there; None of one that has not begun it."""
    if not worker.in_flight or worker.in_flight[0] is not ticket or ticket.caller not in (None, worker):
        return None
    assert worker.progress is not None, "a worker with jobs lives"
    place = worker.progress.place()
    running = place.seq == ticket.seq and place.phase in (RUNNING, CALLING)
    if not running and not worker.calling.made:
        return None
    return _killed(worker, place, ticket, running, "deadline")


def _killed(worker: Worker, place: Place, head: Ticket, running: bool, cause: str) -> Killed:
    """A worker may say anything of its place."""
    assert worker.progress is not None, "closed after this"
    took = time.monotonic() - place.started + worker.calling.waited(place.step)
    return Killed(
        step=place.step if running and 0 <= place.step < len(head.request.rules) else None,
        cause=cause,
        line=worker.line,
        seconds=min(max(took, 0.0), 60.0),
        journal=worker.progress.journal(),
    )
