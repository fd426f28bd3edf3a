"""The page Train: small models around ideas learn a task, side by side, and the literature stands beside."""

from collections.abc import Sequence

import streamlit as st

from kb.library import Library
from kb.records import Idea, Parameter, RunResult, TrainingTask
from kb.reference.training import FORMS_TRAINED
from kb.reference.training.program import MOST_IDEAS
from kb.ui.address_state import index_of, one_of, seed, tell
from kb.ui.idea_choice import choose_ideas, list_settings, name_ideas
from kb.ui.links import address, escape, link
from kb.ui.run_live import run_live
from kb.ui.run_result import show_result
from kb.ui.run_settings import choose_settings
from kb.ui.train_result import show_progress, show_training

_EXAMPLES = (
    (
        "Recall: attention, a sum, the delta rule",
        "multi-query-recall",
        "scaled-dot-product-attention,linear-attention,deltanet",
    ),
    ("Copying: who looks up, who carries", "copying", "scaled-dot-product-attention,structured-state-space,lstm"),
    ("Positions, on a text", "text", "alibi,rotary-positions,scaled-dot-product-attention"),
)
_LABELS = {
    "steps": "Steps",
    "rate": "Learning rate",
    "seeds": "Seeds, one after the other",
    "seconds": "Seconds at most",
    "B": "B · batch",
    "D": "D · model width",
    "H": "H · heads",
    "L": "L · layers",
}
_MODEL = """All models are the same but for the idea: an embedding, a convolution over the last four tokens, layers
with the idea and a feed-forward network in turn, each behind a norm and added to what was there, and a map to the
vocabulary. Norms, feed-forward networks and position schemes take their places around softmax attention, feature maps
inside linear attention. All take the same steps on the same batches, with AdamW and one learning rate; weights that
all have begin with the same numbers."""


def show(library: Library) -> None:
    """Draw the task and the ideas that the address names, and train them on request."""
    examples = " &ensp;·&ensp; ".join(
        link(address("train", task=task, ideas=ideas), words) for words, task, ideas in _EXAMPLES
    )
    st.html(
        "<h1>Train</h1><p>Small models around ideas learn the same task on the same batches, in two minutes, and "
        'what came of it stands beside what the literature expects. <span class="quiet">For example:</span> &ensp; '
        f"{examples}</p>"
    )
    task = _choose_task(library.training_tasks())
    st.html(_tell_task(task))
    names = name_ideas(library)
    ideas = choose_ideas(library, names, key="train ideas", most=MOST_IDEAS, forms=FORMS_TRAINED)
    if not ideas:
        st.info(f"Choose up to {MOST_IDEAS} ideas, or take an example.")
        return
    with st.expander("Settings, and the model around an idea"):
        st.html(f'<p class="quiet">{_MODEL}</p>')
        settings, number = choose_settings(_list_settings(task, ideas, names), {}, key=f"train {task.slug}")
    _train(library, task, ideas, settings, number)


def _choose_task(tasks: Sequence[TrainingTask]) -> TrainingTask:
    """Draw the box of tasks; what is chosen stands in the address."""
    by_slug = {task.slug: task for task in tasks}
    slugs = tuple(by_slug)
    index = index_of(slugs, seed("train task", "task", one_of(slugs), slugs[0]))
    slug = st.selectbox("Task", slugs, index, key="train task", format_func=lambda one: by_slug[one].name, width=420)
    tell("train task", "task", slug if slug != slugs[0] else "")
    return by_slug[slug]


def _tell_task(task: TrainingTask) -> str:
    """Return what a task asks, with an example whose answers stand below."""
    cells = "".join(
        f'<span style="display:inline-block;text-align:center;min-width:1.5rem;padding:.1rem .2rem">{escape(token)}'
        f'<br><b style="color:var(--accent)">{escape(answer) or "&nbsp;"}</b></span>'
        for token, answer in task.example
    )
    return (
        f'<p>{escape(task.asks)}</p><div class="num" style="margin:.2rem 0 .6rem" role="img" '
        f'aria-label="An example: {escape(_read_aloud(task))}">{cells}</div>'
        f'<p class="quiet">{escape(task.scored)} <b>It separates</b> {_lower(escape(task.separates))} '
        f"From: {escape(task.evidence)}.</p>"
    )


def _read_aloud(task: TrainingTask) -> str:
    return ", ".join(f"{token} (answer {answer})" if answer else token for token, answer in task.example)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _list_settings(
    task: TrainingTask, ideas: Sequence[Idea], names: dict[str, str]
) -> list[tuple[str, str, Parameter]]:
    """Return what can be set: of the task, of the training, of each idea."""
    own = [(one.name, _LABELS.get(one.name, one.name.capitalize()), one) for one in (*task.sizes, *task.training)]
    return [*own, *list_settings(ideas, names)]


def _train(
    library: Library, task: TrainingTask, ideas: Sequence[Idea], settings: dict[str, object], number: int
) -> None:
    """Draw the button, how far the training is, and what came of it."""
    names = name_ideas(library)
    result = run_live(
        "training",
        "Train",
        lambda owner: library.begin_train(task.slug, ideas, settings, seed=number, owner=owner),
        show_partial=lambda figures: show_progress(figures, names),
    )
    if isinstance(result, RunResult):
        st.html("<h2>What came of it</h2>")
        show_result(result, key="training", show_figures=lambda figures, key: show_training(figures, names, key=key))
    elif result:
        st.warning(escape(result))
    if len({idea.form for idea in ideas}) == 1 and len(ideas) > 1:
        href = address("compare", ideas=",".join(idea.slug for idea in ideas))
        st.html(f"<p>{link(href, 'Compare their outputs')} <span class='quiet'>on the same input</span></p>")
