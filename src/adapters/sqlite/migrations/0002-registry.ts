/** Schema 2: the registry of the administration (core/ports/registry.ts): documents, their keys, the bodies that they hold. */
export const number = 2

export const sql = `
CREATE TABLE registry (no INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, value TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX registry_by_id ON registry (kind, id);
CREATE TABLE registry_key (kind TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, key, id)) STRICT, WITHOUT ROWID;
CREATE INDEX registry_key_by_id ON registry_key (kind, id);
CREATE TABLE registry_body (body TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (body, kind, id)) STRICT, WITHOUT ROWID;
CREATE INDEX registry_body_by_id ON registry_body (kind, id);
`
