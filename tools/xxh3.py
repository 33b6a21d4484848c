#!/usr/bin/env python3
"""XXH3-64 with a seed, after github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md."""
import struct

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
MASK32, MASK64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
P32_1, P32_2, P32_3 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D
P64_1, P64_2, P64_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
P64_4, P64_5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5
PMX1, PMX2 = 0x165667919E3779F9, 0x9FB21C651E98DF25
STRIPE = 64
STRIPES_IN_BLOCK = (len(SECRET) - STRIPE) // 8


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def folded(a, b):
    product = a * b
    return (product & MASK64) ^ (product >> 64)


def swapped(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


def rotated(value, by):
    return (value << by | value >> (64 - by)) & MASK64


def avalanche(h):
    h = (h ^ h >> 37) * PMX1 & MASK64
    return h ^ h >> 32


def avalanche_xxh64(h):
    h = (h ^ h >> 33) * P64_2 & MASK64
    h = (h ^ h >> 29) * P64_3 & MASK64
    return h ^ h >> 32


def mix16(data, at, secret_at, seed):
    return folded(u64(data, at) ^ (u64(SECRET, secret_at) + seed & MASK64),
                  u64(data, at + 8) ^ (u64(SECRET, secret_at + 8) - seed & MASK64))


def up_to_16(data, seed):
    size = len(data)
    if size > 8:
        low = u64(data, 0) ^ ((u64(SECRET, 24) ^ u64(SECRET, 32)) + seed & MASK64)
        high = u64(data, size - 8) ^ ((u64(SECRET, 40) ^ u64(SECRET, 48)) - seed & MASK64)
        return avalanche(size + swapped(low, 8) + high + folded(low, high) & MASK64)
    if size >= 4:
        seed ^= swapped(seed & MASK32, 4) << 32
        flip = (u64(SECRET, 8) ^ u64(SECRET, 16)) - seed & MASK64
        h = (u32(data, size - 4) + (u32(data, 0) << 32)) ^ flip
        h ^= rotated(h, 49) ^ rotated(h, 24)
        h = h * PMX2 & MASK64
        h = (h ^ (h >> 35) + size) * PMX2 & MASK64
        return h ^ h >> 28
    if size:
        word = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return avalanche_xxh64(word ^ (u32(SECRET, 0) ^ u32(SECRET, 4)) + seed & MASK64)
    return avalanche_xxh64(seed ^ u64(SECRET, 56) ^ u64(SECRET, 64))


def up_to_240(data, seed):
    size = len(data)
    total = size * P64_1
    if size <= 128:
        for i in range((size - 1) // 32 + 1):
            total += mix16(data, 16 * i, 32 * i, seed)
            total += mix16(data, size - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(total & MASK64)
    for i in range(8):
        total += mix16(data, 16 * i, 16 * i, seed)
    total = avalanche(total & MASK64)
    for i in range(8, size // 16):
        total += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    return avalanche(total + mix16(data, size - 16, 136 - 17, seed) & MASK64)


def accumulate(sums, words, keys):
    for i in range(8):
        mixed = words[i] ^ keys[i]
        sums[i ^ 1] += words[i]
        sums[i] = sums[i] + (mixed & MASK32) * (mixed >> 32) & MASK64


def long(data, seed):
    signs = [seed, -seed] * (len(SECRET) // 16)
    words = struct.unpack("<%dQ" % (len(SECRET) // 8), SECRET)
    secret = struct.pack("<%dQ" % len(words), *(w + s & MASK64 for w, s in zip(words, signs)))
    sums = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1]
    keys = [struct.unpack_from("<8Q", secret, 8 * i) for i in range(STRIPES_IN_BLOCK)]
    scramble = struct.unpack_from("<8Q", secret, len(secret) - STRIPE)
    for i in range((len(data) - 1) // STRIPE):
        accumulate(sums, struct.unpack_from("<8Q", data, STRIPE * i), keys[i % STRIPES_IN_BLOCK])
        if (i + 1) % STRIPES_IN_BLOCK == 0:
            sums = [(s & MASK64 ^ (s & MASK64) >> 47 ^ k) * P32_1 & MASK64
                    for s, k in zip(sums, scramble)]
    accumulate(sums, struct.unpack_from("<8Q", data, len(data) - STRIPE),
               struct.unpack_from("<8Q", secret, len(secret) - STRIPE - 7))
    total = len(data) * P64_1
    for i in range(0, 8, 2):
        total += folded(sums[i] & MASK64 ^ u64(secret, 11 + 8 * i),
                        sums[i + 1] & MASK64 ^ u64(secret, 19 + 8 * i))
    return avalanche(total & MASK64)


def xxh3_64(data, seed=0):
    data = bytes(data)
    if len(data) <= 16:
        return up_to_16(data, seed)
    return up_to_240(data, seed) if len(data) <= 240 else long(data, seed)
