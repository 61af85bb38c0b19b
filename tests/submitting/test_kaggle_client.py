"""What Kaggle's client prints where it fails, and what is made of it."""

import pytest

from foldline.submitting.kaggle_client import describe_refusal

BAR = (
    "\r  0%|          | 0.00/66.0k [00:00<?, ?B/s]"
    "\r 24%|██▍       | 16.0k/66.0k [00:00<00:00, 81.3kB/s]"
    "\r100%|██████████| 66.0k/66.0k [00:01<00:00, 55.2kB/s]\n"
)
RULES = "https://www.kaggle.com/competitions/pets/rules"


@pytest.mark.parametrize(
    ("out", "err", "expected"),
    [
        (
            "403 Client Error: Forbidden for url: https://www.kaggle.com/api/v1/submit\n",
            BAR,
            f"403 Client Error: Forbidden: is the name right? join the competition and accept its "
            f"rules at {RULES}",
        ),
        (
            "403 - You cannot submit until you accept the competition rules\n",
            BAR,
            "403 - You cannot submit until you accept the competition rules: accept the rules at "
            f"{RULES}, then submit again",
        ),
        (
            "404 Client Error: Not Found for url: https://www.kaggle.com/api/v1/pets\n",
            "",
            "404 Client Error: Not Found: --competition is the last part of the competition's "
            "address; does it still take files?",
        ),
        (
            "Could not find competition - please verify that you entered the correct competition "
            "ID and that the competition is still accepting submissions.\n",
            BAR,
            "Could not find competition - please verify that you entered the correct competition "
            "ID and that the competition is still accepting submissions: --competition is the "
            "last part of the competition's address; does it still take files?",
        ),
        (
            "401 - Unauthorized\n",
            "",
            "401 - Unauthorized: the token is not accepted; make a token at "
            "https://www.kaggle.com/settings",
        ),
        (
            "400 Client Error: Your team has used its submission limit (5 a day)\n",
            BAR,
            "400 Client Error: Your team has used its submission limit (5 a day): today's "
            "submissions are used up; try again tomorrow",
        ),
        (
            "Warning: Looks like you're using an outdated API Version, please consider updating\n"
            "400 - Bad Request\n",
            "Warning: Your Kaggle API key is readable by other users on this system!\n" + BAR,
            "400 - Bad Request: Kaggle says no more; are the rules accepted "
            f"({RULES}), are submissions left today, does it take files and not notebooks?",
        ),
        (
            "Could not submit to competition\n",
            "  0%|     | 0.00/9.45M [00:00<?, ?B/s]2018-11-19 12:30 WARNING Retrying: SSLError\n",
            "Could not submit to competition; 2018-11-19 12:30 WARNING Retrying: SSLError: the "
            "upload broke off; submit again",
        ),
        (
            "Connection reset by peer\nCould not submit to competition\n",
            "100% 235k/235k [00:00<00:00, 659kB/s]\n",
            "Connection reset by peer; Could not submit to competition: the upload broke off; "
            "submit again",
        ),
        ("", "Traceback\n  File\nKeyError: 'x'\n" + BAR, "KeyError: 'x'"),
        ("\x1b[31mno\x1b[0m such thing\n", "", "no such thing"),
        ("", BAR, "exit code 1"),
    ],
)
def test_the_reason_is_quoted_on_a_line_without_the_bar(out: str, err: str, expected: str) -> None:
    assert describe_refusal(out, err, code=1, competition="pets") == expected


def test_words_in_the_name_of_the_competition_are_no_reason() -> None:
    out = "500 Server Error: no-limit-403\n"
    said = describe_refusal(out, "", code=1, competition="no-limit-403")
    assert said == "500 Server Error: no-limit-403: the upload broke off; submit again"


def test_what_is_quoted_is_not_a_page() -> None:
    assert len(describe_refusal("x" * 9999, "", code=1, competition="pets")) == 300
