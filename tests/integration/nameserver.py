"""A name server on a loopback socket that knows what a test tells it."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@contextlib.contextmanager
def name_server(texts: Mapping[str, Sequence[str]], *, broken: bool = False) -> Iterator[tuple[str, int]]:
    """Answers TXT questions over UDP; a name it does not know does not exist. `broken` fails every question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_answer_all, args=(line, texts, broken), daemon=True)
        thread.start()
        try:
            yield line.getsockname()
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.sendto(b"", line.getsockname())
            thread.join()


def _answer_all(line: socket.socket, texts: Mapping[str, Sequence[str]], broken: bool) -> None:
    while True:
        octets, asker = line.recvfrom(4096)
        if not octets:
            return
        question = dns.message.from_wire(octets)
        answer = dns.message.make_response(question)
        name = question.question[0].name.to_text(omit_final_dot=True)
        if broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in texts:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts[name]:
            # RFC 1035 3.3.14: a text is made of parts of at most 255 octets.
            parts = (" ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in texts[name])
            answer.answer.append(dns.rrset.from_text(question.question[0].name, 60, "IN", "TXT", *parts))
        line.sendto(answer.to_wire(), asker)
