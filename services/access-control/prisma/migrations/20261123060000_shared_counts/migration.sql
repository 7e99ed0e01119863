-- What gateways count of requests in a minute, added up. A key is a hash of what is limited and for whom, and belongs to
-- no tenant: only the worker role sees any.
CREATE TABLE access_control.shared_counts (
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    minute integer NOT NULL,
    count bigint NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON access_control.shared_counts TO sallyport_access_control_worker;
