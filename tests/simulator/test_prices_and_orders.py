from typing import Any

from tests.simulator.conftest import Api, refusal


def standard_book(api: Api) -> str:
    [book] = api.records("SELECT Id FROM Pricebook2 WHERE IsStandard = true")
    return book["Id"]  # type: ignore[no-any-return]


def priced_product(api: Api, price: float = 10) -> dict[str, str]:
    """A product with a standard price."""
    product = api.create("Product2", Name="Panel", ProductCode="P1", IsActive=True)
    book = standard_book(api)
    entry = api.create("PricebookEntry", Product2Id=product, Pricebook2Id=book, UnitPrice=price, IsActive=True)
    return {"product": product, "book": book, "entry": entry}


def test_a_custom_price_needs_a_standard_price_first(api: Api) -> None:
    product = api.create("Product2", Name="Panel")
    book = api.create("Pricebook2", Name="Resellers", IsActive=True)
    price = {"Product2Id": product, "Pricebook2Id": book, "UnitPrice": 5}
    assert refusal(api.rest("POST", "sobjects/PricebookEntry", price))[:2] == (400, "STANDARD_PRICE_NOT_DEFINED")
    api.create("PricebookEntry", Product2Id=product, Pricebook2Id=standard_book(api), UnitPrice=7)
    api.create("PricebookEntry", **price)
    assert refusal(api.rest("POST", "sobjects/PricebookEntry", price))[:2] == (400, "DUPLICATE_VALUE")


def test_a_price_is_named_for_its_product(api: Api) -> None:
    made = priced_product(api)
    entry = f"sobjects/PricebookEntry/{made['entry']}"
    assert (api.rest("GET", entry).json()["Name"], api.rest("GET", entry).json()["ProductCode"]) == ("Panel", "P1")
    api.rest("PATCH", f"sobjects/Product2/{made['product']}", {"Name": "Panel 2"})
    assert api.rest("GET", entry).json()["Name"] == "Panel 2"


def test_the_standard_price_book_stays(api: Api) -> None:
    answer = api.rest("DELETE", f"sobjects/Pricebook2/{standard_book(api)}")
    assert refusal(answer)[:2] == (400, "DELETE_FAILED")


def order(api: Api, **more: Any) -> str:
    account = api.create("Account", Name="Acme")
    return api.create("Order", AccountId=account, EffectiveDate="2026-01-01", Status="Draft", **more)


def test_an_order_sums_its_products(api: Api) -> None:
    made = priced_product(api)
    order_id = order(api, Pricebook2Id=made["book"])
    item = {"OrderId": order_id, "PricebookEntryId": made["entry"], "Quantity": 3, "UnitPrice": 9.5}
    item_id = api.create("OrderItem", **item)
    assert api.rest("GET", f"sobjects/Order/{order_id}").json()["TotalAmount"] == 28.5
    found = api.rest("GET", f"sobjects/OrderItem/{item_id}").json()
    assert (found["TotalPrice"], found["ListPrice"], found["Product2Id"]) == (28.5, 10.0, made["product"])
    api.rest("PATCH", f"sobjects/OrderItem/{item_id}", {"Quantity": 1})
    assert api.rest("GET", f"sobjects/Order/{order_id}").json()["TotalAmount"] == 9.5
    assert refusal(api.rest("DELETE", f"sobjects/Product2/{made['product']}"))[1] == "DELETE_FAILED"
    api.rest("DELETE", f"sobjects/OrderItem/{item_id}")
    assert api.rest("GET", f"sobjects/Order/{order_id}").json()["TotalAmount"] == 0.0


def test_an_order_product_comes_from_the_orders_price_book(api: Api) -> None:
    made = priced_product(api)
    item = {"OrderId": order(api), "PricebookEntryId": made["entry"], "Quantity": 1, "UnitPrice": 1}
    assert refusal(api.rest("POST", "sobjects/OrderItem", item))[1:] == (
        "FIELD_INTEGRITY_EXCEPTION",
        ["PricebookEntryId"],
    )


def test_an_order_without_products_is_not_activated(api: Api) -> None:
    made = priced_product(api)
    order_id = order(api, Pricebook2Id=made["book"])
    path = f"sobjects/Order/{order_id}"
    assert refusal(api.rest("PATCH", path, {"Status": "Activated"}))[1] == "FAILED_ACTIVATION"
    api.create("OrderItem", OrderId=order_id, PricebookEntryId=made["entry"], Quantity=1, UnitPrice=1)
    assert api.rest("PATCH", path, {"Status": "Activated"}).status_code == 204
    assert api.rest("GET", path).json()["StatusCode"] == "Activated"
