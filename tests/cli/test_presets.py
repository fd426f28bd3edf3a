"""Models at the sizes of their papers: tables, one of them by its parts, and the JSON."""

import pytest

from kb.cli.page import write_rows
from tests.cli.conftest import Stemma


def test_a_table_sets_counted_beside_printed(stemma: Stemma) -> None:
    lines = stemma("presets", "gpt-2").out.splitlines()

    assert lines[0] == "gpt-2  s2:9405cc0d6169988371b2755e573cc28650d14dfe"
    assert lines[1:4] == [
        "                   parameters  printed",
        "  gpt-2-small     124,439,808     117M  +6.4%",
        "  gpt-2-medium    354,823,168     345M  +2.8%",
    ]


def test_all_architectures_are_printed_in_order(stemma: Stemma) -> None:
    heads = [line.split()[0] for line in stemma("presets").out.splitlines() if line and not line.startswith(" ")]

    assert heads == ["transformer", "bert", "gpt-2", "rwkv-4", "gopher", "awd-lstm", "pangu-pi", "mamba"]


def test_flops_are_set_against_table_and_text(stemma: Stemma) -> None:
    row = next(line for line in stemma("presets", "RWKV").out.splitlines() if "rwkv-4-169m" in line)

    assert row.split() == [
        *("rwkv-4-169m", "169,342,464", "1.693e8", "=", "261,250,560", "2.613e8", "=", "3.385e8", "-22.8%"),
    ]


def test_one_model_is_told_by_its_parts(stemma: Stemma) -> None:
    shown = stemma("presets", "Transformer, base").out

    assert "  layers           6\n" in shown
    assert "  embedding     18,944,000  30.0%\n" in shown
    assert "  together      63,045,632\n  printed 65M, table 3, page 9: counted are 3.0% less\n" in shown
    assert shown.splitlines()[-1] == "  stemma run post-ln --set heads=8 --set D=512 --set F=2048"
    assert "could not be read again" in " ".join(stemma("presets", "gopher-7.1b").out.split())


def test_the_run_that_is_offered_runs(stemma: Stemma, own_db) -> None:
    words = stemma("presets", "gopher-44m").out.splitlines()[-1].split()[1:]

    figures = stemma(*words, "--json", db=own_db).document["figures"]
    assert (figures["sizes"]["D"], figures["sizes"]["F"], figures["parameters"]["heads"]) == (512, 2048, 16)


def test_json_holds_records(stemma: Stemma) -> None:
    (preset,) = stemma("presets", "bert-large", "--json").document["presets"]

    assert preset["parameters"] == {
        "printed": "340M",
        "place": "section 3",
        "counted": 335_141_888,
        "relative": pytest.approx(-0.01429, abs=1e-5),
        "met": False,
    }
    assert sum(preset["parts"].values()) == 335_141_888
    assert preset["config"]["layers"] == 24


@pytest.mark.parametrize(
    ("name", "key"), [("S6", "mamba-130m"), ("2312.17276", "pangu-pi-1b"), ("盘古 π", "pangu-pi-1b")]
)
def test_any_name_of_the_idea_or_paper_will_do(stemma: Stemma, name: str, key: str) -> None:
    assert stemma("presets", name, "--json").document["presets"][0]["key"] == key


def test_an_unknown_name_is_one_line(stemma: Stemma) -> None:
    outcome = stemma("presets", "lstm")

    assert outcome.code == 1
    assert outcome.complaints == [
        "stemma: no paper's configuration is called 'lstm': the nearest is awd-lstm, awd-lstm-wikitext-2, "
        "awd-lstm-penn-treebank"
    ]


def test_figures_end_below_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    write_rows([("注意力", "1,000", "5"), ("abc", "7", "1,000")], right=True)

    assert capsys.readouterr().out.splitlines() == ["  注意力  1,000      5", "  abc         7  1,000"]
