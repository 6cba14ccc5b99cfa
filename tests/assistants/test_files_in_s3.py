"""The same picture, kept in an S3 store instead of on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from moto.server import ThreadedMotoServer

from accounts.models import Organisation, User
from assistants import artifacts, images
from assistants.context import Context
from assistants.models import Artifact
from providers.shapes import Picture, Wish
from tale.lib import env
from tests.people import actor_for
from tests.upstream.scripted import Script, png

pytestmark = pytest.mark.s3


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in (
        ("TALE_S3_BUCKET", "tale"),
        ("TALE_S3_ENDPOINT", endpoint),
        ("TALE_S3_ACCESS_KEY", "testing"),
        ("TALE_S3_SECRET_KEY", "testing"),
    ):
        monkeypatch.setenv(name, value)
    store = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    store.create_bucket(Bucket="tale")
    settings.STORAGES = {**settings.STORAGES, "default": env.s3()}
    yield store
    storages["default"].connection.meta.client.close()
    store.close()
    server.stop()


def test_a_picture_goes_there_and_comes_back(
    acme: Organisation,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
    bucket: Any,
    as_: Any,
) -> None:
    workspace(acme)
    context = Context(actor=actor_for(bob), reference="test")

    async def draw() -> list[Artifact]:
        return await images.generate(wish=Wish("a fox"), context=context, idempotency_key="k")

    (artifact,) = async_to_sync(draw)()
    kept = bucket.get_object(Bucket="tale", Key=artifact.path)["Body"].read()
    assert kept == artifact.get_bytes()
    shown = as_(bob).get(f"/pictures/{artifact.pk}")
    assert shown.content == kept


def test_a_file_written_again_replaces_the_first(bucket: Any) -> None:
    """A job finished twice, by its worker and by the sweeper, leaves one file under its name."""
    artifacts.put("gen/hold_1/0", b"first")
    artifacts.put("gen/hold_1/0", png(8, 8))
    assert artifacts.read_files("hold_1", 1) == [Picture(png(8, 8))]
    assert bucket.list_objects_v2(Bucket="tale", Prefix="gen/hold_1")["KeyCount"] == 1
    assert artifacts.read_files("hold_1", 2) == []
