"""The components of a made-up product: Helios, field service for solar installations.

Types and names are as SourceMember writes them: QuickActionDefinition for a QuickAction, a layout's name URI-encoded.
"""

import random
from collections.abc import Iterator
from itertools import count, islice

_PRODUCT = """
Account Appointment Asset Battery Bill Booking Budget Cable Case Certificate Checklist Claim Contact Contract
Crew Customer Delivery Dispatch Estimate Expense Fault Forecast Grid Incentive Inspection Installation
Inventory Inverter Invoice Job Lead Lease Location Maintenance Meter Module Order Panel Part Payment Permit
Price Product Project Proposal Quote Rebate Region Report Roof Route Schedule Service Shift Site Sku Stock
Supplier Survey Task Tariff Technician Territory Ticket Tool Training Vehicle Vendor Visit Warehouse Warranty
WorkOrder Yield
"""
_THINGS = _PRODUCT.split()
_CLASSES = (
    "Service",
    "Controller",
    "Selector",
    "TriggerHandler",
    "Batch",
    "ServiceTest",
    "Domain",
    "Factory",
    "Validator",
    "Queueable",
)
_BUNDLES = ("List", "Card", "Editor", "Timeline", "Map", "Summary", "Picker")

Component = tuple[str, str]


def component_of(thing: str, kind: int) -> Component:
    """The kind-th of the components that one thing of the product has."""
    camel = thing[0].lower() + thing[1:]
    if kind < len(_CLASSES):
        return "ApexClass", f"{thing}{_CLASSES[kind]}"
    kind -= len(_CLASSES)
    if kind < len(_BUNDLES):
        return "LightningComponentBundle", f"{camel}{_BUNDLES[kind]}"
    others = (
        ("CustomObject", f"{thing}__c"),
        ("CustomField", f"{thing}__c.Status__c"),
        ("CustomField", f"{thing}__c.Amount__c"),
        ("CustomField", f"{thing}__c.Due_Date__c"),
        ("Layout", f"{thing}__c-{thing}%20Layout"),
        ("Flow", f"{thing}_After_Save"),
        ("Flow", f"{thing}_Screen"),
        ("PermissionSet", f"{thing}_Manager"),
        ("ApexTrigger", f"{thing}Trigger"),
        ("QuickActionDefinition", f"{thing}__c.Close"),
        ("FlexiPage", f"{thing}_Record_Page"),
        ("ValidationRule", f"{thing}__c.Amount_Is_Positive"),
    )
    return others[kind - len(_BUNDLES)]


KINDS = len(_CLASSES) + len(_BUNDLES) + 12


def all_components() -> Iterator[Component]:
    """Without end: the product's own first, then generated ones of the same make."""
    for generation in count():
        suffix = "" if generation == 0 else f"V{generation + 1}"
        for kind in range(KINDS):
            for thing in _THINGS:
                yield component_of(thing + suffix, kind)


def product_components(how_many: int) -> list[Component]:
    """The first so many components; the same ones in every org."""
    return list(islice(all_components(), how_many))


def invented_thing(rng: random.Random) -> str:
    """A thing that the product did not have before, made of two that it has, such as PermitRoute."""
    return "".join(rng.sample(_THINGS, 2))
