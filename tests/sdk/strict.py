"""Judges JSON by the types that a provider's SDK declares, more strictly than the SDK itself does.

`complaints(type, value)` walks TypedDicts, pydantic models, unions, literals and containers. Unknown fields, missing
ones and fields of another type are complained about at any depth. What an SDK lets pass so that newer answers do not
break it (unknown words where it lists the known ones) is refused here.
"""

import collections.abc
import datetime
import enum
import functools
import types
import typing

import pydantic
import typing_extensions as te

ANYTHING = (typing.Any, te.Any, object)
LISTS = (list, collections.abc.Iterable, collections.abc.Sequence, set, tuple, frozenset)
MAPS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)
PRIMITIVES = {
    str: str,
    bytes: str,
    int: int,
    float: (int, float),
    bool: bool,
    type(None): type(None),
    datetime.datetime: str,
}
#: Says which member of a union is meant, and which message, block or event this is: it must be there.
TAGS = ("type", "role", "object")


class Field(typing.NamedTuple):
    """What a type says of one member of an object."""

    type: object
    required: bool


def complaints(annotation, value, at="", also=frozenset()):
    """What is wrong with `value`, each with its place. Fields named in `also` may stand in every object."""
    return judge(bare(annotation))(value, at, also)


@functools.cache
def judge(annotation):
    """The judge of a type: a function of the value, its place, and the fields that may stand everywhere."""
    origin, arguments = te.get_origin(annotation), te.get_args(annotation)
    if annotation in ANYTHING or isinstance(annotation, typing.TypeVar):
        return lambda value, at, also: []
    if origin is typing.Literal:
        return functools.partial(of_words, arguments)
    if is_union(annotation):
        return functools.partial(of_union, members(annotation))
    if origin in LISTS or annotation in LISTS or getattr(origin, "__name__", "") == "SequenceNotStr":
        return functools.partial(of_list, bare(arguments[0]) if arguments else object)
    if origin in MAPS or annotation in MAPS:
        return functools.partial(of_map, bare(arguments[1]) if arguments else object)
    if is_object(annotation):
        return functools.partial(of_object, annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return functools.partial(of_words, tuple(member.value for member in annotation))
    if isinstance(annotation, type):
        return functools.partial(of_primitive, annotation)
    raise TypeError(f"what is {annotation!r}?")


def of_words(words, value, at, _also):
    known = any(value == word and type(value) is type(word) for word in words)
    return [] if known else [f"{at}: {shown(value)} is none of {words}"]


def of_union(kinds, value, at, also):
    """The complaints of the member that is meant: the one whose tags fit, else the one that likes the value best."""
    if isinstance(value, dict):
        meant = [kind for kind in kinds if is_object(kind) and tags_fit(kind, value)]
        kinds = [kind for kind in kinds if kind in meant or not is_object(kind)] if meant else kinds
    verdicts = []
    for kind in kinds:
        verdict = judge(kind)(value, at, also)
        if not verdict:
            return []
        verdicts.append((not suits(kind, value), len(verdict), verdict))
    return min(verdicts, key=lambda entry: entry[:2])[2]


def of_list(kind, value, at, also):
    if not isinstance(value, list):
        return [f"{at}: {shown(value)} is no list"]
    of_item = judge(kind)
    return [one for index, item in enumerate(value) for one in of_item(item, f"{at}[{index}]", also)]


def of_map(kind, value, at, also):
    if not isinstance(value, dict):
        return [f"{at}: {shown(value)} is no object"]
    of_item = judge(kind)
    return [one for key, item in value.items() for one in of_item(item, f"{at}.{key}", also)]


def of_object(kind, value, at, also):
    if not isinstance(value, dict):
        return [f"{at}: {shown(value)} is no {kind.__name__}"]
    known = fields(kind)
    found = [f"{at}.{name}: unknown to {kind.__name__}" for name in value if name not in known and name not in also]
    for name, field in known.items():
        if name in value:
            found += judge(field.type)(value[name], f"{at}.{name}", also)
        elif field.required:
            found.append(f"{at}.{name}: {kind.__name__} needs it")
    return found


def of_primitive(kind, value, at, _also):
    wanted = PRIMITIVES.get(kind)
    # whatever else an SDK takes (open files, paths, its words for unknown ones) is never JSON
    if wanted and isinstance(value, wanted) and (kind is bool or not isinstance(value, bool)):
        return []
    return [f"{at}: {shown(value)} is no {kind.__name__}"]


def bare(annotation):
    """A type without what is only written beside it."""
    while True:
        origin = te.get_origin(annotation)
        if origin in (te.Annotated, te.Required, te.NotRequired, te.ReadOnly):
            annotation = te.get_args(annotation)[0]
        elif isinstance(annotation, te.TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(origin, te.TypeAliasType):
            annotation = origin.__value__[te.get_args(annotation)]
        elif isinstance(annotation, te.NewType):
            annotation = annotation.__supertype__
        else:
            return annotation


def is_union(annotation):
    return te.get_origin(annotation) in (typing.Union, types.UnionType)


@functools.cache
def is_object(annotation):
    """Whether it is a type of objects with known members."""
    model = isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
    return model or te.is_typeddict(annotation)


@functools.cache
def members(union):
    """The members of a union, those of unions in it too. Where words are listed, "anything else" is none of them."""
    flat = []
    for kind in map(bare, te.get_args(union)):
        flat += members(kind) if is_union(kind) else [kind]
    listed = any(te.get_origin(kind) is typing.Literal for kind in flat)
    return [kind for kind in flat if not (listed and kind in ANYTHING)]


def suits(annotation, value):
    """Whether it is at least the same kind of JSON."""
    origin = te.get_origin(annotation)
    kinds = {dict: is_object(annotation) or origin in MAPS, list: origin in LISTS}
    return kinds.get(type(value), False)


def tags_fit(kind, value):
    """Whether each word by which objects of this kind are known has the right value."""
    known = tags(kind)
    return bool(known) and all(value.get(name) in words for name, words in known)


@functools.cache
def tags(kind):
    found = [(name, literals(field.type)) for name, field in fields(kind).items() if name in TAGS]
    return [(name, words) for name, words in found if words]


@functools.cache
def literals(annotation):
    """The words that a type lists."""
    if te.get_origin(annotation) is typing.Literal:
        return te.get_args(annotation)
    return tuple(word for kind in members(annotation) for word in literals(kind)) if is_union(annotation) else ()


@functools.cache
def fields(kind):
    """Every member that objects of this kind may have, by its name on the wire."""
    return dict(of_typed_dict(kind) if te.is_typeddict(kind) else of_model(kind))


def of_model(kind):
    if not kind.__pydantic_complete__:
        kind.model_rebuild()
    for name, field in kind.model_fields.items():
        given = next((said for note in field.metadata if (said := getattr(note, "alias", None))), None)
        wire, annotation = field.serialization_alias or field.alias or given or name, bare(field.annotation)
        # generated models fill it in by themselves
        tag = wire in TAGS and len(literals(annotation)) == 1 and field.default is not None
        yield wire, Field(annotation, field.is_required() or tag)


def of_typed_dict(kind):
    inherited = {}
    for base in getattr(kind, "__orig_bases__", ()):
        if te.is_typeddict(base):
            inherited |= fields(base)
    yield from inherited.items()
    for name, annotation in te.get_type_hints(kind, include_extras=True).items():
        required = kind.__total__
        while (origin := te.get_origin(annotation)) in (te.Required, te.NotRequired, te.Annotated):
            required = {te.Required: True, te.NotRequired: False}.get(origin, required)
            name = next((said for note in te.get_args(annotation)[1:] if (said := getattr(note, "alias", None))), name)
            annotation = te.get_args(annotation)[0]
        annotation = bare(annotation)
        if name not in inherited or inherited[name].type != annotation:
            yield name, Field(annotation, required)


def shown(value):
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
