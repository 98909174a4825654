"""The source of components: which files they have, how those of one file are put together and taken apart, and what is
told of a component that nobody deployed here."""

from typing import Any

from apps.simulator.metadata.documents import Node, lines, rewrite
from apps.simulator.metadata.packages import Files, document
from apps.simulator.metadata.registry import TYPES, Key, element_of, main_file, parent_of

API_VERSION = "67.0"


def is_shared(key: Key) -> bool:
    """Whether its file holds several components; of such, Files keep only the component's own elements."""
    return parent_of(key) is not None or bool(key.type in TYPES and TYPES[key.type].children)


def take_apart(key: Key, root: Node) -> tuple[bytes, list[tuple[str, str, bytes]]]:
    """A shared file's own elements, and each child's: its type, its own name, its element."""
    kinds = TYPES[key.type].children
    own = "".join(rewrite(node) for node in root.children if node.name not in kinds)
    children = [
        (kinds[node.name], node.value("fullName") or node.value("name"), rewrite(node).encode())
        for node in root.children
        if node.name in kinds
    ]
    return own.encode(), children


def put_together(found: dict[Key, Files]) -> Files:
    """The files of a package from the Files of its components, those of shared files joined again."""
    files: Files = {}
    pieces: dict[Key, list[bytes]] = {}
    for key, source in found.items():
        if is_shared(key):
            pieces.setdefault(parent_of(key) or key, []).extend(source.values())
        else:
            files |= source
    for parent, fragments in pieces.items():
        files[main_file(parent)] = document(parent.type, b"".join(sorted(fragments)).decode())
    return files


def invent(key: Key) -> Files:
    """A plausible least source for a component that only edits speak of."""
    path, name = main_file(key), key.name
    if parent_of(key) is not None:
        own = {"fullName": name.rpartition(".")[2], **_properties(key)}
        return {path: lines({element_of(key.type): own}).encode()}
    if is_shared(key):
        return {path: lines(_properties(key)).encode()}
    kind = TYPES.get(key.type)
    if kind is not None and kind.is_bundle:
        return _bundle(key)
    described = document(key.type, lines(_properties(key)))
    if kind is None or not kind.with_meta:
        return {path if kind else f"{path}-meta.xml": described}
    return {path: _CODE.get(key.type, "").format(name=name).encode(), f"{path}-meta.xml": described}


def _bundle(key: Key) -> Files:
    """A Lightning web component, or an Aura component."""
    path = f"{main_file(key)}/{key.name}"
    described = document(key.type, lines(_properties(key)))
    if key.type == "AuraDefinitionBundle":
        return {f"{path}.cmp": b"<aura:component>\n</aura:component>\n", f"{path}.cmp-meta.xml": described}
    name = key.name[:1].upper() + key.name[1:]
    code = f"import {{ LightningElement }} from 'lwc';\n\nexport default class {name} extends LightningElement {{}}\n"
    return {
        f"{path}.html": b"<template>\n</template>\n",
        f"{path}.js": code.encode(),
        f"{path}.js-meta.xml": described,
    }


def _properties(key: Key) -> dict[str, Any]:
    label = key.name.rpartition(".")[2]
    return {name: label if value is _NAME else value for name, value in _PROPERTIES.get(key.type, {}).items()}


_NAME = object()
_CODE = {
    "ApexClass": "public with sharing class {name} {{\n}}\n",
    "ApexTrigger": "trigger {name} on Account (before insert) {{\n}}\n",
    "ApexPage": "<apex:page>\n</apex:page>\n",
    "ApexComponent": "<apex:component>\n</apex:component>\n",
    "StaticResource": "{name}\n",
}
_PROPERTIES: dict[str, dict[str, Any]] = {
    "ApexClass": {"apiVersion": API_VERSION, "status": "Active"},
    "ApexComponent": {"apiVersion": API_VERSION, "label": _NAME},
    "ApexPage": {"apiVersion": API_VERSION, "label": _NAME},
    "ApexTrigger": {"apiVersion": API_VERSION, "status": "Active"},
    "AuraDefinitionBundle": {"apiVersion": API_VERSION, "description": _NAME},
    "CustomApplication": {"formFactors": "Large", "label": _NAME, "navType": "Standard"},
    "CustomField": {"externalId": False, "label": _NAME, "length": 255, "required": False, "type": "Text"},
    "CustomLabel": {"language": "en_US", "protected": False, "shortDescription": _NAME, "value": _NAME},
    "CustomObject": {
        "deploymentStatus": "Deployed",
        "label": _NAME,
        "nameField": {"label": "Name", "type": "Text"},
        "pluralLabel": _NAME,
        "sharingModel": "ReadWrite",
    },
    "FlexiPage": {
        "masterLabel": _NAME,
        "template": {"name": "flexipage:defaultAppHomeTemplate"},
        "type": "AppPage",
    },
    "Flow": {"apiVersion": API_VERSION, "label": _NAME, "processType": "Flow", "status": "Draft"},
    "Layout": {"showEmailCheckbox": False, "showHighlightsPanel": False},
    "LightningComponentBundle": {"apiVersion": API_VERSION, "isExposed": False},
    "ListView": {"filterScope": "Everything", "label": _NAME},
    "PermissionSet": {"hasActivationRequired": False, "label": _NAME},
    "Profile": {"custom": False, "userLicense": "Salesforce"},
    "QuickAction": {"label": _NAME, "optionsCreateFeedItem": True, "type": "Create"},
    "RecordType": {"active": True, "label": _NAME},
    "StaticResource": {"cacheControl": "Public", "contentType": "text/plain"},
    "ValidationRule": {"active": True, "errorConditionFormula": False, "errorMessage": _NAME},
}
