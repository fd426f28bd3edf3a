"""How Chinese authors and translators spell one technical word, and what only seems to name an idea.

Chinese has several words for most of the field's terms, and machine translation adds more: an autoencoder is 自编码器
and 自动编码器, a Transformer is 变换器 and, as if it stood in a power station, 变压器. A table of a few rules says
once what would otherwise be repeated among the names of every idea.
"""

import re

#: Patterns and what is read instead, in this order. The readings are those of the catalogue.
_CHINESE = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        ("自动编码器", "自编码器"),
        ("(?:掩膜|掩模|掩蔽|掩盖|遮蔽|遮罩|遮盖|屏蔽|蒙版)(?=式?自编码|语言|图像建模)", "掩码"),
        ("(?<=[批层量组重例])(?:次?标准化|规范化|次归一化)", "归一化"),
        ("自我?注意(?!力)|自我注意力|自我?关注(?!者)", "自注意力"),
        ("(?<=交叉|多头)注意(?!力)|(?<=交叉)关注|注意(?=机制|头|层|模块)", "注意力"),
        ("跨注意力", "交叉注意力"),
        ("生成[式性]?对抗[式性]?网络|对抗[式性]?生成[式性]?网络", "生成对抗网络"),
        ("神经(?:网络)?(?:架构|结构)搜索", "神经架构搜索"),
        ("长(?:短期|短时|期短期|短)(?=记忆)", "长短期"),
        ("(?<=门控|双向)递归", "循环"),
        ("(?:指令|指导)(?:微调|调优|精调|调节|调整)", "指令微调"),
        ("链式思[考维]|思考链|思路链|思想链", "思维链"),
        ("(?:人类|人工)反馈(?:的|中的?|进行|中进行)?强化学习", "人类反馈强化学习"),
        ("(?:缩放|扩展|规模|尺度|标度)(?:定律|规律|法则|律)", "缩放定律"),
        ("(?:普适|普遍|通用|万能)(?:逼近|近似)", "万能逼近"),
        ("(?:新兴|突现|新出现|涌现)的?能力", "涌现能力"),
        ("低秩(?:自适应|适应|适配|调整)", "低秩适配"),
        ("(?<!电力|配电|电源)(?:变压器(?!油|绕组)|变换器|变形金刚)", " Transformer "),
        ("(?<=视觉|图形|语言|表示|训练|基于)转换器|(?<=图)转换器|转换器(?=架构|语言模型)", " Transformer "),
        ("稳定扩散", " Stable Diffusion "),
        ("潜(?:空间)?扩散|潜在空间扩散|隐式?扩散", "潜在扩散"),
        ("跳过?连接|跳接", "跳跃连接"),
        ("剩余(?=连接|网络|块)", "残差"),
        ("专家的?混合", "混合专家"),
        ("矢量量化", "向量量化"),
        ("(?<=变分)自编码(?!器)", "自编码器"),
        ("(?<=上下文)化(?=词?嵌入)", ""),
    )
)

#: What contains the name of an idea and is another thing: it is passed over whole.
NO_IDEA = (
    *("graph convolutional network", "graph convolution network", "graph convolutional neural network"),
    *("图卷积网络", "图卷积神经网络", "图时空卷积网络"),
    *("cross-entropy", "maximum entropy", "交叉熵", "最大熵"),
    *("CNN/Daily Mail", "CNN/DailyMail", "CNN/DM", "CNN and Daily Mail", "CNN News"),
    *("DALL-E 2", "DALL·E 2"),
    *("power transformer", "distribution transformer"),
    *("sequence-to-sequence function", "sequence-to-sequence map", "sequence-to-sequence mapping"),
    *("dataset distillation", "data distillation", "数据集蒸馏", "数据蒸馏"),
    *("机器学习优化器", "深度学习优化器", "谓词嵌入", "非线性状态空间", "线性状态空间模型"),
)


def unite_spellings(text: str) -> str:
    """Return simplified Chinese with every technical word as the catalogue spells it.

    Examples
    --------
    >>> unite_spellings("遮蔽自动编码器")
    '掩码自编码器'
    """
    for pattern, reading in _CHINESE:
        text = pattern.sub(reading, text)
    return text
