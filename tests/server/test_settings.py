"""A bad setting is a sentence and a default, never a crash."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_lsp.server.settings import Settings, read_settings, read_table

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_nothing_given_is_the_defaults() -> None:
    assert read_settings(None) == (Settings(), [])
    assert read_settings({}) == (Settings(), [])


@pytest.mark.parametrize("wrap", [lambda given: given, lambda given: {"codewm": given}])
def test_good_values_are_used(wrap: object) -> None:
    assert callable(wrap)
    given = wrap({"hits": 3, "hover": False, "codeAction": False, "codeLens": True, "predictedEdits": True})
    assert read_settings(given) == (
        Settings(hits=3, hover=False, code_action=False, code_lens=True, predicted_edits=True),
        [],
    )


def test_the_projects_table_changes_what_the_client_has_set() -> None:
    client = Settings(hits=3, hover=False)
    table = {"hits": 5, "code_lens": True, "predicted_edits": True, "exclude": ["*.lock"]}
    assert read_table(table, client) == (Settings(hits=5, hover=False, code_lens=True, predicted_edits=True), [])


def test_a_bad_value_in_the_table_leaves_the_clients() -> None:
    settings, problems = read_table({"hits": 0, "codeLens": True}, Settings(hits=3))
    assert settings == Settings(hits=3)
    assert problems == [
        "tool.codewm.hits must be a whole number from 1 to 50, not 0; 3 is used.",
        "tool.codewm.codeLens is not a setting of codewm-lsp.",
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"hits": 0}, "codewm.hits must be a whole number from 1 to 50, not 0; 10 is used."),
        ({"hits": True}, "codewm.hits must be a whole number from 1 to 50, not True; 10 is used."),
        ({"hover": "no"}, "codewm.hover must be true or false, not no; true is used."),
        ({"codeAction": 1}, "codewm.codeAction must be true or false, not 1; true is used."),
        ({"codeLens": None}, "codewm.codeLens must be true or false, not None; false is used."),
        ({"code_lens": True}, "codewm.code_lens is not a setting of codewm-lsp."),
        ({"hitz": 3}, "codewm.hitz is not a setting of codewm-lsp."),
        ([1], "codewm settings must be an object, not [1]; the defaults are used."),
    ],
)
def test_a_bad_value_is_named_and_defaulted(given: object, sentence: str) -> None:
    assert read_settings(given) == (Settings(), [sentence])


def test_a_bad_value_does_not_spoil_the_others() -> None:
    settings, problems = read_settings({"hits": "many", "hover": False})
    assert (settings, len(problems)) == (Settings(hover=False), 1)


@given(given=json)
def test_no_value_at_all_is_an_error(given: object) -> None:
    settings, problems = read_settings(given)
    assert isinstance(settings, Settings)
    assert all(len(problem) < 200 for problem in problems)


@given(key=st.sampled_from(["hits", "hover", "codeAction", "codeLens", "predictedEdits"]), value=json)
def test_no_value_of_a_setting_is_an_error(key: str, value: object) -> None:
    settings, problems = read_settings({key: value})
    field = {"codeAction": "code_action", "codeLens": "code_lens", "predictedEdits": "predicted_edits"}.get(key, key)
    assert problems or getattr(settings, field) == value
