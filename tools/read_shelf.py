#!/usr/bin/env python3
"""Lists what a shelf file holds, by docs/format.md alone: read_shelf.py FILE

One line a batch, one a record; then where the journal ends. If the file is damaged: exit status 1
and a sentence."""
import struct
import sys

from xxh3 import xxh3_64

OPS = (None, "put", "append", "erase", "erase_value", "clear", "table_created", "table_changed",
       "table_dropped", "note", "seal", "expire", "moment")
FLAGS = {"put": (0, 1, 2), "append": (0, 2), "expire": (0, 1), "erase": (0, 4, 8)}
SLOTS, FRAMES_START, FRAME_HEADER = (0, 4096), 8192, 40


class Refused(Exception):
    pass


class Header:
    def __init__(self, slot, offset):
        if len(slot) < 512 or slot[:8] != b"\x89SHELF\r\n":
            raise ValueError
        if struct.unpack_from("<Q", slot, 504)[0] != xxh3_64(slot[:504], offset):
            raise ValueError
        version, terms, state, incompatible = struct.unpack_from("<IBB18xQ", slot, 8)
        if version != 1 or terms != 131 or incompatible & ~7:
            raise Refused(f"byte {offset + 8}: unsupported version or features")
        self.closed, self.deadlines = state == 1, bool(incompatible & 2)
        self.history = bool(incompatible & 4)
        (self.file_id, self.generation, self.durable_up_to, self.sequence,
         self.era) = struct.unpack_from("<QQQQI", slot, 56)


def read_header(data):
    slots = []
    for offset in SLOTS:
        try:
            slots.append(Header(data[offset:offset + 512], offset))
        except ValueError:
            pass
    if not slots:
        raise Refused("byte 0: no valid header")
    return max(slots, key=lambda h: h.generation)


class Frame:
    """What stands at an offset, if a frame can; `holds` tells whether it does."""
    def __init__(self, data, offset):
        if len(data) - offset <= FRAME_HEADER:
            raise ValueError
        (self.checksum, self.size, role, self.era, self.nonce, self.sequence,
         self.durable_up_to) = struct.unpack_from("<QIIIIQQ", data, offset)
        self.offset, self.next = offset, offset + (self.size + 7) // 8 * 8
        self.first, self.commits, self.history = bool(role & 1), bool(role & 2), bool(role & 4)
        if (role > 7 or self.size <= FRAME_HEADER or self.era == 0 or self.next > len(data)
                or self.durable_up_to > offset):
            raise ValueError

    def holds(self, data, file_id):
        salt = struct.pack("<QIIQ", file_id, self.era, self.nonce, self.offset)
        return self.checksum == xxh3_64(data[self.offset + 8:self.next], xxh3_64(salt))

    def follows(self, header, batch, last, may_be_history):
        if self.offset >= header.durable_up_to and self.era <= header.era:
            return False
        if self.history and not (header.history and may_be_history):
            return False
        if batch:
            before = batch[-1]
            return not self.first and (self.era, self.nonce, self.sequence, self.history) == (
                before.era, before.nonce, before.sequence, before.history)
        if not self.first or last is None:
            return self.first
        same = (self.era, self.nonce) == (last.era, last.nonce)
        return (same or self.era > last.era) and self.sequence >= last.sequence


def valid_frame(data, offset, file_id):
    try:
        frame = Frame(data, offset)
    except ValueError:
        return None
    return frame if frame.holds(data, file_id) else None


def varint(data, at, end):
    value, shift = 0, 0
    while at < end and shift < 35:
        byte = data[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            if (byte == 0 and shift > 7) or value >= 1 << 32:
                break
            return value, at
    raise ValueError


def records(data, frame, header):
    at, end = frame.offset + FRAME_HEADER, frame.offset + frame.size
    while at < end:
        try:
            op, flags = data[at], data[at + 1]
            table, place = varint(data, at + 2, end)
            key_size, place = varint(data, place, end)
            value_size, place = varint(data, place, end)
            deadline = struct.unpack_from("<Q", data[:end], place)[0] if flags & 1 else None
            place += 8 if flags & 1 else 0
            if not 1 <= op <= 12 or place + key_size + value_size > end:
                raise ValueError
        except (ValueError, IndexError, struct.error):
            raise Refused(f"byte {at}: no valid record") from None
        if flags not in FLAGS.get(OPS[op], (0,)):
            raise Refused(f"byte {frame.offset}: a record has the flags {flags}, which are unknown")
        if (flags & 2 or OPS[op] == "moment") and not header.history:
            raise Refused(f"byte {frame.offset}: history that the header does not announce")
        if (flags & ~2 or OPS[op] == "expire") and not header.deadlines:
            raise Refused(f"byte {frame.offset}: a deadline that the header does not announce")
        key, at = data[place:place + key_size], place + key_size + value_size
        yield op, flags, table, key, data[place + key_size:at], deadline


def read(data, tell):
    header = read_header(data)
    at, end, last, batch, sealed = FRAMES_START, FRAMES_START, None, [], False
    may_be_history = False  # behind the first batch, and behind history
    while ((frame := valid_frame(data, at, header.file_id))
           and frame.follows(header, batch, last, may_be_history)):
        frame.records = list(records(data, frame, header))
        batch.append(frame)
        at = frame.next
        if frame.commits:
            tell(f"{'history' if frame.history else 'batch'} {frame.sequence} at {batch[0].offset}")
            for op, flags, table, key, value, deadline in (r for f in batch for r in f.records):
                sealed = OPS[op] == "seal"
                until = f" until {deadline}" if flags & 1 else ""
                tell(f"  {OPS[op]} {flags} {table} {key.hex()} {value.hex()}{until}")
            may_be_history = last is None or frame.history
            end, last, batch = at, frame, []
    if len(data) < FRAMES_START:
        raise Refused(f"byte {len(data)}: the file ends inside its header")
    if header.durable_up_to > at:
        raise Refused(f"byte {at}: damaged: the file header says that this was on disk")
    for offset in range(at + 8, len(data), 8) if any(data[end:]) else ():
        later = valid_frame(data, offset, header.file_id)
        if later and later.durable_up_to > at:
            raise Refused(f"byte {at}: damaged: byte {offset} says that this was on disk")
    if last and last.history:
        raise Refused(f"byte {at}: damaged: the state that follows the history is missing")
    torn = len(data) - end if any(data[end:]) else 0
    clean = header.closed and sealed and end == len(data)
    tell(f"end {end}, {'clean' if clean else 'not closed'}, {torn} bytes torn")


if __name__ == "__main__":
    try:
        with open(sys.argv[1], "rb") as file:
            read(file.read(), print)
    except Refused as why:
        sys.exit(f"{sys.argv[1]}: {why}")
