"""What a monitor asks of a running server: numbers in the text format of Prometheus; nothing that a visitor typed."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from lrt_explorer.ui.work import Finished

SECONDS = (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
NAMESPACE = "lrt_explorer"


class Metrics:
    """Jobs as they end, and the state of the server whenever it is asked for."""

    def __init__(self, gauges: Mapping[str, tuple[str, Callable[[], float]]]) -> None:
        """Begin at zero.

        Args:
            gauges: what is measured when it is asked for: a description and a function by name.
        """
        self._registry = CollectorRegistry()
        self._jobs = Counter(
            "jobs", "Jobs that have ended.", ["job", "outcome"], namespace=NAMESPACE, registry=self._registry
        )
        self._seconds = Histogram(
            "job_seconds",
            "How long they took.",
            ["job"],
            namespace=NAMESPACE,
            registry=self._registry,
            buckets=SECONDS,
        )
        for name, (description, measure) in gauges.items():
            gauge = Gauge(name, description, namespace=NAMESPACE, registry=self._registry)
            gauge.set_function(measure)

    def count(self, finished: Finished) -> None:
        """Take note of a job that has ended."""
        self._jobs.labels(finished.job, finished.outcome).inc()
        self._seconds.labels(finished.job).observe(finished.seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)
