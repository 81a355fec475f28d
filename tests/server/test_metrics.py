"""Figures as Prometheus reads them."""

from fdemd.gallery.stages import BATCH
from fdemd.server.metrics import Metrics


def test_what_is_told() -> None:
    metrics = Metrics()
    metrics.count("GET", "/v1/persons", 200, 0.02)
    metrics.observe("network", 0.003)
    metrics.observe(BATCH, 3)
    text = metrics.told(2, 5).decode()
    for line in (
        'fdemd_requests_total{method="GET",route="/v1/persons",status="200"} 1.0',
        'fdemd_request_seconds_bucket{le="0.025",route="/v1/persons"} 1.0',
        'fdemd_stage_seconds_bucket{le="0.005",stage="network"} 1.0',
        'fdemd_batch_faces_bucket{le="2.0"} 0.0',
        'fdemd_batch_faces_bucket{le="4.0"} 1.0',
        "fdemd_gallery_people 2.0",
        "fdemd_gallery_photographs 5.0",
    ):
        assert line in text.splitlines()


def test_a_cluster_tells_its_strength() -> None:
    assert "fdemd_gallery_replicas{" not in Metrics().told(2, 5).decode()
    lines = Metrics().told(2, 5, (11, 12)).decode().splitlines()
    assert {'fdemd_gallery_replicas{state="answering"} 11.0', 'fdemd_gallery_replicas{state="all"} 12.0'} <= set(lines)


def test_two_servers_of_a_process_do_not_share_figures() -> None:
    one, other = Metrics(), Metrics()
    one.count("GET", "/v1/persons", 200, 0.02)
    assert "/v1/persons" not in other.told(0, 0).decode()
