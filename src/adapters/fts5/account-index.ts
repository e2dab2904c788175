/**
 * One account's index, open. Every change is one transaction. Errors of SQLite come out as they are: open-indexes.ts says
 * what they mean.
 */
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { storedText } from '../../core/mailbox/searched-text.ts'
import type { IndexState, MessagePlace, MessageText, TextQuery, TextQuestion, Verdicts } from '../../core/ports/full-text.ts'
import { verdicts } from '../../core/ports/full-text.ts'
import { indexedText, wordColumns } from './columns.ts'
import { matchOf } from './match.ts'
import type { Match } from './match.ts'
import { Places } from './places.ts'
import { applicationId, beforeTables, format, tables } from './schema.ts'
import type { StateRow } from './schema.ts'

export interface IndexFile {
  readonly file: string
  readonly cacheBytes: number
}

const dayMs = 86_400_000
/**
 * Taking removed texts out rewrites the whole index: it is done once they are such a share of it, and in any case when the
 * first of them has been there so long.
 */
const purgeShare = 1 / 20
const purgeAfterMs = 30 * dayMs
/** Documents whose trigrams one piece of upkeep takes out: some hundredths of a second. */
const tidyDocuments = 100
/** Pages of segments that one piece of upkeep merges. */
const tidyPages = 500
/** Numbers that are out of use cost memory: with so many more than documents the index is made anew. */
const maxIdleNumbers = 1_000_000

const insertWords = `INSERT INTO words(rowid, ${wordColumns.join(', ')}) VALUES (?${', ?'.repeat(wordColumns.length)})`
const matching = { words: 'SELECT rowid FROM words WHERE words MATCH ?', rest: 'SELECT rowid FROM rest WHERE rest MATCH ?' } as const
const trigramTables = ['words', 'rest'] as const

/** It is of no use any more: to be thrown away. */
export class UnfitIndex extends Error {}

export class AccountIndex implements Disposable {
  readonly #db: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()
  readonly #places = new Places()
  readonly #mailboxes = new Map<string, number>()
  #state: StateRow

  /** Throws when the file is not one of this format. `make`: makes one where there is none. */
  constructor({ file, cacheBytes }: IndexFile, make: { readonly incarnation: string; readonly nowMs: number } | null) {
    this.#db = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: false })
    try {
      this.#db.exec(make === null ? '' : beforeTables)
      // A cache: nothing here needs to outlive the machine (boot-mark.ts), and no other process looks into it.
      this.#db.exec(`
        PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -${Math.floor(cacheBytes / 1024)}; PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = ${cacheBytes}`)
      if (make !== null && this.#pragma('user_version') === 0) this.#make(make)
      if (this.#pragma('application_id') !== applicationId || this.#pragma('user_version') !== format) throw new UnfitIndex('it is of another format')
      this.#state = this.#readState()
      this.#readPlaces()
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  get state(): IndexState {
    const { incarnation, modseq, filling } = this.#state
    return { incarnation, modseq, filling: filling === 1, messages: this.#places.count }
  }

  get askedMs(): number {
    return this.#state.asked_at
  }

  begin(): void {
    this.#change(() => this.#run('UPDATE state SET filling = 1, round = round + 1'))
  }

  add(messages: readonly MessageText[]): void {
    this.#change(() => {
      for (const message of messages) {
        const no = this.#documentOf(message.id)
        if (no !== null) this.#move(no, message)
        else this.#insert(message)
      }
    })
  }

  /** Ids that are missing. */
  place(places: readonly MessagePlace[]): readonly string[] {
    return this.#change(() => {
      const missing: string[] = []
      for (const place of places) {
        const no = this.#documentOf(place.id)
        if (no === null) missing.push(place.id)
        else this.#move(no, place)
      }
      return missing
    })
  }

  remove(messages: readonly string[], nowMs: number): void {
    this.#change(() => {
      for (const id of messages) {
        const no = this.#documentOf(id)
        if (no !== null) this.#remove(no, nowMs)
      }
    })
  }

  reach(modseq: number, nowMs: number): void {
    this.#change(() => {
      if (this.#state.filling === 1) {
        for (const [no] of this.#rows<[number]>('SELECT no FROM document WHERE round < ?', this.#state.round)) this.#remove(no, nowMs)
      }
      this.#run('UPDATE state SET modseq = ?, filling = 0', modseq)
    })
  }

  /** Whether {@link asked} would write. */
  askedToday(nowMs: number): boolean {
    return Math.abs(nowMs - this.#state.asked_at) < dayMs
  }

  asked(nowMs: number): void {
    this.#change(() => this.#run('UPDATE state SET asked_at = ?', nowMs))
  }

  find({ mailbox, uids, questions }: TextQuery): (Verdicts | null)[] {
    const indices = this.#places.indices(this.#mailboxes.get(mailbox) ?? -1, uids)
    return questions.map((question) => this.#answer(question, indices, uids.length))
  }

  tidy(nowMs: number): 'more' | 'done' {
    if (this.#places.end > this.#places.count * 2 + maxIdleNumbers) throw new UnfitIndex('most numbers are out of use')
    if (this.#state.purging === 0 && !this.#isPurgeDue(nowMs)) return 'done'
    const removed = this.#rows<[number]>('SELECT no FROM removed LIMIT ?', tidyDocuments)
    if (removed.length > 0) {
      this.#change(() => {
        for (const [no] of removed) this.#takeOut(no)
        this.#run('UPDATE state SET purging = 1, removed_at = NULL')
      })
      return 'more'
    }
    if (trigramTables.some((table) => this.#merge(table))) return 'more'
    this.#change(() => this.#run('UPDATE state SET purging = 0'))
    this.#db.exec('PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)')
    return 'done'
  }

  [Symbol.dispose](): void {
    this.#statements.clear()
    if (this.#db.isOpen) this.#db.close()
  }

  #isPurgeDue(nowMs: number): boolean {
    const { removed_at: since } = this.#state
    if (since === null) return false
    const [[count]] = this.#rows<[number]>('SELECT count(*) FROM removed') as [[number]]
    return count >= this.#places.count * purgeShare || Math.abs(nowMs - since) >= purgeAfterMs
  }

  #make({ incarnation, nowMs }: { readonly incarnation: string; readonly nowMs: number }): void {
    this.#db.exec(`BEGIN; ${tables}`)
    this.#run('INSERT INTO state VALUES (1, ?, 0, 0, 0, 1, ?, NULL, 0)', incarnation, nowMs)
    this.#db.exec('COMMIT')
  }

  #answer(question: TextQuestion, indices: Int32Array, count: number): Verdicts | null {
    const match = matchOf(question, (table, start, limit) => this.#vocabulary(table, start, limit))
    if (match === null) return null
    const answers = new Uint8Array(count).fill(verdicts.unknown)
    this.#presume(match, indices, answers)
    // What may be there first, so that what is there stands.
    for (const exact of [false, true]) {
      for (const lookup of match.lookups === 'all' ? [] : match.lookups) {
        if (lookup.exact !== exact) continue
        for (const [no] of this.#rows<[number]>(matching[lookup.table], lookup.match)) {
          const index = indices[no] ?? -1
          if (index !== -1) answers[index] = exact ? verdicts.yes : verdicts.unknown
        }
      }
    }
    return answers
  }

  /** What holds of each message of which no look-up says otherwise. */
  #presume({ lookups, whole }: Match, indices: Int32Array, answers: Uint8Array): void {
    for (let no = 0; no < indices.length; no++) {
      const index = indices[no]!
      if (index === -1) continue
      if (lookups === 'all') answers[index] = verdicts.yes
      else if ((this.#places.whole(no) & whole) === whole) answers[index] = verdicts.no
    }
  }

  #vocabulary(table: 'words' | 'rest', start: string, limit: number): string[] {
    const after = behind(start)
    const sql = `SELECT term FROM ${table}_terms WHERE term >= ?${after === null ? '' : ' AND term < ?'} LIMIT ?`
    return this.#rows<[string]>(sql, start, ...(after === null ? [] : [after]), limit).map(([term]) => term)
  }

  #insert({ id, mailbox, uid, text, prefix }: MessageText): void {
    const { words, rest, whole } = indexedText(storedText({ text, prefix }))
    const no = this.#state.next_no++
    const box = this.#mailboxNo(mailbox)
    this.#run('INSERT INTO document VALUES (?, ?, ?, ?, ?, ?)', no, id, box, uid, whole, this.#state.round)
    this.#run(insertWords, no, ...words)
    this.#run('INSERT INTO rest(rowid, line) VALUES (?, ?)', no, rest)
    this.#places.set(no, box, uid, whole)
  }

  #move(no: number, { mailbox, uid }: MessagePlace): void {
    const box = this.#mailboxNo(mailbox)
    this.#run('UPDATE document SET mailbox = ?, uid = ?, round = ? WHERE no = ?', box, uid, this.#state.round, no)
    this.#places.move(no, box, uid)
  }

  #remove(no: number, nowMs: number): void {
    this.#run('DELETE FROM document WHERE no = ?', no)
    this.#run('UPDATE state SET removed_at = ? WHERE removed_at IS NULL', nowMs)
    this.#run('INSERT INTO removed VALUES (?)', no)
    this.#places.remove(no)
  }

  #takeOut(no: number): void {
    for (const table of trigramTables) this.#run(`DELETE FROM ${table} WHERE rowid = ?`, no)
    this.#run('DELETE FROM removed WHERE no = ?', no)
  }

  /** Whether it merged something. What is deleted leaves a table of FTS5 when all its segments have become one. */
  #merge(table: 'words' | 'rest'): boolean {
    const before = this.#totalChanges()
    this.#run(`INSERT INTO ${table}(${table}, rank) VALUES ('merge', ?)`, -tidyPages)
    return this.#totalChanges() - before >= 2
  }

  #totalChanges(): number {
    return this.#rows<[number]>('SELECT total_changes()')[0]![0]
  }

  #documentOf(id: string): number | null {
    return this.#rows<[number]>('SELECT no FROM document WHERE message = ?', id)[0]?.[0] ?? null
  }

  #mailboxNo(id: string): number {
    const known = this.#mailboxes.get(id)
    if (known !== undefined) return known
    this.#run('INSERT INTO mailbox(id) VALUES (?)', id)
    const no = this.#rows<[number]>('SELECT no FROM mailbox WHERE id = ?', id)[0]![0]
    this.#mailboxes.set(id, no)
    return no
  }

  #readState(): StateRow {
    const row = this.#statement('SELECT * FROM state').get() as StateRow | undefined
    if (row === undefined) throw new UnfitIndex('it is of another format')
    // Not of the class that node:sqlite makes rows of.
    return { ...row }
  }

  #readPlaces(): void {
    for (const [no, id] of this.#rows<[number, string]>('SELECT no, id FROM mailbox')) this.#mailboxes.set(id, no)
    for (const row of this.#rows<[number, number, number, number]>('SELECT no, mailbox, uid, whole FROM document')) this.#places.set(...row)
  }

  /** One transaction; in memory the index is only good when it succeeds, so whoever catches an error must close it. */
  #change<T>(change: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    const result = change()
    this.#run('UPDATE state SET next_no = ?', this.#state.next_no)
    this.#db.exec('COMMIT')
    this.#state = this.#readState()
    return result
  }

  #pragma(name: string): number {
    return Number(this.#db.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0)
  }

  #rows<R extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): R[] {
    return this.#statement(sql).all(...values) as unknown as R[]
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#db.prepare(sql)
      if (!sql.startsWith('SELECT *')) statement.setReturnArrays(true)
      // FTS5 leaves a number for the last inserted row that is beyond what a JS number holds; nobody reads it.
      if (!sql.startsWith('SELECT')) statement.setReadBigInts(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/** The least text that is behind all texts that begin with this one; null when there is none. */
function behind(start: string): string | null {
  const chars = Array.from(start)
  const last = chars.pop()!.codePointAt(0)!
  if (last === 0x10ffff) return null
  return chars.join('') + String.fromCodePoint(last === 0xd7ff ? 0xe000 : last + 1)
}
