/** Who read what of an agency's mailbox: one audit record a session, before anything is shown; none for a look at the list. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImapClient } from '../../support/imap-client.ts'
import { openImapRig, password, type ImapRig } from '../../support/imap-rig.ts'

const box = '"Other Users/vanthu@so.congvu.test/INBOX"'

async function signedIn(rig: ImapRig, user: string): Promise<ImapClient> {
  const client = new ImapClient(rig.connect())
  await client.line()
  const reply = await client.command(`LOGIN "${user}" {${Buffer.byteLength(password)}+}\r\n${Buffer.from(password).toString('latin1')}`)
  assert.match(reply!.at(-1)!, /^OK /)
  return client
}

test('opening it is recorded once a session, by both ways; listing and STATUS are not', async () => {
  const opened: string[] = []
  await using rig = await openImapRig({
    wrap: (mail) => ({
      ...mail,
      delegations: {
        ...mail.delegations,
        async opened(person, mailbox, session) {
          opened.push(`${person === rig.account.an ? 'an' : 'binh'} ${mailbox.address} ${mailbox.rights} ${session.protocol} ${session.remoteIp}`)
          await mail.delegations.opened(person, mailbox, session)
        },
      },
    }),
  })
  await rig.delegate('an', 'write')
  const client = await signedIn(rig, 'an@so.congvu.test')
  await client.command('LIST "" *')
  await client.command(`STATUS ${box} (MESSAGES)`)
  assert.deepEqual(opened, [])
  for (const command of [`SELECT ${box}`, `EXAMINE ${box}`, 'SELECT "Other Users/vanthu@so.congvu.test/Sent"', 'SELECT INBOX', `SELECT ${box}`]) {
    assert.match((await client.command(command))!.at(-1)!, /^OK /, command)
  }
  assert.deepEqual(opened, ['an vanthu@so.congvu.test write imap 127.0.0.1'])
  const again = await signedIn(rig, 'an@so.congvu.test')
  await again.command(`SELECT ${box}`)
  assert.equal(opened.length, 2)
  for (const one of [client, again]) one.close()
})

test('where it cannot be recorded, nothing is shown', async () => {
  await using rig = await openImapRig({
    wrap: (mail) => ({ ...mail, delegations: { ...mail.delegations, opened: () => Promise.reject(new Error('the store is away')) } }),
  })
  await rig.delegate('an', 'read')
  const client = await signedIn(rig, 'an@so.congvu.test')
  const reply = await client.command(`SELECT ${box}`)
  assert.deepEqual([reply?.length, reply?.at(-1)?.slice(0, 2)], [1, 'NO'])
  client.close()
})
