"""What some standard objects do by themselves: values that follow from others, and what they refuse.

From the Object Reference. BEFORE completes or refuses a row that is about to be saved (`before` is the row as it was,
None for a new one); AFTER lets other rows follow.
"""

from collections.abc import Callable
from typing import Any

from apps.simulator.data.errors import DmlError, MissingFields
from apps.simulator.data.store import Row, Store

# Stage: probability, forecast category
_STAGES = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"),
    "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Pipeline"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
_CATEGORIES = {"Best Case": "BestCase", "Commit": "Forecast"}


def _contact(_: Store, row: Row, __: Row | None) -> None:
    row["Name"] = " ".join(part for part in (row["FirstName"], row["LastName"]) if part)


def _opportunity(_: Store, row: Row, before: Row | None) -> None:
    probability, category = _STAGES.get(row["StageName"], (0, "Pipeline"))
    stage_moved = before is None or before["StageName"] != row["StageName"]
    if row["Probability"] is None or (before and stage_moved and before["Probability"] == row["Probability"]):
        row["Probability"] = float(probability)
    if row["ForecastCategoryName"] is None or (before and stage_moved):
        row["ForecastCategoryName"] = category
    name = row["ForecastCategoryName"]
    row["ForecastCategory"] = _CATEGORIES.get(name, name)
    row["IsWon"] = row["StageName"] == "Closed Won"
    row["IsClosed"] = row["IsWon"] or row["StageName"] == "Closed Lost"
    amount = row["Amount"]
    row["ExpectedRevenue"] = None if amount is None else round(amount * row["Probability"] / 100, 2)
    year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
    row.update(FiscalYear=year, FiscalQuarter=(month + 2) // 3, Fiscal=f"{year} {(month + 2) // 3}")


def _case(store: Store, row: Row, before: Row | None) -> None:
    closed = row["Status"] == "Closed"
    if closed != bool(before and before["IsClosed"]):
        row["ClosedDate"] = row["LastModifiedDate"] if closed else None
    row["IsClosed"] = closed
    contact = store.parent(row["ContactId"]) or {}
    row.update(
        ContactPhone=contact.get("Phone"), ContactMobile=contact.get("MobilePhone"), ContactEmail=contact.get("Email")
    )


def _pricebook_entry(store: Store, row: Row, before: Row | None) -> None:
    """A price in another book needs one in the standard book first."""
    product, book = store.parent(row["Product2Id"]), store.parent(row["Pricebook2Id"])
    row.update(Name=product["Name"], ProductCode=product["ProductCode"])
    entity = store.schema.objects["pricebookentry"]
    prices = store.where(entity, entity.fields["product2id"], row["Product2Id"])
    if before is None and any(price["Pricebook2Id"] == row["Pricebook2Id"] for price in prices):
        raise DmlError("DUPLICATE_VALUE", "This price definition already exists in this price book")
    if book["IsStandard"]:
        if row["UseStandardPrice"]:
            message = "a standard price cannot use the standard price"
            raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, ("UseStandardPrice",))
        return
    standard = next((price for price in prices if store.parent(price["Pricebook2Id"])["IsStandard"]), None)
    if standard is None:
        raise DmlError("STANDARD_PRICE_NOT_DEFINED", "Before creating a custom price, create a standard price.")
    if row["UseStandardPrice"]:
        row["UnitPrice"] = standard["UnitPrice"]


def _order(store: Store, row: Row, before: Row | None) -> None:
    if row["EndDate"] is not None and row["EndDate"] < row["EffectiveDate"]:
        message = "Order End Date must be later than or equal to Order Start Date."
        raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, ("EndDate",))
    row["StatusCode"] = "Activated" if row["Status"] == "Activated" else "Draft"
    items = _items_of(store, row) if before is not None else []
    if row["StatusCode"] == "Activated" and not items:
        raise DmlError("FAILED_ACTIVATION", "An order must have at least one product.")
    if row["TotalAmount"] is None:
        row["TotalAmount"] = 0.0
    if before is not None and items and before["Pricebook2Id"] != row["Pricebook2Id"]:
        message = "You can't change the price book of an order that has products."
        raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, ("Pricebook2Id",))


def _order_item(store: Store, row: Row, _: Row | None) -> None:
    """Its price book entry is one of the order's price book."""
    missing = [name for name in ("PricebookEntryId", "UnitPrice") if row[name] is None]
    if missing:
        raise MissingFields(missing)
    order, price = store.parent(row["OrderId"]), store.parent(row["PricebookEntryId"])
    if order["Pricebook2Id"] != price["Pricebook2Id"]:
        message = (
            "Price Book Entry ID: pricebook entry is in a different pricebook than the one assigned to the Order, or "
            "Order has no pricebook assigned"
        )
        raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, ("PricebookEntryId",))
    row["Product2Id"] = price["Product2Id"]
    if row["ListPrice"] is None:
        row["ListPrice"] = price["UnitPrice"]
    row["AvailableQuantity"] = row["Quantity"]
    row["TotalPrice"] = round(row["Quantity"] * row["UnitPrice"], 2)


def _items_of(store: Store, order: Row) -> list[Row]:
    entity = store.schema.objects["orderitem"]
    return store.where(entity, entity.fields["orderid"], order["Id"])


def _total_the_order(store: Store, item: Row) -> None:
    order = store.parent(item["OrderId"])
    if order is not None:
        total = round(sum(each["TotalPrice"] for each in _items_of(store, order)), 2)
        store.save(store.schema.objects["order"], order.changed({"TotalAmount": total}))


def _rename_prices(store: Store, product: Row) -> None:
    entity = store.schema.objects["pricebookentry"]
    for price in store.where(entity, entity.fields["product2id"], product["Id"]):
        store.save(entity, price.changed({"Name": product["Name"], "ProductCode": product["ProductCode"]}))


BEFORE: dict[str, Callable[[Store, Row, Row | None], None]] = {
    "Contact": _contact,
    "Opportunity": _opportunity,
    "Case": _case,
    "PricebookEntry": _pricebook_entry,
    "Order": _order,
    "OrderItem": _order_item,
}
AFTER: dict[str, Callable[[Store, Row], Any]] = {"OrderItem": _total_the_order, "Product2": _rename_prices}


def refuse_deletion(entity_name: str, row: Row) -> None:
    """The standard price book stays."""
    if entity_name == "Pricebook2" and row["IsStandard"]:
        raise DmlError("DELETE_FAILED", "Your attempt to delete the standard price book could not be completed.")
