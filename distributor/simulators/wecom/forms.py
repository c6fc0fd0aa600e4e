"""What a message may look like: the fields each kind needs, and the lengths at which it is refused or cut.

Source: developer.work.weixin.qq.com/document/path/90236 (apps) and 91770 (robots). Lengths count bytes of UTF-8,
except those of a textcard, which count characters.
"""

from collections.abc import Callable, Mapping
from typing import Any

from distributor.simulators.answers import Refused, octets


def app_form(kind: str, content: Mapping[str, Any]) -> bool:
    """Checks an app's message. Returns whether the platform has to cut it; raises `Refused` when it cannot be one."""
    check = _APP.get(kind)
    if check is None:
        raise Refused(40008)
    return check(content)


def robot_form(kind: str, content: Mapping[str, Any]) -> bool:
    """The same for a robot, which knows other kinds and refuses where an app cuts."""
    check = _ROBOT.get(kind)
    if check is None:
        raise Refused(40008)
    return check(content)


def _needed(content: Mapping[str, Any], *names: str) -> None:
    if any(not isinstance(content.get(name), str) or not content[name] for name in names):
        raise Refused(44004 if names == ("content",) else 40058)


def _text(most: int) -> Callable[[Mapping[str, Any]], bool]:
    def check(content: Mapping[str, Any]) -> bool:
        _needed(content, "content")
        return octets(content["content"]) > most

    return check


def _strict_text(name: str, most: int) -> Callable[[Mapping[str, Any]], bool]:
    def check(content: Mapping[str, Any]) -> bool:
        _needed(content, "content")
        if octets(content["content"]) > most:
            raise Refused(40058, f"{name}.content exceed max length {most}. invalid Request Parameter")
        return False

    return check


def _textcard(content: Mapping[str, Any]) -> bool:
    _needed(content, "title", "description", "url")
    _url(content["url"])
    return len(content["title"]) > 128 or len(content["description"]) > 512 or len(content.get("btntxt", "")) > 4


def _news(content: Mapping[str, Any]) -> bool:
    articles = content.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(45008)
    for article in articles:
        _needed(article, "title", "url")
        _url(article["url"])
    return any(octets(article["title"]) > 128 or octets(article.get("description", "")) > 512 for article in articles)


def _mpnews(content: Mapping[str, Any]) -> bool:
    articles = content.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(45008)
    for article in articles:
        _needed(article, "title", "thumb_media_id", "content")
        if octets(article["content"]) > 666 * 1024:
            raise Refused(45002)
    return any(octets(article["title"]) > 128 or octets(article.get("digest", "")) > 512 for article in articles)


def _media(content: Mapping[str, Any]) -> bool:
    _needed(content, "media_id")
    return False


def _url(url: str) -> None:
    if not url.startswith(("http://", "https://")) or octets(url) > 2048:
        raise Refused(40058)


def _app_card(card: Mapping[str, Any]) -> bool:
    if card.get("card_type") not in ("text_notice", "news_notice", "button_interaction"):
        raise Refused(40058)
    if card["card_type"] == "button_interaction":
        _buttons(card)
    _card_body(card, action_needed=card["card_type"] != "button_interaction")
    return False


def _robot_card(card: Mapping[str, Any]) -> bool:
    if card.get("card_type") not in ("text_notice", "news_notice"):
        raise Refused(40058)
    _card_body(card, action_needed=True)
    return False


def _buttons(card: Mapping[str, Any]) -> None:
    _task(card)
    buttons = card.get("button_list")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 6 or not card.get("main_title", {}).get("title"):
        raise Refused(40058)
    keys = [button.get("key") for button in buttons if button.get("type", 0) == 0]
    if len(set(keys)) < len(keys) or any(not key or octets(key) > 1024 for key in keys):
        raise Refused(40058)
    for button in buttons:
        _needed(button, "text")
        if button.get("type", 0) == 1:
            _needed(button, "url")


def _task(card: Mapping[str, Any]) -> None:
    task = card.get("task_id", "")
    allowed = set("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-@")
    if not task or octets(task) > 128 or not set(task) <= allowed:
        raise Refused(40058)


def _card_body(card: Mapping[str, Any], *, action_needed: bool) -> None:
    if not card.get("main_title", {}).get("title") and not card.get("sub_title_text"):
        raise Refused(40058)
    action = card.get("card_action")
    if (action_needed and not action) or (action and action.get("type") == 1 and not action.get("url")):
        raise Refused(42045)
    if len(card.get("horizontal_content_list", ())) > 6 or len(card.get("jump_list", ())) > 3:
        raise Refused(40058)
    for entry in card.get("horizontal_content_list", ()):
        _needed(entry, "keyname")


_APP: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "text": _text(2048),
    "markdown": _text(2048),
    "textcard": _textcard,
    "news": _news,
    "mpnews": _mpnews,
    "image": _media,
    "file": _media,
    "template_card": _app_card,
}

_ROBOT: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "text": _strict_text("text", 2048),
    "markdown": _strict_text("markdown", 4096),
    "markdown_v2": _strict_text("markdown_v2", 4096),
    "news": _news,
    "file": _media,
    "template_card": _robot_card,
}
