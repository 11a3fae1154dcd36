"""The series of the practice exchange: what is listed, its markets' shape, who pays fees."""

from __future__ import annotations

from kalshi_desk.exchange.catalog_economy import ECONOMY
from kalshi_desk.exchange.catalog_nature import NATURE
from kalshi_desk.exchange.catalog_people import PEOPLE
from kalshi_desk.exchange.catalog_terms import Template

TEMPLATES: tuple[Template, ...] = NATURE + ECONOMY + PEOPLE
