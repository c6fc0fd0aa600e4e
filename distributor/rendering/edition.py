"""What an edition is called: the first has no name, a later one is a correction (更正)."""


def correction_mark(edition: int) -> str:
    """What stands at the head of an edition and in the names of its files: nothing, 更正, 更正2 …"""
    return "" if edition < 2 else "更正" if edition == 2 else f"更正{edition - 1}"


def correction_note(edition: int) -> str:
    """The sentence below the masthead that tells a reader which version counts; empty for the first edition."""
    if edition < 2:
        return ""
    return "本期为更正版，请以此为准。" if edition == 2 else f"本期为第{edition - 1}次更正版，请以此为准。"
