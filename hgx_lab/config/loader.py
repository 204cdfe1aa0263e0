"""Read a run file and report everything that is wrong with it, each problem with its line, in one go."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hgx_lab.config._translate import MISSING, findings_of
from hgx_lab.config._unknown_keys import annotation_of, drop_unknown_keys, section_for
from hgx_lab.config.checks import cross_check
from hgx_lab.config.problems import Finding, KeyPath, Problem, RunFileError, did_you_mean, key_path_text
from hgx_lab.config.run import Experiment
from hgx_lab.config.run_file import RunFile
from hgx_lab.config.yaml_read import LONGEST_TEXT, read_yaml
from hgx_lab.config.yaml_tree import Tree

__all__ = ["load_run_file", "parse_run_file"]


def load_run_file(path: str | Path, *, check_files: bool = True) -> RunFile:
    """Read and check a run file.

    Parameters
    ----------
    path:
        The YAML file; relative paths inside it start at its folder.
    check_files:
        Whether files that it names must be there.

    Raises
    ------
    RunFileError
        The file can't be read, or isn't a usable run file; carries all of its problems.
    """
    path = Path(path)
    source = str(path)
    try:
        text = _read_text(path, source)
    except OSError as error:
        raise _whole_file(source, f"can't be read: {error.strerror or error}.") from error
    except ValueError as error:  # a path with a zero byte in it
        raise _whole_file(source, f"can't be read: {error}.") from error
    return parse_run_file(text, source=source, folder=path.parent.absolute(), check_files=check_files)


def parse_run_file(
    text: str, *, source: str = "run file", folder: Path | None = None, check_files: bool = True
) -> RunFile:
    """Read and check the text of a run file.

    Parameters
    ----------
    text:
        YAML 1.2.
    source:
        Name that stands before the line numbers of problems.
    folder:
        Where relative paths start; the working directory when None.
    check_files:
        Whether files that it names must be there.

    Raises
    ------
    RunFileError
        Not a usable run file; carries all of its problems.
    """
    tree = read_yaml(text)
    problems = [
        Problem(source, f.place.line, f.place.column, key_path_text(f.path), "", f.message, suggestion=f.suggestion)
        for f in tree.faults
    ]
    if not tree.complete and problems:
        raise RunFileError(problems)
    if not isinstance(tree.data, dict):
        message = "is empty." if tree.data is None else f"is a {type(tree.data).__name__}."
        message = f"the file {message} A run file is a mapping, key: value on each line."
        raise RunFileError([*problems, *_whole_file(source, message).problems])
    context = {"folder": (folder or Path.cwd()).absolute(), "check_files": check_files}
    run, findings = _validate(tree.data, context)
    unreadable = {fault.path for fault in tree.faults if fault.path}
    findings = [f for f in findings if not any(f.path[:n] in unreadable for n in range(1, len(f.path) + 1))]
    problems += [_located(finding, tree.data, tree, source) for finding in findings]
    if problems or run is None:
        raise RunFileError(problems)
    return run


def _validate(data: dict[str, Any], context: dict[str, Any]) -> tuple[RunFile | None, list[Finding]]:
    """The run file, or what is wrong; a misspelt key or a broken section doesn't hide what else is wrong."""
    kept, findings = drop_unknown_keys(data, Experiment)
    try:
        return _adapter(Experiment).validate_python(kept, context=context), findings
    except ValidationError as error:
        details = error.errors(include_url=False)
    # The one error without a key is that of the sections taken together, which is made again below with its places.
    broken = findings_of([d for d in details if d["type"] != "run_file" or len(d["loc"]) > 1], kept)
    broken_names = {finding.path[0] for finding in broken if finding.path}
    findings += [f for f in broken if not _misspelt(f, findings)]
    model = section_for(kept, Experiment)
    if model is None:
        return None, findings
    sections: dict[str, Any] = {}
    for name in model.model_fields.keys() - broken_names:
        field = model.model_fields[name]
        if name in kept:
            sections[name] = _adapter(annotation_of(field)).validate_python(kept[name], context=context)
        else:
            sections[name] = field.get_default(call_default_factory=False)
    return None, findings + cross_check(sections)


def _misspelt(missing: Finding, unknown: list[Finding]) -> bool:
    """Whether a key that is missing is there under a name so close that the misspelling is reported already."""
    if not missing.path or missing.message != MISSING:
        return False
    hint = f'Did you mean "{missing.path[-1]}"?'
    return any(f.path[:-1] == missing.path[:-1] and f.suggestion == hint for f in unknown)


@lru_cache(maxsize=64)
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


def _located(finding: Finding, data: Any, tree: Tree, source: str) -> Problem:
    path = next((p for p in (finding.path, *finding.or_at) if tree.holds(p)), finding.path)
    place = tree.place_of(path, at_key=finding.at_key)
    return Problem(
        file=source,
        line=place.line,
        column=place.column,
        path=key_path_text(path),
        value=_value_text(data, path),
        message=finding.message,
        allowed=finding.allowed,
        suggestion=finding.suggestion,
    )


def _value_text(data: Any, path: KeyPath) -> str:
    """What the file says at a path, shortened; empty where it says nothing."""
    for part in path:
        if isinstance(data, list):
            data = dict(enumerate(data))
        if not isinstance(data, dict) or part not in data:
            return ""
        data = data[part]
    if isinstance(data, (dict, list)):
        text = f"{len(data)} entries"
    else:
        text = ascii(data) if isinstance(data, str) and not data.isprintable() else str(data)
    return text if len(text) <= 80 else text[:77] + "..."


def _read_text(path: Path, source: str) -> str:
    if path.is_dir():
        raise _whole_file(source, "is a folder, and a run file is wanted.")
    if not path.exists():
        folder = path.parent
        names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
        raise _whole_file(source, "there is no such file.", did_you_mean(path.name, names))
    if not path.is_file():
        raise _whole_file(source, "isn't an ordinary file.")
    with path.open("rb") as file:
        raw = file.read(4 * LONGEST_TEXT + 1)  # a character takes at most four bytes
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _whole_file(source, "is UTF-16.", "Save it as UTF-8.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        message = f"the byte 0x{raw[error.start]:02x} isn't UTF-8."
        problem = Problem(source, line, column, "", "", message, suggestion="Save the file as UTF-8.")
        raise RunFileError([problem]) from error


def _whole_file(source: str, message: str, suggestion: str = "") -> RunFileError:
    return RunFileError([Problem(source, 1, 1, "", "", message, suggestion=suggestion)])
