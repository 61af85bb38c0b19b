"""A stand-in for the server of Weights & Biases: just what wandb asks to upload runs and artifacts.

It keeps what it is sent, and gives every artifact of the same collection and digest the same id,
as the real one does.
"""

import gzip
import http.server
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

KEY = "0" * 40


class Kept:
    """What was sent: `runs` by id, `artifacts` by id, `files` by path."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.history: dict[str, list[dict[str, Any]]] = {}
        self.used: set[tuple[str, str]] = set()  # run, artifact
        self.made: set[tuple[str, str]] = set()
        self.asked: list[str] = []
        self.address = ""
        self.lock = threading.Lock()

    def find(self, name: str) -> list[str]:
        """The ids of the versions of the artifact `name`."""
        return [one for one, artifact in self.artifacts.items() if artifact["name"] == name]


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: Kept

    def do_POST(self) -> None:
        body = self._read()
        if self.path.endswith("/graphql"):
            question = json.loads(body)
            with self.kept.lock:
                answer = answer_query(self.kept, question, self.headers)
            self._say({"data": answer})
        elif self.path.endswith("/file_stream"):
            with self.kept.lock:
                take_stream(self.kept, self.path.split("/")[-2], json.loads(body))
            self._say({})
        else:
            self._say({})

    def do_PUT(self) -> None:
        self.kept.files[self.path] = self._read()
        self._say({})

    def do_GET(self) -> None:
        content = self.kept.files.get(self.path, b"")
        self.send_response(200 if content else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def _read(self) -> bytes:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        return content

    def _say(self, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def answer_query(kept: Kept, question: dict[str, Any], headers: Any) -> dict[str, Any]:
    operation = re.search(r"\b(?:query|mutation) (\w+)", question["query"])
    name, given = operation[1] if operation else "", question.get("variables") or {}
    kept.asked.append(str(name))
    answer = _ANSWERS.get(str(name))
    return answer(kept, given, headers) if answer else {}


def _viewer(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    account = {"id": "1", "entity": "me", "username": "me", "email": "", "flags": "{}"}
    return {"viewer": {**account, "teams": {"edges": []}}}


def _describe(kept: Kept, name: str) -> dict[str, Any]:
    run = kept.runs.get(name, {})
    lines = len(kept.history.get(name, []))
    tail = json.dumps([json.dumps(row) for row in kept.history.get(name, [])[-1:]])
    return {
        "id": f"id-{name}",
        "name": name,
        "displayName": run.get("displayName"),
        "description": None,
        "config": run.get("config") or "{}",
        "summaryMetrics": run.get("summaryMetrics") or "{}",
        "sweepName": run.get("sweep"),
        "project": {"id": "2", "name": run.get("project"), "entity": {"id": "1", "name": "me"}},
        "historyLineCount": lines,
        "eventsLineCount": 0,
        "logLineCount": 0,
        "historyTail": tail,
        "eventsTail": "[]",
        "tags": run.get("tags") or [],
        "notes": run.get("notes"),
        "wandbConfig": '{"t": 1}',
    }


def _resume(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    known = given["name"] in kept.runs
    bucket = _describe(kept, given["name"]) if known else None
    place = {"id": "2", "name": given["project"], "entity": {"id": "1", "name": "me"}}
    return {"model": {**place, "bucket": bucket}}


def _upsert(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    name = given["name"]
    inserted = name not in kept.runs
    run = kept.runs.setdefault(name, {})
    run |= {key: value for key, value in given.items() if value is not None}
    return {"upsertBucket": {"bucket": _describe(kept, name), "inserted": inserted}}


def _features(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    return {"serverInfo": {"features": []}}


def _create_artifact(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    asked = given["input"]
    name, digest = asked["artifactCollectionName"], asked["digest"]
    same = [one for one in kept.find(name) if kept.artifacts[one]["digest"] == digest]
    identity = same[0] if same else f"artifact-{len(kept.artifacts)}"
    artifact = kept.artifacts.setdefault(
        identity,
        {"name": name, "digest": digest, "type": asked["artifactTypeName"], "state": "PENDING"},
    )
    artifact.setdefault("aliases", set()).update(one["alias"] for one in asked["aliases"])
    artifact["metadata"] = asked.get("metadata")
    kept.made.add((asked["runName"], identity))
    described = {
        "id": identity,
        "state": artifact["state"],
        "artifactSequence": {"latestArtifact": None},
    }
    return {"createArtifact": {"artifact": described}}


def _give_place(kept: Kept, path: str) -> str:
    return f"{kept.address}/storage/{path}"


def _create_manifest(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    identity = f"manifest-of-{given['artifactID']}"
    place = {"uploadUrl": _give_place(kept, f"{identity}.json"), "uploadHeaders": []}
    return {
        "createArtifactManifest": {
            "artifactManifest": {"id": identity, "file": {"id": identity, **place}}
        }
    }


def _update_manifest(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    identity = given["artifactManifestID"]
    place = {"uploadUrl": _give_place(kept, f"{identity}.json"), "uploadHeaders": []}
    return {
        "updateArtifactManifest": {
            "artifactManifest": {"id": identity, "file": {"id": identity, **place}}
        }
    }


def _create_artifact_files(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    edges = []
    for file in given["input"]["artifactFiles"] if "input" in given else given["artifactFiles"]:
        path = f"{file['artifactID']}/{file['name']}"
        node = {
            "id": path,
            "name": file["name"],
            "displayName": file["name"],
            "artifact": {"id": file["artifactID"]},
            "storagePath": path,
            "uploadUrl": _give_place(kept, path),
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
        }
        edges.append({"node": node})
    return {"createArtifactFiles": {"files": {"edges": edges}}}


def _commit(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    kept.artifacts[given["artifactID"]]["state"] = "COMMITTED"
    return {"commitArtifact": {"artifact": {"id": given["artifactID"], "digest": ""}}}


def _use(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    given = given.get("input", given)
    kept.used.add((given["runName"], given["artifactID"]))
    return {"useArtifact": {"artifact": {"id": given["artifactID"]}}}


def _create_run_files(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    files = [
        {"name": name, "uploadUrl": _give_place(kept, f"runs/{given['run']}/{name}")}
        for name in given["files"]
    ]
    return {"createRunFiles": {"runID": given["run"], "uploadHeaders": [], "files": files}}


def _find_artifact(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    name, _, alias = given["name"].partition(":")
    found = [one for one in kept.find(name) if alias in kept.artifacts[one]["aliases"]]
    if not found:
        return {"project": {"artifactCollectionMembership": None}}
    identity = found[-1]
    artifact = kept.artifacts[identity]
    place = {"id": "UDox", "internalId": "UDox", "name": given["project"], "entity": {"name": "me"}}
    described = {
        "__typename": "Artifact",
        "id": identity,
        "artifactSequence": {"__typename": "ArtifactSequence", "name": name, "project": place},
        "versionIndex": kept.find(name).index(identity),
        "artifactType": {"name": artifact["type"]},
        "description": None,
        "metadata": artifact["metadata"],
        "ttlDurationSeconds": -2,
        "ttlIsInherited": False,
        "tags": [],
        "historyStep": None,
        "state": artifact["state"],
        "size": 1,
        "digest": artifact["digest"],
        "commitHash": "0",
        "fileCount": 1,
        "createdAt": "2026-01-01T00:00:00",
        "updatedAt": None,
    }
    membership = {
        "__typename": "ArtifactCollectionMembership",
        "id": "member",
        "versionIndex": kept.find(name).index(identity),
        "createdAt": "2026-01-01T00:00:00",
        "aliases": [],
        "artifactCollection": {"__typename": "ArtifactSequence", "name": name, "project": place},
        "artifact": described,
    }
    return {"project": {"artifactCollectionMembership": membership}}


def _find_manifest(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    identity = given.get("id") or given.get("artifact_id")
    place = {"directUrl": _give_place(kept, f"manifest-of-{identity}.json")}
    return {"artifact": {"currentManifest": {"file": place}}}


def _list_files(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    identity = kept.find(given["collection"])[int(given["alias"].removeprefix("v"))]
    start = f"/storage/{identity}/"
    edges = [
        {
            "node": {
                "__typename": "File",
                "name": path.removeprefix(start),
                "directUrl": f"{kept.address}{path}",
            }
        }
        for path in kept.files
        if path.startswith(start)
    ]
    page = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
    files = {"pageInfo": page, "edges": edges}
    collection = {"__typename": "ArtifactSequence", "artifactMembership": {"files": files}}
    return {"project": {"artifactCollection": collection}}


def _find_type(kept: Kept, given: Any, headers: Any) -> dict[str, Any]:
    found = kept.find(given["name"].partition(":")[0])
    kind = {"artifactType": {"name": kept.artifacts[found[0]]["type"]}} if found else None
    return {"project": {"artifact": kind}}


_ANSWERS = {
    "ArtifactType": _find_type,
    "GetArtifactMembershipFileUrls": _list_files,
    "FetchArtifactManifest": _find_manifest,
    "ArtifactManifest": _find_manifest,
    "ArtifactMembershipByName": _find_artifact,
    "GetDefaultEntity": _viewer,
    "CreateArtifactManifest": _create_manifest,
    "UpdateArtifactManifest": _update_manifest,
    "CreateArtifactFiles": _create_artifact_files,
    "CommitArtifact": _commit,
    "UseArtifact": _use,
    "CreateRunFiles": _create_run_files,
    "Viewer": _viewer,
    "RunResumeStatus": _resume,
    "UpsertBucket": _upsert,
    "ServerFeaturesQuery": _features,
    "CreateArtifact": _create_artifact,
}


def take_stream(kept: Kept, run: str, sent: dict[str, Any]) -> None:
    """The rows of a run's history, each at its offset, as the real server keeps them."""
    history = (sent.get("files") or {}).get("wandb-history.jsonl")
    if history:
        rows = kept.history.setdefault(run, [])
        rows[history["offset"] :] = [json.loads(line) for line in history["content"]]


@contextmanager
def serving() -> Iterator[Kept]:
    """A server on this machine; give wandb its `address` and `KEY`."""
    kept = Kept()
    handler = type("Bound", (Handler,), {"kept": kept})
    server = Server(("127.0.0.1", 0), handler)
    kept.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
