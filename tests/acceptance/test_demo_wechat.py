"""The demo with a simulated 企业微信 beside its mailbox: cards, a chat, a pressed button, mail where a card fails."""

import json
from pathlib import Path

from tests.acceptance.office import Office


def test_the_demo_shows_cards_a_chat_and_a_pressed_button(tmp_path: Path) -> None:
    office = Office(tmp_path)
    ran = office.run("demo", "--wechat", "--folder", "shown", "--json", timeout=100)
    assert ran.code == 0, ran.err
    document = json.loads(ran.out)
    copies = {copy["address"]: copy for copy in document["deliveries"]}
    assert copies["fangqiming"]["evidence"] == "identified"
    assert copies["jiangnianyi"]["state"] == "failed"
    assert copies["jiangnianyi@example.gov.cn"]["state"] == "delivered"
    assert copies["各镇街工作群"]["state"] == "accepted"
    gallery = (tmp_path / "shown" / "gallery" / "index.html").read_text(encoding="utf-8")
    assert "企业微信群" in gallery


def test_shown_again_nothing_is_sent_twice(tmp_path: Path) -> None:
    office = Office(tmp_path)
    assert office.run("demo", "--wechat", "--folder", "shown", timeout=100).code == 0
    again = office.run("demo", "--wechat", "--folder", "shown", timeout=100)
    assert again.code == 0, again.err
    assert "nothing is sent a second time" in again.out
