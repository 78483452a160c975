"""What `/metrics` shows. The counts are kept where things happen; this only says them in Prometheus' words.

All are sums, of what happened or of what is there, since those of several processes are added up (`api.together`).
Labels have few values, which are ours, but for the names of rules (`engine.rule_times`).
"""

from __future__ import annotations

import importlib.metadata
import itertools
import platform
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from api.errors import ERRORS
from api.issuers.issuer import Cause
from api.issuers.table import ISSUERS
from api.spans import NO_TRACES, Spans
from engine.calls.outside import Outside
from engine.compiled import CompiledRules
from engine.engine import Engine
from engine.records import Records
from sandbox.durations import BOUNDS, Durations
from sandbox.pool import Pool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DECISIONS = ("allow", "deny", "redirect", "step_up")
DENIALS = ("unauthorized", "access_denied", "interaction_required", "server_error")
OUTCOMES = ("passed", "denied", "raised", "timed_out", "exhausted", "refused", "skipped")
PARTS = ("redis", "database", "records", "confinement")  # of `Service.degraded`
VERSION = importlib.metadata.version("claimsmith")


class Metrics(Collector):
    def __init__(
        self,
        engine: Engine,
        pool: Pool,
        compiled: CompiledRules,
        records: Records,
        outside: Outside,
        spans: Spans | None = None,
    ) -> None:
        self._spans = spans
        self._outside = outside
        self._engine = engine
        self._pool = pool
        self._compiled = compiled
        self._records = records
        self._all, self._unnamed = CollectorRegistry(), CollectorRegistry()
        self._unnamed.register(self)
        self._all.register(self)
        self._all.register(_Named(engine))
        self._seconds = Durations()
        self.observe = self._seconds.observe  # the time of a login
        # What has not happened is shown as 0: else the first time would be no rise, and go unnoticed.
        outcomes = ("allow", *get_args(Cause))
        self.hooks = Counter(dict.fromkeys(((issuer, outcome) for issuer in ISSUERS for outcome in outcomes), 0))
        self.refused = Counter(dict.fromkeys((row.status for row in ERRORS.values()), 0))
        self.degraded: Callable[[], Sequence[str]] = tuple

    def text(self, *, rules: bool) -> bytes:
        """With the names of `rules`, or without."""
        return generate_latest(self._all if rules else self._unnamed)

    def collect(self) -> Iterator[Metric]:
        yield from self._logins()
        yield from self._sandbox()
        yield from self._stores()
        yield self._build()

    def _logins(self) -> Iterator[Metric]:
        engine = self._engine
        yield _counter("claimsmith_executions", "Logins by decision.", "decision", engine.decisions, DECISIONS)
        yield _counter("claimsmith_denials", "Logins that were denied, by error.", "error", engine.denials, DENIALS)
        yield _counter("claimsmith_steps", "Rules run in logins, by outcome.", "outcome", engine.outcomes, OUTCOMES)
        yield _histogram("claimsmith_execution_seconds", "Time from a transaction to its decision.", self._seconds)
        yield _histogram("claimsmith_rule_seconds", "Time of a rule in a login.", engine.rule_times.durations)
        yield CounterMetricFamily(
            "claimsmith_rules_suspended",
            "Rules left out for a while, since they ran out of time again and again.",
            value=engine.suspended.suspensions,
        )
        yield GaugeMetricFamily(
            "claimsmith_rules_left_out", "Rules that are left out now.", value=engine.suspended.left_out()
        )
        yield _counter(
            "claimsmith_calls", "Calls of rules by HTTP, by what came of them.", "result", self._outside.counts
        )
        hooks = CounterMetricFamily(
            "claimsmith_hooks", "Calls of issuers' hooks, by what was answered.", labels=["issuer", "outcome"]
        )
        for (issuer, outcome), count in sorted(self.hooks.items()):
            hooks.add_metric([issuer, outcome], count)
        yield hooks
        refused = CounterMetricFamily(
            "claimsmith_refused_requests", "Requests that were refused, by status.", labels=["status"]
        )
        for status, count in sorted(self.refused.items()):
            refused.add_metric([str(status)], count)
        yield refused

    def _sandbox(self) -> Iterator[Metric]:
        pool, counts = self._pool, self._pool.counts
        yield _histogram("claimsmith_wait_seconds", "Time that a login, or a try, waits for a worker.", counts.waits)
        yield _counter(
            "claimsmith_workers_ended",
            "Workers that ended, by cause.",
            "cause",
            {"recycled": counts.workers_recycled, "killed": counts.workers_killed, "died": counts.workers_died},
        )
        for name, text, count in (
            ("claimsmith_workers_started", "Workers started.", counts.workers_started),
            ("claimsmith_zygote_starts", "Starts of the zygote.", counts.zygote_starts),
            ("claimsmith_retries", "Executions run again after their worker died.", counts.retries),
            ("claimsmith_refused_busy", "Executions not started: too many waiting, or too late.", counts.refused_busy),
        ):
            yield CounterMetricFamily(name, text, value=count)
        for name, text, count in (
            ("claimsmith_ready", "Processes that can answer logins.", pool.hello is not None),
            ("claimsmith_workers", "Workers that live.", pool.workers),
            ("claimsmith_workers_busy", "Workers with an execution.", pool.busy),
            ("claimsmith_workers_calling", "Workers that wait for a call.", pool.calling),
            ("claimsmith_workers_most", "Workers that there may be for logins.", pool.most_workers),
            ("claimsmith_executions_waiting", "Executions that wait for a worker.", pool.waiting),
        ):
            yield GaugeMetricFamily(name, text, value=count)

    def _stores(self) -> Iterator[Metric]:
        cache, records = self._compiled.counts, self._records
        yield _counter(
            "claimsmith_compiled_rules",
            "Compiled rules by where they were found; refused ones were not what this service stored.",
            "source",
            {
                "memory": cache.memory,
                "redis": cache.redis,
                "compiled": cache.compiled,
                "refused": cache.refused,
            },
        )
        yield GaugeMetricFamily(
            "claimsmith_compiled_bytes", "Compiled rules kept in memory.", value=self._compiled.kept_bytes
        )
        yield CounterMetricFamily("claimsmith_redis_errors", "Calls to Redis that failed.", value=cache.redis_errors)
        yield _counter(
            "claimsmith_records",
            "Records by fate.",
            "fate",
            {"written": records.written, "dropped": records.dropped, "left_out": records.left_out},
        )
        yield GaugeMetricFamily("claimsmith_records_waiting", "Records that wait to be written.", value=records.waiting)
        yield GaugeMetricFamily(
            "claimsmith_records_waiting_bytes", "Records that wait to be written.", value=records.waiting_bytes
        )
        yield _counter(
            "claimsmith_traces",
            "Traces of logins, by fate.",
            "fate",
            NO_TRACES if self._spans is None else self._spans.counts,
        )
        degraded = GaugeMetricFamily(
            "claimsmith_degraded", "Processes for which a part does not work, while logins go on.", labels=["part"]
        )
        now = self.degraded()
        for part in PARTS:
            degraded.add_metric([part], part in now)
        yield degraded

    def _build(self) -> Metric:
        hello = self._pool.hello
        build = {
            "version": VERSION,
            "python": platform.python_version(),
            "policy": hello.policy if hello else "",
            "restrictedpython": hello.restrictedpython if hello else "",
        }
        family = GaugeMetricFamily("claimsmith_build_info", "Processes of this build.", labels=list(build))
        family.add_metric(list(build.values()), 1)
        return family


class _Named(Collector):
    """The rules that have a name."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        labels = ["tenant", "rule"]
        runs = CounterMetricFamily("claimsmith_rule_runs", "Runs of the busiest rules, and of others.", labels=labels)
        seconds = CounterMetricFamily("claimsmith_rule_run_seconds", "Time that they took.", labels=labels)
        failures = CounterMetricFamily("claimsmith_rule_failures", "How often they failed.", labels=labels)
        for key, total in self._engine.rule_times.totals().items():
            runs.add_metric(key, total.runs)
            seconds.add_metric(key, total.microseconds / 1e6)
            failures.add_metric(key, total.failures)
        yield from (runs, seconds, failures)


def _counter(
    name: str, text: str, label: str, counts: Mapping[str, int], known: tuple[str, ...] = ()
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value in known or tuple(counts):
        family.add_metric([value], counts.get(value, 0))
    return family


def _histogram(name: str, text: str, durations: Durations) -> HistogramMetricFamily:
    counts = itertools.accumulate(durations.counts)
    buckets = [(str(bound), count) for bound, count in zip((*BOUNDS, "+Inf"), counts, strict=True)]
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=durations.total)
