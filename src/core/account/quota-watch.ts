/**
 * What the clock does about sizes (Điều 7.3a, 7.3d; R-7.3a, R-7.3d): mailboxes that fill up are told, into the mailbox itself, once
 * per crossing; mailboxes of a class whose size was raised or lowered follow it.
 *
 * What was told stands in kind `quota-told` (id = account id) before the letter goes; a letter that was not sent is still owed
 * there, and goes under the same transaction.
 */
import type { AdministrationContext } from '../administration/context.ts'
import { allEntries, entriesOf, entryKind, findEntries, put, remove } from '../administration/entries.ts'
import { isMailError } from '../errors.ts'
import type { EntryWrite } from '../ports/registry.ts'
import type { NewRecord } from '../record/record.ts'
import { recordKey } from '../record/record-keys.ts'
import type { Account } from './account.ts'
import { personKind } from './person.ts'
import { quotaBasis } from './quota.ts'
import { decideQuotaWarning } from './quota-warning.ts'

export interface QuotaTold {
  /** In per cent. */
  readonly told: readonly number[]
  /** The letter that is still to be sent; its crossing. */
  readonly owed: { readonly percent: number; readonly atMs: number } | null
  /** How many letters there were so far. */
  readonly letters: number
}

const owedKey = 'owed'
export const quotaToldKind = entryKind<QuotaTold>({ name: 'quota-told', keys: ({ owed }) => (owed === null ? [] : [owedKey]) })

export interface QuotaWatch {
  /** Looks at all mailboxes. Returns how many were warned. */
  warn(signal: AbortSignal): Promise<number>
  /** Mailboxes without a value of their own get that of their class. Returns how many changed. */
  followClasses(signal: AbortSignal): Promise<number>
}

const accountsAtOnce = 1_000
const changesAtOnce = 100

type WatchContext = Pick<AdministrationContext, 'store' | 'clock' | 'notify' | 'settings'>

export function createQuotaWatch(context: WatchContext): QuotaWatch {
  return {
    async warn(signal) {
      const told = new Map<string, { readonly version: number; readonly value: QuotaTold }>()
      for await (const one of allEntries(context.store.registry, quotaToldKind)) told.set(one.id, one)
      const least = Math.min(...context.settings.regulation.quota.warnPercent)
      for await (const page of accountPages(context, signal)) {
        const entries: EntryWrite[] = []
        for (const account of page) {
          const kept = told.get(account.id)
          if (kept === undefined && account.usedBytes * 100 < account.quotaBytes * least) continue
          const write = lookAt(context, account, kept)
          if (write !== null) entries.push(write)
        }
        for (let at = 0; at < entries.length; at += changesAtOnce) await commitLoose(context, { entries: entries.slice(at, at + changesAtOnce) })
      }
      return sendOwed(context, signal)
    },

    async followClasses(signal) {
      const { quotaClasses } = context.settings.regulation
      let changed = 0
      for await (const page of accountPages(context, signal)) {
        const persons = await entriesOf(context.store.registry, personKind, page.map(({ id }) => id))
        const accounts = new Map(page.map((account) => [account.id, account]))
        const due = persons.flatMap(({ id, value }) => {
          const account = accounts.get(id)!
          const bytes = value.quotaBytes === null ? quotaClasses[value.quotaClass]?.quotaBytes : undefined
          return bytes === undefined || bytes === account.quotaBytes ? [] : [{ account, bytes, class: value.quotaClass }]
        })
        for (let at = 0; at < due.length; at += changesAtOnce) {
          const some = due.slice(at, at + changesAtOnce)
          const records = some.map(({ account, bytes, class: of }) => followRecord(account, { bytes, class: of }, context.clock.nowMs()))
          const accountChanges = some.map(({ account, bytes }) => ({ account: account.id, change: { quotaBytes: bytes } }))
          changed += (await commitLoose(context, { accountChanges, records })) ? some.length : 0
        }
      }
      return changed
    },
  }
}

async function* accountPages({ store }: WatchContext, signal: AbortSignal): AsyncGenerator<readonly Account[]> {
  for (let after: string | undefined; ; ) {
    signal.throwIfAborted()
    const page = await store.accounts.list({ limit: accountsAtOnce, ...(after === undefined ? {} : { after }) })
    yield page.filter(({ state }) => state !== 'revoked' && state !== 'purged')
    if (page.length < accountsAtOnce) return
    after = page.at(-1)!.address
  }
}

/** False when somebody was faster: the next look finds it. */
async function commitLoose({ store }: WatchContext, commit: Parameters<WatchContext['store']['registry']['commit']>[0]): Promise<boolean> {
  try {
    await store.registry.commit(commit)
    return true
  } catch (error) {
    if (isMailError(error, 'conflict', 'account-unknown')) return false
    throw error
  }
}

function lookAt(context: WatchContext, account: Account, kept: { readonly version: number; readonly value: QuotaTold } | undefined): EntryWrite | null {
  const before = kept?.value ?? { told: [], owed: null, letters: 0 }
  const { kind, percent, told } = decideQuotaWarning({ ...account, told: before.told }, context.settings.regulation)
  const same = told.length === before.told.length && told.every((one, at) => one === before.told[at])
  if (kind === 'quiet' && same) return null
  if (kind === 'quiet' && told.length === 0 && kept !== undefined && before.owed === null && before.letters === 0) return remove(quotaToldKind, { id: account.id, version: kept.version })
  const warned = kind === 'warn' && percent !== null
  const after: QuotaTold = warned ? { told, owed: { percent, atMs: context.clock.nowMs() }, letters: before.letters + 1 } : { ...before, told }
  return put(quotaToldKind, account.id, after, kept?.version ?? 0)
}

async function sendOwed(context: WatchContext, signal: AbortSignal): Promise<number> {
  let sent = 0
  for (let after: { readonly key: string; readonly id: string } | undefined; ; ) {
    const page = await findEntries(context.store.registry, quotaToldKind, { from: owedKey, to: `${owedKey}\u0000`, limit: changesAtOnce, ...(after === undefined ? {} : { after }) })
    for (const { id, value, version } of page) {
      signal.throwIfAborted()
      const account = await context.store.accounts.get(id)
      if (account !== null && value.owed !== null) await context.notify({ transaction: `quota ${id} ${value.letters} ${value.owed.percent}`, recipient: account.address, ...quotaLetter(account, value.owed.percent, context.settings.webUrl) })
      const records: NewRecord[] = account === null || value.owed === null ? [] : [{ kind: 'system', atMs: value.owed.atMs, actor: 'system', action: 'quota.warned', subject: account.address, clause: 'Điều 7.3d', detail: { percent: value.owed.percent }, keys: [recordKey('address', account.address)] }]
      if (await commitLoose(context, { entries: [put(quotaToldKind, id, { ...value, owed: null }, version)], records })) sent++
    }
    if (page.length < changesAtOnce) return sent
    after = page.at(-1)!
  }
}

const gibibytes = (bytes: number): string => (bytes / 1_073_741_824).toFixed(2)

/** Vietnamese first, English second (§1.7). */
export function quotaLetter({ address, usedBytes, quotaBytes }: Pick<Account, 'address' | 'usedBytes' | 'quotaBytes'>, percent: number, webUrl: string): { readonly subject: string; readonly text: string } {
  const [used, quota] = [gibibytes(usedBytes), gibibytes(quotaBytes)]
  const full = percent >= 100
  return {
    subject: full ? 'Hộp thư đã đầy / Your mailbox is full' : `Hộp thư đã dùng ${percent} % dung lượng / Your mailbox is ${percent} % full`,
    text: [
      `Hộp thư ${address} đã dùng ${used} GB trong ${quota} GB (từ ${percent} % trở lên).`,
      full ? 'Thư mới sẽ không vào được cho đến khi có chỗ trống.' : 'Khi đầy, thư mới sẽ không vào được.',
      `Đề nghị xóa thư không cần thiết (kể cả thùng rác) tại ${webUrl}, hoặc đề nghị cán bộ đầu mối của cơ quan. (Điều 7.3)`,
      '',
      `The mailbox ${address} uses ${used} GB of ${quota} GB (${percent} % or more).`,
      full ? 'No new mail comes in until there is room.' : 'Once it is full no new mail comes in.',
      `Please delete what you do not need (also from the trash) at ${webUrl}, or ask the focal officer of your agency.`,
      '',
    ].join('\n'),
  }
}

function followRecord({ address, quotaBytes }: Account, now: { readonly bytes: number; readonly class: string }, atMs: number): NewRecord {
  const detail = { before: { quotaBytes }, after: { quotaBytes: now.bytes, class: now.class }, via: 'clock' }
  return { kind: 'audit', atMs, actor: 'system', action: 'quota.follow-class', subject: address, clause: quotaBasis.clause, detail }
}
