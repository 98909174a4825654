"""Made-up people: the DevHub's users, and the users of scratch orgs."""

import random
from dataclasses import dataclass

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.records import User

_FIRST = """
Amara Anneke Asha Bruno Camille Chidi Daniela Dmitri Elif Emre Fatima Felix Grace Hana Henrik Ines Ivan Jamal
Joana Kaito Katya Kofi Lars Leila Luca Maren Mateo Mei Milan Nadia Ngozi Noor Olga Omar Paolo Priya Quentin
Rafael Rosa Sanna Sofia Tariq Teodora Uma Viktor Wanjiru Xavier Yara Yusuf Zoe
"""
_LAST = """
Abebe Albrecht Andersen Baptiste Bianchi Castillo Chen Dubois Eriksen Farouk Fischer Garcia Gupta Haddad
Hoffmann Ito Ivanova Jansen Kamau Kowalski Larsen Lindqvist Mendes Moreau Mwangi Nakamura Novak Okafor Okonkwo
Oliveira Patel Petrov Quinn Rahman Reyes Rossi Sato Schmidt Silva Sorensen Tanaka Thorne Usman Vasquez
Virtanen Weber Yamada Yilmaz Zhang Zimmermann
"""

HUB_DOMAIN = "helios.example.com"


@dataclass(frozen=True, slots=True)
class Person:
    first: str
    last: str

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def mailbox(self) -> str:
        return f"{self.first}.{self.last}".lower()


def make_people(count: int, rng: random.Random) -> list[Person]:
    """Different people, at most 2,500."""
    everybody = [Person(first, last) for first in _FIRST.split() for last in _LAST.split()]
    return rng.sample(everybody, min(count, len(everybody)))


def make_user(
    number: int, *, username: str, first: str | None, last: str, email: str, created: float, user_type: str = "Standard"
) -> User:
    """A user record; `number` makes its id, so it is unique over all orgs."""
    user_id, stamp = ids.make_id(ids.USER, number), salesforce_datetime(created)
    return User(
        Id=user_id,
        Username=username,
        Name=f"{first} {last}" if first else last,
        FirstName=first,
        LastName=last,
        Email=email,
        Alias=((first or "")[:1] + last[:4]).lower(),
        IsActive=True,
        UserType=user_type,
        ProfileId=ids.make_id(ids.PROFILE, 17),
        TimeZoneSidKey="Europe/Berlin",
        CreatedDate=stamp,
        LocaleSidKey="en_US",
        EmailEncodingKey="UTF-8",
        LanguageLocaleKey="en_US",
        CreatedById=user_id,
        LastModifiedDate=stamp,
        LastModifiedById=user_id,
        SystemModstamp=stamp,
    )
