/** Fills a mailbox with the corpus by APPEND over four connections; the rate is a figure of its own. */
import { corpusDate, corpusMessage, months } from '../corpus.ts'
import { ImapClient } from '../imap-client.ts'
import { addressOf, password } from '../target.ts'
import type { Trial } from '../trial.ts'

export const mailboxMessages = 10_000
const connections = 4

let corpus: readonly Buffer[] = []

export async function seedMailbox(trial: Trial): Promise<string> {
  if (corpus.length === 0) corpus = Array.from({ length: mailboxMessages }, (_, index) => corpusMessage(index))
  const user = mailboxUser(trial)
  const clients = await Promise.all(Array.from({ length: connections }, () => ImapClient.signedIn({ port: trial.target.imap }, user, password)))
  await trial.measure(
    'append',
    async () => {
      const started = performance.now()
      let next = 0
      const lane = async (client: ImapClient): Promise<void> => {
        for (let index = next++; index < mailboxMessages; index = next++) await client.append('INBOX', corpus[index]!, dateTime(index))
      }
      await Promise.all(clients.map(lane))
      return (1000 * mailboxMessages) / (performance.now() - started)
    },
    { once: true },
  )
  for (const client of clients) client.close()
  return user
}

/** A fresh one a run. */
export const mailboxUser = ({ run }: Trial): string => addressOf('s', run)

/** RFC 9051 date-time. */
function dateTime(index: number): string {
  const date = corpusDate(index)
  return `${String(date.getUTCDate()).padStart(2, ' ')}-${months[date.getUTCMonth()]}-${date.getUTCFullYear()} 10:00:00 +0700`
}
