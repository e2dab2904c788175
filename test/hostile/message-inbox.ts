/** Reads what a running server has filed, as exact bytes. */
import assert from 'node:assert/strict'
import type { ImapClient } from '../support/imap-client.ts'
import { signedIn } from '../support/mail-reader.ts'
import type { Person } from '../support/running-server.ts'

export interface Inbox extends Disposable {
  /** The number of messages now. */
  count(): Promise<number>
  /** Resolves when there are so many messages. */
  until(count: number): Promise<void>
  /** One FETCH item of one message: what stands behind its name, latin1, literals with their lengths. */
  item(sequence: number, name: string): Promise<string>
  /** The whole message, latin1. */
  bytes(sequence: number): Promise<string>
  command(text: string): Promise<string[]>
}

export async function openInbox(port: number, person: Person, mailbox = 'INBOX'): Promise<Inbox> {
  const client = await signedIn(port, person)
  const command = async (text: string): Promise<string[]> => {
    const lines = await client.command(text)
    assert.match(lines?.at(-1) ?? 'hung up', /^OK /, `${text}: ${lines?.at(-1)}`)
    return lines!
  }
  await command(`SELECT ${mailbox}`)
  const item = async (sequence: number, name: string): Promise<string> => {
    const text = (await command(`FETCH ${sequence} (${name})`)).slice(0, -1).join('\r\n')
    const start = text.indexOf(`* ${sequence} FETCH (`)
    const found = /^\* \d+ FETCH \([^ ]+ (.*)\)$/s.exec(text.slice(start))
    assert.ok(start >= 0 && found !== null, `no ${name} in ${text.slice(0, 200)}`)
    return found[1]!
  }
  return {
    command,
    item,
    async count() {
      const status = (await command(`STATUS ${mailbox} (MESSAGES)`)).find((line) => line.startsWith('* STATUS'))
      await command('NOOP')
      return Number(/MESSAGES (\d+)/.exec(status ?? '')![1])
    },
    async until(count) {
      client.send('idle1 IDLE\r\n')
      for (;;) {
        const line = (await client.line()) ?? assert.fail('hung up')
        if (Number(/^\* (\d+) EXISTS$/.exec(line)?.[1]) >= count) break
      }
      client.send('DONE\r\n')
      await client.until('idle1')
    },
    async bytes(sequence) {
      const text = await item(sequence, 'BODY.PEEK[]')
      const [marker, length] = /^\{(\d+)\}\r\n/.exec(text) ?? assert.fail(text.slice(0, 100))
      assert.equal(text.length, marker!.length + Number(length))
      return text.slice(marker!.length)
    },
    [Symbol.dispose]: () => (client satisfies ImapClient).close(),
  }
}
