"""The same picture, kept in an S3 store instead of on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone
from moto.server import ThreadedMotoServer

from accounts.models import Organisation, User
from assistants import arrivals, artifacts, images, orphans, provenance
from assistants.context import Context
from assistants.models import Artifact, DeletionProof
from chats import delivery, links
from providers.shapes import Finished, Picture, Usage, Wish
from tale.lib import env
from tests.assistants.test_gate import draw
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
    assert async_to_sync(provenance.read)(kept).ours
    assert artifacts.traces_of(artifact.path) == [artifact.path]
    assert not artifacts.traces_of("gen/hold_nobody/0")
    shown = as_(bob).get(f"/pictures/{artifact.pk}")
    assert shown.content == kept


def test_the_store_hands_it_out_by_a_link_that_lives_a_minute(
    acme: Organisation,
    bob: User,
    charlie: User,
    workspace: Callable[[Organisation], None],
    script: Script,
    bucket: Any,
    as_: Any,
    settings: Any,
) -> None:
    workspace(acme)
    (artifact,) = draw(bob)
    settings.TALE_DELIVERY = "link"
    address = f"/pictures/{artifact.pk}"
    assert as_(charlie).get(address).status_code == 404
    led = as_(bob).get(f"{address}?download=png")
    assert (led.status_code, led["Cache-Control"]) == (302, "private, no-cache")
    link = links.give(artifact, delivery.Asked(download="png"), now=timezone.now()).url
    without = Client().get(urlsplit(link).path)
    assert urlsplit(without["Location"]).path == urlsplit(led["Location"]).path
    asked = parse_qs(urlsplit(led["Location"]).query)
    lives_s = asked.get("X-Amz-Expires", [""])[0] or int(asked["Expires"][0]) - time.time()
    assert 0 < int(lives_s) <= 60
    with urlopen(led["Location"]) as got:
        assert got.read() == artifact.get_bytes()
        assert got.headers["Content-Type"] == "image/png"
        assert got.headers["Content-Disposition"].startswith("attachment; filename=")


def test_a_deleted_one_is_gone_from_there(
    acme: Organisation,
    bob: User,
    workspace: Callable[[Organisation], None],
    script: Script,
    bucket: Any,
    as_: Any,
) -> None:
    def count() -> int:
        kept: int = bucket.list_objects_v2(Bucket="tale")["KeyCount"]
        return kept

    workspace(acme)
    before = count()  # the simulated store outlives a test
    (artifact,) = draw(bob)
    as_(bob).get(f"/pictures/{artifact.pk}?variant=thumb")
    assert count() == before + 2
    now = timezone.now()
    assert orphans.audit(now=now).files == orphans.audit(now=now).rows == 0
    as_(bob).delete(f"/pictures/{artifact.pk}")
    assert count() == before
    assert DeletionProof.objects.of(acme).get().files == 2


def test_a_file_written_again_replaces_the_first(bucket: Any) -> None:
    """A job finished twice, by its worker and by the sweeper, leaves one file under its name."""
    for content in (b"first", png(8, 8)):
        arrivals.write("hold_1", Finished((Picture(content),), Usage(pictures=1)))
    found = arrivals.read("hold_1")
    assert found is not None
    assert found.pictures == (Picture(png(8, 8)),)
    assert bucket.list_objects_v2(Bucket="tale", Prefix="gen/hold_1")["KeyCount"] == 1
    assert arrivals.read("hold_2") is None
