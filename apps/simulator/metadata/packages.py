"""Packages: zip files with a manifest, package.xml, and the files of components."""

import binascii
import io
import zipfile
import zlib
from base64 import b64decode
from dataclasses import dataclass, field

from apps.simulator.metadata.documents import Node, NotXml, lines, parse
from apps.simulator.metadata.soap import NAMESPACE, SoapFault

MAX_ZIP_BYTES = 39_000_000
MAX_FILES = 10_000
MAX_UNZIPPED_BYTES = 64_000_000  # Salesforce takes 400 MB; a simulator need not hold so much

Files = dict[str, bytes]


@dataclass(slots=True)
class Manifest:
    """What a package.xml names: the members of each type, in its order."""

    members: dict[str, list[str]] = field(default_factory=dict)
    version: str = ""

    def as_file(self) -> bytes:
        types = [{"members": members, "name": name} for name, members in sorted(self.members.items())]
        return document("Package", lines({"types": types, "version": self.version}))


def read_manifest(root: Node) -> Manifest:
    """From a Package element, of a file or of a retrieve request. Clients write a folder with or without a slash at
    its end."""
    manifest = Manifest(version=root.value("version"))
    for types in root.all("types"):
        members = manifest.members.setdefault(types.value("name"), [])
        members += [node.text.strip().removesuffix("/") for node in types.all("members")]
    return manifest


def manifest_of(data: bytes) -> Manifest:
    """NotXml where it is none."""
    return read_manifest(root_of(data, "Package"))


def root_of(data: bytes, name: str = "") -> Node:
    """The root element of a metadata file, which has this name where one is given; NotXml otherwise."""
    root = parse(data)
    if root.namespace != NAMESPACE or root.name != (name or root.name):
        raise NotXml(f"Element {{{root.namespace}}}{root.name} invalid at this location")
    return root


def document(root: str, inner: str) -> bytes:
    """A metadata file."""
    declared = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"' if "xsi:" in inner else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}"{declared}>\n{inner}</{root}>\n'.encode()
    )


def pack(files: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unpack(encoded: str) -> Files:
    """The files of a zip that came in base64, folders left out; SoapFault for what is no zip, or above a limit."""
    try:
        packed = b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SoapFault("soapenv:Client", "ZipFile is not valid for the type xsd:base64Binary") from error
    if len(packed) > MAX_ZIP_BYTES:
        raise SoapFault("sf:LIMIT_EXCEEDED", f"Maximum size of request reached. Maximum size is {MAX_ZIP_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_limits(entries)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise SoapFault("sf:INVALID_OPERATION", "Unable to read the zip file") from error


def _check_limits(entries: list[zipfile.ZipInfo]) -> None:
    """Sizes as the zip's directory gives them; reading ends there, whatever the compressed data would grow to."""
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        raise SoapFault("sf:INVALID_OPERATION", "Unable to read the zip file")
    if len(entries) > MAX_FILES:
        raise SoapFault("sf:INVALID_OPERATION", "Too many files in zip")
    if sum(entry.file_size for entry in entries) > MAX_UNZIPPED_BYTES:
        raise SoapFault("sf:LIMIT_EXCEEDED", f"The unzipped files are larger than {MAX_UNZIPPED_BYTES} bytes")
