from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PIL import Image

from ingest import frames
from ingest.types import FileKind, Kind, Limits, Page, PageError, PageRef, Refused
from ingest.worker import Children
from tests.ingest import samples

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    with Children() as pool:
        yield pool


def pids(pool: Children) -> list[int]:
    return [child.pid for child in pool._idle]


def texts(found: list[Page | PageError]) -> list[str]:
    return [" ".join(one.text for one in page.passages) for page in found if isinstance(page, Page)]


def test_a_pdf_comes_page_by_page(children: Children, tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "no name", ["one", "zwei \u00e4\u00f6", "three"])
    assert texts(list(children.read(path))) == ["one", "zwei \u00e4\u00f6", "three"]


def test_nothing_is_lost_on_the_way(children: Children, tmp_path: Path) -> None:
    """What comes out of the pipe equals what the readers say."""
    from ingest.image import ImageReader
    from ingest.pdf import PdfReader

    document = samples.pdf(tmp_path / "a.pdf", ["one", ""], rotation=90)
    assert list(children.read(document)) == list(PdfReader().read(document))
    picture = samples.picture(tmp_path / "a.png")
    assert list(children.read(picture)) == list(ImageReader().read(picture))


def test_moments_keep_their_picture_and_time() -> None:
    moment = Page(2, Kind.MOMENT, 64, 48, start_s=1.5, end_s=9.25, key_s=3.0, picture=b"\xff\xd8 bytes \x00")
    assert frames.page_from_header(frames.page_to_header(moment), b"\xff\xd8 bytes \x00") == moment


def test_pictures(children: Children, tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "a.png", (400, 200))
    drawn = children.picture(path, FileKind.IMAGE, PageRef(1), 100)
    assert (drawn.mode, drawn.size, drawn.getpixel((99, 0))) == ("RGB", (100, 50), (255, 0, 0))
    encoded = children.encoded(path, FileKind.IMAGE, PageRef(1), 100)
    assert (encoded.width, encoded.height, encoded.media_type, encoded.data[:3]) == (
        100,
        50,
        "image/jpeg",
        b"\xff\xd8\xff",
    )
    document = samples.pdf(tmp_path / "a.pdf")
    assert children.picture(document, FileKind.PDF, PageRef(1), 100).size == (50, 100)


@pytest.mark.parametrize("number", [0, 2])
def test_a_picture_that_cannot_be_made_is_a_value_error(children: Children, tmp_path: Path, number: int) -> None:
    with pytest.raises(ValueError, match=f"page {number}"):
        children.picture(samples.pdf(tmp_path / "a.pdf"), FileKind.PDF, PageRef(number), 100)
    with pytest.raises(ValueError, match="cannot be"):
        children.encoded(tmp_path / "gone.pdf", FileKind.PDF, PageRef(1), 100)
    with pytest.raises(ValueError, match="cannot be"):
        children.encoded(tmp_path / "gone.png", FileKind.IMAGE, PageRef(1), 100)


def test_hostile_files_are_refused_and_the_child_lives_on(children: Children, tmp_path: Path) -> None:
    children.picture(samples.picture(tmp_path / "good.png"), FileKind.IMAGE, PageRef(1), 10)
    (before,) = pids(children)
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "cut.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    for path, reason in (
        (tmp_path / "empty.pdf", "it is empty"),
        (tmp_path / "cut.pdf", "it is damaged"),
        (samples.bomb(tmp_path / "bomb.png"), "3,600 million pixels"),
        (samples.office(tmp_path / "slides.pdf"), "it is an Office file"),
        (tmp_path / "none.pdf", "it is not there"),
    ):
        with pytest.raises(Refused, match=reason):
            list(children.read(path))
    assert pids(children) == [before]


def test_names_that_are_no_text(children: Children, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe\n--help.pdf"))
    assert texts(list(children.read(samples.pdf(tmp_path / "a.pdf").rename(path)))) == ["Hello world"]


def test_stopping_early_costs_a_child_and_nothing_else(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["page"] * 80)
    with Children() as pool:
        pages = pool.read(path)
        assert next(pages) == next(iter(pool.read(path)))
        pages.close()  # type: ignore[attr-defined]
        assert len(list(pool.read(path))) == 80


def test_a_thread_may_ask_for_a_picture_while_it_reads(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", ["page"] * 50)
    with Children(1) as pool:
        sizes = {
            pool.picture(path, FileKind.PDF, page.ref, 40).size for page in pool.read(path) if isinstance(page, Page)
        }
        assert len(pids(pool)) == 1
    assert sizes == {(20, 40)}


@pytest.mark.parametrize("count", [1, 2])
def test_threads_share_the_pool(tmp_path: Path, count: int) -> None:
    paths = [samples.pdf(tmp_path / f"{name}.pdf", [f"{name} {page}" for page in range(30)]) for name in "abcd"]
    found: dict[str, list[str]] = {}
    with Children(count) as pool:

        def work(path: Path) -> None:
            found[path.stem] = texts(list(pool.read(path)))

        threads = [threading.Thread(target=work, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 <= len(pids(pool)) <= count
    assert found == {name: [f"{name} {page}" for page in range(30)] for name in "abcd"}


def test_a_child_that_was_killed_while_idle_is_replaced(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf")
    with Children() as pool:
        list(pool.read(path))
        os.kill(pids(pool)[0], signal.SIGKILL)
        time.sleep(0.2)
        assert texts(list(pool.read(path))) == ["Hello world"]


def test_a_picture_that_ends_the_child_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "a.png")
    with Children() as pool:
        killer = assassin(pool, "read", signal.SIGSEGV)
        with pytest.raises(Refused) as caught:
            list(pool.read(path))
        killer.join()
        assert caught.value.reason == "it makes the reader crash"
        assert caught.value.remedy == "Open it in another program and save it as a new file."
        assert len(list(pool.read(path))) == 1


def test_a_page_that_ends_the_child_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf", [f"page {number}" for number in range(1, 601)])
    found: list[Page | PageError] = []
    with Children() as pool:
        for page in pool.read(path):
            found.append(page)
            if page.number == 3:
                max(psutil.Process().children(), key=lambda child: child.create_time()).kill()
    assert [page.number for page in found] == list(range(1, 601))
    (lost,) = [page for page in found if isinstance(page, PageError)]
    assert 3 < lost.number < 600  # the pipe holds some pages that were read before
    assert lost.reason == "it makes the reader crash"
    assert texts(found)[-1] == "page 600"


def test_an_endless_page_is_given_up_and_the_rest_is_read(tmp_path: Path) -> None:
    with Children(limits=Limits(page_cpu_s=1)) as pool:
        found = list(pool.read(samples.endless(tmp_path / "a.pdf")))
        assert found[1] == PageError(2, "reading it took too long")
        assert texts(found) == ["one", "three"]
        with pytest.raises(ValueError, match="reading it took too long"):
            pool.encoded(tmp_path / "a.pdf", FileKind.PDF, PageRef(2), 100)


def test_a_child_that_falls_silent_is_ended(tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "a.png")
    with Children(limits=Limits(page_wall_s=0.7)) as pool:
        killer = assassin(pool, "encoded", signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ValueError, match="reading it took too long"):
            pool.encoded(path, FileKind.IMAGE, PageRef(1), 100)
        assert 0.6 < time.monotonic() - began < 5
        killer.join()


def test_too_much_memory(tmp_path: Path) -> None:
    Image.new("RGB", (8000, 8000)).save(tmp_path / "large.png")
    with Children(limits=Limits(memory_bytes=64 * 1024**2)) as pool:
        with pytest.raises(Refused) as caught:
            list(pool.read(tmp_path / "large.png"))
        assert caught.value.reason == "reading it takes more memory than is allowed"
        assert "memory_bytes" in caught.value.remedy
        assert len(list(pool.read(samples.picture(tmp_path / "small.png")))) == 1


def test_closing(tmp_path: Path) -> None:
    pool = Children()
    list(pool.read(samples.pdf(tmp_path / "a.pdf")))
    (pid,) = pids(pool)
    pool.close()
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(RuntimeError, match="closed"):
        list(pool.read(tmp_path / "a.pdf"))


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    path = samples.pdf(tmp_path / "a.pdf")
    code = (
        "import sys, os, pathlib\nfrom ingest.worker import Children\n"
        f"pool = Children(); list(pool.read(pathlib.Path({str(path)!r})))\n"
        "print(pool._idle[0].pid, flush=True)\nos._exit(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    pid = int(done.stdout)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_the_parent_imports_no_parser() -> None:
    parsers = ("pymupdf", "cv2", "numpy", "av", "pillow_heif", "torch")
    code = f"import sys, ingest.worker; print([name for name in {parsers} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def assassin(pool: Children, do: str, sign: signal.Signals) -> threading.Thread:
    """Sends a signal to the pool's only child as soon as it is asked to `do` something, before it can answer."""
    child_of = pool._take(0)
    os.kill(child_of.pid, signal.SIGSTOP)  # so that it cannot be quicker
    pool._give(child_of, 0, reusable=True)

    def strike() -> None:
        time.sleep(0.3)
        os.kill(child_of.pid, sign)
        if sign != signal.SIGSTOP:
            os.kill(child_of.pid, signal.SIGCONT)

    thread = threading.Thread(target=strike, name=do)
    thread.start()
    return thread
