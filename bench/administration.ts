/**
 * `npm run bench administration`: a province of 30,000 accounts in 165 agencies on the embedded store and on MongoDB side by side:
 * loading it, looking people up over the REST API, the nights of the lifecycle, the check of the audit records, and the memory
 * of the process that did it all.
 */
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { mongoUnreachable } from '../test/support/mongo-server.ts'
import { measureAdministration } from './administration/measures.ts'
import { peopleTable } from './administration/people.ts'
import { AdministrationFigures, administrationTable, storeNames, titles, type StoreName } from './administration/rows.ts'
import { startCore } from './administration/target.ts'
import { machineFacts, machineLines } from './machine.ts'
import { profileLines } from './profile.ts'
import { waitForQuiet } from './quiet.ts'
import { tree } from './server.ts'

const usage = `npm run bench administration [-- OPTIONS]

options:
  --on LIST        stores, by comma: ${storeNames.join(', ')} (default: all)
  --quick          3,000 accounts
  --folder DIR     where data folders are made (default ${tmpdir()})
  --profile DIR    CPU profiles of core, and what cost most
`

const tell = (text: string): void => console.error(text)
const quiet = { maxForeignPercent: 12, patienceMs: 5_000 }

interface Options {
  readonly quick: boolean
  readonly folder: string
  readonly profileFolder: string | null
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: { on: { type: 'string', default: storeNames.join() }, quick: { type: 'boolean', default: false }, folder: { type: 'string', default: tmpdir() }, profile: { type: 'string' }, help: { type: 'boolean', default: false } },
  })
  const wanted = values.on.split(',')
  const wrong = wanted.filter((name) => !(storeNames as readonly string[]).includes(name))
  if (values.help || wrong.length > 0) {
    console.error(wrong.length > 0 ? `no such store: ${wrong.join(', ')}\n\n${usage}` : usage)
    return wrong.length > 0 ? 2 : 0
  }
  const stores = storeNames.filter((name) => wanted.includes(name) && (name === 'embedded' || mongoUnreachable === null))
  const absent = wanted.includes('one') && mongoUnreachable !== null ? [`${titles.one} was not measured: ${mongoUnreachable}`] : []
  const profileFolder = values.profile === undefined ? null : resolve(values.profile)
  if (profileFolder !== null) mkdirSync(profileFolder, { recursive: true })
  await measureAll(stores, absent, { quick: values.quick, folder: values.folder, profileFolder })
  return 0
}

async function measureAll(stores: readonly StoreName[], absent: readonly string[], { quick, folder, profileFolder }: Options): Promise<void> {
  const people = quick ? 3_000 : 30_000
  const head = [...machineLines(machineFacts(folder, tree)), `in brackets the CPU in percent that other work took; ${new Date().toISOString()}`, ...absent]
  for (const line of head) tell(line)
  const figures = new AdministrationFigures()
  await using open = new AsyncDisposableStack()
  const place = await mkdtemp(join(folder, 'congvu-bench-'))
  open.defer(() => rm(place, { recursive: true, force: true }))
  const file = join(place, 'people.csv')
  await writeFile(file, peopleTable(people))
  for (const store of stores) {
    await waitForQuiet(quiet)
    await using core = await startCore(store, { folder: place, profileFolder })
    await measureAdministration(store, core, { figures, tell, requests: quick ? 60 : 300, file })
  }
  console.log(`\n${[...head, '', ...administrationTable(figures, stores, people)].join('\n')}`)
  if (profileFolder !== null) console.log(profileLines(profileFolder).join('\n'))
}

process.exitCode = await main(process.argv.slice(2))
