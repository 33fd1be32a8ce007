"""Many files at once: disk space first, hosts side by side, a bar of bytes, and an end that leaves only parts."""

import shutil
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from teacher.console import byte_progress, progress
from teacher.data.download.item import MEGABYTE, Item
from teacher.data.download.transfer import Count, fetch
from teacher.data.download.web import StoppedError, TroubleError, Web, host_of
from teacher.data.sample import DataError

FEW = 20
"""Files so few that each is asked for its size beforehand."""
SPARE = 200 * MEGABYTE
"""Left free on the disk."""
MOST_THREADS = 16


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What came of a list of files."""

    total: int
    came: int
    """in this run"""
    failed: Mapping[Path, str]
    """why, by where the file would be"""

    def describe(self, name: str) -> str:
        """Such as "bcn20000: 18,940 of 18,946 files here, 12 new; failed: 404 Not Found (6)"."""
        here = f"{name}: {self.total - len(self.failed):,} of {self.total:,} files here, {self.came:,} new"
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in Counter(self.failed.values()).most_common(8))
        return f"{here}; failed: {reasons}" if reasons else here


def fetch_all(
    web: Web,
    items: Sequence[Item],
    *,
    title: str,
    unpacked: float = 0.0,
    tell: Callable[[Path, str], None] | None = None,
) -> Fetched:
    """Gets what is not here yet; a file that has its name is whole and stays.

    `unpacked`: bytes that a byte becomes once more, where archives are unpacked. `tell` hears of every file that
    failed, at once, from any thread. Raises DataError where the disk is too small or cannot be written.
    """
    missing = [item for item in items if not item.target.exists()]
    if len(missing) <= FEW:
        missing = [item if item.size else replace(item, size=web.size_of(item.url, item.secret)) for item in missing]
    _check_space(missing, 1 + unpacked)
    failed: dict[Path, str] = {}
    if missing:
        with _counting(title, missing) as (count, done):
            _run(web, missing, count, done, failed, tell or (lambda *_: None))
    return Fetched(total=len(items), came=len(missing) - len(failed), failed=failed)


def _run(
    web: Web,
    items: Sequence[Item],
    count: Count,
    done: Callable[[], None],
    failed: dict[Path, str],
    tell: Callable[[Path, str], None],
) -> None:
    queues: defaultdict[str, deque[Item]] = defaultdict(deque)
    for item in items:
        queues[host_of(item.url)].append(item)

    def work(queue: deque[Item]) -> None:
        while queue and not web.stopped.is_set():
            try:
                item = queue.popleft()
            except IndexError:  # another thread took the last one
                return
            try:
                fetch(web, item, count)
            except StoppedError:
                return
            except TroubleError as trouble:
                failed[item.target] = trouble.reason
                tell(item.target, trouble.reason)
            done()

    pool = ThreadPoolExecutor(max_workers=MOST_THREADS)
    try:
        futures = [
            pool.submit(work, queue) for queue in queues.values() for _ in range(min(web.manners.per_host, len(queue)))
        ]
        wait(futures, return_when=FIRST_EXCEPTION)
        for future in futures:
            if future.done():
                future.result()
    except BaseException as error:
        web.stop()
        if isinstance(error, OSError):
            raise DataError(_disk(error)) from error
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _disk(error: OSError) -> str:
    where = error.filename or "the disk"
    return f"{where}: {error.strerror or error}; what came so far is kept, the same command goes on with it"


@contextmanager
def _counting(title: str, items: Sequence[Item]) -> Iterator[tuple[Count, Callable[[], None]]]:
    """Counts bytes where all sizes are known, else files."""
    lock = threading.Lock()
    sizes = [item.size for item in items if item.size is not None]
    if len(sizes) == len(items):
        with byte_progress(title, sum(sizes)) as advance:

            def count(amount: int) -> None:
                with lock:
                    advance(amount)

            yield count, lambda: None
    else:
        with progress(title, len(items)) as step:

            def done() -> None:
                with lock:
                    step("")

            yield lambda _: None, done


def _check_space(items: Sequence[Item], share: float) -> None:
    if not items:
        return
    folder = items[0].target.parent
    while not folder.exists():
        folder = folder.parent
    left = sum(max(0, item.size - _begun(item)) for item in items if item.size is not None)
    needed, free = int(left * share) + SPARE, shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{folder}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; free some space, or name a "
            "folder on another disk"
        )


def _begun(item: Item) -> int:
    return item.part.stat().st_size if item.part.is_file() else 0
