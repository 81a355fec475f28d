"""The guard comes before the body is read."""

from fastapi.testclient import TestClient

from tests.server.conftest import Serve


def test_a_body_is_not_read_for_whoever_has_no_key(serve: Serve, keys: dict[str, str]) -> None:
    client: TestClient = serve()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/search", content=b"garbage", headers=headers).status_code == 401
    with_key = {**headers, "Authorization": f"Bearer {keys['read']}"}
    assert client.post("/v1/search", content=b"garbage", headers=with_key).status_code == 400
    assert client.post("/v1/faces", content=b"garbage", headers=with_key).status_code == 403
