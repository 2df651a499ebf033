#!/usr/bin/env python3
"""Makes tests/fixtures/report/events: an event file as TensorBoard's own writer writes it, of the same events that
tests/unit/report_tensorboard_test.cpp writes.

    python scripts/make_fixtures_report.py            (needs tensorboard)
"""
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.record_writer import RecordWriter

OUT = Path(__file__).resolve().parent.parent / "tests" / "fixtures" / "report" / "events"


def scalar(tag, value):
    return Summary(value=[Summary.Value(tag=tag, simple_value=value)])


def text(tag, value):
    tensor = TensorProto(dtype=DT_STRING, tensor_shape=TensorShapeProto(), string_val=[value.encode()])
    metadata = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=metadata)])


def main():
    events = [
        Event(wall_time=1700000000.5, file_version="brain.Event:2"),
        Event(wall_time=1700000000.5, step=300, session_log=SessionLog(status=SessionLog.START)),
        Event(wall_time=1700000001.25, step=0, summary=scalar("train/loss", 2.5)),
        Event(wall_time=1700000002, step=1 << 33, summary=scalar("validation/loss", -0.1)),
        Event(wall_time=1700000003, step=10, summary=text("samples/1", "    \u0421\u043b\u043e\u0432\u043e " + "x" * 200)),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    with OUT.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())
    print(f"{OUT}: {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
