"""What a deploy asks for: its package read into changes, deletions and the problems found in reading."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from apps.simulator.metadata.documents import NotXml
from apps.simulator.metadata.packages import Files, Manifest, manifest_of, root_of
from apps.simulator.metadata.registry import FOLDERS, Key, child_of, is_type, main_file, owner_of_file
from apps.simulator.metadata.sources import is_shared, take_apart

MANIFEST = "package.xml"
BEFORE = ("destructiveChangesPre.xml", "destructiveChanges.xml")
AFTER = ("destructiveChangesPost.xml",)
_MANIFESTS = {MANIFEST, *BEFORE, *AFTER}


@dataclass(frozen=True, slots=True)
class Problem:
    """An error, or a warning; `file_name` is the path in the zip."""

    file_name: str
    full_name: str
    component_type: str
    text: str
    line: int | None = None
    column: int | None = None
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A component to bring in; `files` as the store keeps them."""

    key: Key
    files: Files
    file_name: str


@dataclass(frozen=True, slots=True)
class Deletion:
    key: Key
    file_name: str


@dataclass(slots=True)
class Plan:
    before: list[Deletion] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    after: list[Deletion] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_plan(files: Files, *, single_package: bool) -> Plan:
    """Of one package, or of the package in each folder of the zip."""
    plan = Plan()
    roots = [""] if single_package else sorted({path.partition("/")[0] + "/" for path in files if "/" in path}) or [""]
    for root in roots:
        inside = {path.removeprefix(root): content for path, content in files.items() if path.startswith(root)}
        _Package(plan, root, inside).read()
    return plan


class _Package:
    def __init__(self, plan: Plan, root: str, files: Files) -> None:
        self._plan = plan
        self._root = root
        self._files = files
        self._manifest = Manifest()
        self._found: set[Key] = set()

    def read(self) -> None:
        if MANIFEST not in self._files:
            self._problem(MANIFEST, MANIFEST, "", "No package.xml found")
            return
        self._manifest = self._read_manifest(MANIFEST) or Manifest()
        self._plan.manifests.append(self._root + MANIFEST)
        for key, paths in self._components().items():
            if is_shared(key):
                self._take_shared(key, paths[0])
            elif self._is_named(key):
                self._found.add(key)
                own = {path: self._files[path] for path in paths}
                self._plan.changes.append(Change(key, own, self._root + main_file(key)))
            else:
                self._problem(paths[0], key.name, key.type, "Not in package.xml")
        self._miss()
        self._plan.before += [deletion for name in BEFORE for deletion in self._deletions(name)]
        self._plan.after += [deletion for name in AFTER for deletion in self._deletions(name)]

    def _problem(self, path: str, name: str, kind: str, text: str) -> None:
        self._plan.problems.append(Problem(self._root + path, name, kind, text))

    def _not_xml(self, path: str, name: str, kind: str, error: NotXml) -> None:
        text = f"Error parsing file: {error.message}"
        self._plan.problems.append(Problem(self._root + path, name, kind, text, error.line, error.column))

    def _read_manifest(self, name: str) -> Manifest | None:
        if name not in self._files:
            return None
        try:
            manifest = manifest_of(self._files[name])
        except NotXml as error:
            self._not_xml(name, name, "", error)
            return None
        for kind in manifest.members:
            if not is_type(kind):
                self._problem(name, name, "", f"Unknown type name '{kind}' specified in {name}")
        return manifest

    def _components(self) -> dict[Key, list[str]]:
        """The paths of each component's files."""
        components: dict[Key, list[str]] = {}
        for path in sorted(self._files.keys() - _MANIFESTS):
            key = owner_of_file(path)
            if key is None:
                self._problem(path, PurePosixPath(path).stem, "", "Not in package.xml")
            else:
                components.setdefault(key, []).append(path)
        return components

    def _is_named(self, key: Key) -> bool:
        members = self._manifest.members.get(FOLDERS.get(key.type, key.type), [])
        return key.name in members or "*" in members

    def _take_shared(self, key: Key, path: str) -> None:
        """A file of a parent and its children: the whole of it if the parent is named, else the children that are."""
        try:
            own, children = take_apart(key, root_of(self._files[path], key.type))
        except NotXml as error:
            self._not_xml(path, key.name, key.type, error)
            self._found.add(key)
            return
        file_name, whole = self._root + path, self._is_named(key)
        if whole:
            self._plan.changes.append(Change(key, {path: own}, file_name))
        taken = {child_of(key, kind, name): element for kind, name, element in children}
        named = {child: element for child, element in taken.items() if whole or self._is_named(child)}
        self._plan.changes += [Change(child, {path: element}, file_name) for child, element in named.items()]
        self._found |= named.keys() | ({key} if whole else set())
        if not named and not whole:
            self._problem(path, key.name, key.type, "Not in package.xml")

    def _miss(self) -> None:
        for kind, members in self._manifest.members.items():
            for name in members:
                folder = next((folder for folder, inside in FOLDERS.items() if inside == kind), kind)
                if is_type(kind) and name != "*" and not {Key(kind, name), Key(folder, name)} & self._found:
                    text = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped "
                    self._problem(MANIFEST, name, "", text + "directory")

    def _deletions(self, name: str) -> list[Deletion]:
        manifest = self._read_manifest(name) or Manifest()
        keys = [Key(kind, member) for kind, members in manifest.members.items() for member in members]
        return [Deletion(key, self._root + name) for key in keys if is_type(key.type)]
