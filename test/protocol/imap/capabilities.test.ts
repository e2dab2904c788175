/** Nothing is announced that no test shows, and no test claims to show what is not announced. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { capabilityTable } from '../../../src/protocols/imap/capabilities.ts'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password } from '../../support/imap-rig.ts'
import { shownCapabilities } from '../../support/imap-shown.ts'

test('every capability of the table is shown by a test', () => {
  const shown = shownCapabilities()
  assert.deepEqual(capabilityTable.filter(({ name }) => !shown.has(name)).map(({ name }) => name), [])
  const known = new Set(capabilityTable.map(({ name }) => name))
  assert.deepEqual([...shown.keys()].filter((name) => !known.has(name)), [])
})

test('the greeting, the sign-in and CAPABILITY announce the same table', { timeout: 20_000 }, async () => {
  await using rig = await openImapRig({ limits: { maxMessageBytes: 1234 } })
  const client = new ImapClient(rig.connect())
  const named = (line: string): string[] => /CAPABILITY ([^\]]*)/.exec(line)![1]!.split(' ')
  const greeting = named((await client.line())!)
  assert.deepEqual(named((await client.command('CAPABILITY'))![0]!), greeting)
  const secret = Buffer.from(password, 'utf8').toString('latin1')
  const signedIn = named((await client.command(`LOGIN an@so.congvu.test {${secret.length}+}\r\n${secret}`))!.at(-1)!)
  assert.deepEqual(named((await client.command('CAPABILITY'))![0]!), signedIn)
  assert.ok(signedIn.includes('APPENDLIMIT=1234'))
  client.close()
})
