"""Figures of a running server in the form that Prometheus reads."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from fdemd.gallery.stages import BATCH

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FACES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Counts requests and measures what they take; each server has figures of its own."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "fdemd_requests", "Requests that were answered.", ["method", "route", "status"], registry=self._registry
        )
        self._latency = Histogram(
            "fdemd_request_seconds", "Time of a request.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._stages = Histogram(
            "fdemd_stage_seconds", "Time of a part of the work.", ["stage"], buckets=_SECONDS, registry=self._registry
        )
        self._batches = Histogram(
            "fdemd_batch_faces", "Faces in a batch of the network.", buckets=_FACES, registry=self._registry
        )
        self._people = Gauge("fdemd_gallery_people", "People who are enrolled.", registry=self._registry)
        self._photographs = Gauge("fdemd_gallery_photographs", "Photographs enrolled.", registry=self._registry)
        self._replicas = Gauge(
            "fdemd_gallery_replicas", "Replicas of the shards of a cluster.", ["state"], registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: Of the request.
            route: Its address with names in place of values, so that there are few of them.
            status: Of the answer.
            seconds: That it took.
        """
        self._requests.labels(method, route, str(status)).inc()
        self._latency.labels(route).observe(seconds)

    def observe(self, stage: str, number: float) -> None:
        """Take down what a part of the work took, see :mod:`fdemd.gallery.stages`."""
        if stage == BATCH:
            self._batches.observe(number)
        else:
            self._stages.labels(stage).observe(number)

    def told(self, people: int, photographs: int, replicas: tuple[int, int] | None = None) -> bytes:
        """Return all figures as text.

        Args:
            people: People who are enrolled now.
            photographs: Their photographs.
            replicas: Of a cluster's shards, those that answer and all; None without a cluster.
        """
        if replicas is not None:
            for state, number in zip(("answering", "all"), replicas, strict=True):
                self._replicas.labels(state).set(number)
        self._people.set(people)
        self._photographs.set(photographs)
        return generate_latest(self._registry)
