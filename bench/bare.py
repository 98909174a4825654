"""What P2 is measured against: nothing but requests, as a process of its own (`python -m bench.bare CA THREADS`).

Takes one JSON line a round on stdin, a list of [url, access token]; calls each once over a new TLS connection, parses
the JSON, and answers with one line: the CPU seconds that it took. A Session a thread; one TLS context for all, since
making one for each call would cost 26 ms.
"""

import json
import ssl
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from requests.adapters import HTTPAdapter

_local = threading.local()


class _OneContext(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)


def main(ca: str, threads: int) -> None:
    context = ssl.create_default_context(cafile=ca)

    def begin() -> None:
        _local.session = requests.Session()
        _local.session.mount("https://", _OneContext(context))
        _local.session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify, and be loaded anew for each call
        _local.session.verify = ca
        _local.session.headers["Connection"] = "close"

    def call(wanted: tuple[str, str]) -> int:
        url, token = wanted
        answer = _local.session.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        answer.raise_for_status()
        return len(answer.json()["records"])

    with ThreadPoolExecutor(threads, initializer=begin) as pool:
        for line in sys.stdin:
            wanted = json.loads(line)
            before = time.process_time()
            rows = sum(pool.map(call, wanted))
            print(json.dumps({"cpu_seconds": time.process_time() - before, "rows": rows}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
