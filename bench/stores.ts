/**
 * `npm run bench stores`: the embedded store and MongoDB, with one member and with three on this machine, side by side; what each
 * operation costs in commands and bytes; the driver's own speed as the limit; and the ratio to WildDuck behind Haraka.
 */
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mongoUnreachable } from '../test/support/mongo-server.ts'
import { withoutRedis } from '../test/support/redis-server.ts'
import { machineFacts, machineLines } from './machine.ts'
import { profileLines } from './profile.ts'
import { tree } from './server.ts'
import { commandTable } from './stores/commands.ts'
import { measures } from './stores/measures.ts'
import { StoreFigures } from './stores/rows.ts'
import { storeTable } from './stores/table.ts'
import { openPlace, storeNames, type StoreName } from './stores/targets.ts'

const usage = `npm run bench stores [-- MEASURE … OPTIONS]

measures (all of them when none is named):
  commands  commands and bytes of each operation on MongoDB
${measures.map(({ name, what }) => `  ${name.padEnd(10)}${what}`).join('\n')}

options:
  --on LIST        stores, by comma: ${storeNames.join(', ')} (default: all)
  --quick          fewer messages
  --folder DIR     where the servers' own data folders are made (default ${tmpdir()})
  --profile DIR    CPU profiles of every process and thread of ours, and what cost most
`

const tell = (text: string): void => console.error(text)

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { on: { type: 'string', default: storeNames.join() }, quick: { type: 'boolean', default: false }, folder: { type: 'string', default: tmpdir() }, profile: { type: 'string' }, help: { type: 'boolean', default: false } },
  })
  const stores = values.on.split(',')
  const known = ['commands', ...measures.map(({ name }) => name)]
  const wrong = [...positionals.filter((name) => !known.includes(name)), ...stores.filter((name) => !(storeNames as readonly string[]).includes(name))]
  if (values.help || wrong.length > 0) {
    console.error(wrong.length > 0 ? `no such measure or store: ${wrong.join(', ')}\n\n${usage}` : usage)
    return wrong.length > 0 ? 2 : 0
  }
  for (const missing of [mongoUnreachable, withoutRedis]) if (typeof missing === 'string') return (tell(`missing: ${missing}`), 2)
  const named = positionals.length === 0 ? known : positionals
  await measureAll(named, stores as StoreName[], { quick: values.quick, folder: values.folder, profileFolder: values.profile === undefined ? null : resolve(values.profile) })
  return 0
}

interface Options {
  readonly quick: boolean
  readonly folder: string
  readonly profileFolder: string | null
}

async function measureAll(named: readonly string[], stores: readonly StoreName[], { quick, ...place }: Options): Promise<void> {
  const head = [...machineLines(machineFacts(place.folder, tree)), `${quick ? 'quick; ' : ''}${new Date().toISOString()}`]
  for (const line of head) tell(line)
  if (place.profileFolder !== null) mkdirSync(place.profileFolder, { recursive: true })
  const figures = new StoreFigures()
  let commands: string[] = []
  for (const store of stores) {
    // The set stands only while its store is measured: three members at rest take CPU of the two cores.
    await using open = await openPlace(store, place)
    if (open.mongoUrl !== null && named.includes('commands') && commands.length === 0) commands = await commandTable(open.mongoUrl)
    for (const { name, run } of measures) {
      if (!named.includes(name)) continue
      open.renew()
      await run(open, { figures, tell, quick })
    }
  }
  console.log(`\n${[...head, '', ...commands, ...(commands.length > 0 ? [''] : []), ...storeTable(figures, stores)].join('\n')}`)
  if (place.profileFolder !== null) console.log(profileLines(place.profileFolder).join('\n'))
}

process.exitCode = await main(process.argv.slice(2))
