"""The vectors in memory, against a list of rows that stands for the table."""

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from kb.errors import ModelError
from kb.search.matrix import VectorMatrix
from kb.store.vectors import VectorRows

DIM = 8


class Table:
    """Rows as the database would give them; counts what is read."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[str, NDArray[np.float16]]] = {}
        self.newest = 0
        self.read: list[int] = []

    def put(self, key: str, vector: NDArray[np.float32]) -> None:
        self.drop(key)
        self.newest += 1
        self.rows[self.newest] = (key, vector.astype(np.float16))

    def drop(self, key: str) -> None:
        self.rows = {number: row for number, row in self.rows.items() if row[0] != key}

    def load(self, after: int) -> VectorRows:
        new = {number: row for number, row in self.rows.items() if number > after}
        self.read.append(len(new))
        if not new:
            return VectorRows(after, len(self.rows), (), np.empty((0, 0), np.float16))
        keys = tuple(key for key, _ in new.values())
        return VectorRows(max(new), len(self.rows), keys, np.stack([row for _, row in new.values()]))


@pytest.fixture
def table() -> Table:
    return Table()


@pytest.fixture
def matrix() -> VectorMatrix:
    return VectorMatrix(DIM)


def unit(*places: int) -> NDArray[np.float32]:
    vector = np.zeros(DIM, np.float32)
    vector[list(places)] = 1
    return vector / np.float32(np.linalg.norm(vector))


def keys(matrix: VectorMatrix, query: NDArray[np.float32], k: int = 10) -> list[str]:
    return [key for key, _ in matrix.top(query, k)]


def test_the_nearest_come_first_and_ties_break_by_key(matrix: VectorMatrix, table: Table) -> None:
    for key, vector in (("z", unit(0)), ("a", unit(0)), ("m", unit(0, 1)), ("far", unit(5))):
        table.put(key, vector)
    matrix.refresh(table.newest, table.load)
    assert keys(matrix, unit(0)) == ["a", "z", "m", "far"]
    assert keys(matrix, unit(0), 1) == ["a"]
    assert matrix.top(unit(0), 3)[2][1] == pytest.approx(2**-0.5, abs=1e-3)


def test_it_agrees_with_sorting_everything() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(300, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    table, matrix = Table(), VectorMatrix(DIM)
    for number, row in enumerate(rows):
        table.put(f"k{number:03}", row)
    matrix.refresh(table.newest, table.load)
    scores = rows.astype(np.float16).astype(np.float32) @ rows[7]
    assert keys(matrix, rows[7], 20) == [f"k{i:03}" for i in np.argsort(-scores, kind="stable")[:20]]


def test_a_refresh_reads_only_what_is_new(matrix: VectorMatrix, table: Table) -> None:
    for number in range(5):
        table.put(f"k{number}", unit(number))
    matrix.refresh(table.newest, table.load)
    matrix.refresh(table.newest, table.load)
    table.put("new", unit(6))
    matrix.refresh(table.newest, table.load)
    assert table.read == [5, 1]
    assert len(matrix) == 6


def test_a_changed_row_replaces_the_old_one(matrix: VectorMatrix, table: Table) -> None:
    table.put("a", unit(0))
    table.put("b", unit(1))
    matrix.refresh(table.newest, table.load)
    table.put("a", unit(2))
    matrix.refresh(table.newest, table.load)
    assert keys(matrix, unit(2), 1) == ["a"]
    assert len(matrix) == 2
    assert table.read == [2, 1]


def test_a_deleted_row_is_gone_after_the_next_change(matrix: VectorMatrix, table: Table) -> None:
    table.put("a", unit(0))
    table.put("b", unit(1))
    matrix.refresh(table.newest, table.load)
    table.drop("a")
    table.put("c", unit(2))
    matrix.refresh(table.newest, table.load)
    assert sorted(keys(matrix, unit(0))) == ["b", "c"]


def test_only_allowed_keys_are_returned(matrix: VectorMatrix, table: Table) -> None:
    for number in range(5):
        table.put(f"k{number}", unit(0, number + 1))
    matrix.refresh(table.newest, table.load)
    assert [key for key, _ in matrix.top(unit(0, 1), 2, {"k3", "k4", "unknown"})] == ["k3", "k4"]
    assert matrix.top(unit(0), 2, set()) == []


def test_an_empty_matrix_finds_nothing(matrix: VectorMatrix) -> None:
    assert matrix.top(unit(0), 3) == []
    assert matrix.find_row("a") is None


def test_rows_of_another_width_are_refused(matrix: VectorMatrix, table: Table) -> None:
    table.put("a", np.ones(3, np.float32))
    with pytest.raises(ModelError, match="3 numbers, the model's 8"):
        matrix.refresh(table.newest, table.load)


def test_readers_and_refreshes_may_overlap() -> None:
    table, matrix = Table(), VectorMatrix(DIM)
    table.put("fixed", unit(0))
    matrix.refresh(table.newest, table.load)
    wrong: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found = matrix.top(unit(0), 1)
            if not found or found[0][0] != "fixed":
                wrong.append(found)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(300):
        table.put(f"k{number % 40}", unit(1 + number % 7))
        matrix.refresh(table.newest, table.load)
    stop.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert len(matrix) == 41


def test_replacing_rows_takes_no_more_room(matrix: VectorMatrix, table: Table) -> None:
    for number in range(100):
        table.put("only", unit(number % DIM))
        matrix.refresh(table.newest, table.load)
    assert len(matrix._rows) == 1
