"""`[official_account.…]`: what it may hold, where its secret comes from, and what is warned of."""

from pathlib import Path

import pytest

from distributor.errors import BadFile, BadInput
from distributor.settings import Settings
from distributor.settings.file import load_settings

HEAD = '[office]\nname = "河长办"\nfrom = "hzb@example.gov.cn"\n'


def load(folder: Path, table: str, head: str = "[official_account.main]", **environ: str) -> Settings:
    path = folder / "distributor.toml"
    path.write_text(f"{HEAD}\n{head}\n{table}\n", encoding="utf-8")
    return load_settings(path, environ=environ)


@pytest.mark.parametrize(
    ("table", "code", "line"),
    [
        ('app_id = "wx1"\nsecret = "do-not-show"', "secret_in_file", 7),
        ('app_id = "wx1"\nbase_url = "http://api.example.cn"', "base_url", 7),
        ('app_id = "wx1"\nsource_url = "example.cn"', "base_url", 7),
        ('app_idd = "wx1"', "missing", 5),
    ],
    ids=["secret", "plain_text", "no_page", "misspelt"],
)
def test_what_is_unsafe_or_unknown_is_refused_with_its_line(tmp_path: Path, table: str, code: str, line: int) -> None:
    with pytest.raises(BadFile) as caught:
        load(tmp_path, table)
    assert (caught.value.problems[0].code, caught.value.problems[0].place.line) == (code, line)
    assert "do-not-show" not in str(caught.value)


def test_an_account_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        load(tmp_path, 'app_id = "wx1"', head="[official_account]")
    assert [problem.code for problem in caught.value.problems] == ["account_name"]


def test_the_secret_comes_from_the_environment_or_from_a_file_beside_the_settings(tmp_path: Path) -> None:
    given = load(tmp_path, 'app_id = "wx1"', DISTRIBUTOR_OFFICIAL_ACCOUNT__MAIN__SECRET="from-outside")
    assert given.official_account["main"].app_secret() == "from-outside"
    (tmp_path / "wechat").write_text("from-a-file\n")
    found = load(tmp_path, 'app_id = "wx1"\nsecret_file = "wechat"')
    assert found.official_account["main"].app_secret() == "from-a-file"
    assert "from-" not in repr(given) + repr(found)


def test_without_a_secret_it_is_warned_of_and_refused_when_it_is_needed(tmp_path: Path) -> None:
    settings = load(tmp_path, 'app_id = "wx1"')
    assert [problem.code for problem in settings.warnings()] == ["secret_missing"]
    with pytest.raises(BadInput):
        settings.official_account["main"].app_secret()


def test_secret_files_that_others_can_read_are_warned_of_each(tmp_path: Path) -> None:
    names = ("secret_file", "callback_token_file", "aes_key_file")
    for name in names:
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o644)
    settings = load(tmp_path, 'app_id = "wx1"\n' + "\n".join(f'{name} = "{name}"' for name in names))
    assert [problem.code for problem in settings.warnings()] == ["secret_readable"] * 3
    for name in names:
        (tmp_path / name).chmod(0o600)
    assert settings.warnings() == ()
