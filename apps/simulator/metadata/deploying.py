"""A deploy: waits, runs, and ends with every component as it was asked for, or with none changed and the reasons."""

from dataclasses import dataclass, field

from apps.simulator.edits import Change as Kind
from apps.simulator.edits import Edit, apply_edit
from apps.simulator.metadata import plan as plans
from apps.simulator.metadata.checks import problem_of
from apps.simulator.metadata.documents import Node
from apps.simulator.metadata.inventory import Inventory
from apps.simulator.metadata.packages import Files
from apps.simulator.metadata.plan import Change, Deletion, Problem
from apps.simulator.metadata.registry import Key, member_of_file
from apps.simulator.metadata.soap import boolean
from apps.simulator.metadata.store import Store, size_of
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.world import World

WAIT_SECONDS = 0.5
RUN_SECONDS = 1.0
RUN_SECONDS_PER_FILE = 0.005
_ENDED = ("Succeeded", "SucceededPartial", "Failed", "Canceled")


@dataclass(frozen=True, slots=True)
class Options:
    check_only: bool
    ignore_warnings: bool
    rollback_on_error: bool
    single_package: bool


def read_options(node: Node | None) -> Options:
    """From DeployOptions; all false by default."""
    return Options(
        check_only=boolean(node, "checkOnly", False),
        ignore_warnings=boolean(node, "ignoreWarnings", False),
        rollback_on_error=boolean(node, "rollbackOnError", False),
        single_package=boolean(node, "singlePackage", False),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One component's end; `word` is created, changed, deleted, or nothing where it was the same already."""

    key: Key
    id: str
    file_name: str
    word: str


@dataclass(slots=True)
class Deployment:
    id: str
    org: Org
    user: User
    created: float
    options: Options
    files: Files
    status: str = "Pending"
    started: float | None = None
    completed: float | None = None
    manifests: list[str] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.status in _ENDED

    @property
    def weight(self) -> int:
        return size_of(self.files) + 500 * (len(self.outcomes) + len(self.problems))


def begin(world: World, store: Store, deployment: Deployment) -> None:
    """Lets it start and end by the clock."""
    starts = deployment.created + WAIT_SECONDS
    world.at(starts, lambda at: _start(deployment, at))
    ends = starts + RUN_SECONDS + RUN_SECONDS_PER_FILE * len(deployment.files)
    world.at(ends, lambda at: _run(world, store, deployment, at))


def cancel(deployment: Deployment, at: float) -> None:
    """What did not end yet ends here, nothing changed."""
    if not deployment.done:
        deployment.status, deployment.completed, deployment.files = "Canceled", at, {}


def _start(deployment: Deployment, at: float) -> None:
    if not deployment.done:
        deployment.status, deployment.started = "InProgress", at


def _run(world: World, store: Store, deployment: Deployment, at: float) -> None:
    if deployment.done:
        return
    plan = plans.read_plan(deployment.files, single_package=deployment.options.single_package)
    deployment.files, deployment.completed = {}, at
    deployment.manifests, deployment.problems = plan.manifests, plan.problems
    work = _Work(world, store, deployment, at)
    work.weigh(plan)
    failed = any(not problem.is_warning or not deployment.options.ignore_warnings for problem in plan.problems)
    if failed and (deployment.options.rollback_on_error or not deployment.outcomes):
        deployment.status = "Failed"
        return
    if not deployment.options.check_only and deployment.org.alive:
        work.carry_out()
    deployment.status = "SucceededPartial" if failed else "Succeeded"


class _Work:
    """First everything is looked at (`weigh`), then done (`carry_out`)."""

    def __init__(self, world: World, store: Store, deployment: Deployment, at: float) -> None:
        self._world = world
        self._store = store
        self._deployment = deployment
        self._at = at
        self._inventory = Inventory(world, store, deployment.org)
        self._there = set(self._inventory.keys)
        self._todo: list[Change | Deletion] = []

    def weigh(self, plan: plans.Plan) -> None:
        for deletion in plan.before:
            self._weigh_deletion(deletion)
        room = self._store.has_room(sum(size_of(change.files) for change in plan.changes))
        coming = {change.key for change in plan.changes}
        for change in plan.changes:
            problem = problem_of(change, self._there, coming) if room else _no_room(change)
            if problem is None:
                self._weigh_change(change)
            else:
                plan.problems.append(problem)
        for deletion in plan.after:
            self._weigh_deletion(deletion)

    def _weigh_deletion(self, deletion: Deletion) -> None:
        key = deletion.key
        if key not in self._there:
            text = f"No {key.type} named: {key.name} found"
            manifest = deletion.file_name.rpartition("/")[2]
            warning = Problem(deletion.file_name, manifest, key.type, text, is_warning=True)
            self._deployment.problems.append(warning)
            return
        self._there.discard(key)
        self._outcome(key, deletion.file_name, "deleted")
        self._todo.append(deletion)
        for child in self._inventory.children(key):
            if child in self._there:
                self._there.discard(child)
                self._todo.append(Deletion(child, deletion.file_name))

    def _weigh_change(self, change: Change) -> None:
        if change.key not in self._there:
            word = "created"
            self._there.add(change.key)
        else:
            word = "changed" if self._inventory.source(change.key) != change.files else ""
        self._outcome(change.key, change.file_name, word)
        if word:
            self._todo.append(change)

    def _outcome(self, key: Key, file_name: str, word: str) -> None:
        self._deployment.outcomes.append(Outcome(key, self._inventory.id(key), file_name, word))

    def carry_out(self) -> None:
        for task in self._todo:
            if isinstance(task, Deletion):
                self._delete(task.key)
            else:
                self._bring_in(task)

    def _delete(self, key: Key) -> None:
        for path in self._inventory.source(key):
            self._edit(member_of_file(key, path), "DELETE")
        self._edit(self._inventory.member(key), "DELETE")
        self._store.remove(self._deployment.org, key)

    def _bring_in(self, change: Change) -> None:
        key = change.key
        is_new = key not in self._inventory.keys
        before = {} if is_new else self._inventory.source(key)
        for path in sorted(before.keys() - change.files.keys()):
            self._edit(member_of_file(key, path), "DELETE")
        for path, content in change.files.items():
            if before.get(path) != content:
                self._edit(member_of_file(key, path), "CHANGE" if path in before else "NEW")
        self._edit(self._inventory.member(key), "NEW" if is_new else "CHANGE")
        self._store.put(self._deployment.org, key, change.files, self._deployment.user, self._at)

    def _edit(self, member: tuple[str, str] | None, kind: Kind) -> None:
        org = self._deployment.org
        if member is not None and org.tracking is not None:
            apply_edit(self._world, org, Edit(*member, kind, person=self._deployment.user.Username), self._at)


def _no_room(change: Change) -> Problem:
    text = "LIMIT_EXCEEDED: The simulated orgs have no room for more metadata"
    return Problem(change.file_name, change.key.name, change.key.type, text)
