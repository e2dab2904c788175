/**
 * The file of one account's index. It is never migrated: a file of another format is thrown away and made anew.
 *
 * - `words` and `rest`: the trigrams of columns.ts, without the texts themselves.
 * - `document`: which message a document is and where it lies. Numbers are never used again: what is removed stays in the tables of
 *   trigrams, out of reach, until `tidy` takes it out.
 * - `state`: one row. `round` counts the times it was filled, `removed_at` is the instant since which something is in `removed`,
 *   `purging` whether it is being taken out.
 */
import { wordColumns } from './columns.ts'

/** To be raised with every change of this file, of columns.ts, and of how texts are folded. */
export const format = 1
export const applicationId = 0x43567478

const trigram = `tokenize = 'trigram case_sensitive 1'`
const contentless = `content = '', contentless_delete = 1`

/** Pages that are free can be given back to the disk. To be said before the first table is made. */
export const beforeTables = 'PRAGMA auto_vacuum = INCREMENTAL'

/** What a batch may gather in memory before it is written as one segment. */
const gatheredBytes = 4 * 1024 * 1024

export const tables = `
CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1), incarnation TEXT NOT NULL, modseq INTEGER NOT NULL, filling INTEGER NOT NULL,
  round INTEGER NOT NULL, next_no INTEGER NOT NULL, asked_at INTEGER NOT NULL, removed_at INTEGER, purging INTEGER NOT NULL
) STRICT;
CREATE TABLE mailbox (no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE document (
  no INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE, mailbox INTEGER NOT NULL, uid INTEGER NOT NULL, whole INTEGER NOT NULL,
  round INTEGER NOT NULL
) STRICT;
CREATE TABLE removed (no INTEGER PRIMARY KEY) STRICT;
CREATE VIRTUAL TABLE words USING fts5(${wordColumns.join(', ')}, ${contentless}, detail = full, ${trigram});
CREATE VIRTUAL TABLE rest USING fts5(line, ${contentless}, detail = none, ${trigram});
CREATE VIRTUAL TABLE words_terms USING fts5vocab(words, row);
CREATE VIRTUAL TABLE rest_terms USING fts5vocab(rest, row);
INSERT INTO words(words, rank) VALUES ('hashsize', ${gatheredBytes});
INSERT INTO rest(rest, rank) VALUES ('hashsize', ${gatheredBytes});
PRAGMA application_id = ${applicationId};
PRAGMA user_version = ${format};
`

export interface StateRow {
  incarnation: string
  modseq: number
  filling: number
  round: number
  next_no: number
  asked_at: number
  removed_at: number | null
  purging: number
}
