"""The control socket: whatever comes in, the daemon lives, answers what can be answered, and says why it hangs up."""
import json
import socket
import threading

from support import COUNT, every, wait_until


class Raw:
    """A connection without manners."""

    def __init__(self, desk):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(desk.path / "data" / "orrery.sock"))
        self.socket.settimeout(30)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)

    def answer(self):
        line = self.file.readline()
        return json.loads(line) if line else None

    def close(self):
        self.file.close()
        self.socket.close()


def up(desk):
    desk.configure()
    desk.add("counter", COUNT, every(0.05) + ', { kind = "manual" }')
    return desk.start()


def alive(desk):
    assert desk.ask("status")["state"] == "running"
    assert desk.process.poll() is None, desk.log()[-2000:]


def test_a_hundred_thousand_empty_lines(desk):
    up(desk)
    raw = Raw(desk)
    lines = 100000
    sender = threading.Thread(target=raw.send, args=(b"\n" * lines,))
    sender.start()
    for _ in range(lines):
        assert raw.answer()["code"] == "INVALID"
    sender.join()
    raw.close()
    alive(desk)
    desk.stop()


def test_lines_that_are_no_requests(desk):
    up(desk)
    raw = Raw(desk)
    for line in [b"{", b"[]", b"null", b"17", b'{"op":17}', b'{"op":"nosuch"}', b"\xff\xfe", b"\0\0\0", b'{"op":"status"',
                 b"[" * 100000, b'{"op":' + b'{"a":' * 40000, b'{"op":"fire"}', b'{"op":"fire","plugin":["counter"]}',
                 b'{"op":"emit","topic":"a b"}', b'{"op":"run","id":"zzz"}', b'{"op":"runs","limit":-1}',
                 b'{"op":"runs","before":7,"status":"great"}', b'{"op":"state_get","plugin":"counter","key":""}',
                 b'{"op":"state_set","plugin":"counter","key":"k"}',
                 b'{"op":"state_set","plugin":"nosuch","key":"k","value":1}', b'{"op":"state_delete","plugin":"nosuch","key":"k"}',
                 b'{"op":"state_set","plugin":"counter","key":"k","value":1,"ttl_ms":0}',
                 b'{"op":"state_set","plugin":"counter","key":"k","value":"%s"}' % (b"x" * 70000), b'{"op":"reload","plugin":"nosuch"}']:
        raw.send(line + b"\n")
        answer = raw.answer()
        assert not answer["ok"] and answer["message"], (line[:40], answer)
    raw.send(b'{"op":"status"}\n')
    assert raw.answer()["ok"]
    raw.close()
    alive(desk)
    desk.stop()


def test_a_line_without_an_end_is_refused_with_the_reason(desk):
    up(desk)
    raw = Raw(desk)
    raw.send(b"x" * (256 * 1024 + 1))
    answer = raw.answer()
    assert answer["code"] == "LIMIT" and "262144" in answer["message"]
    assert raw.answer() is None  # it hung up
    raw.close()
    alive(desk)
    desk.stop()


def test_more_requests_at_once_than_the_buffer_holds(desk):
    up(desk)
    raw = Raw(desk)
    request = b'{"op":"state_get","plugin":"counter","key":"%s"}\n' % (b"k" * 200)
    count = 4 * 256 * 1024 // len(request)
    sender = threading.Thread(target=raw.send, args=(request * count,))
    sender.start()
    for _ in range(count):
        assert raw.answer()["code"] == "NOT_FOUND"
    sender.join()
    raw.close()
    alive(desk)
    desk.stop()


def test_a_client_that_never_reads_costs_one_answer(desk):
    up(desk)
    raw = Raw(desk)
    raw.socket.settimeout(1)
    sent = 0
    try:
        while sent < 64 * 1024 * 1024:
            sent += raw.socket.send(b'{"op":"status"}\n' * 4096)
    except TimeoutError:
        pass  # the daemon stopped reading, as it should
    assert sent < 8 * 1024 * 1024
    alive(desk)
    raw.close()
    desk.stop()


def test_too_many_connections_are_told_so(desk):
    up(desk)
    raws = [Raw(desk) for _ in range(100)]
    said = 0
    for raw in raws:
        try:
            raw.send(b'{"op":"status"}\n')
        except BrokenPipeError:
            pass
        answer = raw.answer()
        said += not answer["ok"] and answer["code"] == "LIMIT" and "64 connections" in answer["message"]
    assert said >= 36
    for raw in raws:
        raw.close()
    wait_until(lambda: status_again(desk), what="room for a connection")
    desk.stop()


def status_again(desk):
    raw = Raw(desk)
    try:
        raw.send(b'{"op":"status"}\n')
        answer = raw.answer()
        return answer is not None and answer["ok"]
    except (BrokenPipeError, ConnectionResetError):
        return False
    finally:
        raw.close()


def test_leaving_while_a_run_is_awaited(desk):
    up(desk)
    for _ in range(50):
        raw = Raw(desk)
        raw.send(b'{"op":"fire","plugin":"counter","wait":true}\n')
        raw.close()
    wait_until(lambda: sum(r["trigger"] == "manual" for r in desk.ask("runs", limit=1000)) == 50, what="the fired runs")
    alive(desk)
    desk.stop()
