"""The Metadata API's door: which operations there are, and what each answers to a session."""

import re
from collections.abc import Callable
from typing import Any

from apps.simulator import permissions
from apps.simulator.answers import Answer, RestError
from apps.simulator.metadata import deploying, listing, reporting, retrieving, soap
from apps.simulator.metadata.deploying import Deployment
from apps.simulator.metadata.inventory import Inventory
from apps.simulator.metadata.jobs import Jobs
from apps.simulator.metadata.packages import unpack
from apps.simulator.metadata.retrieving import Retrieval
from apps.simulator.metadata.soap import Request, SoapFault, boolean, check_double
from apps.simulator.metadata.store import Store
from apps.simulator.rest import VERSIONS
from apps.simulator.tokens import Session
from apps.simulator.wire import Exchange
from apps.simulator.world import World

MAX_REQUEST_BYTES = 52_428_800
PATH = "/services/Soap/m/"
_PATH = re.compile(r"/services/Soap/m/(\d+\.\d)(?:/\w*)?")


async def read(exchange: Exchange) -> Request:
    """The request of a call; SoapFault where it is none, or too large."""
    try:
        body = await exchange.body(MAX_REQUEST_BYTES)
    except RestError as error:
        text = f"Maximum size of request reached. Maximum size of request is {MAX_REQUEST_BYTES} bytes"
        raise SoapFault("sf:LIMIT_EXCEEDED", text) from error
    return soap.read(body)


Operation = Callable[[Session, Request, float], Any]


class MetadataApi:
    """One per simulator."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = Store()
        self._deployments: Jobs[Deployment] = Jobs("0Af")
        self._retrievals: Jobs[Retrieval] = Jobs("09S")
        self._operations: dict[str, Operation] = {
            "cancelDeploy": self._cancel_deploy,
            "checkDeployStatus": self._check_deploy_status,
            "checkRetrieveStatus": self._check_retrieve_status,
            "checkStatus": self._check_status,
            "deploy": self._deploy,
            "describeMetadata": self._describe,
            "listMetadata": self._list,
            "retrieve": self._retrieve,
        }

    def answer(self, path: str, session: Session, request: Request, now: float) -> Answer:
        """Faults included."""
        try:
            return soap.answer(request.operation, self._result(path, session, request, now))
        except SoapFault as fault:
            return fault.answer()

    def _result(self, path: str, session: Session, request: Request, now: float) -> Any:
        if not session.org.count_call(now):
            raise SoapFault("sf:REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        match = _PATH.fullmatch(path)
        if match is None or match[1] not in VERSIONS:
            raise SoapFault("sf:UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
        operation = self._operations.get(request.operation)
        if operation is None:
            raise soap.unknown_operation(request.argument)
        if not permissions.user_permission_access(session.org, session.user, now).PermissionsModifyMetadata:
            text = "use of the Metadata API requires a user with the ModifyAllData or ModifyMetadata permissions"
            raise SoapFault("sf:INSUFFICIENT_ACCESS", text)
        return operation(session, request, now)

    def _describe(self, _: Session, request: Request, __: float) -> Any:
        check_double(request.argument, "asOfVersion")
        return listing.describe()

    def _list(self, session: Session, request: Request, _: float) -> Any:
        check_double(request.argument, "asOfVersion")
        inventory = Inventory(self._world, self._store, session.org)
        return listing.list_metadata(inventory, request.argument.all("queries"))

    def _deploy(self, session: Session, request: Request, now: float) -> Any:
        options = deploying.read_options(request.argument.child("DeployOptions"))
        files = unpack(request.argument.value("ZipFile"))
        deployment = Deployment(self._deployments.new_id(), session.org, session.user, now, options, files)
        self._deployments.keep(deployment)
        deploying.begin(self._world, self._store, deployment)
        return {"done": False, "id": deployment.id, "state": "Queued"}

    def _check_deploy_status(self, session: Session, request: Request, _: float) -> Any:
        with_details = boolean(request.argument, "includeDetails", False)
        deployment = self._deployments.find(session.org, request.argument.value("asyncProcessId"))
        return reporting.result_of(deployment, with_details=with_details)

    def _cancel_deploy(self, session: Session, request: Request, now: float) -> Any:
        asked = [node.text.strip() for node in request.argument.children]  # whatever clients call the element
        deployment = self._deployments.find(session.org, asked[0] if asked else "")
        deploying.cancel(deployment, now)
        return {"done": deployment.done, "id": deployment.id}

    def _retrieve(self, session: Session, request: Request, now: float) -> Any:
        wanted = request.argument.children
        if len(wanted) != 1:
            raise SoapFault("soapenv:Client", "retrieve takes one RetrieveRequest")
        check_double(wanted[0], "apiVersion")
        retrieval = retrieving.read_request(wanted[0], self._retrievals.new_id(), session.org, session.user)
        self._retrievals.keep(retrieval)
        retrieving.begin(self._world, self._store, retrieval, now)
        return {"done": False, "id": retrieval.id, "state": "Queued"}

    def _check_retrieve_status(self, session: Session, request: Request, _: float) -> Any:
        with_zip = boolean(request.argument, "includeZip", True)
        retrieval = self._retrievals.find(session.org, request.argument.value("asyncProcessId"))
        return retrieving.result_of(retrieval, with_zip=with_zip)

    def _check_status(self, session: Session, request: Request, _: float) -> Any:
        """Of a retrieve, without its result; older clients ask this first."""
        retrieval = self._retrievals.find(session.org, request.argument.value("asyncProcessId"))
        state = {"Pending": "Queued", "Succeeded": "Completed", "Failed": "Error"}
        return {"done": retrieval.done, "id": retrieval.id, "state": state.get(retrieval.status, retrieval.status)}
