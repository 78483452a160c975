"""What `/metrics` shows. The counts are kept where things happen; this only says them in Prometheus' words."""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from engine.calls.outside import Outside
from engine.compiled import CompiledRules
from engine.engine import Engine
from engine.records import Records
from sandbox.pool import Pool

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

DECISIONS = ("allow", "deny", "redirect", "step_up")
OUTCOMES = ("passed", "denied", "raised", "timed_out", "exhausted", "refused", "skipped")


class Metrics(Collector):
    def __init__(self, engine: Engine, pool: Pool, compiled: CompiledRules, records: Records, outside: Outside) -> None:
        self._outside = outside
        self._engine = engine
        self._pool = pool
        self._compiled = compiled
        self._records = records
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._seconds = [0] * (len(BUCKETS) + 1)
        self._total = 0.0
        self.hooks: Counter[tuple[str, str]] = Counter()  # calls of issuers' hooks, by issuer and outcome

    def observe(self, seconds: float) -> None:
        """Count the time of an execution. The library's own histogram takes a lock and a loop for it."""
        self._seconds[bisect.bisect_left(BUCKETS, seconds)] += 1
        self._total += seconds

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        pool, cache, records = self._pool.counts, self._compiled.counts, self._records
        yield _counter(
            "claimsmith_executions", "Executions by decision.", "decision", self._engine.decisions, DECISIONS
        )
        yield _counter("claimsmith_steps", "Rules run by outcome.", "outcome", self._engine.outcomes, OUTCOMES)
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
        yield _counter(
            "claimsmith_workers_ended",
            "Workers that ended, by cause.",
            "cause",
            {"recycled": pool.workers_recycled, "killed": pool.workers_killed, "died": pool.workers_died},
        )
        yield _counter(
            "claimsmith_records",
            "Records by fate.",
            "fate",
            {"written": records.written, "dropped": records.dropped, "left_out": records.left_out},
        )
        yield _counter(
            "claimsmith_calls",
            "Calls of rules by HTTP, by what came of them.",
            "result",
            self._outside.counts,
        )
        hooks = CounterMetricFamily(
            "claimsmith_hooks", "Calls of issuers' hooks, by what was answered.", labels=["issuer", "outcome"]
        )
        for (issuer, outcome), count in sorted(self.hooks.items()):
            hooks.add_metric([issuer, outcome], count)
        yield hooks
        for name, text, count in (
            ("claimsmith_workers_started", "Workers started.", pool.workers_started),
            ("claimsmith_zygote_starts", "Starts of the zygote.", pool.zygote_starts),
            ("claimsmith_retries", "Executions run again after their worker died.", pool.retries),
            (
                "claimsmith_rules_suspended",
                "Rules left out for a while, since they ran out of time again and again.",
                self._engine.suspended.suspensions,
            ),
            ("claimsmith_refused_busy", "Executions not started: too many waiting, or too late.", pool.refused_busy),
            ("claimsmith_redis_errors", "Calls to Redis that failed.", cache.redis_errors),
        ):
            yield CounterMetricFamily(name, text, value=count)
        counts = list(itertools.accumulate(self._seconds))
        yield HistogramMetricFamily(
            "claimsmith_execution_seconds",
            "Time from a transaction to its decision.",
            buckets=[(str(bound), count) for bound, count in zip((*BUCKETS, "+Inf"), counts, strict=True)],
            sum_value=self._total,
        )
        yield GaugeMetricFamily("claimsmith_workers_busy", "Workers with an execution.", value=self._pool.busy)
        yield GaugeMetricFamily("claimsmith_workers_calling", "Workers that wait for a call.", value=self._pool.calling)
        yield GaugeMetricFamily(
            "claimsmith_executions_waiting", "Executions that wait for a worker.", value=self._pool.waiting
        )
        yield GaugeMetricFamily("claimsmith_records_waiting", "Records that wait to be written.", value=records.waiting)


def _counter(
    name: str, text: str, label: str, counts: Mapping[str, int], known: tuple[str, ...] = ()
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value in known or tuple(counts):
        family.add_metric([value], counts.get(value, 0))
    return family
