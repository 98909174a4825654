"""A change to a record that Salesforce refuses."""


class DmlError(Exception):
    """`code` is Salesforce's statusCode, `fields` names the fields that are to blame."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.fields = fields


class MissingFields(DmlError):
    """Required fields that are not there."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", tuple(names))
