"""The folder that an in-process guest may write in."""

import os
import time

from kb.runner.scratch import MOST_FILES, PREFIX, STALE_S, find_excess, remove_scratch, sweep_stale

DEAD = 4_194_304
"""A process number above the largest that Linux gives."""


def test_a_folder_is_measured(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * (1 << 20))
    assert find_excess(tmp_path, 1) == ""

    (tmp_path / "b").write_bytes(b"x")
    assert find_excess(tmp_path, 1) == "more than 1 MiB of files"


def test_too_many_files_are_found_without_reading_them_all(tmp_path):
    for number in range(MOST_FILES + 1):
        (tmp_path / str(number)).touch()

    assert find_excess(tmp_path, 1) == f"more than {MOST_FILES} files"


def test_removing_does_not_follow_links(tmp_path):
    kept, scratch = tmp_path / "kept", tmp_path / "scratch"
    for folder in (kept, scratch):
        folder.mkdir()
    (kept / "file").touch()
    (scratch / "link").symlink_to(kept)
    remove_scratch(scratch)

    assert not scratch.exists()
    assert (kept / "file").exists()


def test_only_old_folders_of_dead_processes_are_swept(tmp_path):
    long_ago = time.time() - 2 * STALE_S
    for name in (f"{PREFIX}{DEAD}-old", f"{PREFIX}{os.getpid()}-old", f"{PREFIX}{DEAD}-new", "other"):
        (tmp_path / name).mkdir()
        if not name.endswith("new"):
            os.utime(tmp_path / name, (long_ago, long_ago))
    sweep_stale(tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"{PREFIX}{os.getpid()}-old", f"{PREFIX}{DEAD}-new", "other"]
    )
