"""Changes of the other formats of arrays: idx, safetensors with its sidecar, ONNX."""

import gzip
import struct
from random import Random

from fuzz.mutant import Bait, Mutant
from fuzz.mutators.json_values import mutate_json
from fuzz.mutators.raw import NUMBERS, mutate_bytes
from fuzz.mutators.texts import hostile_text


def mutate_idx(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Another type or length of an axis, with gzip around it or bytes that gzip does not know."""
    packed = content.startswith(b"\x1f\x8b")
    raw = bytearray(gzip.decompress(content) if packed else content)
    honest, what = len(raw), "the same"
    kind = random.random()
    if kind < 0.3:
        return mutate_bytes(content, random, bait)
    if kind < 0.7:
        at = 4 + 4 * random.randrange(max(1, raw[3]))
        raw[at : at + 4] = struct.pack(">I", random.choice(NUMBERS) & 0xFFFFFFFF)
        what = f"length at {at}"
    elif kind < 0.85:
        raw[random.choice([2, 3])] = random.choice([0, 1, 2, 4, 5, 8, 9, 11, 12, 13, 14, 255])
        what = "type or axes"
    else:
        size = random.choice([10**6, 2 * 10**7])
        raw[4:8], what, honest = struct.pack(">I", size), f"{size} zeros", 2 * size
        raw += bytes(size)
    return Mutant(gzip.compress(bytes(raw), 1, mtime=0) if packed else bytes(raw), what, honest)


def mutate_safetensors(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Another header, or another length of it."""
    if random.random() < 0.2:
        return mutate_bytes(content, random, bait)
    size = struct.unpack("<Q", content[:8])[0]
    header, what = mutate_json(content[8 : 8 + size].decode(), random)
    raw = header.encode("utf-8", "surrogatepass")
    length = len(raw) if random.random() < 0.9 else random.choice(NUMBERS)
    return Mutant(struct.pack("<Q", length) + raw + content[8 + size :], what)


def mutate_json_file(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other values, or other bytes."""
    if random.random() < 0.15:
        return mutate_bytes(content, random, bait)
    text, what = mutate_json(content.decode(), random)
    return Mutant(text.encode("utf-8", "surrogatepass"), what)


def mutate_onnx(content: bytes, random: Random, bait: Bait) -> Mutant:
    """Other operations, tensors, shapes and attributes, or data in other files."""
    import onnx

    if random.random() < 0.25:
        return mutate_bytes(content, random, bait)
    model = onnx.load_from_string(content)
    done = []
    for _ in range(random.choice([1, 1, 2, 3])):
        graph = model.graph
        tensor, node = random.choice(list(graph.initializer)), random.choice(list(graph.node))
        kind = random.randrange(9)
        if kind == 0:
            tensor.data_location = onnx.TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", bait.name(random)
        elif kind == 1 and tensor.dims:
            tensor.dims[random.randrange(len(tensor.dims))] = random.choice([0, -1, 1, 2**31, 2**62])
        elif kind == 2:
            tensor.data_type = random.randrange(25)
        elif kind == 3:
            node.op_type = random.choice(
                ["Conv", "Gemm", "GRU", "Reshape", "Loop", "If", "Add", "Softmax", "Tile", hostile(random)]
            )
        elif kind == 4 and node.attribute:
            attribute = random.choice(list(node.attribute))
            attribute.i, attribute.f = random.choice([0, -1, 2**31, 2**62]), random.choice([0.0, 1e38, float("nan")])
            attribute.ints.extend([random.choice([0, -1, 2**40])] * random.choice([0, 1, 100]))
        elif kind == 5:
            names = [each.name for each in graph.initializer] + [name for each in graph.node for name in each.output]
            node.input[:] = [random.choice(names) for _ in node.input]
        elif kind == 6:
            dimensions = graph.input[0].type.tensor_type.shape.dim
            if dimensions:
                random.choice(list(dimensions)).dim_value = random.choice([0, -1, 1, 10**5, 2**31, 2**62])
        elif kind == 7:
            tensor.name = node.name = hostile(random)
        else:
            graph.node.extend([node] * random.choice([1, 100]))
        done.append(f"change {kind} of {tensor.name[:20]} and {node.op_type[:20]}")
    return Mutant(model.SerializeToString(), ", ".join(done))


def hostile(random: Random) -> str:
    """A text that protobuf takes."""
    return hostile_text(random)[:100_000].encode("utf-8", "replace").decode()
