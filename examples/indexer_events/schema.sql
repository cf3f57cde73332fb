-- What the indexer writes into. The column that is the cursor is filled by the table itself, in the INSERT: that is what
-- makes it impossible to miss a row (docs/events.md).
CREATE TABLE trades (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,                       -- the indexer's own: it may write the same event twice
    payload  jsonb NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now()
);

-- One NOTIFY per statement wakes the daemon up; without it new rows are found at the next look, a second later at most.
-- The rows themselves do not travel in it (8,000 bytes are all that a NOTIFY can carry).
CREATE FUNCTION tell_new_trade() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NOTIFY new_trade;
    RETURN NULL;
END
$$;

CREATE TRIGGER new_trade AFTER INSERT ON trades FOR EACH STATEMENT EXECUTE FUNCTION tell_new_trade();

-- All that the daemon's user needs:
--     GRANT SELECT ON trades TO orrery;
