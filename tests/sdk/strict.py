"""Judges JSON by the types that a provider's SDK declares, more strictly than the SDK itself does.

`complaints(type, value)` walks TypedDicts, pydantic models, unions, literals and containers. Unknown fields, missing ones and
fields of another type are complained about at any depth. What an SDK lets pass so that newer answers do not break it
(unknown words where it lists the known ones) is refused here.
"""

import collections.abc
import datetime
import enum
import functools
import types
import typing

import pydantic
import typing_extensions as te

ANYTHING = {typing.Any, te.Any, object}
LISTS = {list, collections.abc.Iterable, collections.abc.Sequence, set, tuple, frozenset}
MAPS = {dict, collections.abc.Mapping, collections.abc.MutableMapping}
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
TAGS = {"type", "role", "object"}


class Field(typing.NamedTuple):
    """What a type says of one member of an object."""

    type: object
    required: bool


def complaints(annotation, value, at="", also=frozenset()):
    """What is wrong with `value`, each with its place. Fields named in `also` may stand in every object."""
    origin, arguments = te.get_origin(annotation), te.get_args(annotation)
    if annotation in ANYTHING or isinstance(annotation, typing.TypeVar):
        return []
    if origin in (te.Annotated, te.Required, te.NotRequired, te.ReadOnly):
        return complaints(arguments[0], value, at, also)
    if isinstance(annotation, te.TypeAliasType):
        return complaints(annotation.__value__, value, at, also)
    if isinstance(origin, te.TypeAliasType):
        return complaints(origin.__value__[arguments], value, at, also)
    if isinstance(annotation, te.NewType):
        return complaints(annotation.__supertype__, value, at, also)
    if origin in (te.Literal, typing.Literal):
        return [] if value in arguments and type(value) in map(type, arguments) else [f"{at}: {value!r} is none of {arguments}"]
    if origin in (typing.Union, types.UnionType):
        return of_union(arguments, value, at, also)
    if origin in LISTS or annotation in LISTS or getattr(origin, "__name__", "") == "SequenceNotStr":
        return of_list(arguments, value, at, also)
    if origin in MAPS or annotation in MAPS:
        return of_map(arguments, value, at, also)
    if isinstance(annotation, type):
        return of_class(annotation, value, at, also)
    raise TypeError(f"{at}: what is {annotation!r}?")


def of_union(members, value, at, also):
    """The complaints of the member that is meant: the one whose tags fit, else the one that likes the value best."""
    flat = list(flattened(members))
    if any(te.get_origin(one) in (te.Literal, typing.Literal) for one in flat):
        flat = [one for one in flat if one not in ANYTHING]
    if isinstance(value, dict):
        meant = [one for one in flat if is_object(one) and tags_fit(one, value)]
        flat = [one for one in flat if one in meant or not is_object(one)] if meant else flat
    verdicts = []
    for one in flat:
        verdict = complaints(one, value, at, also)
        if not verdict:
            return []
        verdicts.append((not suits(one, value), len(verdict), verdict))
    return min(verdicts, key=lambda entry: entry[:2])[2]


def suits(annotation, value):
    """Whether it is at least the same kind of JSON."""
    origin = te.get_origin(annotation)
    kinds = {dict: is_object(annotation) or origin in MAPS, list: origin in LISTS}
    return kinds.get(type(value), False)


def of_list(arguments, value, at, also):
    if not isinstance(value, list):
        return [f"{at}: {shown(value)} is no list"]
    kind = arguments[0] if arguments else object
    return [one for index, item in enumerate(value) for one in complaints(kind, item, f"{at}[{index}]", also)]


def of_map(arguments, value, at, also):
    if not isinstance(value, dict):
        return [f"{at}: {shown(value)} is no object"]
    kind = arguments[1] if arguments else object
    return [one for key, item in value.items() for one in complaints(kind, item, f"{at}.{key}", also)]


def of_class(kind, value, at, also):
    if is_object(kind):
        return of_object(kind, value, at, also)
    if issubclass(kind, enum.Enum):
        known = [member.value for member in kind]
        return [] if value in known else [f"{at}: {value!r} is none of {known}"]
    wanted = PRIMITIVES.get(kind)
    # whatever else an SDK takes (open files, paths, its words for unknown ones) is never JSON
    if wanted and isinstance(value, wanted) and (kind is bool or not isinstance(value, bool)):
        return []
    return [f"{at}: {shown(value)} is no {kind.__name__}"]


def of_object(kind, value, at, also):
    if not isinstance(value, dict):
        return [f"{at}: {shown(value)} is no {kind.__name__}"]
    known = fields(kind)
    found = [f"{at}.{name}: unknown to {kind.__name__}" for name in value if name not in known and name not in also]
    found += [
        f"{at}.{name}: {kind.__name__} needs it" for name, field in known.items() if field.required and name not in value
    ]
    for name, field in known.items():
        if name in value:
            found += complaints(field.type, value[name], f"{at}.{name}", also)
    return found


def is_object(annotation):
    """Whether it is a type of objects with known members."""
    annotation = bare(annotation)
    return te.is_typeddict(annotation) or (isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel))


def bare(annotation):
    """Without what is only written beside a type."""
    while True:
        if te.get_origin(annotation) in (te.Annotated, te.Required, te.NotRequired):
            annotation = te.get_args(annotation)[0]
        elif isinstance(annotation, te.TypeAliasType):
            annotation = annotation.__value__
        elif isinstance(te.get_origin(annotation), te.TypeAliasType):
            annotation = te.get_origin(annotation).__value__[te.get_args(annotation)]
        else:
            return annotation


def flattened(members):
    """The members of a union, those of unions in it too."""
    for one in members:
        one = bare(one)
        if te.get_origin(one) in (typing.Union, types.UnionType):
            yield from flattened(te.get_args(one))
        else:
            yield one


def tags_fit(kind, value):
    """Whether each word by which objects of this kind are known has the right value."""
    tagged = [(name, field) for name, field in fields(bare(kind)).items() if name in TAGS and literals(field.type)]
    return bool(tagged) and all(value.get(name) in literals(field.type) for name, field in tagged)


def literals(annotation):
    annotation = bare(annotation)
    if te.get_origin(annotation) in (te.Literal, typing.Literal):
        return te.get_args(annotation)
    if te.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(word for one in te.get_args(annotation) for word in literals(one))
    return ()


@functools.cache
def fields(kind):
    """Every member that objects of this kind may have, by its name on the wire."""
    return dict(of_typed_dict(kind) if te.is_typeddict(kind) else of_model(kind))


def of_model(kind):
    if not kind.__pydantic_complete__:
        kind.model_rebuild()
    for name, field in kind.model_fields.items():
        given = next((said for one in field.metadata if (said := getattr(one, "alias", None))), None)
        wire = field.serialization_alias or field.alias or given or name
        # generated models fill it in by themselves
        tag = wire in TAGS and len(literals(field.annotation)) == 1 and field.default is not None
        yield wire, Field(field.annotation, field.is_required() or tag)


def of_typed_dict(kind):
    inherited = {}
    for base in getattr(kind, "__orig_bases__", ()):
        if te.is_typeddict(base):
            inherited |= dict(of_typed_dict(base))
    yield from inherited.items()
    for name, annotation in te.get_type_hints(kind, include_extras=True).items():
        said, required = annotation, kind.__total__
        while te.get_origin(said) in (te.Required, te.NotRequired, te.Annotated):
            required = {te.Required: True, te.NotRequired: False}.get(te.get_origin(said), required)
            name = next((one for note in te.get_args(said)[1:] if (one := getattr(note, "alias", None))), name)
            said = te.get_args(said)[0]
        if name not in inherited or inherited[name].type != annotation:
            yield name, Field(annotation, required)


def shown(value):
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
