"""How are faults of simulated cameras set? Over a small HTTP port that only this machine can reach.

    GET  /cameras                                   what each camera does now
    POST /cameras/{id}/fault      {"fault": "black"}  or stall, drop, refuse, freeze; null: well again
    POST /cameras/{id}/occupancy  {"occupancy": 3}    how many people its picture shows

Writing wants `Content-Type: application/json`, which a page of another site cannot send.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.rtsp.camera import Camera, Fault
from simulators.rtsp.server import Cameras

LARGEST_BODY = 4_096
PATIENCE = 5.0
PATH = re.compile(r"/cameras/([a-z0-9-]+)/(fault|occupancy)")


@asynccontextmanager
async def serve_control(cameras: Cameras, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Serve the port for as long as this lasts; gives the port. Raises OSError when it cannot listen."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                status, answer = await _answer_request(cameras, reader)
                body = json.dumps(answer).encode()
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
                await writer.drain()
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, host, port)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answer_request(cameras: Cameras, reader: asyncio.StreamReader) -> tuple[str, object]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    start, *lines = head.strip().split("\r\n")
    method, _, rest = start.partition(" ")
    path = rest.partition(" ")[0]
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if (method, path) == ("GET", "/cameras"):
        return "200 OK", [_describe_camera(cameras, camera) for camera in cameras.by_id.values()]
    found = PATH.fullmatch(path)
    camera = cameras.by_id.get(found[1]) if found else None
    if found is None or camera is None:
        return "404 Not Found", {"error": f"no such thing: {path}"}
    length = headers.get("content-length", "")
    if method != "POST" or not headers.get("content-type", "").startswith("application/json"):
        return "400 Bad Request", {"error": "POST with Content-Type: application/json"}
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return "413 Content Too Large", {"error": f"a body of at most {LARGEST_BODY} bytes with a Content-Length"}
    return _change_camera(cameras, camera, found[2], await reader.readexactly(int(length)))


def _change_camera(cameras: Cameras, camera: Camera, what: str, body: bytes) -> tuple[str, object]:
    try:
        value = json.loads(body)[what]
        if what == "fault":
            camera.break_with(None if value is None else Fault(value), time.time())
        else:
            camera.occupancy = max(0, int(value))
    except (ValueError, KeyError, TypeError):
        return "400 Bad Request", {"error": f'wanted {{"{what}": …}}'}
    return "200 OK", _describe_camera(cameras, camera)


def _describe_camera(cameras: Cameras, camera: Camera) -> dict[str, object]:
    main, sub = cameras.streams[camera.id, "main"], cameras.streams[camera.id, "sub"]
    return {
        "id": camera.id,
        "room_id": camera.room_id,
        "fault": camera.fault,
        "occupancy": camera.occupancy,
        "readers": {"main": main.readers, "sub": sub.readers},
        "encoded": {"main": main.encoded, "sub": sub.encoded},
    }
