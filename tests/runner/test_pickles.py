"""Pickled results: whatever a guest says is read as JSON and text, so a payload that would run stays data.

Each payload is a real one: it runs where something unpickles it.
"""

import ast
import base64
import json
import pickle
from pathlib import Path

import pytest

import kb.runner

#: What runs where it is unpickled: makes a file beside the victim.
PAYLOAD = """
import base64, json, os, pickle
class Evil:
    def __reduce__(self):
        return (eval, ("__import__('pathlib').Path({marker!r}).touch() or 'ran'",))
payload = pickle.dumps(Evil())
coded = base64.b64encode(payload).decode()
pipe = [n for n in range(3, 64) if os.path.islink(f'/proc/self/fd/{{n}}')][0]
def answer(**told): os.write(pipe, json.dumps(told).encode() + b'\\n')
"""

SENDING = {
    "an object": "report('x', Evil())",
    "an object in a list": "report('x', [1, Evil()])",
    "an object as the name": "report(Evil(), 1)",
    "a list of its own": "class L(list):\n    tolist = Evil\nreport('x', {'a': L().tolist()})",
    "its bytes": "report('x', payload)",
    "its bytes as text": "report('x', coded)",
    "bytes on the pipe of answers": "os.write(pipe, payload + b'\\n')",
    "bytes in an answer": "answer(figure=['x', payload.decode('latin-1')])",
    "an answer of another kind": "answer(pickle=coded, ready=coded)",
    "an end of its own": "answer(end={'status': coded, 'code': 0, 'message': coded})\nos._exit(0)",
    "printed": "import sys\nsys.stdout.buffer.write(payload)",
    "printed as an error": "import sys\nsys.stderr.buffer.write(payload)\n1 / 0",
    "a file that torch reads": "import torch\ntorch.save(Evil(), 'x.pt')\nopen('x.pkl', 'wb').write(payload)",
    "an exception": "class E(Exception, Evil): pass\nraise E(payload)",
}


@pytest.mark.parametrize("name", SENDING)
def test_a_pickle_is_data_or_refused(guest, tmp_path, name):
    marker = tmp_path / "marker"
    result = guest(PAYLOAD.format(marker=str(marker)) + SENDING[name])

    assert not marker.exists()
    json.dumps([result.status, result.stdout, result.stderr, result.message, dict(result.figures)])
    assert {type(value) for value in result.figures.values()} <= {str, list, dict, int, float, bool, type(None)}
    if name.startswith(("an object", "its bytes")) and name != "its bytes as text":
        assert result.status == "error"
        assert "TypeError" in result.message
        assert result.figures == {}


def test_text_that_would_unpickle_comes_back_as_the_text(guest, tmp_path):
    result = guest(PAYLOAD.format(marker=str(tmp_path / "marker")) + SENDING["its bytes as text"])
    text = result.figures["x"]

    assert isinstance(text, str)
    assert base64.b64decode(text).startswith(b"\x80")


def test_the_payload_runs_where_it_is_unpickled(tmp_path):
    marker, names = tmp_path / "marker", {}
    exec(PAYLOAD.format(marker=str(marker)), names)

    assert pickle.loads(names["payload"]) == "ran"
    assert marker.exists()


def test_nothing_on_this_side_of_the_pipe_can_unpickle():
    folder = Path(kb.runner.__file__).parent
    imported = {
        name.name.partition(".")[0] if isinstance(node, ast.Import) else (node.module or "").partition(".")[0]
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }

    assert {"json", "os"} <= imported
    assert not imported & {"pickle", "_pickle", "marshal", "shelve", "dill", "torch", "numpy", "multiprocessing"}
