"""Frames of `application/vnd.amazon.eventstream`."""

import struct
import zlib


def frame(headers, payload):
    """One frame; every header is a string."""
    told = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    total = 12 + len(told) + len(payload) + 4
    prelude = struct.pack("!II", total, len(told))
    whole = prelude + struct.pack("!I", zlib.crc32(prelude)) + told + payload
    return whole + struct.pack("!I", zlib.crc32(whole))


def event(name, payload):
    """An event of a stream."""
    return frame({":event-type": name, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(name, payload):
    """An error that ends a stream."""
    return frame({":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, payload)
