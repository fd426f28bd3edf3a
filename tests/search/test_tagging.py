"""The names of ideas in running text: what counts, what does not, in both languages."""

import pytest

from kb.records import Concept, Term
from kb.search.tagging import Tagger


def concept(slug: str, name: str, *aliases: str, **more: tuple[str, ...]) -> Concept:
    return Concept(slug, name, "attention", "", aliases=aliases, **more)  # type: ignore[arg-type]


TAGGER = Tagger(
    [
        concept("rope", "Rotary position embedding", "RoPE", "旋转位置编码"),
        concept("layer-norm", "Layer normalisation", "LayerNorm", "LN", "层归一化"),
        concept("attention", "Attention mechanism", "attention", "注意力机制"),
        concept("multi-head", "Multi-head attention", "multi-head self-attention", "MHA", "多头注意力"),
        concept("linear", "Linear attention", "linearised attention", "线性注意力"),
        concept("srn", "Simple recurrent network", "Elman network", "SRN", ambiguous=("SRN",), context=("Elman",)),
        concept("gan", "Generative adversarial network", "GAN"),
        concept("word-vectors", "Word vectors", "词向量"),
        concept("mamba", "Selective state space", "Mamba", ambiguous=("Mamba",), context=("state space", "状态空间")),
        concept("pangu-pi", "PanGu-π", "PanGu-pi", "盘古 π"),
        concept("convolution", "Convolutional network", "卷积网络", "卷积神经网络"),
        concept("backpropagation", "Back-propagation", "反向传播"),
        concept("residual-dual", "ResiDual", ambiguous=("ResiDual",), context=("Post-LN",)),
        concept("mae", "Masked autoencoder", "掩码自编码器"),
        concept("transformer", "Transformer", "Transformer 架构"),
    ]
)


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("Rotary Position Embeddings", ["rope"]),
        ("We use RoPE.", ["rope"]),
        ("We use ROPE.", ["rope"]),
        ("a rope and a Rope", []),
        ("layer-normalization", ["layer-norm"]),
        ("Layer normalised activations", []),
        ("player normalisation", []),
        ("Pre-LayerNorm", ["layer-norm"]),
        ("multi-head attention", ["multi-head"]),
        ("Multi-Head   Self-Attention\nlayers", ["multi-head"]),
        ("attention and linearized attention", ["attention", "linear"]),
        ("inattention", []),
        ("word vector", ["word-vectors"]),
        ("word2vec", []),
        ("GANs and gan", ["gan"]),
        ("使用多头注意力的模型", ["multi-head"]),
        ("使用多頭注意力的模型", ["multi-head"]),
        ("線性注意力機制", ["linear"]),
        ("LayerNorm层归一化", ["layer-norm"]),
        ("盘古π与盘古 π", ["pangu-pi"]),
        ("ＲｏＰＥ（旋转位置编码）", ["rope"]),
        ("Backpropagation, back propagation and back-propagation", ["backpropagation"]),
        ("multihead self-attention", ["multi-head"]),
        ("convolutional networks, not graph convolutional networks", ["convolution"]),
        ("a graph convolutional network", []),
        ("图卷积网络", []),
        ("图像卷积网络", ["convolution"]),
        ("遮蔽自动编码器", ["mae"]),
        ("基于变压器的模型", ["transformer"]),
        ("BERT变换器架构", ["transformer"]),
        ("电力变压器", []),
        ("", []),
    ],
)
def test_names_are_found_as_authors_write_them(text: str, slugs: list[str]) -> None:
    assert sorted(tag.slug for tag in TAGGER.tag("", text)) == slugs


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        ("The SRN of Elman", ["srn"]),
        ("The SRN is a sodium receptor", []),
        ("A simple recurrent network, SRN for short", ["srn"]),
        ("a black mamba", []),
        ("Mamba is a state space model", ["mamba"]),
        ("Mamba 是一种状态空间模型", ["mamba"]),
        ("Mamba 是一種狀態空間模型", ["mamba"]),
        ("LN of the group", []),
        ("layer normalisation (LN)", ["layer-norm"]),
        ("the Post-LN residual", []),
        ("Post-LN and ResiDual", ["residual-dual"]),
        ("Black mambas (state space)", ["mamba"]),
        ("一种简单循环网络（Elman，SRN）", ["srn"]),
    ],
)
def test_an_ambiguous_name_counts_only_in_its_context(text: str, slugs: list[str]) -> None:
    assert [tag.slug for tag in TAGGER.tag("", text)] == slugs


def test_every_mention_counts_once_and_the_title_comes_first() -> None:
    linear, multi = TAGGER.tag("Linear attention", "Multi-head attention, MHA, and multi-head attention.")
    assert (linear.slug, linear.count, linear.in_title) == ("linear", 1, True)
    assert (multi.slug, multi.count, multi.in_title) == ("multi-head", 3, False)
    assert multi.named == ("Multi head attention", "MHA", "multi head attention")


def test_a_tagger_is_known_by_its_names_and_not_by_their_order() -> None:
    one, two = concept("a", "Alpha"), concept("b", "Beta", "BB")
    assert Tagger([one, two]).fingerprint == Tagger([two, one]).fingerprint
    assert Tagger([one, two]).fingerprint != Tagger([one, concept("b", "Beta")]).fingerprint
    marked = concept("b", "Beta", "BB", ambiguous=("BB",), context=("x",))
    assert Tagger([one, two]).fingerprint != Tagger([one, marked]).fingerprint


def test_odd_text_does_no_harm() -> None:
    for text in ("İİİ RoPE", "\0RoPE\0", "\ud800 RoPE", "RoPE" + "-" * 5000, "𝗥𝗼𝗣𝗘"):
        assert [tag.slug for tag in TAGGER.tag("", text)] == ["rope"], text


def test_the_glossary_lends_chinese_words_to_the_ideas_that_it_names() -> None:
    idea = concept("residual-dual", "Dual residual", "ResiDual", ambiguous=("ResiDual",), context=("Transformer",))
    other = concept("pipeline", "Pipeline parallelism", "流水线并行")
    terms = [
        Term("pipeline parallelism", ("管道并行", "流水线并行")),
        Term("residual", ("残差",)),
        Term("loss", ("损失",)),
    ]
    tagger = Tagger([idea, other], terms)
    assert [tag.slug for tag in tagger.tag("", "管道并行")] == ["pipeline"]
    assert tagger.tag("", "Transformer 的残差与损失") == ()
    assert tagger.fingerprint != Tagger([idea, other]).fingerprint
