/** Signing in: connect, LOGIN, LOGOUT, with passwords that the server has seen before. */
import { ImapClient } from '../imap-client.ts'
import { addressOf, password, usualAccounts } from '../target.ts'
import type { Trial } from '../trial.ts'

const connections = 10
const signIns = 2000

export async function measureSignIn(trial: Trial): Promise<void> {
  const users = usualAccounts.accounts['u']!
  await signInAll(trial, users)
  await trial.measure('login', async () => {
    const started = performance.now()
    await signInAll(trial, signIns)
    return (1000 * signIns) / (performance.now() - started)
  })
}

async function signInAll({ target }: Trial, count: number): Promise<void> {
  const users = usualAccounts.accounts['u']!
  let next = 0
  const lane = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const client = await ImapClient.signedIn({ port: target.imap }, addressOf('u', index % users), password)
      await client.command('LOGOUT')
      client.close()
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
}
