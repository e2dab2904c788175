/** Commands and bytes of each operation on MongoDB, by the driver's command monitoring. */
import { randomBytes } from 'node:crypto'
import { makeAccounts, makeOwner } from '../../test/support/mongo-mail.ts'
import { Meter, told } from '../../test/support/mongo-meter.ts'
import { measureOperations } from '../../test/support/mongo-operations.ts'
import { dropDatabase, openMongo } from '../../test/support/mongo-place.ts'
import { systemClock } from '../../test/support/store-crash-parent.ts'

const accounts = 30_000

export async function commandTable(url: string): Promise<string[]> {
  const database = `bench_${randomBytes(6).toString('hex')}`
  const meter = new Meter()
  try {
    await using open = await openMongo({ url, database, clock: systemClock, onCommand: meter.note })
    await makeOwner(open.store)
    await makeAccounts(url, database, accounts)
    const lines = [`${`with ${accounts.toLocaleString('en')} accounts`.padEnd(36)}${'commands'.padEnd(58)}${'sent'.padStart(12)}${'received'.padStart(12)}`]
    for (const { name, commands, sentBytes, receivedBytes } of await measureOperations(open, meter)) {
      lines.push(`${name.padEnd(36)}${told(commands).padEnd(58)}${sentBytes.toLocaleString('en').padStart(12)}${receivedBytes.toLocaleString('en').padStart(12)}`)
    }
    return lines
  } finally {
    await dropDatabase(url, database)
  }
}
