"""What describe answers: an object's flags, its fields and its children, with every key that the REST API has."""

from typing import Any

from apps.simulator.data.entities import ChildRelationship, Entity, Field, PicklistValue, Schema
from apps.simulator.records import DECIMALS, IDS, TEXTS, Kind

_SOAP_TYPES = {Kind.ID: "tns:ID", Kind.REFERENCE: "tns:ID", Kind.INT: "xsd:int", Kind.BOOLEAN: "xsd:boolean"} | {
    Kind.DATE: "xsd:date",
    Kind.DATETIME: "xsd:dateTime",
    **dict.fromkeys(DECIMALS, "xsd:double"),
}
_NAME_POINTING = 1
MAX_BATCH = 200


def everything(schema: Schema, base_url: str) -> dict[str, Any]:
    """The global describe: every object in short."""
    entities = sorted((e for e in schema.objects.values() if not e.hidden), key=lambda entity: entity.name)
    return {
        "encoding": "UTF-8",
        "maxBatchSize": MAX_BATCH,
        "sobjects": [in_short(entity, base_url) for entity in entities],
    }


def in_short(entity: Entity, base_url: str) -> dict[str, Any]:
    """An object without its fields; base_url is that of the version's sobjects."""
    url = f"{base_url}/{entity.name}"
    urls = {"rowTemplate": f"{url}/{{ID}}", "describe": f"{url}/describe", "sobject": url}
    if entity.is_platform_event:
        urls["eventSchema"] = f"{url}/eventSchema"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": entity.createable,
        "custom": entity.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": entity.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": entity.key_prefix,
        "label": entity.label,
        "labelPlural": entity.label_plural,
        "layoutable": entity.stored and not entity.is_platform_event,
        "mergeable": entity.name in ("Account", "Contact", "Case"),
        "mruEnabled": entity.stored and not entity.is_platform_event,
        "name": entity.name,
        "queryable": entity.queryable,
        "replicateable": entity.queryable,
        "retrieveable": entity.queryable,
        "searchable": entity.stored and entity.queryable,
        "triggerable": entity.stored,
        "undeletable": entity.stored and entity.deletable,
        "updateable": entity.updateable,
        "urls": urls,
    }


def in_full(schema: Schema, entity: Entity, base_url: str) -> dict[str, Any]:
    """An object with its fields and the relationships to its children."""
    short = in_short(entity, base_url)
    ui = {name: f"/{{ID}}{path}" for name, path in (("uiDetailTemplate", ""), ("uiEditTemplate", "/e"))}
    short["urls"] |= {**ui, "uiNewRecord": f"/{entity.key_prefix}/e"} if entity.stored else {}
    return short | {
        "actionOverrides": [],
        "childRelationships": [_child(child) for child in schema.children(entity)],
        "compactLayoutable": entity.stored,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(field) for field in entity.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(entity, base_url)] if entity.stored else [],
        "searchLayoutable": entity.stored,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {entity.label_plural.lower()}", "name": "everything"}],
    }


def _master_record_type(entity: Entity, base_url: str) -> dict[str, Any]:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
        "urls": {"layout": f"{base_url}/{entity.name}/describe/layouts/012000000000000AAA"},
    }


def _child(child: ChildRelationship) -> dict[str, Any]:
    return {
        "cascadeDelete": child.field.on_delete == "cascade",
        "childSObject": child.child,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": child.field.on_delete == "restrict",
    }


_ALIKE: dict[str, Any] = {  # in every field here
    "aiPredictionField": False,
    "calculatedFormula": None,
    "caseSensitive": False,
    "compoundFieldName": None,
    "controllerName": None,
    "defaultValueFormula": None,
    "dependentPicklist": False,
    "deprecatedAndHidden": False,
    "displayLocationInDecimal": False,
    "encrypted": False,
    "filteredLookupInfo": None,
    "formulaTreatNullNumberAsZero": False,
    "highScaleNumber": False,
    "htmlFormatted": False,
    "inlineHelpText": None,
    "mask": None,
    "maskType": None,
    "queryByDistance": False,
    "referenceTargetField": None,
    "relationshipOrder": None,
    "writeRequiresMasterRead": False,
}


def _field(field: Field) -> dict[str, Any]:
    kind, digits = field.kind, field.kind is Kind.INT
    return _ALIKE | {
        "aggregatable": kind is not Kind.BOOLEAN and field.filterable,
        "autoNumber": field.auto_number is not None,
        "byteLength": field.length * 3 if kind in TEXTS else field.length,
        "calculated": field.calculated,
        "cascadeDelete": field.on_delete == "cascade",
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default if kind is Kind.BOOLEAN or not field.picklist else None,
        "defaultedOnCreate": field.defaulted_on_create,
        "digits": field.digits if digits else 0,
        "externalId": field.external_id,
        "extraTypeInfo": "plaintextarea" if kind is Kind.TEXTAREA else None,
        "filterable": field.filterable,
        "groupable": field.groupable,
        "idLookup": field.id_lookup,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": len(field.reference_to) > _NAME_POINTING,
        "nillable": field.nillable,
        "permissionable": field.createable and not field.required,
        "picklistValues": [_picklist_value(value) for value in field.picklist],
        "polymorphicForeignKey": len(field.reference_to) > _NAME_POINTING,
        "precision": field.precision,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "restrictedDelete": field.on_delete == "restrict",
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": kind in IDS,
        "soapType": _SOAP_TYPES.get(kind, "xsd:string"),
        "sortable": field.filterable,
        "type": kind.value.lower() if kind is Kind.DATETIME else kind.value,
        "unique": field.unique,
        "updateable": field.updateable,
    }


def _picklist_value(value: PicklistValue) -> dict[str, Any]:
    return {
        "active": value.is_active,
        "defaultValue": value.is_default,
        "label": value.value,
        "validFor": None,
        "value": value.value,
    }
