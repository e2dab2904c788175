/** The command line of `npm run bench -- …`. */
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { parts } from './parts.ts'

export interface BenchOptions {
  /** Names of parts, in the order in which they run. */
  readonly parts: readonly string[]
  readonly withPeers: boolean
  readonly runs: number
  readonly jsonFile: string | null
  readonly folder: string
  readonly dropCaches: boolean
  readonly profileFolder: string | null
  readonly patienceMs: number
}

export const usage = `npm run bench [-- PART … OPTIONS]

parts (all of them when none is named):
${parts.map(({ name, what }) => `  ${name.padEnd(10)}${what}`).join('\n')}
  peers     the parts named with it on Postfix + Dovecot as well, in turn, with the ratio (default: ${parts.filter((part) => part.peers).map(({ name }) => name).join(' ')})
  stores    the embedded store and MongoDB side by side; alone, with its own options
  administration
            30,000 accounts in 165 agencies on both stores: import, nights, directory, records; alone, with its own options
  fuzz      1,000,000 wrong inputs for the parsers; alone, with its own options

options:
  --quick          each measure once instead of three times
  --runs N         each measure so many times
  --json FILE      every figure, for programs
  --folder DIR     where data folders are made: that disk is measured (default ${tmpdir()})
  --cold           drops the machine's page cache before what is measured "first" (root)
  --profile DIR    CPU profiles of every process and thread of ours, and what cost most
  --patience S     longest wait for other work to calm down before each measure (default 10)
`

/** Of a wrong command line; its message is for the person. */
export class BenchUsageError extends Error {}

export function benchOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parsed(argv)
  const known = new Set(parts.map(({ name }) => name))
  const withPeers = positionals.includes('peers')
  const named = positionals.filter((name) => name !== 'peers')
  for (const name of named) if (!known.has(name)) throw new BenchUsageError(`no such part: ${name}`)
  const fitting = parts.filter((part) => part.peers || !withPeers).map(({ name }) => name)
  for (const name of named) if (!fitting.includes(name)) throw new BenchUsageError(`${name} has no comparison with peers`)
  return {
    parts: named.length === 0 ? fitting : named,
    withPeers,
    runs: values.quick ? 1 : wholeNumber('runs', values.runs, 1, 6),
    jsonFile: values.json ?? null,
    folder: values.folder,
    dropCaches: values.cold,
    profileFolder: values.profile ?? null,
    patienceMs: wholeNumber('patience', values.patience, 0, 600) * 1000,
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        runs: { type: 'string', default: '3' },
        json: { type: 'string' },
        folder: { type: 'string', default: tmpdir() },
        cold: { type: 'boolean', default: false },
        profile: { type: 'string' },
        patience: { type: 'string', default: '10' },
      },
    })
  } catch (error) {
    throw new BenchUsageError((error as Error).message)
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least || value > most) throw new BenchUsageError(`--${name}: a whole number from ${least} to ${most}, not ${text}`)
  return value
}
