/** The embedded store's tables. A change here needs a new `SCHEMA_VERSION` and a step that brings old files forward. */

/** `Hall` in ASCII: SQLite keeps it in the file's header, so that a foreign file is told apart before it is opened. */
export const APPLICATION_ID = 0x48_61_6c_6c;
export const SCHEMA_VERSION = 1;

/**
 * Times are milliseconds since the Unix epoch. Positions of the ledger start at 0, places of stops at 1.
 * The triggers hold against any program that opens the file, not only against this one.
 */
export const SCHEMA = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE claims (
    namespace TEXT NOT NULL, id TEXT NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX claims_by_expiry ON claims (expires);

  CREATE TABLE counts (
    key TEXT NOT NULL, window INTEGER NOT NULL, start INTEGER NOT NULL, count INTEGER NOT NULL, expires INTEGER NOT NULL,
    PRIMARY KEY (key, window, start)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counts_by_expiry ON counts (expires);

  CREATE TABLE records (
    kind TEXT NOT NULL, id TEXT NOT NULL, "group" TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, expires INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX records_by_id ON records (kind, id);
  CREATE INDEX records_by_group ON records (kind, "group", id);
  CREATE INDEX records_by_expiry ON records (kind, expires);

  CREATE TABLE ledger (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL, leaf_hash BLOB NOT NULL) STRICT;
  CREATE TRIGGER ledger_has_no_gap BEFORE INSERT ON ledger
    WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM ledger)
    BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
  CREATE TRIGGER ledger_is_never_updated BEFORE UPDATE ON ledger BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;
  CREATE TRIGGER ledger_is_never_deleted BEFORE DELETE ON ledger BEGIN SELECT raise(ABORT, 'the ledger is append-only'); END;

  CREATE TABLE stops (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    lifts TEXT UNIQUE, -- the stop that this record lifts: each is lifted once
    body TEXT NOT NULL
  ) STRICT;
  CREATE TRIGGER stops_only_follow BEFORE INSERT ON stops
    WHEN NEW.place <= (SELECT coalesce(max(place), 0) FROM stops) OR EXISTS (SELECT 1 FROM stops WHERE id = NEW.id OR lifts = NEW.lifts)
    BEGIN SELECT raise(ABORT, 'stops are append-only'); END;
  CREATE TRIGGER stops_are_never_updated BEFORE UPDATE ON stops BEGIN SELECT raise(ABORT, 'stops are append-only'); END;
  CREATE TRIGGER stops_are_never_deleted BEFORE DELETE ON stops BEGIN SELECT raise(ABORT, 'stops are append-only'); END;

  -- What is left of all stops on one dimension: the last place, and how many are engaged now.
  CREATE TABLE stop_marks (dimension TEXT PRIMARY KEY, place INTEGER NOT NULL, engaged INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;
