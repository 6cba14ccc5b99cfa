"""The folder that stands in for a broker, with a writer and a reader at once."""

import json
import threading
from pathlib import Path

from kombu import Connection

from tale.lib import wakeups

MESSAGES = 200


def test_a_message_that_can_be_seen_is_whole(tmp_path: Path) -> None:
    wakeups.use()
    options = {name: str(tmp_path) for name in ("data_folder_in", "data_folder_out")}
    options["control_folder"] = str(tmp_path / "control")
    payload = {"body": "x" * 400_000}
    with Connection("filesystem://", transport_options=options) as connection:
        channel = connection.channel()

        def write() -> None:
            for _ in range(MESSAGES):
                channel._put("turns", payload)

        writer = threading.Thread(target=write)
        writer.start()
        seen = 0
        while writer.is_alive() or seen < MESSAGES:
            for file in tmp_path.glob("*.turns.msg"):
                assert json.loads(file.read_text()) == payload
                file.unlink()
                seen += 1
        writer.join()
    assert seen == MESSAGES
