-- purpose: the append-only record of which keys of the table changed, ready for any number of links
-- reads:   the catalog entry of the table
-- writes:  creates the changelog
-- locks:   ACCESS SHARE on the table
CREATE TABLE {changelog} AS SELECT {keys_as_staged} FROM {table} t WITH NO DATA;
ALTER TABLE {changelog}
  ADD COLUMN seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
  ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ADD COLUMN version_at timestamptz NOT NULL,
  ADD COLUMN changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ADD COLUMN op "char" NOT NULL,
  ADD COLUMN version_node uuid,
  ADD COLUMN via text,
  ADD COLUMN only_link text,
  ADD PRIMARY KEY (xid, seq);
COMMENT ON TABLE {changelog} IS {comment};
