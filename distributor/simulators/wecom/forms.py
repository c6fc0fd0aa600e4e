"""What a message may look like: the fields each kind needs, and the lengths at which it is refused or cut.

Source: developer.work.weixin.qq.com/document/path/90236 (apps) and 91770 (robots). Lengths count bytes of UTF-8.
Left open there, and chosen hard on the caller: those of a textcard, which one page counts in characters and another
(90248) in bytes; 666 K, which is 666,000; an author that is too long, which is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from distributor.simulators.answers import Refused, octets

_MOST: Mapping[str, Mapping[str, int]] = {
    "text": {"content": 2048},
    "markdown": {"content": 2048},
    "textcard": {"title": 128, "description": 512},
}
_ARTICLE: Mapping[str, int] = {"title": 128, "description": 512, "digest": 512}
_CONTENT, _AUTHOR = 666_000, 64
_BUTTON = 4  # characters


def app_form(kind: str, content: Mapping[str, Any]) -> bool:
    """Checks an app's message. Returns whether the platform has to cut it; raises `Refused` when it cannot be one."""
    check = _APP.get(kind)
    if check is None:
        raise Refused(40008)
    return check(content)


def as_shown(kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """An app's message as its reader has it: texts that are too long end where the platform cuts them."""
    if kind in ("news", "mpnews"):
        return {"articles": [_shortened(article, _ARTICLE) for article in content["articles"]]}
    return _shortened(content, _MOST.get(kind, {}))


def media_of(kind: str, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The media ids that an app's message shows, each with the kind of upload that it must be."""
    if kind in ("image", "file"):
        yield content["media_id"], kind
    elif kind == "mpnews":
        yield from ((article["thumb_media_id"], "image") for article in content["articles"])


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
    return _is_long(content, _MOST["textcard"]) or len(content.get("btntxt", "")) > _BUTTON


def _news(content: Mapping[str, Any]) -> bool:
    articles = content.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(45008)
    for article in articles:
        _needed(article, "title", "url")
        _url(article["url"])
        if "picurl" in article:
            _url(article["picurl"])
    return any(_is_long(article, _ARTICLE) for article in articles)


def _mpnews(content: Mapping[str, Any]) -> bool:
    articles = content.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= 8:
        raise Refused(45008)
    for article in articles:
        _needed(article, "title", "thumb_media_id", "content")
        if octets(article["content"]) > _CONTENT:
            raise Refused(45002)
        if octets(article.get("author", "")) > _AUTHOR:
            raise Refused(40058)
    return any(_is_long(article, _ARTICLE) for article in articles)


def _media(content: Mapping[str, Any]) -> bool:
    _needed(content, "media_id")
    return False


def _is_long(content: Mapping[str, Any], most: Mapping[str, int]) -> bool:
    return any(octets(content.get(name, "")) > limit for name, limit in most.items())


def _shortened(content: Mapping[str, Any], most: Mapping[str, int]) -> Mapping[str, Any]:
    """Cut at the limit and not at a character: what is left of half a character is no text."""
    short = {
        name: content[name].encode()[:limit].decode(errors="replace")
        for name, limit in most.items()
        if octets(content.get(name, "")) > limit
    }
    button = {"btntxt": content["btntxt"][:_BUTTON]} if "btntxt" in content else {}
    return {**content, **short, **button}


def _url(url: object) -> None:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")) or octets(url) > 2048:
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
