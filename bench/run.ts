/**
 * `npm run bench`: speed and memory of this tree's server on this machine, beside what they must reach. Nothing here is a
 * test: figures of a loaded machine are low, and say so by the share of CPU that other work took.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Figures } from './figures.ts'
import { machineFacts, machineLines } from './machine.ts'
import { benchOptions, BenchUsageError, usage, type BenchOptions } from './options.ts'
import { dropPageCache, mayDropPageCache } from './page-cache.ts'
import { parts, type Session } from './parts.ts'
import { peers, peersMissing, startPeers } from './peers.ts'
import { profileLines } from './profile.ts'
import { jsonReport, ownTable, peerTable } from './report.ts'
import { ours, startServer, tree } from './server.ts'
import { Trial } from './trial.ts'

const maxForeignPercent = 12
const tell = (text: string): void => console.error(text)

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help') || argv.includes('help')) {
    console.log(usage)
    return 0
  }
  if (argv[0] === 'fuzz' || argv[0] === 'stores' || argv[0] === 'administration') return await runProgram(argv[0], argv.slice(1))
  const options = benchOptions(argv)
  const missing = options.withPeers ? peersMissing() : []
  if (options.dropCaches && !mayDropPageCache()) missing.push('the rights to drop the page cache, for --cold')
  if (missing.length > 0) {
    for (const what of missing) console.error(`missing: ${what}`)
    return 2
  }
  await measureAll(options)
  return 0
}

async function measureAll(options: BenchOptions): Promise<void> {
  const figures = new Figures()
  const machine = machineFacts(options.folder, tree)
  const head = [...machineLines(machine), `median of ${options.runs}; "first" with the page cache ${options.dropCaches ? 'dropped' : 'as it is'}; ${new Date().toISOString()}`]
  for (const line of head) tell(line)
  if (options.profileFolder !== null) mkdirSync(options.profileFolder, { recursive: true })
  const session = sessionOf(options, figures)
  for (const name of options.parts) {
    tell(`\n${name}`)
    await parts.find((part) => part.name === name)!.run(session)
  }
  const tables = [...ownTable(figures, ours), ...(options.withPeers ? ['', ...peerTable(figures, ours, peers)] : [])]
  console.log(`\n${[...head, '', ...tables].join('\n')}`)
  if (options.profileFolder !== null) console.log(profileLines(options.profileFolder).join('\n'))
  if (options.jsonFile !== null) writeFileSync(options.jsonFile, jsonReport(figures, options.withPeers ? [ours, peers] : [ours], machine))
}

function sessionOf({ runs, withPeers, folder, profileFolder, patienceMs, dropCaches }: BenchOptions, figures: Figures): Session {
  return {
    runs,
    async start(needs) {
      const own = await startServer(needs, { folder, profileFolder: profileFolder === null ? null : resolve(profileFolder) })
      if (!withPeers) return [own]
      try {
        return [own, await startPeers(folder)]
      } catch (error) {
        await own[Symbol.asyncDispose]()
        throw error
      }
    },
    trial: (target, run) => new Trial({ target, run, figures, tell, quiet: { maxForeignPercent, patienceMs }, cool: dropCaches ? dropPageCache : () => undefined }),
  }
}

/** A program of its own: it takes its options and says what it found. */
async function runProgram(name: string, args: readonly string[]): Promise<number> {
  const program = join(import.meta.dirname, `${name}.ts`)
  if (!existsSync(program)) throw new BenchUsageError(`this tree has no bench/${name}.ts`)
  const child = spawn(process.execPath, [program, ...args], { cwd: tree, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error
  console.error(`${error.message}\n\n${usage}`)
  process.exitCode = 2
}
