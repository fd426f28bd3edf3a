"""A small library to look for in articles: the papers of the real ones, and others that they do not name."""

from ingest.article_mentions import PaperIndex, find_mentions
from kb.records import ArticleText, Concept, PaperMention
from tests.factories import make_paper

AIAYN, LSTM, FWP = "arxiv:1706.03762", "doi:10.1162/neco.1997.9.8.1735", "doi:10.1162/neco.1992.4.1.131"
TITLES = {
    AIAYN: "Attention Is All You Need",
    LSTM: "Long Short-Term Memory",
    FWP: "Learning to Control Fast-Weight Memories: An Alternative to Dynamic Recurrent Networks",
    "arxiv:1409.0473": "Neural Machine Translation by Jointly Learning to Align and Translate",
    "arxiv:1502.03167": "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate"
    " Shift",
    "arxiv:1607.06450": "Layer Normalization",
    "arxiv:1610.06258": "Using Fast Weights to Attend to the Recent Past",
    "arxiv:1612.08083": "Language Modeling with Gated Convolutional Networks",
    "arxiv:1801.06146": "Universal Language Model Fine-tuning for Text Classification",
    "arxiv:1810.04805": "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    "arxiv:1907.11692": "RoBERTa: A Robustly Optimized BERT Pretraining Approach",
    "arxiv:1910.07467": "Root Mean Square Layer Normalization",
    "arxiv:2001.04451": "Reformer: The Efficient Transformer",
    "arxiv:2002.04745": "On Layer Normalization in the Transformer Architecture",
    "arxiv:2005.14165": "Language Models are Few-Shot Learners",
    "arxiv:2006.16236": "Transformers are RNNs: Fast Autoregressive Transformers with Linear Attention",
    "arxiv:2009.14794": "Rethinking Attention with Performers",
    "arxiv:2102.11174": "Linear Transformers Are Secretly Fast Weight Programmers",
    "arxiv:2108.12409": "Train Short, Test Long: Attention with Linear Biases Enables Input Length Extrapolation",
    "arxiv:2112.11446": "Scaling Language Models: Methods, Analysis & Insights from Training Gopher",
    "arxiv:2205.14135": "FlashAttention: Fast and Memory-Efficient Exact Attention with IO-Awareness",
    "arxiv:2302.10866": "Hyena Hierarchy: Towards Larger Convolutional Language Models",
    "arxiv:2303.08774": "GPT-4 Technical Report",
    "arxiv:2304.14802": "ResiDual: Transformer with Dual Residual Connections",
    "arxiv:2305.13048": "RWKV: Reinventing RNNs for the Transformer Era",
    "arxiv:2307.08621": "Retentive Network: A Successor to Transformer for Large Language Models",
    "arxiv:2312.00752": "Mamba: Linear-Time Sequence Modeling with Selective State Spaces",
    "arxiv:2312.06635": "Gated Linear Attention Transformers with Hardware-Efficient Training",
    "arxiv:2312.11805": "Gemini: A Family of Highly Capable Multimodal Models",
    "arxiv:2312.17276": "PanGu-π: Enhancing Language Model Architectures via Nonlinearity Compensation",
    "arxiv:2312.17482": "MosaicBERT: A Bidirectional Encoder Optimized for Fast Pretraining",
    "key:chatgpt": "ChatGPT: Optimizing Language Models for Dialogue",
    "s2:9405cc0d6169988371b2755e573cc28650d14dfe": "Language Models are Unsupervised Multitask Learners",
    # Neither of the two real articles names any of these, though both speak of what they are about.
    "arxiv:1601.06733": "Long Short-Term Memory-Networks for Machine Reading",
    "arxiv:2003.04887": "ReZero is All You Need: Fast Convergence at Large Depth",
    "arxiv:2103.03404": "Attention is Not All You Need: Pure Attention Loses Rank Doubly Exponentially with Depth",
    "arxiv:2104.12369": "PanGu-α: Large-scale Autoregressive Pretrained Chinese Language Models with Auto-parallel"
    " Computation",
    "arxiv:2106.15941": "Augmented Shortcuts for Vision Transformers",
    "arxiv:2305.12972": "VanillaNet: the Power of Minimalism in Deep Learning",
    "arxiv:2307.08691": "FlashAttention-2: Faster Attention with Better Parallelism and Work Partitioning",
    "s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035": "Improving Language Understanding by Generative Pre-Training",
}
MORE_IDS = {
    FWP: {"s2": "bc22e87a26d020215afe91c751e5bdaddd8e4922"},
    AIAYN: {"s2": "204e3073870fae3d05bcbc2f6a8e263d9b72e776"},
    "arxiv:1801.06146": {"acl": "P18-1031", "doi": "10.18653/v1/p18-1031"},
}
YEARS = {AIAYN: 2017, LSTM: 1997, FWP: 1991, "arxiv:2002.04745": 2020, "arxiv:1801.06146": 2018}
PAPERS = [
    make_paper(
        key,
        title=title,
        year=YEARS.get(key),
        ids=MORE_IDS.get(key, {}),
        kind="model" if key == "key:chatgpt" else "paper",
        title_zh={AIAYN: "注意力就是你所需要的一切", LSTM: "长短期记忆"}.get(key, ""),
    )
    for key, title in TITLES.items()
]


def idea(slug: str, name: str, key: str, *aliases: str, **fields: tuple[str, ...]) -> Concept:
    return Concept(slug, name, "attention", "", aliases=aliases, introduced_by=key, **fields)


IDEAS = [
    idea("alibi", "ALiBi", "arxiv:2108.12409", "attention with linear biases"),
    idea("batch-norm", "Batch normalisation", "arxiv:1502.03167", "BatchNorm", "BN", "批归一化"),
    idea("layer-norm", "Layer normalisation", "arxiv:1607.06450", "LayerNorm", "LN", "层归一化"),
    idea("rms-norm", "RMSNorm", "arxiv:1910.07467", "均方根归一化"),
    idea("glu", "Gated linear unit", "arxiv:1612.08083", "GLU", "门控线性单元"),
    idea("ulmfit", "ULMFiT", "arxiv:1801.06146"),
    idea("fwp", "Fast weight programmer", FWP, "FWP", "快速权重编程器"),
    idea("deltanet", "DeltaNet", "arxiv:2102.11174"),
    idea("linear-attention", "Linear attention", "arxiv:2006.16236", "线性注意力", "线性 Transformer"),
    idea("pangu-pi", "PanGu-π", "arxiv:2312.17276", "PanGu-pi", "盘古π"),
    idea("retention", "Retention", "arxiv:2307.08621", "RetNet"),
    idea(
        "hyena", "Hyena operator", "arxiv:2302.10866", "Hyena", ambiguous=("Hyena",), context=("convolution", "卷积")
    ),
    idea("lstm", "Long short-term memory", LSTM, "LSTM"),
    idea("gopher", "Gopher block", "arxiv:2112.11446", "Gopher", ambiguous=("Gopher",), context=("language model",)),
    idea("gpt-2", "GPT-2", "s2:9405cc0d6169988371b2755e573cc28650d14dfe"),
    idea("gpt-3", "GPT-3", "arxiv:2005.14165"),
    idea("self-attention", "Self-attention", "arxiv:1601.06733", "自注意力", "自注意力机制"),
    idea("shortcut", "Augmented shortcut", "arxiv:2106.15941", "增强快捷连接"),
    idea("pre-training", "Generative pre-training", "s2:cd18800a0fe0b668a1cc19f2ec95b5003d0a5035", "生成式预训练"),
]
INDEX = PaperIndex.build(PAPERS, IDEAS)


def mentions_of(*paragraphs: str, index: PaperIndex = INDEX, **fields: tuple[str, ...]) -> list[PaperMention]:
    return list(find_mentions(ArticleText("A title", paragraphs, "en", **fields), index))


def only(*paragraphs: str, **fields: tuple[str, ...]) -> PaperMention:
    (found,) = mentions_of(*paragraphs, **fields)
    return found
