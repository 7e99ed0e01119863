-- Where an event was made, in a trace; as W3C Trace Context writes it. Nothing while traces are off.
ALTER TABLE execution.outbox ADD COLUMN traceparent text;
