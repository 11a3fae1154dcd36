"""How the desk expects a body to look: which fields, in which form, with which words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Form(Enum):
    """The form of a value, with what a person calls it."""

    TEXT = "text"
    AMOUNT = "a decimal number in quotes"
    FLAG = "true or false"
    NUMBER = "a number"
    ROWS = "a list of objects"
    LEVELS = "a list of pairs of price and count in quotes"
    LIST = "a list"
    OBJECT = "an object"
    ANY = "anything"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``is_needed`` when the desk can't do without, ``words`` where they are few.

    A field ``is_money`` when a wrong reading of it could cost some.
    """

    form: Form
    is_needed: bool = False
    is_money: bool = False
    words: frozenset[str] = frozenset()
    inner: Shape | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of an object; one without a name is called by the field that holds it.

    ``is_money`` when the whole answer concerns orders, positions or cash.
    """

    name: str
    fields: dict[str, Field]
    is_money: bool = False

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that must be there."""
        return tuple(name for name, field in self.fields.items() if field.is_needed)


Fields = dict[str, Field]


def shape(name: str, *groups: Fields, is_money: bool = False) -> Shape:
    """Make a shape out of groups of fields."""
    return Shape(name, {key: field for group in groups for key, field in group.items()}, is_money)


def text(names: str) -> Fields:
    """Return fields of free text: titles, times, ids."""
    return _fields(names, Field(Form.TEXT))


def amounts(names: str) -> Fields:
    """Return prices, counts and money, which always touch money."""
    return _fields(names, Field(Form.AMOUNT, is_money=True))


def flags(names: str) -> Fields:
    """Return fields that are true or false."""
    return _fields(names, Field(Form.FLAG))


def numbers(names: str) -> Fields:
    """Return fields that are JSON numbers."""
    return _fields(names, Field(Form.NUMBER))


def lists(names: str) -> Fields:
    """Return lists that the desk does not look into."""
    return _fields(names, Field(Form.LIST))


def objects(names: str) -> Fields:
    """Return objects that the desk does not look into."""
    return _fields(names, Field(Form.OBJECT))


def levels(names: str) -> Fields:
    """Return sides of a book: pairs of price and count."""
    return _fields(names, Field(Form.LEVELS, is_money=True))


def anything(names: str) -> Fields:
    """Return known fields whose form does not matter."""
    return _fields(names, Field(Form.ANY))


def words(name: str, known: str, *, empty: bool = False) -> Fields:
    """Return a field that has one of a few words."""
    allowed = frozenset(known.split()) | (frozenset({""}) if empty else frozenset())
    return {name: Field(Form.TEXT, words=allowed)}


def rows(name: str, inner: Shape) -> Fields:
    """Return a list of objects."""
    return {name: Field(Form.ROWS, inner=inner)}


def inside(name: str, inner: Shape) -> Fields:
    """Return an object that is looked into."""
    return {name: Field(Form.OBJECT, inner=inner)}


def needed(*groups: Fields) -> Fields:
    """Return these fields as ones that the desk can't do without."""
    return {
        name: replace(field, is_needed=True) for group in groups for name, field in group.items()
    }


def money(*groups: Fields) -> Fields:
    """Return these fields as ones that touch money."""
    return {
        name: replace(field, is_money=True) for group in groups for name, field in group.items()
    }


def _fields(names: str, field: Field) -> Fields:
    return dict.fromkeys(names.split(), field)
