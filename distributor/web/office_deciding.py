"""The buttons of the office's pages: first a page that says what a decision would come to, then the decision."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from distributor.delivery.decision import Decision
from distributor.log import log
from distributor.web.forms import one_line
from distributor.web.office_acts import RESOLVES, Acts, Question, texts_of
from distributor.web.office_doors import Doors
from distributor.web.office_frame import Frame
from distributor.web.office_here import Here
from distributor.web.office_looking import Said
from distributor.words import Words, words

_log = log("office")

_DECISIONS = {"retry": Decision.RETRY, "cancel": Decision.CANCEL}


class Deciding:
    """The forms of one process."""

    def __init__(self, acts: Acts, frame: Frame, doors: Doors, said: Said) -> None:
        self._acts = acts
        self._frame = frame
        self._doors = doors
        self._said = said

    async def ask(self, request: Request, here: Here) -> Response:
        """What a decision about a bulletin or a copy would come to."""
        about, act = request.path_params, request.path_params["act"]
        ask: Callable[[], Question]
        if act == "resolve" and "copy" in about:
            ask = partial(self._acts.ask_about_copy, about["copy"], Decision.ARRIVED)
        elif act == "remind" and "bulletin" in about:
            ask = partial(self._acts.ask_to_remind, about["bulletin"])
        elif act not in _DECISIONS:
            return self._frame.notice(request, 404, words("There is no such page"), here=here)
        elif "bulletin" in about:
            ask = partial(self._acts.ask_about_bulletin, about["bulletin"], _DECISIONS[act])
        else:
            ask = partial(self._acts.ask_about_copy, about["copy"], _DECISIONS[act])
        return await self._question(request, here, ask, back=_back(about))

    async def decide(self, request: Request, here: Here) -> Response:
        """Decides about a bulletin or a copy."""
        about, fields = request.path_params, request.state.fields
        if about["act"] == "pause" and "bulletin" in about:
            return await self._rest(request, here, f"bulletin:{about['bulletin']}", fields, _back(about))
        if about["act"] == "remind" and "bulletin" in about and fields.get("choice") == "yes":
            remind = partial(self._acts.remind, about["bulletin"], here.actor)
            return await self._told(request, here, remind, _back(about))
        decision = _chosen(about, fields.get("choice", ""))
        if decision is None:
            return self._frame.notice(request, 400, words("Nothing was changed"), here=here)
        decide = partial(self._acts.decide_about_copy, about.get("copy", ""), decision, here.actor)
        if "bulletin" in about:
            decide = partial(self._acts.decide_about_bulletin, about["bulletin"], decision, here.actor)
        return await self._told(request, here, decide, _back(about))

    async def pause(self, request: Request, here: Here) -> Response:
        """Lets everything or an account rest."""
        fields = request.state.fields
        return await self._rest(request, here, fields.get("scope", ""), fields, "")

    async def ask_to_go_on(self, request: Request, here: Here) -> Response:
        """What letting something go on would come to."""
        scope = request.query_params.get("scope", "all")
        ask = partial(self._acts.ask_to_go_on, scope)
        return await self._question(request, here, ask, back=_of_scope(scope), scope=scope)

    async def go_on(self, request: Request, here: Here) -> Response:
        """Lets something go on."""
        scope = request.state.fields.get("scope", "")
        return await self._told(request, here, partial(self._acts.let_go_on, scope, here.actor), _of_scope(scope))

    async def settle(self, request: Request, here: Here) -> Response:
        """Says where a receipt belongs, or puts it aside."""
        number, choice = request.path_params["number"], request.state.fields.get("choice")
        if choice not in ("assign", "dismiss"):
            return self._frame.notice(request, 400, words("Nothing was changed"), here=here)
        settle = partial(self._acts.settle_receipt, number, belongs=choice == "assign", actor=here.actor)
        return await self._told(request, here, settle, "receipts")

    async def _question(
        self, request: Request, here: Here, ask: Callable[[], Question], *, back: str, scope: str = ""
    ) -> Response:
        if not here.may_decide:
            return self._doors.not_allowed(request, here)
        question = await asyncio.to_thread(ask)
        values = {"heading": question.ask, **texts_of(question), "back": back, "scope": scope}
        return self._frame.page(request, "confirm", here, values)

    async def _rest(self, request: Request, here: Here, scope: str, fields: Mapping[str, str], back: str) -> Response:
        reason = one_line(fields.get("reason", ""), 200)
        return await self._told(request, here, partial(self._acts.let_rest, scope, reason, here.actor), back)

    async def _told(self, request: Request, here: Here, decide: Callable[[], Words], back: str) -> Response:
        """Decides, and lets the page that follows say what came of it: a reload decides nothing again."""
        what = await asyncio.to_thread(decide)
        _log.info("office.decided", by=here.actor, path=request.url.path)
        self._said.keep(here.session, what)
        return self._frame.go(request, back)


def _chosen(about: Mapping[str, Any], choice: str) -> Decision | None:
    """The decision that a button stands for; None when it stands for none here."""
    if about["act"] == "resolve" and "copy" in about:
        return next((each for each in RESOLVES if each.value == choice), None)
    return _DECISIONS.get(about["act"]) if choice == "yes" else None


def _back(about: Mapping[str, Any]) -> str:
    return f"b/{about['bulletin']}" if "bulletin" in about else f"c/{about['copy']}"


def _of_scope(scope: str) -> str:
    kind, _, number = scope.partition(":")
    return f"b/{number}" if kind == "bulletin" and number.isascii() and number.isdecimal() else ""
