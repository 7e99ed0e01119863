-- Where an event was made, in a trace; as W3C Trace Context writes it. Nothing while traces are off.
ALTER TABLE access_control.outbox ADD COLUMN traceparent text;
