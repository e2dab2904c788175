/** Starts the process that dies (store-crash-child.ts) and hears what it tells. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { CrashChild } from './store-crash-child.ts'
import type { LoadAccount, LoadLine } from './store-load.ts'
import { openEmbedded } from '../contract/stores.ts'
import type { OpenStore } from './store-place.ts'

export const systemClock = { nowMs: () => Date.now() }

/** Accounts for a load, in a folder that is closed again. */
export async function makeLoadAccounts(directory: string, count: number, quotaBytes = 1_000_000_000): Promise<LoadAccount[]> {
  await using open = await openEmbedded(directory, systemClock)
  return await loadAccountsOf(open, count, quotaBytes)
}

export async function loadAccountsOf({ store }: OpenStore, count: number, quotaBytes: number): Promise<LoadAccount[]> {
  const agency = await store.agencies.create({ label: 'xa', name: 'Xã', domains: ['xa.example'], createdAtMs: 0 })
  const made: LoadAccount[] = []
  for (let i = 0; i < count; i++) {
    const { id: account } = await store.accounts.create({
      agency: agency.id,
      address: `canbo${i}@xa.example`,
      name: `Cán bộ ${i}`,
      kind: 'person',
      role: 'individual',
      state: 'active',
      quotaBytes,
      passwordHash: null,
      createdAtMs: 0,
      mailboxes: [
        { name: 'INBOX', role: 'inbox', subscribed: true },
        { name: 'Trash', role: 'trash', subscribed: true },
      ],
    })
    const inbox = (await store.mailboxes.byName(account, 'INBOX'))!.id
    const trash = (await store.mailboxes.byName(account, 'Trash'))!.id
    made.push({ account, inbox, trash })
  }
  return made
}

export interface Death {
  readonly lines: readonly LoadLine[]
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/** Runs until it is dead; with `killAfterLines`, killed by us when it has told so many. */
export async function runUntilDead(child: CrashChild, killAfterLines?: number): Promise<Death> {
  const process_ = spawn(process.execPath, [new URL('./store-crash-child.ts', import.meta.url).pathname, JSON.stringify(child)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const died = once(process_, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const lines: LoadLine[] = []
  let errors = ''
  process_.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  for await (const text of createInterface({ input: process_.stdout })) {
    // The last line may be half a line: then it was not told.
    const line = parsed(text)
    if (line !== null) lines.push(line)
    if (lines.length === killAfterLines) process_.kill('SIGKILL')
  }
  const [, signal] = await died
  return { lines, signal, errors }
}

function parsed(text: string): LoadLine | null {
  try {
    return JSON.parse(text) as LoadLine
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
