"""Runs .onnx files in Python's onnxruntime: argv is a folder with NAME.onnx and NAME.json (inputs, and outputs wanted)."""

import json
import sys
from pathlib import Path

import numpy
import onnxruntime


def array(given):
    return numpy.array(given["data"], dtype=given["dtype"]).reshape(given["shape"])


options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
folder = Path(sys.argv[1])
distances = {}
for file in sorted(folder.glob("*.onnx")):
    case = json.loads(file.with_suffix(".json").read_text())
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    wanted = {name: array(given) for name, given in case["outputs"].items()}
    assert sorted(names) == sorted(wanted), f"{file.name}: outputs {names}, {sorted(wanted)} wanted"
    given = {name: array(value) for name, value in case["inputs"].items()}
    results = dict(zip(names, session.run(names, given)))
    for name, result in results.items():
        assert result.dtype == wanted[name].dtype, f"{file.name}: {name} is {result.dtype}, {wanted[name].dtype} wanted"
        assert result.shape == wanted[name].shape, f"{file.name}: {name} is {result.shape}, {wanted[name].shape} wanted"
    distances[file.stem] = {
        name: float(numpy.max(numpy.abs(result - wanted[name]) / (1 + numpy.abs(wanted[name])), initial=0))
        for name, result in results.items()
    }
print(json.dumps(distances))
