"""The published experiment on the standard device: each figure of the paper from its run files.

:func:`reproduce` runs what figures need, writes records, figures and what they came to. The paper is Boon et al.,
"Gradient descent in materia through homodyne gradient extraction", arXiv:2105.11233.
"""

from __future__ import annotations

from hgx_lab.reproduction._jobs import JobDone, JobFailed, do_jobs
from hgx_lab.reproduction._recipe import Comparison, Job, Recipe
from hgx_lab.reproduction._reproduce import FIGURES, Reproduced, recipes_of, reproduce
from hgx_lab.reproduction._run_files import run_file_text

__all__ = [
    "FIGURES",
    "Comparison",
    "Job",
    "JobDone",
    "JobFailed",
    "Recipe",
    "Reproduced",
    "do_jobs",
    "recipes_of",
    "reproduce",
    "run_file_text",
]
