"""A video that is written beside: who draws live does not wait for the encoder."""

from queue import Queue
from threading import Thread
from types import TracebackType
from typing import final

from incarnate.view.video import Picture, VideoWriter

# Pictures that wait; with more, the encoder is too slow for what is drawn, and drawing waits.
_MOST_WAITING = 16


@final
class QueuedWriter:
    """Hands pictures to a `VideoWriter` in a thread of its own; a ``with`` block ends when all are.

    Pictures that come may not be changed afterwards.
    """

    def __init__(self, writer: VideoWriter) -> None:
        """Write to an open writer, which nobody else may use meanwhile."""
        self._writer = writer
        self._queue: Queue[tuple[Picture, int] | None] = Queue(_MOST_WAITING)
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="video", daemon=True)
        self.num_frames = writer.num_frames
        """Pictures that were written, or wait to be."""

    def __enter__(self) -> "QueuedWriter":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.put(None)
        self._thread.join()
        if error is None:
            self._check()

    def write(self, picture: Picture, count: int = 1) -> None:
        """Append a picture so many times; what went wrong with an earlier one is raised here."""
        self._check()
        if count > 0:
            self._queue.put((picture, count))
            self.num_frames += count

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            # After a mistake the queue is emptied all the same: who puts must not wait for ever.
            if self._error is None:
                self._try(*item)

    def _try(self, picture: Picture, count: int) -> None:
        try:
            for _ in range(count):
                self._writer.write(picture)
        except Exception as error:  # raised where pictures come from
            self._error = error
