"""Reports as real programs write them, with our tokens in them. Line ends become CRLF."""

ENVELOPE = "k3vqz7m4tn2xw5ryb6ucd3fghajelops"
MESSAGE = "q7x2m4tn5ryb6ucd3fghajelopswvz6k"
ALICE = "alice@example.com"


def wire(text: str) -> bytes:
    """A mail as it comes from a server."""
    return text.strip("\n").replace("\n", "\r\n").encode()


def dsn(fields: str, *, to: str = "hzb@example.gov.cn", returned: str = "", head: str = "") -> bytes:
    """A delivery report with these fields, from the blank line after the message's group on."""
    return wire(
        f"""
Return-Path: <>
{head}From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="ABC.1/mx.example.com"
Message-Id: <20261123080000.ABC@mx.example.com>

This is a MIME-encapsulated message.

--ABC.1/mx.example.com
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--ABC.1/mx.example.com
Content-Description: Delivery report
Content-Type: message/delivery-status

{fields.strip()}

--ABC.1/mx.example.com
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{returned or "From: hzb@example.gov.cn"}

--ABC.1/mx.example.com--
"""
    )


POSTFIX_FAILED = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}
X-Postfix-Queue-ID: ABC
Arrival-Date: Mon, 23 Nov 2026 08:00:00 +0800 (CST)

Final-Recipient: rfc822; alice@example.com
Original-Recipient: rfc822;alice@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; in.example.com
Diagnostic-Code: smtp; 550 5.1.1 <alice@example.com>: Recipient address
    rejected: User unknown in virtual mailbox table
"""

POSTFIX_EXPIRED = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}

Final-Recipient: rfc822; alice@example.com
Action: failed
Status: 4.4.1
Diagnostic-Code: X-Postfix; connect to in.example.com[192.0.2.1]:25: Connection
    timed out
"""

EXIM_FAILED = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-ID: {ENVELOPE}

Action: failed
Final-Recipient: rfc822;alice@example.com
Status: 5.0.0
Remote-MTA: dns; in.example.com
Diagnostic-Code: smtp; 552 5.2.2 Mailbox full
"""

EXCHANGE_FAILED = """
Reporting-MTA: dns;EXCH01.example.com
Received-From-MTA: dns;relay.example.gov.cn
Arrival-Date: Mon, 23 Nov 2026 00:00:00 +0000

Original-Recipient: rfc822;alice@example.com
Final-Recipient: rfc822;alice@example.com
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient
 alice@example.com not found by SMTP address lookup
X-Display-Name: alice
"""

DELAYED = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}

Final-Recipient: rfc822; alice@example.com
Original-Recipient: rfc822;alice@example.com
Action: delayed
Status: 4.2.1
Will-Retry-Until: Sat, 28 Nov 2026 08:00:00 +0800 (CST)
"""

RELAYED = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}

Final-Recipient: rfc822; alice@example.com
Action: relayed (to lmtp)
Status: 2.0.0
Diagnostic-Code: smtp; 250 2.0.0 saved
"""

NO_BLANK_LINE = f"""
Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}
Final-Recipient: rfc822; alice@example.com
Status: 5.2.1 (disabled)
"""

XTEXT = f"""
Final-Recipient: rfc822; <alice+2Bnews@example.com>
Original-Recipient: rfc822;rfc822;alice+2Bnews@example.com
Action: Delivered
Status: 2.1.5

Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ENVELOPE}
"""


def mdn(
    disposition: str,
    *,
    subject: str = "Read: bulletin",
    message_id: str = f"Original-Message-ID: <{MESSAGE}@example.gov.cn>",
    recipient: str = "rfc822;alice@example.com",
    words: str = "The message was displayed.",
) -> bytes:
    """A read report."""
    return wire(
        f"""
From: Alice <alice@example.com>
To: hzb@example.gov.cn
Subject: {subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

{words}
--b
Content-Type: message/disposition-notification

Reporting-UA: pc17; Foxmail 7
Final-Recipient: {recipient}
{message_id}
Disposition: {disposition}

--b--
"""
    )


def answer(*, subject: str = "Re: bulletin", head: str = "", sender: str = "Alice <alice@example.com>") -> bytes:
    """An answer to a letter of ours, written by a person unless the headers say otherwise."""
    return wire(
        f"""
From: {sender}
To: hzb@example.gov.cn
Subject: {subject}
In-Reply-To: <{MESSAGE}@example.gov.cn>
{head}Content-Type: text/plain; charset=utf-8

收到，谢谢。
"""
    )


QMAIL = f"""
Return-Path: <>
From: MAILER-DAEMON@mx.example.com
To: hzb@example.gov.cn
Subject: failure notice

Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<alice@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <alice@example.com> User unknown
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

Return-Path: <hzb@example.gov.cn>
Message-ID: <{MESSAGE}@example.gov.cn>
X-Bulletin-Delivery: {MESSAGE}
Subject: bulletin
"""

QQ = """
Return-Path: <>
From: PostMaster@qq.com
To: hzb@example.gov.cn
Subject: =?utf-8?b?57O757uf6YCA5L+h?=
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<html><body><p>很抱歉您发送的邮件被退回，以下是该邮件的相关信息：</p>
<table><tr><td>被退回邮件</td><td>主 题：巡河工作快报<br/>时 间：2026-11-23 08:00:00</td></tr>
<tr><td colspan="2">无法发送到 alice@example.com</td></tr>
<tr><td>退信原因</td><td>{reason}</td></tr>
<tr><td>解决方案</td><td>请联系您的收件人，重新核实邮箱地址。</td></tr></table></body></html>
"""

NETEASE = """
Return-Path: <>
From: Postmaster@163.com
To: hzb@example.gov.cn
Subject: 系统退信
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<h1>抱歉，您的邮件被退回来了……</h1>
<table><tr><th>原邮件信息：</th></tr><tr><td>时 间：</td><td>2026-11-23 08:00:00</td></tr>
<tr><td>主 题：</td><td>巡河工作快报</td></tr>
<tr><td>收件人：</td><td>alice@example.com</td></tr>
<tr><th>退信原因：</th><td>{reason}<br>英文说明:{english}</td></tr></table>
"""

COREMAIL = """
Return-Path: <>
From: postmaster@oa.example.cn
To: hzb@example.gov.cn
Subject: 系统退信/Systems bounce
MIME-Version: 1.0
Content-Type: text/plain; charset=gb2312

抱歉，您的邮件被退回来了……/Sorry, your mail is returned...
时间/Time : 2026-11-23 08:00:00
收件人/To : alice@example.com
退信原因/
Bounce reason :
{reason}
"""

ALIYUN = """
Return-Path: <>
From: postmaster@service.aliyun.com
To: hzb@example.gov.cn
Subject: 邮件发送失败
Content-Type: text/plain; charset=utf-8

您的邮件发送失败。
收件人：alice@example.com
失败原因：{reason}
"""

ARF = f"""
From: <abusedesk@example.com>
To: hzb@example.gov.cn
Subject: FW: bulletin
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain

This is an email abuse report.
--part
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <alice@example.com>

--part
Content-Type: message/rfc822

From: hzb@example.gov.cn
Message-ID: <{MESSAGE}@example.gov.cn>
X-Bulletin-Delivery: {MESSAGE}
Subject: bulletin

text
--part--
"""
