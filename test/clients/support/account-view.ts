/**
 * What the server holds for an account, read by a second client over IMAP beside the one under test: the judge of what that
 * one did. Also the other side of a synchronisation: it may append, flag, move and delete.
 */
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { readFile } from 'node:fs/promises'
import { ImapFlow, type SearchObject } from 'imapflow'
import type { Person, RunningServer } from '../../support/running-server.ts'

const arriveWithinMs = 30_000
const pollMs = 50

export interface SeenMessage {
  readonly uid: number
  readonly subject: string
  /** Sorted, without \Recent. */
  readonly flags: readonly string[]
  readonly source: Buffer
}

export interface AccountView extends AsyncDisposable {
  readonly client: ImapFlow
  /** In order of UID. */
  messages(mailbox: string): Promise<SeenMessage[]>
  subjects(mailbox: string): Promise<string[]>
  /** Sorted. */
  mailboxes(): Promise<string[]>
  /** Runs `act` with the mailbox selected. */
  in<T>(mailbox: string, act: (client: ImapFlow) => Promise<T>): Promise<T>
  append(mailbox: string, source: string | Buffer, flags?: string[]): Promise<void>
  /** Waits for the message of this subject, which another program's delivery or synchronisation brings. */
  arrival(mailbox: string, subject: string): Promise<SeenMessage>
  /** Asks again until `holds` says yes; fails with what was there at last. */
  until<T>(ask: () => Promise<T>, holds: (answer: T) => boolean, what: string): Promise<T>
  find(mailbox: string, search: SearchObject): Promise<number[]>
}

export async function viewAccount(server: Pick<RunningServer, 'host' | 'ports' | 'certificateFile' | 'log'>, person: Person): Promise<AccountView> {
  const client = new ImapFlow({
    host: server.host,
    port: server.ports.imaps,
    secure: true,
    auth: { user: person.address, pass: person.password },
    tls: { ca: await readFile(server.certificateFile), servername: 'localhost' },
    logger: false,
  })
  await client.connect()
  const view: AccountView = {
    client,
    async messages(mailbox) {
      for (;;) {
        const messages = await view.in(mailbox, readAll).catch(unlessGone)
        if (messages !== null) return messages
      }
    },
    subjects: async (mailbox) => (await view.messages(mailbox)).map(({ subject }) => subject),
    mailboxes: async () => (await client.list()).map(({ path }) => path).sort(),
    async in(mailbox, act) {
      const lock = await client.getMailboxLock(mailbox)
      try {
        return await act(client)
      } finally {
        lock.release()
      }
    },
    async append(mailbox, source, flags = []) {
      assert.ok(await client.append(mailbox, source, flags))
    },
    async arrival(mailbox, subject) {
      const ask = (): Promise<SeenMessage[]> => view.messages(mailbox)
      const all = await view.until(ask, (messages) => messages.some((one) => one.subject === subject), `"${subject}" in ${mailbox}`)
      return all.find((one) => one.subject === subject)!
    },
    async until(ask, holds, what) {
      const end = performance.now() + arriveWithinMs
      for (;;) {
        const answer = await ask()
        if (holds(answer)) return answer
        assert.ok(performance.now() < end, `${person.address}: no ${what} within ${arriveWithinMs} ms; last seen: ${inShort(answer)}\n${server.log()}`)
        await pause(pollMs)
      }
    },
    async find(mailbox, search) {
      const found = await view.in(mailbox, () => client.search(search, { uid: true }))
      assert.ok(found)
      return found
    },
    async [Symbol.asyncDispose]() {
      await client.logout()
    },
  }
  return view
}

/** A message that the client under test expunged while this one was reading: to be read again (RFC 5530 §3, EXPUNGEISSUED). */
function unlessGone(error: Error & { readonly response?: unknown }): null {
  if (JSON.stringify(error.response ?? null).includes('EXPUNGEISSUED')) return null
  throw error
}

async function readAll(client: ImapFlow): Promise<SeenMessage[]> {
  const messages: SeenMessage[] = []
  // To hear first of what came and went since the mailbox was selected.
  await client.noop()
  if (client.mailbox === false || client.mailbox.exists === 0) return messages
  for await (const { uid, envelope, flags, source } of client.fetch('1:*', { uid: true, envelope: true, flags: true, source: true })) {
    messages.push({ uid, subject: envelope?.subject ?? '', flags: [...(flags ?? [])].filter((flag) => flag !== '\\Recent').sort(), source: source ?? Buffer.alloc(0) })
  }
  return messages
}

function inShort(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) => (value !== null && typeof value === 'object' && 'type' in value && value.type === 'Buffer' ? '(bytes)' : value)).slice(0, 2_000)
}
