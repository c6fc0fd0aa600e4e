"""Which module holds which command, in the order of the help page.

A command loads its own module and what that needs, and nothing of the others: what an editor types most
must answer at once, although the whole program takes seconds to load.
"""

from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = {
    "init": "init",
    "check": "check",
    "preview": "preview",
    "pdf": "pdf",
    "finalise": "finalise",
    "send": "send",
    "status": "status",
    "why": "why",
    "explain-reply": "explain_reply",
    "receipts": "receipts",
    "remind": "remind",
    "acknowledge": "acknowledge",
    "withdraw": "acknowledge",
    "article": "article",
    "resolve": "decisions",
    "retry": "decisions",
    "cancel": "decisions",
    "recipients": "recipients",
    "wecom": "wecom",
    "templates": "templates",
    "suppressions": "suppressions",
    "mailbox": "incoming",
    "schedule": "schedule",
    "doctor": "doctor",
    "backup": "backup",
    "purge": "purge",
    "forget": "forget",
    "audit": "audit",
    "serve": "serve",
    "pause": "serve",
    "resume": "serve",
    "office": "office",
    "demo": "demo",
}

#: Every module once, in the order of their commands.
MODULES: Sequence[str] = tuple(dict.fromkeys(COMMANDS.values()))

#: The options before the command that take a value.
_WITH_VALUE = frozenset({"--config", "--lang"})


def modules_for(arguments: Sequence[str]) -> Sequence[str]:
    """The modules that a command line needs: those of its command; all where it names none, or an unknown one."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif word == "--version":
            return ()
        elif not word.startswith("-"):
            module = COMMANDS.get(word)
            return MODULES if module is None else (module,)
    return MODULES
