"""Reading a zipped Core ML package: the specification, and constants from it and from its weight file.

    model.fp16.mlpackage/Manifest.json                          which item is the model
    model.fp16.mlpackage/Data/com.apple.CoreML/model.mlmodel    protobuf: description, metadata, ML program
    model.fp16.mlpackage/Data/com.apple.CoreML/weights/...      blobs that the program points into

Only coremltools' generated protobuf classes are used, nothing of the converter that wrote the file.
"""

import importlib
import importlib.machinery
import importlib.util
import io
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from google.protobuf.message import DecodeError
from torch import Tensor

from runtime.errors import EngineError

Constant = Tensor | str | bool | int | tuple[int, ...] | tuple[bool, ...]
"""A value of the program that no photo changes. Floats and 8-bit integers are tensors, float32 in memory."""

_PROTO = "_skintag_coreml_proto"
"""The name under which coremltools' message classes are loaded, beside the package itself."""

_MODEL_PATH = "@model_path/"
"""What stands for the specification's folder where a program names its weight file."""

_DTYPES = {
    "FLOAT16": "fp16",
    "FLOAT32": "fp32",
    "INT8": "int8",
    "UINT8": "uint8",
    "INT32": "int32",
    "BOOL": "bool",
    "STRING": "string",
}
"""The program's types that are known here, by the names that `cast` uses for them."""

_NUMPY = {"fp16": "<f2", "fp32": "<f4", "int8": "i1", "uint8": "u1"}

# The weight file, as coremltools' MILBlob/Blob/StorageFormat.hpp lays it out: a header of 64 bytes, then for every blob
# 64 bytes of metadata (sentinel, type, bytes, offset of the data) to which the program's offsets point.
_BLOB_METADATA = np.dtype([("sentinel", "<u4"), ("dtype", "<u4"), ("bytes", "<u8"), ("offset", "<u8")])
_BLOB_SENTINEL = 0xDEADBEEF
_BLOB_DTYPES = {"fp16": 1, "fp32": 2, "uint8": 3, "int8": 4}

_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError),  # the archive
    *(KeyError, StopIteration, ValueError, TypeError, AttributeError, DecodeError),  # what is in it
)
"""What Python's zip reader, the manifest and protobuf raise for bytes that are no package."""


@dataclass(frozen=True, kw_only=True)
class TensorType:
    """What the program declares of a value."""

    dtype: str
    """fp16, fp32, int8, uint8, int32, bool or string"""
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Package:
    """The content of a package."""

    specification: Any
    """protobuf message CoreML.Specification.Model"""
    files: Mapping[str, bytes]
    """what lies beside the specification, by path from its folder"""

    @property
    def metadata(self) -> dict[str, str]:
        """The key-value pairs its writer put inside."""
        return dict(self.specification.description.metadata.userDefined)

    def blob(self, file_name: str) -> bytes:
        """The weight file that a program names. Raises EngineError where the package has none of that name."""
        name = file_name.removeprefix(_MODEL_PATH)
        if name not in self.files:
            raise EngineError(f"Core ML package: the weight file {file_name} is missing; export it again")
        return self.files[name]


def read_package(data: bytes) -> Package:
    """data: the bytes of the zip. Raises EngineError when it is damaged or no package of this kind."""
    try:
        files = _unzipped(data)
        root = next(name for name in files if name.count("/") == 1 and name.endswith("/Manifest.json"))
        manifest = json.loads(files[root])
        path = manifest["itemInfoEntries"][manifest["rootModelIdentifier"]]["path"]
        location = f"{root.removesuffix('Manifest.json')}Data/{path}"
        specification = proto("Model").Model.FromString(files[location])
    except _DAMAGES as error:
        raise damaged(error) from error
    if specification.WhichOneof("Type") != "mlProgram":
        raise EngineError("Core ML package: it holds no ML program; export it again")
    folder = location.rpartition("/")[0] + "/"
    beside = {name.removeprefix(folder): content for name, content in files.items() if name.startswith(folder)}
    return Package(specification=specification, files=beside)


def damaged(error: Exception) -> EngineError:
    """The error for a package that cannot be read, with what the reader stumbled over."""
    reason = str(error) or type(error).__name__
    return EngineError(f"Core ML package: damaged or no zipped .mlpackage ({reason}); export it again")


def proto(name: str) -> Any:
    """The module of generated message classes for "Model" or "MIL".

    `import coremltools` itself loads the whole converter with every framework it could read: seconds of work and a page
    of warnings. The generated classes need protobuf alone, so they are loaded from where coremltools is installed.
    """
    if _PROTO not in sys.modules:
        package = importlib.util.find_spec("coremltools")
        if package is None or not package.submodule_search_locations:
            raise EngineError("Core ML needs coremltools: pip install 'skintag-edge[export]'")
        folder = f"{package.submodule_search_locations[0]}/proto"
        spec = importlib.machinery.ModuleSpec(_PROTO, None, is_package=True)
        spec.submodule_search_locations = [folder]
        sys.modules[_PROTO] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_PROTO}.{name}_pb2")


def tensor_type(value_type: Any) -> TensorType:
    """The declared type of a value (protobuf ValueType). Raises EngineError where it is none that is known here."""
    if value_type.WhichOneof("type") != "tensorType":
        raise EngineError(f"Core ML program: a value of kind {value_type.WhichOneof('type')} is not known here")
    tensor = value_type.tensorType
    name = proto("MIL").DataType.Name(tensor.dataType)
    if name not in _DTYPES:
        raise EngineError(f"Core ML program: the data type {name} is not known here")
    if any(dimension.WhichOneof("dimension") != "constant" for dimension in tensor.dimensions):
        raise EngineError("Core ML program: a tensor without a static shape is not known here")
    return TensorType(dtype=_DTYPES[name], shape=tuple(dimension.constant.size for dimension in tensor.dimensions))


def constant(value: Any, package: Package) -> Constant:
    """A constant (protobuf Value), from the specification or the weight file. Raises EngineError when it is damaged."""
    kind = tensor_type(value.type)
    if value.WhichOneof("value") == "blobFileValue":
        return _tensor(_blob(value.blobFileValue, kind, package), kind)
    tensor = value.immediateValue.tensor
    content = tensor.WhichOneof("value")
    if content == "bytes":
        return _tensor(tensor.bytes.values, kind)
    if content == "floats":
        return _shaped(torch.tensor(list(tensor.floats.values), dtype=torch.float32), kind)
    if content in ("ints", "bools", "strings"):
        return _plain(list(getattr(tensor, content).values), kind)
    raise EngineError(f"Core ML program: a constant held as {content} is not known here")


def _unzipped(data: bytes) -> dict[str, bytes]:
    """Every file of the archive; the zip's own checksums are compared on the way."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def _blob(reference: Any, kind: TensorType, package: Package) -> bytes:
    content, offset = package.blob(reference.fileName), int(reference.offset)
    if offset + _BLOB_METADATA.itemsize > len(content):
        raise EngineError(f"Core ML package: weight file too short for offset {offset}; export it again")
    metadata = np.frombuffer(content, _BLOB_METADATA, count=1, offset=offset)[0]
    if metadata["sentinel"] != _BLOB_SENTINEL or metadata["dtype"] != _BLOB_DTYPES.get(kind.dtype):
        raise EngineError(f"Core ML package: no {kind.dtype} weights at offset {offset}; export it again")
    start, length = int(metadata["offset"]), int(metadata["bytes"])
    return content[start : start + length]


def _tensor(content: bytes, kind: TensorType) -> Tensor:
    if kind.dtype not in _NUMPY:
        raise EngineError(f"Core ML program: {kind.dtype} constants held as bytes are not known here")
    try:
        array = np.frombuffer(content, _NUMPY[kind.dtype])
    except ValueError as error:
        raise damaged(error) from error
    return _shaped(torch.from_numpy(array.astype(np.float32)), kind)


def _shaped(flat: Tensor, kind: TensorType) -> Tensor:
    if flat.numel() != int(np.prod(kind.shape)):
        raise EngineError(f"Core ML package: {flat.numel()} weights where {kind.shape} are declared; export it again")
    return flat.reshape(kind.shape)


def _plain(values: list[Any], kind: TensorType) -> Constant:
    """A scalar as it is, a list as a tuple."""
    if len(kind.shape) > 1 or len(values) != int(np.prod(kind.shape)):
        raise EngineError(f"Core ML program: {len(values)} {kind.dtype} values where {kind.shape} are declared")
    return tuple(values) if kind.shape else values[0]
