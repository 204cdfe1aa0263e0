"""YAML 1.2 text to plain values that know their line.

Values follow the core schema of YAML 1.2: only ``true`` and ``false`` are booleans, and ``on``, ``off``, ``yes`` and
``no`` are texts (a gate called NO stays a text, and ``mains: off`` is refused with the advice to write ``null``). The
text is read event by event, so that every key and value keeps its line, every duplicate key is found, tags can't
construct anything, and anchors can't grow without bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from hgx_lab.config.problems import KeyPath
from hgx_lab.config.yaml_tree import Place, Tree, YamlFault, plain_value

__all__ = ["LONGEST_TEXT", "read_yaml"]

LONGEST_TEXT: Final = 500_000  # characters
_MOST_VALUES: Final = 50_000  # after anchors are expanded
_DEEPEST: Final = 40


class _StopError(Exception):
    """Nothing after this fault can be read."""

    def __init__(self, fault: YamlFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_yaml(text: str) -> Tree:
    """Read a text; never raises for what the text says, but lists it in ``faults``."""
    tree = Tree()
    try:
        if len(text) > LONGEST_TEXT:
            message = f"the file has {len(text)} characters; a run file has at most {LONGEST_TEXT}."
            raise _StopError(YamlFault(Place(), (), message))
        _Builder(tree).build(_events(text))
        tree.complete = True
    except _StopError as stop:
        tree.faults.append(stop.fault)
    return tree


def _events(text: str) -> Iterator[Event]:
    documents = 0
    reached = Place()
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "a second document starts here; a run file is one document."
                    raise _StopError(YamlFault(_place(event), (), message))
            reached = Place(event.end_mark.line + 1, event.end_mark.column + 1)
            yield event
    except MarkedYAMLError as error:
        raise _StopError(_syntax_fault(error)) from error
    except ReaderError as error:
        place = Place(text.count("\n", 0, error.position) + 1)
        message = f"the character U+{_code(error.character):04X} can't stand in YAML."
        raise _StopError(YamlFault(place, (), message)) from error
    except YAMLError as error:
        raise _StopError(YamlFault(Place(), (), f"this isn't YAML: {error}")) from error
    except (ValueError, OverflowError) as error:
        # The scanner lets these through for escapes such as "\UFFFFFFFF".
        raise _StopError(YamlFault(reached, (), f"this isn't YAML: {error}")) from error


def _syntax_fault(error: MarkedYAMLError) -> YamlFault:
    problem, mark = str(error.problem or "unreadable"), error.problem_mark
    suggestion = ""
    if "\\t" in problem:
        problem, suggestion = "a tab can't indent YAML.", "Indent with spaces."
    elif "mapping values are not allowed" in problem:
        problem, suggestion = 'a second ": " on this line.', "Put the value in quotes, or check the indentation."
    elif ("stream end" in problem or "end of stream" in problem) and error.context_mark is not None:
        mark, problem = error.context_mark, "what is opened here is never closed."
    else:
        problem = f"this isn't YAML: {error.context + ': ' if error.context else ''}{problem}."
    place = Place(mark.line + 1, mark.column + 1) if mark is not None else Place()
    return YamlFault(place, (), problem, suggestion)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being read."""

    path: KeyPath
    value: dict[str, Any] | list[Any]
    anchor: str | None
    key: str | None = None
    doubled: bool = False  # the key was there before: its value is read and dropped


class _Builder:
    """Turns events into a :class:`Tree`, without recursion."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._open: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._count = 0

    def build(self, events: Iterator[Event]) -> None:
        for event in events:
            if isinstance(event, (SequenceEndEvent, MappingEndEvent)):
                done = self._open.pop()
                self._remember(done.anchor, done.value)
            elif isinstance(event, (ScalarEvent, AliasEvent, SequenceStartEvent, MappingStartEvent)):
                self._node(event)

    def _node(self, event: ScalarEvent | AliasEvent | SequenceStartEvent | MappingStartEvent) -> None:
        self._grow(event, 1)
        top = self._open[-1] if self._open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, event)
            return
        path = self._path()
        # A value that isn't there has the place of its key: the parser puts it on the line of what comes next.
        absent = isinstance(event, ScalarEvent) and event.value == "" and event.style is None
        place = self._tree.keys.get(path) if absent else None
        self._tree.values.setdefault(path, place or _place(event))
        if not isinstance(event, AliasEvent) and event.tag is not None:
            message = f"the tag {event.tag} isn't known; a run file has no tags."
            self._fault(event, path, message, "Write the value without it.")
        if isinstance(event, AliasEvent):
            self._put(self._alias(event, path))
        elif isinstance(event, ScalarEvent):
            value = self._scalar(event, path)
            self._remember(event.anchor, value)
            self._put(value)
        else:
            value = [] if isinstance(event, SequenceStartEvent) else {}
            self._put(value)
            if len(self._open) >= _DEEPEST:
                raise _StopError(YamlFault(_place(event), (), f"nested deeper than {_DEEPEST} levels."))
            self._open.append(_Open(path, value, event.anchor))

    def _key(self, top: _Open, event: Event) -> None:
        if not isinstance(event, ScalarEvent) or (event.value == "" and event.style is None):
            raise _StopError(YamlFault(_place(event), top.path, "a key must be a plain word."))
        key = str(event.value)
        top.key, top.doubled = key, key in top.value
        path = (*top.path, key)
        if top.doubled:
            first = self._tree.place_of(path, at_key=True).line
            self._fault(event, path, f"this key is there already, on line {first}.", "Remove one of them.")
        elif not _encodable(key):
            self._fault(event, top.path, "a key with a half of a surrogate pair.")
        else:
            self._tree.keys.setdefault(path, _place(event))

    def _path(self) -> KeyPath:
        if not self._open:
            return ()
        top = self._open[-1]
        return (*top.path, len(top.value) if isinstance(top.value, list) else str(top.key))

    def _put(self, value: Any) -> None:
        if not self._open:
            self._tree.data = value
            return
        top = self._open[-1]
        if isinstance(top.value, list):
            top.value.append(value)
            return
        if not top.doubled:
            top.value[str(top.key)] = value
        top.key = None

    def _alias(self, event: AliasEvent, path: KeyPath) -> Any:
        if event.anchor not in self._anchors:
            advice = f"Define &{event.anchor} before it."
            self._fault(event, path, f"*{event.anchor} stands for nothing.", advice)
            return None
        value = self._anchors[event.anchor]
        size, depth = _extent(value)
        self._grow(event, size)
        if len(self._open) + depth > _DEEPEST:
            raise _StopError(YamlFault(_place(event), (), f"nested deeper than {_DEEPEST} levels."))
        return value

    def _scalar(self, event: ScalarEvent, path: KeyPath) -> Any:
        text = str(event.value)
        if not _encodable(text):
            self._fault(event, path, "a text with a half of a surrogate pair.")
            return ""
        return plain_value(text) if event.style is None else text

    def _remember(self, anchor: str | None, value: Any) -> None:
        if anchor is not None:
            self._anchors[anchor] = value

    def _grow(self, event: Event, by: int) -> None:
        self._count += by
        if self._count > _MOST_VALUES:
            raise _StopError(YamlFault(_place(event), (), f"more than {_MOST_VALUES} values, anchors expanded."))

    def _fault(self, event: Event, path: KeyPath, message: str, suggestion: str = "") -> None:
        self._tree.faults.append(YamlFault(_place(event), path, message, suggestion))


def _extent(value: Any) -> tuple[int, int]:
    """Number of values in a value, and how deep they are nested: both bounded, whatever anchors multiply."""
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    sizes = [_extent(child) for child in children]
    return 1 + sum(size for size, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)


def _code(character: int | str | bytes) -> int:
    return character if isinstance(character, int) else ord(character)


def _encodable(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


def _place(event: Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
