"""Models of Bokeh as a text, from the JSON that a browser gets."""

from __future__ import annotations

import gzip
import sys
from base64 import b64decode
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.model import Model

from tests.support.outlines.numbers import number, told

UNTOLD = ("js_event_callbacks", "js_property_callbacks", "major_label_policy", "muted_glyph")
UNTOLD += ("nonselection_glyph", "overlay", "selected", "selection_policy", "subscribed_events")
UNTOLD += ("syncable", "view")
"""What Bokeh adds by itself."""
GZIP = b"\x1f\x8b"
FEW = 4
"""So many numbers of a list are written out."""


def outline(model: Model) -> str:
    """A model and all that hang on it, one a line with what is not as usual."""
    document = Document()
    document.add_root(model)
    found = "\n".join(outline_of_models({"": document.to_json(deferred=False)})) + "\n"
    document.remove_root(model)
    return found


def outline_of_models(documents: dict[str, Any]) -> list[str]:
    """The models of documents in JSON, numbered as they come."""
    found = _Told()
    for each in documents.values():
        for root in each["roots"]:
            found.value(root)
    return [found.lines[k] for k in sorted(found.lines)]


class _Told:
    """Lines by the numbers of the models that they tell of."""

    def __init__(self) -> None:
        self.lines: dict[int, str] = {}
        self._names: dict[str, str] = {}

    def value(self, value: Any) -> str:
        """A value of JSON in a few words."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return self._list(value)
        return number(value) if isinstance(value, float) else repr(value)

    def _list(self, values: list[Any]) -> str:
        if len(values) > FEW and all(isinstance(each, (int, float)) for each in values):
            return f"[{told(values)}]"
        return f"[{', '.join(self.value(each) for each in values)}]"

    def _object(self, value: dict[str, Any]) -> str:
        kind = value.get("type")
        if "id" in value:
            return self._model(value)
        if kind == "ndarray":
            return f"[{told(_array(value))}]"
        if kind in ("number", "value"):
            return self.value(value["value"])
        if kind == "field":
            return f"@{value['field']}"
        if kind == "map":
            pairs = [f"{key}: {self.value(own)}" for key, own in value.get("entries", ())]
            return f"{{{', '.join(sorted(pairs))}}}"  # Bokeh has some in the order of a set
        if kind == "object":
            return f"{value['name']}{self._attributes(value)}"
        return "{" + ", ".join(f"{k}: {self.value(v)}" for k, v in value.items()) + "}"

    def _model(self, value: dict[str, Any]) -> str:
        if value["id"] not in self._names:
            if not value.get("attributes") and not value["name"].endswith("Range1d"):
                self._names[value["id"]] = value["name"]
            else:
                number = len(self.lines) + 1
                self._names[value["id"]], self.lines[number] = f"#{number}", ""
                self.lines[number] = f"{number} {value['name']}{self._attributes(value)}"
        return self._names[value["id"]]

    def _attributes(self, value: dict[str, Any]) -> str:
        parts = value.get("attributes", {})
        return "".join(f" {k}={self.value(parts[k])}" for k in parts if k not in UNTOLD)


def _array(value: dict[str, Any]) -> Any:
    if value["dtype"] == "object":
        return np.array(value["array"], dtype=float)
    data = value["array"]["data"]
    raw = data if isinstance(data, bytes) else b64decode(data)
    raw = gzip.decompress(raw) if raw.startswith(GZIP) else raw
    order = {"little": "<", "big": ">"}[value.get("order", sys.byteorder)]
    kinds = {"float32": "f4", "float64": "f8", "int8": "i1", "int16": "i2", "int32": "i4"}
    kinds |= {"uint8": "u1", "uint16": "u2", "uint32": "u4", "bool": "u1"}
    return np.frombuffer(raw, np.dtype(order + kinds[value["dtype"]])).reshape(value["shape"])
