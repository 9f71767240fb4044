"""The worker behind the states: the newest version wins, and what lies between costs nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from oracle import ENCODINGS, applied, changes, texts

from codewm_lsp.engine.buffer import Buffer, Splice
from codewm_lsp.engine.states import LiveStates
from codewm_lsp.server.convert import Encoding
from codewm_lsp.server.document import Change, Document, StaleError, split_keeping_ends
from codewm_lsp.server.settings import Settings
from codewm_lsp.server.snapshot import Snapshot
from codewm_lsp.server.states import MOST_ENCODED, MOST_TREES, States
from codewm_lsp.server.worker import Stop, Worker
from codewm_model.languages import LANGUAGES
from codewm_model.runtime import Encoded, Model
from codewm_model.tokenizer import TokenSequence

TEXT = "def first(a):\n    return a\n\n\ndef second(b):\n    return b\n"


def document(name: str = "/f.py") -> Document:
    return Document(f"file://{name}", Path(name), 1, TEXT, "utf-16")


def snapshot(of: Document) -> Snapshot:
    return Snapshot(of, of.version, of.revision, Settings())


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many splices each change had that a text was brought up to date with."""
    counts: list[int] = []
    change = LiveStates.change

    def counted(self: LiveStates, splices: Sequence[Splice]) -> None:
        counts.append(len(splices))
        change(self, splices)

    monkeypatch.setattr(LiveStates, "change", counted)
    return counts


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many regions each run of the model has been given."""
    counts: list[int] = []
    encode = Model.encode

    def counted(self: Model, sequences: Sequence[TokenSequence]) -> Encoded:
        if sequences:
            counts.append(len(sequences))
        return encode(self, sequences)

    monkeypatch.setattr(Model, "encode", counted)
    return counts


async def test_a_burst_of_keys_is_one_step_and_runs_the_model_once(steps: list[int], runs: list[int]) -> None:
    states, typed, gate = States(Worker("questions")), document(), threading.Event()
    states.follow(typed)
    before = await states.at(snapshot(typed), 1)
    runs.clear()
    states._worker.submit(gate.wait)
    for version in range(2, 202):
        typed.record(version, [Change("x", (1, 11, 1, 11))])
        states.follow(typed)
    gate.set()
    after = await states.at(snapshot(typed), 1)
    assert (steps, runs) == ([200], [1])
    assert after.lines[1] == "    return " + "x" * 200 + "a\n"
    assert before.regions[0][0] == after.regions[0][0]
    assert states.close(10)


async def test_keys_that_come_while_the_model_runs_are_caught_up_with_in_one_step(
    steps: list[int], runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    states, typed = States(Worker("questions")), document()
    await states.at(snapshot(typed), 1)
    began, gate = threading.Event(), threading.Event()
    encode = Model.encode

    def slow(self: Model, sequences: Sequence[TokenSequence]) -> Encoded:
        began.set()
        gate.wait()
        return encode(self, sequences)

    monkeypatch.setattr(Model, "encode", slow)
    typed.record(2, [Change("x", (1, 11, 1, 11))])
    states.follow(typed)
    await asyncio.to_thread(began.wait)
    runs.clear()
    for version in range(3, 53):
        typed.record(version, [Change("y", (1, 11, 1, 11))])
        states.follow(typed)
    gate.set()
    after = await states.at(snapshot(typed), 1)
    assert (steps, runs) == ([1, 50], [1, 1])
    assert after.lines[1] == "    return " + "y" * 50 + "xa\n"
    assert states.close(10)


@pytest.mark.parametrize("answered", [True, False])
async def test_states_nobody_asked_for_let_a_question_about_the_history_pass_for_a_moment(
    answered: bool, runs: list[int]
) -> None:
    questions, typed, gate, asked = Worker("questions"), document(), threading.Event(), threading.Event()
    states = States(questions)
    await states.at(snapshot(typed), 1)
    made_before_the_answer: list[bool] = []

    def answer(stop: Stop) -> None:
        asked.set()
        gate.wait(10)  # never set where the answer takes long
        made_before_the_answer.append(bool(runs))

    question = asyncio.ensure_future(questions.run(answer))
    await asyncio.to_thread(asked.wait)
    runs.clear()
    typed.record(2, [Change(f"new_{answered}", (1, 11, 1, 11))])
    states.follow(typed)
    if answered:
        gate.set()
    while not runs:
        await asyncio.sleep(0.01)
    gate.set()
    await question
    assert made_before_the_answer == [not answered]
    assert questions.close(10) and states.close(10)


async def test_a_question_waits_for_one_of_the_states_that_a_pasted_text_made_old(runs: list[int]) -> None:
    states, typed, gate = States(Worker("questions")), document(), threading.Event()
    await states.at(snapshot(typed), 1)
    runs.clear()
    states._worker.submit(gate.wait)
    pasted = "".join(f"def f{i}():\n    return {i}\n" for i in range(2 * MOST_ENCODED))
    typed.record(2, [Change(pasted, (2, 0, 2, 0))])
    states.follow(typed)
    question = states._worker.submit(lambda: len(runs))
    gate.set()
    assert await asyncio.wrap_future(question) == 1
    while len(runs) < MOST_ENCODED:
        await states._worker.run(lambda stop: None)
    assert states.close(10)


async def test_an_old_version_is_not_answered(steps: list[int]) -> None:
    states, typed = States(Worker("questions")), document()
    old = snapshot(typed)
    typed.record(2, [Change("")])
    with pytest.raises(StaleError):
        await states.at(old, 0)
    assert states.close(10)


async def test_a_document_that_failed_once_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    states, typed = States(Worker("questions")), document()
    await states.at(snapshot(typed), 0)
    with monkeypatch.context() as patch:
        patch.setattr(LiveStates, "change", None)
        typed.record(2, [Change("import os\n", (0, 0, 0, 0))])
        with pytest.raises(TypeError):
            await states.at(snapshot(typed), 0)
    view = await states.at(snapshot(typed), 1)
    assert view.regions[0][0].symbol == "first"
    assert states.close(10)


async def test_few_trees_are_kept_and_a_document_whose_tree_was_let_go_is_parsed_again() -> None:
    states, first = States(Worker("questions")), document()
    before = await states.at(snapshot(first), 1)
    for number in range(MOST_TREES):
        await states.at(snapshot(document(f"/{number}.py")), 1)
    assert len(states._followed) == MOST_TREES and first not in states._followed
    first.record(2, [Change("x", (1, 11, 1, 11))])
    states.follow(first)
    after = await states.at(snapshot(first), 1)
    assert after.lines[1] == "    return xa\n"
    assert before.regions[0][0] == after.regions[0][0]
    assert after.regions[0][1] is not None and not np.array_equal(after.regions[0][1], before.regions[0][1])
    assert states.close(10)


async def test_documents_without_states_cost_nothing(steps: list[int]) -> None:
    states, secret, text = States(Worker("questions")), document("/id_rsa.py"), document("/notes.txt")
    for other in (secret, text):
        states.follow(other)
        other.record(2, [Change("x")])
        states.follow(other)
    typed = document()
    await states.between(snapshot(typed), 0, None)
    assert steps == [] and set(states._followed) == {typed}
    assert states.close(10)


code = st.lists(
    st.sampled_from(["def f(a):", "class B:", "    ", "return a", "x = (1,", ")", '"', "#"]) | texts, max_size=6
)


@settings(max_examples=150)
@given(text=code.map("\r\n".join), edits=changes, typed=code.map("\n".join), encoding=st.sampled_from(ENCODINGS))
@example(text="x\r", edits=[((1, 0), (1, 0), "\ny")], typed="", encoding="utf-16")
@example(text="def f():\r\n\treturn 1\r", edits=[((0, 4), (0, 5), "😀\u2028")], typed="\n", encoding="utf-8")
def test_the_buffer_has_the_text_and_the_places_of_a_plain_string(
    text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]], typed: str, encoding: Encoding
) -> None:
    """From the editor's positions to the tree, with every line end and encoding."""
    live = Document("file:///f.py", Path("/f.py"), 1, text, encoding)
    _, splices = live.catch_up(whole=True)
    buffer = Buffer.parse(LANGUAGES[0], splices[0][2])
    for number, (start, end, new) in enumerate(edits):
        change = Change(new + typed, None if start == (0, 0) else (*start, *end))
        text = applied(text, change, encoding)
        live.record(number, [change])
        if number % 2:  # now and then two changes are read as one
            buffer = buffer.edited(live.catch_up(whole=False)[1])
    buffer = buffer.edited(live.catch_up(whole=False)[1])
    anew = Buffer.parse(LANGUAGES[0], [line.rstrip("\r\n") for line in split_keeping_ends(text)])
    assert buffer.source.data == anew.source.data
    assert buffer.places() == anew.places()
    for line in range(buffer.line_count):
        assert buffer.region_at(line) == anew.region_at(line)
