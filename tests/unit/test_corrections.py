"""A correction (更正) says so where people read it, and the first edition says nothing of the kind."""

import pytest

from distributor.rendering.card import ROBOT, WECOM, render_card
from distributor.rendering.edition import correction_note
from distributor.rendering.email import render_email
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block

FIRST, SECOND, THIRD = 1, 2, 3
SAID = "本期为更正版，请以此为准。"


@pytest.mark.parametrize(("edition", "note"), [(FIRST, ""), (SECOND, SAID), (THIRD, "本期为第2次更正版，请以此为准。")])
def test_a_note_names_which_correction_it_is(edition: int, note: str) -> None:
    assert correction_note(edition) == note


@pytest.mark.parametrize("channel", [WECOM, ROBOT])
@pytest.mark.parametrize("direction", GROUPS)
@pytest.mark.parametrize("edition", [FIRST, SECOND])
def test_a_card_and_a_word_in_a_chat_say_it_in_their_body(channel: str, direction: str, edition: int) -> None:
    card = render_card(
        every_block(),
        group=GROUPS[direction],
        office=OFFICE_WITH_PAGE,
        templates=TEMPLATES,
        channel=channel,
        edition=edition,
    )
    assert (SAID in card.text) is (edition == SECOND)


@pytest.mark.parametrize("direction", GROUPS)
@pytest.mark.parametrize("edition", [FIRST, SECOND])
def test_a_letter_says_it_in_both_of_its_parts_and_first_of_all(direction: str, edition: int) -> None:
    made = render_email(
        every_block(),
        group=GROUPS[direction],
        office=OFFICE_WITH_PAGE,
        templates=TEMPLATES,
        pictures=PICTURES,
        edition=edition,
    )
    corrected = edition == SECOND
    assert [SAID in part for part in (made.text, made.html)] == [corrected, corrected]
    assert made.text.startswith("【更正】") is corrected
    # The subject gets its mark when the letter is sent, as letters of earlier versions do.
    assert "更正" not in made.subject
