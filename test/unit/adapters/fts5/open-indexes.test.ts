/** What becomes of an index whose process or machine died, whose file is damaged, or of which there are too many. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { OpenIndexes } from '../../../../src/adapters/fts5/open-indexes.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { letter } from '../../../contract/full-text.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'congvu-indexes-'))
  folders.push(made)
  return made
}

const nowMs = Date.UTC(2026, 10, 2)
const dayMs = 86_400_000

function opened(directory: string, { boot = 'lan-1', maxOpen = 4 } = {}): OpenIndexes {
  return new OpenIndexes({ directory, boot, maxOpen, cacheBytes: 1024 * 1024 })
}

function fill(indexes: OpenIndexes, account: string, count = 20): string {
  const incarnation = indexes.make(account, nowMs, (index) => {
    index.begin()
    return index.state.incarnation
  })
  indexes.write(account, incarnation, (index) => index.add(Array.from({ length: count }, (_, i) => letter(i + 1, `thu so ${i + 1} cua ${account} ${'chu '.repeat(300)}`))))
  indexes.write(account, incarnation, (index) => index.reach(5, nowMs))
  return incarnation
}

function found(indexes: OpenIndexes, account: string, needle: string, uids = Uint32Array.of(1, 2, 3)): number[] {
  const { incarnation } = indexes.peek(account, (index) => index.state)!
  const [answer] = indexes.read(account, incarnation, (index) => index.find({ mailbox: 'b1', uids, questions: [{ area: 'body', needle }] }))
  return [...answer!]
}

const file = (directory: string, account: string): string => join(directory, `${account}.fts5`)

test('closed in order it leaves one file, and any later start of the machine trusts it', () => {
  const directory = folder()
  {
    using indexes = opened(directory)
    fill(indexes, 'a1')
    assert.ok(existsSync(`${file(directory, 'a1')}.mark`))
  }
  assert.deepEqual(readdirSync(directory), ['a1.fts5'])
  using later = opened(directory, { boot: 'lan-2' })
  assert.deepEqual(found(later, 'a1', 'so 2 cua'), [0, 1, 0])
  assert.ok(!existsSync(`${file(directory, 'a1')}.mark`), 'reading alone leaves no mark')
})

test('the process dies: what was written is there, whole', () => {
  const directory = folder()
  using dying = opened(directory)
  const incarnation = fill(dying, 'a1')
  const dead = folder()
  cpSync(directory, dead, { recursive: true })
  // In the midst of a change that never ends.
  dying.write('a1', incarnation, (index) => index.add([letter(30, 'thu so 30 cua a1')]))
  const later = folder()
  cpSync(directory, later, { recursive: true })
  const log = `${file(later, 'a1')}-wal`
  truncateSync(log, statSync(log).size - 100)
  for (const [image, thirtieth] of [[dead, 2], [later, 2]] as const) {
    using indexes = opened(image)
    assert.deepEqual(found(indexes, 'a1', 'so 2 cua'), [0, 1, 0])
    assert.deepEqual(found(indexes, 'a1', 'so 30 cua', Uint32Array.of(30)), [thirtieth])
  }
})

test('the machine dies: an index that was written since its last start is not trusted, others are', () => {
  const directory = folder()
  {
    using before = opened(directory)
    fill(before, 'a2')
  }
  using dying = opened(directory)
  fill(dying, 'a1')
  found(dying, 'a2', 'thu')
  const dead = folder()
  cpSync(directory, dead, { recursive: true })
  using indexes = opened(dead, { boot: 'lan-2' })
  assert.equal(indexes.peek('a1', (index) => index.state), null)
  assert.deepEqual(readdirSync(dead).filter((name) => name.startsWith('a1')), [])
  assert.deepEqual(found(indexes, 'a2', 'so 1 cua'), [1, 0, 0])
})

test('a damaged, foreign or older file is thrown away, and a new one made in its place', () => {
  const damages: Readonly<Record<string, (path: string) => void>> = {
    'cut off': (path) => truncateSync(path, 5_000),
    empty: (path) => truncateSync(path, 0),
    'not a database': (path) => writeFileSync(path, 'khong phai'.repeat(5_000)),
    'garbage inside': (path) => writeFileSync(path, Buffer.concat([readFileSync(path).subarray(0, 4_096), Buffer.alloc(statSync(path).size - 4_096, 0xa5)])),
    'another format': (path) => run(path, 'PRAGMA user_version = 999'),
    'another application': (path) => run(path, 'PRAGMA application_id = 7'),
    'a table is missing': (path) => run(path, 'DROP TABLE document'),
    'no state': (path) => run(path, 'DELETE FROM state'),
  }
  for (const [what, damage] of Object.entries(damages)) {
    const directory = folder()
    {
      using indexes = opened(directory)
      fill(indexes, 'a1')
    }
    damage(file(directory, 'a1'))
    using indexes = opened(directory)
    assert.equal(indexes.peek('a1', (index) => index.state), null, what)
    fill(indexes, 'a1')
    assert.deepEqual(found(indexes, 'a1', 'so 3 cua'), [0, 0, 1], what)
  }
})

test('damage that shows only in use ends with a refusal and without the file', () => {
  const directory = folder()
  {
    using indexes = opened(directory)
    fill(indexes, 'a1', 60)
  }
  run(file(directory, 'a1'), `UPDATE words_data SET block = zeroblob(20) WHERE id > 1000`)
  using indexes = opened(directory)
  assert.throws(() => found(indexes, 'a1', 'so 3 cua'), (error) => isMailError(error, 'conflict'))
  assert.equal(indexes.peek('a1', (index) => index.state), null)
})

test('no more files are open than allowed; the longest unused is closed, in order', () => {
  const directory = folder()
  using indexes = opened(directory, { maxOpen: 2 })
  const accounts = ['a1', 'a2', 'a3', 'a4']
  for (const account of accounts) fill(indexes, account, 3)
  const open = (): string[] => readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [openPath(fd)]
    } catch {
      return [] // Closed since it was listed.
    }
  }).filter((path) => path.startsWith(directory) && path.endsWith('.fts5'))
  assert.equal(open().length, 2)
  for (const account of [...accounts, ...accounts]) assert.deepEqual(found(indexes, account, 'so 2 cua'), [0, 1, 0])
  assert.equal(open().length, 2)
  assert.ok(!existsSync(`${file(directory, 'a1')}.mark`))
})

test('another process in the folder is refused, not harmed', () => {
  const directory = folder()
  using indexes = opened(directory)
  fill(indexes, 'a1')
  using other = opened(directory)
  assert.throws(() => other.peek('a1', (index) => index.state), (error) => isMailError(error, 'unavailable'))
  assert.deepEqual(found(indexes, 'a1', 'so 2 cua'), [0, 1, 0])
})

test('the folder is gone: refused while it is written, made again with the next index', () => {
  const directory = folder()
  using indexes = opened(directory)
  rmSync(directory, { recursive: true })
  assert.equal(indexes.peek('a1', (index) => index.state), null)
  fill(indexes, 'a1')
  assert.deepEqual(found(indexes, 'a1', 'so 2 cua'), [0, 1, 0])
})

test('a bug in what is added throws nothing away', () => {
  const directory = folder()
  using indexes = opened(directory)
  const incarnation = fill(indexes, 'a1')
  const broken = { ...letter(50, 'x'), text: Uint8Array.of(1, 2, 0, 0, 0, 0, 9, 9, 9) }
  assert.throws(() => indexes.write('a1', incarnation, (index) => index.add([letter(49, 'thu 49'), broken])), (error) => !isMailError(error))
  assert.deepEqual(found(indexes, 'a1', 'thu', Uint32Array.of(1, 49)), [1, 2], 'all or nothing')
})

function tidied(indexes: OpenIndexes, incarnation: string, atMs: number): number {
  for (let pieces = 1; ; pieces++) if (indexes.write('a1', incarnation, (index) => index.tidy(atMs)) === 'done') return pieces
}

test('what was removed leaves the file: soon when it is much, in time when it is little', () => {
  for (const [count, atMs] of [[300, nowMs], [5, nowMs + 31 * dayMs]] as const) {
    const directory = folder()
    let incarnation = ''
    {
      using indexes = opened(directory)
      incarnation = fill(indexes, 'a1', 400)
      indexes.write('a1', incarnation, (index) => index.add([letter(900, 'qzxwvk bi mat')]))
      const removed = ['m900', ...Array.from({ length: count }, (_, i) => `m${i + 10}`)]
      indexes.write('a1', incarnation, (index) => index.remove(removed, nowMs))
      assert.deepEqual(found(indexes, 'a1', 'qzxwvk', Uint32Array.of(900)), [2])
    }
    assert.equal(termsOf(file(directory, 'a1'), 'qzx'), 1, 'still in the file')
    const sizeBefore = statSync(file(directory, 'a1')).size
    {
      using indexes = opened(directory)
      if (count === 5) assert.equal(tidied(indexes, incarnation, nowMs + dayMs), 1)
      assert.ok(tidied(indexes, incarnation, atMs) > 1)
      assert.equal(tidied(indexes, incarnation, atMs), 1)
      assert.deepEqual(found(indexes, 'a1', 'so 2 cua'), [0, 1, 0])
    }
    assert.equal(termsOf(file(directory, 'a1'), 'qzx'), 0)
    if (count === 300) assert.ok(statSync(file(directory, 'a1')).size < sizeBefore / 2)
  }
})

test('a mailbox that is emptied and filled again and again does not make the numbers run away', () => {
  const directory = folder()
  using indexes = opened(directory)
  const incarnation = fill(indexes, 'a1', 5)
  emptied(indexes, incarnation)
  assert.deepEqual(found(indexes, 'a1', 'thu vong 3', Uint32Array.of(1, 103)), [2, 1])
})

function emptied(indexes: OpenIndexes, incarnation: string): void {
  for (let round = 1; round <= 3; round++) {
    indexes.write('a1', incarnation, (index) => {
      index.remove(['m1', 'm2', 'm3', 'm4', 'm5', `m${99 + round}`], nowMs)
      index.add([letter(100 + round, `thu vong ${round}`)])
    })
    tidied(indexes, incarnation, nowMs)
  }
}

function run(path: string, sql: string): void {
  using db = new DatabaseSync(path, { defensive: false })
  db.exec(sql)
}

/** Rows of this trigram's look-up, also of documents that are out of reach. */
function termsOf(path: string, trigram: string): number {
  using db = new DatabaseSync(path, { readOnly: true })
  return db.prepare('SELECT rowid FROM words WHERE words MATCH ?').all(`"${trigram}"`).length
}

function openPath(fd: string): string {
  return readlinkSync(`/proc/self/fd/${fd}`)
}
