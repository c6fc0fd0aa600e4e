"""SpamAssassin's own rules, without a network, on every letter: well below suspicion, and no defect of MIME or HTML."""

import re
import subprocess
from functools import cache

import pytest

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import READABLE, read_bulletin
from distributor.rendering.email import render_email
from distributor.rendering.mime import compile_letter
from distributor.resources import shipped
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block, personal

SUSPICIOUS = 2.0

#: What SpamAssassin says of any letter with HTML that has not been on a wire yet.
_INFORMATION = {"HTML_MESSAGE", "NO_RECEIVED", "NO_RELAYS"}
_DEFECT = re.compile(r"MIME|HTML|MISSING|INVALID|BASE64|CHARSET|BOUNDARY|MALFORMED|ILLEGAL|BAD_|MSGID|UNPARSEABLE")


@cache
def _bulletins() -> dict[str, tuple[Bulletin, dict[str, bytes]]]:
    known = {"every-block": (every_block(), dict(PICTURES))}
    for file in sorted(path for path in shipped("examples").iterdir() if path.suffix in READABLE):
        reading = read_bulletin(file)
        known[file.stem] = (reading.bulletin, dict(reading.assets))
    return known


@pytest.mark.parametrize("direction", GROUPS)
@pytest.mark.parametrize("name", _bulletins())
def test_a_letter_is_above_suspicion(name: str, direction: str) -> None:
    bulletin, pictures = _bulletins()[name]
    rendition = render_email(
        bulletin, group=GROUPS[direction], office=OFFICE_WITH_PAGE, templates=TEMPLATES, pictures=pictures
    )
    letter = compile_letter(rendition, sender="云岭区河长办 <hzb@example.gov.cn>", list_id="bulletin.example.gov.cn")
    score, rules = _judged(letter.message(personal()))
    assert score < SUSPICIOUS, rules
    assert {rule for rule in rules if _DEFECT.search(rule)} <= _INFORMATION


def _judged(message: bytes) -> tuple[float, set[str]]:
    told = subprocess.run(["spamassassin", "-L"], input=message, capture_output=True, check=True).stdout.decode(
        "utf-8", "replace"
    )
    head = re.sub(r"\n[ \t]+", " ", told.partition("\n\n")[0])
    found = re.search(r"X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=([\w, ]*)", head)
    assert found is not None, head
    return float(found[1]), set(re.findall(r"\w+", found[2]))
