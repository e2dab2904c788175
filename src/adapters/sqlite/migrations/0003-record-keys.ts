/**
 * Schema 3: records are found by key and by time (core/record/record-keys.ts). A key stands in its record, one a line; the
 * index holds 48 bits of its hash, so that a row of it takes some twenty bytes whatever the key's length.
 */
export const number = 3

export const sql = `
ALTER TABLE record ADD COLUMN keys TEXT NOT NULL DEFAULT '';
CREATE TABLE record_key (hash INTEGER NOT NULL, at INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (hash, at, seq)) STRICT, WITHOUT ROWID;
CREATE INDEX record_by_time ON record (kind, at);
`
