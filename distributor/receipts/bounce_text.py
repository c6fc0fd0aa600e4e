"""What the words of a refusal mean, and bounces that are no RFC 3464 report.

The providers' own help pages list the words (QQ 邮箱 "判读退信", 网易 "退信代码", Coremail "退信"). Bounces
without a report part are read by flufl.bounce, which knows sixty programs, and then by the forms of Chinese
providers, which it does not know:

    QQ, 腾讯企业邮   很抱歉您发送的邮件被退回 … 无法发送到 a@example.com … 退信原因 …
    163, 126, Coremail   抱歉，您的邮件被退回来了 … 收件人/To： a@example.com … 退信原因： … 英文说明: …
    阿里邮箱         您的邮件发送失败 … 收件人：a@example.com … 失败原因：…
"""

import re
from email.message import Message

from distributor.receipts.mail import Part
from distributor.receipts.report import Class, RecipientReport

#: The first that fits decides. Full mailboxes come before "unavailable", throttling before refusals.
_REASONS = tuple(
    (re.compile(pattern, re.IGNORECASE), reason)
    for pattern, reason in (
        (
            r"(mailbox|inbox|user|account|quota)\b.{0,40}\b(full|exceed|over ?quota)"
            r"|(over|out of|exceed\w*).{0,20}quota|空间不足|邮箱已满|容量已满|超出容量|storage"
            r"|insufficient space|size limit exceeded \(in reply to end",
            "mailbox_full",
        ),
        (r"frequen|too (many|much)|rate.?limit|try again later|频率|过于频繁|发送过快", "throttled"),
        (r"(message|mail|size|邮件).{0,30}(too (large|big)|exceeds)|邮件(过大|太大)|超过.{0,8}大小", "too_large"),
        (
            r"(user|recipient|account|mailbox|address|alias|rcpt).{0,60}(unknown|not ?found|not exist|no exist|invalid"
            r"|does ?n.t exist|n.t have an? )|(no such|unknown|invalid|unavailable|illegal|not a valid|bad destination)"
            r" .{0,20}(user|recipient|mailbox|account|alias|address)|no mailbox here|not user of this server"
            r"|(用户|收件人|帐号|账号|邮箱|地址).{0,40}(不存在|没有找到|不可用|无效|错误)|未开通|查无此人",
            "no_such_user",
        ),
        (r"suspend|disabled|inactive|hangup|被冻结|已停用|被禁用|休眠", "disabled"),
        (
            r"host.{0,20}not found|domain.{0,20}(not (found|exist)|unknown)|dns (query )?error|no (mx|mail exchanger)"
            r"|couldn.t find any host|域名.{0,12}(不存在|错误|无法解析)",
            "bad_domain",
        ),
        (r"relay(ing)?.{0,20}(denied|not permitted)|unable to relay", "relay_denied"),
        (
            r"spam|virus|content|blocked|black ?list|block ?list|policy|reject|denied|refus|not welcome"
            r"|\bspf\b|\bdmarc\b|垃圾邮件|反垃圾|黑名单|拒收|拒绝|病毒",
            "policy",
        ),
        (r"too many hops|loop|循环", "loop"),
        (r"(in the )?queue too long|expired|gave up|retry time.{0,20}exceed|超过.{0,10}(天|小时)", "expired"),
        (r"time[d ]*out|connect|network|unreachable|超时|无法连接|网络|不稳定", "network"),
    )
)

#: RFC 3463 and its registry (RFC 5248), subject and detail.
_STATUS = {
    "1.1": "no_such_user",
    "1.2": "bad_domain",
    "1.3": "no_such_user",
    "1.6": "moved",
    "2.1": "disabled",
    "2.2": "mailbox_full",
    "2.3": "too_large",
    "3.1": "mailbox_full",
    "3.4": "too_large",
    "4.1": "network",
    "4.2": "network",
    "4.3": "network",
    "4.4": "bad_domain",
    "4.5": "throttled",
    "4.6": "loop",
    "4.7": "expired",
    "5.3": "throttled",
}

#: Where the words say more than the code: Exchange writes 5.1.10 for a missing user, RFC 7505 for a null MX.
_ELSE = {"1.10": "bad_domain"}

_ENHANCED = re.compile(r"(?<![\d.])#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45])\d\d(?=[ -])")
_ADDRESS = r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}"
_TAG = re.compile(r"<(?:style|script)\b[^<]{0,20000}</|<[^<>]{0,2000}>", re.IGNORECASE)

_BOUNCED = re.compile(r"退回|退信|发送失败|投递失败|未能(成功)?投递|无法(投递|送达)|returned|undeliver", re.IGNORECASE)
_TO = re.compile(
    r"(?:无法发送到|未能(?:成功)?投递到|收\s{0,3}件\s{0,3}人(?:/To)?|收信人|failed recipient)"
    rf"[^@]{{0,60}}?({_ADDRESS})",
    re.IGNORECASE,
)
_BECAUSE = re.compile(
    r"(?:退\s{0,3}信\s{0,3}原\s{0,3}因|失败原因|Bounce reason|原因)\s{0,5}/?\s{0,5}[:：]?(.{1,600})",
    re.IGNORECASE | re.DOTALL,
)
_NOT_YET = re.compile(
    r"(will|shall) (continue to )?(try|retry)|稍后(会)?(再|重)试|继续(尝试|投递)|delayed", re.IGNORECASE
)

#: What is read of a text: so many lines, each so long, and so many characters in all.
LINES = 400
WIDTH = 500
WORDS = 20_000


def reason_of(status: str, text: str) -> str:
    """A stable word for why: by the enhanced code where it says something, else by the text; "" when neither does."""
    known = _STATUS.get(status.partition(".")[2], "")
    if known:
        return known
    said = next((reason for pattern, reason in _REASONS if pattern.search(text[:WIDTH])), "")
    return said or _ELSE.get(status.partition(".")[2], "") or ("policy" if status[1:3] == ".7" else "")


def enhanced_code(text: str) -> str:
    """The first enhanced code in a text. Where the basic code has another class, that one counts (RFC 3463 2)."""
    found, basic = _ENHANCED.search(text), _CODE.search(text)
    if not found:
        return ""
    return basic[1] + found[1][1:] if basic and found[1][0] in "45" else found[1]


def read_bounce(mail: Part) -> tuple[RecipientReport, ...]:
    """The recipients of a bounce that has no report part; none when it is no such bounce."""
    text = words_of(mail)
    permanent, temporary = _by_flufl(mail, text)
    found = dict.fromkeys(permanent, Class.PERMANENT) | dict.fromkeys(temporary, Class.TEMPORARY)
    if not found and _BOUNCED.search(mail.text("subject") + "\n" + text[:2000]):
        class_ = Class.TEMPORARY if _NOT_YET.search(text) else Class.PERMANENT
        found = dict.fromkeys([match[1] for match in _TO.finditer(text)][:20], class_)
    return tuple(_report(address, class_, text) for address, class_ in found.items())


def words_of(mail: Part) -> str:
    """What a mail says to a person, `WORDS` characters at most; HTML without its tags."""
    plain = [part.string for part in mail.walk() if part.kind == "text/plain" and not part.parts]
    if not any(text.strip() for text in plain):
        plain = [_TAG.sub("\n", part.string) for part in mail.walk() if part.kind == "text/html"]
    lines = [line.strip()[:WIDTH] for line in "\n".join(plain).splitlines()[:LINES]]
    return "\n".join(lines).replace("&nbsp;", " ")[:WORDS]


def _by_flufl(mail: Part, text: str) -> tuple[list[str], list[str]]:
    """What flufl.bounce finds, on a copy of the message that is small and plain enough for its patterns."""
    from flufl.bounce import all_failures

    try:
        temporary, permanent = all_failures(_small(mail, text))
    except Exception:  # its detectors were written for well-formed bounces
        return [], []
    known = re.compile(_ADDRESS)
    plain = ([raw.decode("ascii", "replace") for raw in sorted(found)] for found in (permanent, temporary))
    first, second = ([address for address in found if known.fullmatch(address)] for found in plain)
    return first, second


def _small(mail: Part, text: str) -> Message:
    message = Message()
    for name in ("from", "to", "subject", "x-failed-recipients", "return-path", "x-mailer", "message-id"):
        if value := mail.get(name):
            message[name] = value.encode("ascii", "replace").decode()
    body = Message()
    body["Content-Type"] = 'text/plain; charset="utf-8"'
    body.set_payload(text.encode("ascii", "replace").decode())
    if not mail.parts:
        message["Content-Type"] = body["Content-Type"]
        message.set_payload(body.get_payload())
        return message
    message["Content-Type"] = f"{mail.kind}; boundary=part"
    message.attach(body)
    return message


def _report(address: str, class_: Class, text: str) -> RecipientReport:
    """One recipient. The words that count are those after its address, or those after 退信原因."""
    at = max(text.lower().find(address.lower()), 0)
    near = text[at + len(address) : at + 800]
    said = _BECAUSE.search(near) or _BECAUSE.search(text)
    words = " ".join((said[1] if said else near).split())[:WIDTH]
    status = enhanced_code(words) or enhanced_code(near)
    if class_ is Class.PERMANENT and not status and (basic := _CODE.search(words)) and basic[1] == "4":
        status = "4.0.0"
    action = "delayed" if class_ is Class.TEMPORARY else "failed"
    return RecipientReport(address, action, class_, status, reason_of(status, words), text=words)
