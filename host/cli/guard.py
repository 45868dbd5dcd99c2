"""What every command does alike: an error of the owner's becomes a sentence, a bug stays one."""

import functools
import io
import os
import select
import sys
from collections.abc import Callable
from contextlib import suppress

from host.base.errors import Error
from host.base.text import printable


def guard(main: Callable[..., int]) -> Callable[..., int]:
    """A command's main(), which says an error of the owner's in a sentence and returns 1; 130 after Ctrl-C.

    What a terminal cannot show is printed as "?". A reader that has seen enough (| head) ends the command: 141.
    """

    @functools.wraps(main)
    def guarded(*arguments) -> int:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            try:
                return main(*arguments)
            finally:
                if sys.stdout:
                    sys.stdout.flush()  # Python's own end would not say in a sentence what went wrong
        except KeyboardInterrupt as stop:
            print(f"\nstopped{'; ' if stop.args else ''}{stop}", file=sys.stderr)
            return 130
        except OSError as error:
            if _output_lost() and isinstance(error, BrokenPipeError):
                return 141
            name = error.filename2 or error.filename
            _say(f"{name}: {error.strerror}" if name else error.strerror or str(error))
        except Error as error:
            _say(str(error))
        return 1

    return guarded


def _say(sentence: str) -> None:
    # it may hold what a file or a file's name says
    print(f"error: {printable(sentence, chr(10))}", file=sys.stderr)


def _output_lost() -> bool:
    """Whether nobody takes what is printed; it is then let go of, or Python would try once more at its end."""
    with suppress(io.UnsupportedOperation, AttributeError):  # there is none, or it is no file
        output = sys.stdout.fileno()
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), output)
            return True
        poll = select.poll()
        poll.register(output, 0)
        return bool(poll.poll(0))
    return False


def warn(finding: object) -> None:
    """Say what does not stop a command, where it does not mix with what the command prints."""
    print(f"warning: {printable(str(finding))}", file=sys.stderr, flush=True)
