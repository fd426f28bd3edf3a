"""Small trainings, side by side: ideas learn the same task on the same batches, within two minutes on two cores.

tasks       what can be learned, with sizes, and where each task comes from
literature  who is expected ahead of whom, and where that was found
program     composes the text of a training; loads no torch
telling     what came of it, in words for both front doors
what runs   ``guest_tasks``, ``guest_model``, ``guest_training`` and ``guest_judging`` in the folder above

Objectives and schedules are not trained: an objective brings data and a loss of its own, a schedule is no part of a
model. All other forms are, in a model that is the same but for the idea; ``guest_model`` says which place each takes.
"""

from kb.reference.training.literature import FINDINGS
from kb.reference.training.program import FORMS_TRAINED, build_training_program, is_trainable
from kb.reference.training.tasks import TASKS, get_task

__all__ = ["FINDINGS", "FORMS_TRAINED", "TASKS", "build_training_program", "get_task", "is_trainable"]
