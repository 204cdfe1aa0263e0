"""Write docs/reference/run-file.md: every key of a run file, from the models that read it.

python scripts/make_reference.py           write it
python scripts/make_reference.py --check   exit with 1 if it isn't up to date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from hgx_lab.config import Experiment, RunFile, Section
from hgx_lab.config.quantities import Quantity
from hgx_lab.config.section import OneOf
from hgx_lab.config.values import ExistingFile, PairOf, PerElectrode, Text, Whole
from hgx_lab.units import format_quantity

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "run-file.md"

INTRODUCTION = """# Keys of a run file

Written by `scripts/make_reference.py` from the models that read run files; don't edit it by hand.

A run file is YAML. A quantity is a number with its unit (`70 mV`, `5 kHz`, `20 ms`) or a plain number in SI; the
default column shows it with its unit. `null` means none. A file may leave out every key that has a default. Editors
can complete and check run files with the schema that `hgx schema --output run-file.schema.json` writes.
"""


@dataclass
class Page:
    """The sections met so far, by class, in the order in which the page shows them."""

    titles: dict[type[Section], str] = field(default_factory=dict)

    def title(self, section: type[Section], path: str, kind: tuple[str, str] | None) -> str:
        """Heading of a section; the first path at which it is met names it."""
        return self.titles.setdefault(section, f"{path}, {kind[0]}: {kind[1]}" if kind else path)


def anchor(title: str) -> str:
    """The fragment that GitHub makes of a heading."""
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def link(title: str, text: str) -> str:
    return f"[{text}](#{anchor(title)})"


def unwrap(annotation: Any, metadata: tuple[Any, ...] = ()) -> tuple[Any, tuple[Any, ...]]:
    """The bare type, and all of the metadata around it."""
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = (*metadata, *more)
    return annotation, metadata


def found(metadata: tuple[Any, ...], kind: type) -> Any:
    return next((item for item in metadata if isinstance(item, kind)), None)


def describe(annotation: Any, metadata: tuple[Any, ...], page: Page, path: str) -> str:
    """What a value of this type may be."""
    bare, metadata = unwrap(annotation, metadata)
    if (quantity := found(metadata, Quantity)) is not None:
        unit = f"{quantity.unit}, " if quantity.unit else ""
        return f"{unit}{quantity.allowed}"
    if (whole := found(metadata, Whole)) is not None:
        return f"whole number, {whole.allowed}"
    if (file := found(metadata, ExistingFile)) is not None:
        return f"path of a {file.suffix} file"
    if (text := found(metadata, Text)) is not None:
        return f"text: {text.rule}" if text.rule else "text"
    if (one_of := found(metadata, OneOf)) is not None:
        members = one_of.members(bare)
        titles = {kind: page.title(section, path, (one_of.key, kind)) for kind, section in members.items()}
        return "section: " + ", ".join(link(title, kind) for kind, title in titles.items())
    return describe_bare(bare, metadata, page, path)


def describe_bare(bare: Any, metadata: tuple[Any, ...], page: Page, path: str) -> str:
    """The same for a type whose own metadata says nothing."""
    arguments = get_args(bare)
    origin = get_origin(bare)
    if origin in (Union, UnionType):
        return " or ".join("null" if a is NoneType else describe(a, (), page, path) for a in arguments)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in arguments)
    if bare is bool:
        return "`true`, `false`"
    if isinstance(bare, type) and issubclass(bare, Section):
        return "section: " + link(page.title(bare, path, None), path)
    if origin is tuple and arguments[-1] is Ellipsis:
        item = describe(arguments[0], (), page, path)
        return f"{item}; one, or a list" if found(metadata, PerElectrode) else f"list of {item}"
    if origin is tuple:
        pair = found(metadata, PairOf)
        names = pair.names if pair else f"[{', '.join('...' for _ in arguments)}]"
        return f"`{names}`, each {describe(arguments[0], (), page, path)}"
    if origin is dict:
        return f"mapping of name to {describe(arguments[1], (), page, path)}"
    raise TypeError(f"{path}: no words for {bare}")


def default_text(info: FieldInfo) -> str:
    """The default as a run file would say it."""
    if info.is_required():
        return "required"
    value = info.default
    if isinstance(value, Section):
        kind = getattr(value, "kind", None)
        return f"`{{kind: {kind}}}`" if kind else "`{}`"
    quantity = found_deep(info.annotation, tuple(info.metadata), Quantity)
    return f"`{plain(value, quantity)}`"


def plain(value: Any, quantity: Quantity | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(plain(item, quantity) for item in value) + "]"
    if isinstance(value, float) and quantity is not None and quantity.unit:
        return format_quantity(value, quantity.unit, digits=12)
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'


def found_deep(annotation: Any, metadata: tuple[Any, ...], kind: type) -> Any:
    """Metadata of a kind, at the type itself or at a part of it."""
    bare, metadata = unwrap(annotation, metadata)
    here = found(metadata, kind)
    if here is not None or bare is Ellipsis or get_origin(bare) is Literal:
        return here
    parts = (found_deep(part, (), kind) for part in get_args(bare))
    return next((part for part in parts if part is not None), None)


def table(fields: dict[str, FieldInfo], page: Page, prefix: str) -> Iterator[str]:
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    for name, info in fields.items():
        value = describe(info.annotation, tuple(info.metadata), page, f"{prefix}.{name}" if prefix else name)
        cells = (f"`{name}`", value, default_text(info), info.description or "")
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def one_line(section: type[Section]) -> str:
    return " ".join((section.__doc__ or "").split())


def reference() -> str:
    """The whole page."""
    page = Page()
    union, metadata = unwrap(Experiment)
    experiments = found(metadata, OneOf).members(union)
    lines = [INTRODUCTION, "## Keys of every experiment", "", *table(RunFile.model_fields, page, ""), ""]
    for kind, section in experiments.items():
        own = {name: info for name, info in section.model_fields.items() if name not in RunFile.model_fields}
        lines += [f"## experiment: {kind}", "", one_line(section), "", *table(own, page, ""), ""]
    lines += ["# Sections", ""]
    shown: set[type[Section]] = set()
    while rest := [section for section in page.titles if section not in shown]:
        section = rest[0]
        shown.add(section)
        title = page.titles[section]
        path = title.split(",", 1)[0]
        lines += [f"## {title}", "", one_line(section), "", *table(dict(section.model_fields), page, path), ""]
    return "\n".join(lines)


def main() -> int:
    text = reference()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        print(f"{TARGET.name} is {'up to date' if same else 'out of date: python scripts/make_reference.py'}")
        return 0 if same else 1
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(text, encoding="utf-8")
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
