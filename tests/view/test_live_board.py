"""Who reads late reads the newest, and nothing of what was before."""

import threading

import pytest
from tests.view.puppets import events_of, smiling

from incarnate.drive.live import clock
from incarnate.rigs.embedded import default_head_rig
from incarnate.view import live_board
from incarnate.view.live_board import Board, Reader
from incarnate.view.live_messages import SIGN_OF_LIFE

SMILE = default_head_rig().expression_names.index("mouthSmileLeft")


def told(reader: Reader) -> list[tuple[str, object]]:
    """Phases and smiles."""
    news = reader.news()
    assert news is not None
    return [
        (name, data["phase"] if name == "state" else data["expression"][SMILE])
        for name, data in events_of(news)
    ]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_board, "LONGEST_WAIT", 0.01)


def test_a_slow_reader_gets_the_newest_only() -> None:
    board = Board()
    slow, quick = Reader(board), Reader(board)
    for step in range(1000):
        board.say("following" if step % 2 else "lost")
        board.show(smiling(step / 1000), clock())
        if step % 100 == 0:
            assert told(quick) == [("state", "lost"), ("pose", step / 1000)]
    assert told(slow) == [("state", "following"), ("pose", 0.999)]
    assert slow.news() == SIGN_OF_LIFE


def test_who_comes_later_is_told_the_state_and_no_old_pose() -> None:
    board = Board()
    board.show(smiling(0.5), clock())
    board.say("ended", "it is over")
    reader = Reader(board)
    assert told(reader) == [("state", "ended")]
    board.show(smiling(0.25), clock())
    assert told(reader) == [("pose", 0.25)]


def test_the_same_words_are_told_once() -> None:
    board = Board()
    reader = Reader(board)
    assert told(reader) == [("state", "waiting")]
    board.say("following", "a phone")
    board.say("following", "a phone")
    assert told(reader) == [("state", "following")]
    board.say("following", "a phone")
    assert told(reader) == []


def test_age_counts_until_it_is_read() -> None:
    board = Board()
    reader = Reader(board)
    board.show(smiling(0.0), clock() - 0.5)
    news = reader.news()
    assert news is not None
    # It was half a second old, and this test takes no minute.
    assert 500 <= dict(events_of(news))["pose"]["age"] < 60_000


def test_who_waits_hears_at_once_and_all_hear_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_board, "LONGEST_WAIT", 60.0)
    board, heard = Board(), []
    reader = Reader(board)
    reader.news()

    def listen() -> None:
        while (news := reader.news()) is not None:
            heard.append(news)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    board.say("lost")
    board.close()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert len(heard) <= 1
