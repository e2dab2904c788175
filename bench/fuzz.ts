/**
 * `npm run bench fuzz [-- OPTIONS]`: wrong inputs for every parser that somebody outside can feed, 1,000,000 unless told
 * otherwise. An input that a parser should not have stumbled over is printed with its number and written to a file; the run
 * then ends with 1. The tests run a fixed sample by the same code (test/hostile/system-fuzz.test.ts).
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { workAll, type Lost } from './fuzz/crew.ts'
import { inputOf, runInputs } from './fuzz/run.ts'
import { countOf, targets } from './fuzz/targets.ts'
import type { Target } from './fuzz/target.ts'
import type { Job, TallyMessage } from './fuzz/worker.ts'

const usage = `npm run bench fuzz [-- OPTIONS]

  --inputs N       so many in all (default 1,000,000)
  --seed N         another seed, other inputs (default: drawn, and printed)
  --only NAME      one target only: ${targets.map(({ name }) => JSON.stringify(name)).join(', ')}
  --index N        that one input of --only again, with its error
  --threads N      (default: one a core, at most 4)
  --out DIR        where inputs that crash are written (default ${join(tmpdir(), 'congvu-fuzz')})
`

const jobInputs = 20_000
const hangMs = 20_000
const maxHeapMiB = 1024

interface FuzzOptions {
  readonly inputs: number
  readonly seed: number
  readonly chosen: readonly Target[]
  readonly index: number | null
  readonly threads: number
  readonly out: string
}

function fuzzOptions(args: readonly string[]): FuzzOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({ args: [...args], options: { inputs: text, seed: text, only: text, index: text, threads: text, out: text } })
  const chosen = values.only === undefined ? targets : targets.filter(({ name }) => name === values.only)
  if (chosen.length === 0) throw new Error(`no target ${String(values.only)}\n\n${usage}`)
  if (values.index !== undefined && values.only === undefined) throw new Error(`--index wants --only\n\n${usage}`)
  const number = (what: string | undefined, otherwise: number): number => {
    const value = what === undefined ? otherwise : Number(what)
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`not a whole number: ${String(what)}\n\n${usage}`)
    return value
  }
  return {
    inputs: number(values.inputs, 1_000_000),
    seed: number(values.seed, Date.now() % 2 ** 32),
    chosen,
    index: values.index === undefined ? null : number(values.index, 0),
    threads: Math.max(1, number(values.threads, Math.min(4, availableParallelism()))),
    out: values.out ?? join(tmpdir(), 'congvu-fuzz'),
  }
}

interface Sum {
  inputs: number
  bytes: number
  milliseconds: number
  slowest: TallyMessage['slowest']
}

class Report {
  readonly #out: string
  readonly #seed: number
  readonly #sums = new Map<string, Sum>()
  maxResidentBytes = 0
  crashes = 0

  constructor({ out, seed }: FuzzOptions) {
    this.#out = out
    this.#seed = seed
  }

  add(tally: TallyMessage): void {
    const sum = this.#sums.get(tally.target) ?? { inputs: 0, bytes: 0, milliseconds: 0, slowest: { index: 0, milliseconds: 0, bytes: 0 } }
    sum.inputs += tally.inputs
    sum.bytes += tally.bytes
    sum.milliseconds += tally.milliseconds
    if (tally.slowest.milliseconds > sum.slowest.milliseconds) sum.slowest = tally.slowest
    this.#sums.set(tally.target, sum)
    this.maxResidentBytes = Math.max(this.maxResidentBytes, tally.maxResidentBytes)
    for (const { target, index, error, input } of tally.crashes) this.crash({ target, index, why: error }, Buffer.from(input))
  }

  crash({ target, index, why }: Lost, input: Buffer): void {
    this.crashes++
    mkdirSync(this.#out, { recursive: true })
    const file = join(this.#out, `${target.replaceAll(' ', '-')}-${this.#seed}-${index}.bin`)
    writeFileSync(file, input)
    console.log(`\nCRASH in ${target}, input ${index} of seed ${this.#seed}, ${input.length} bytes, ${file}`)
    console.log(`  again: npm run bench fuzz -- --only ${JSON.stringify(target)} --seed ${this.#seed} --index ${index}`)
    console.log(`  ${JSON.stringify(input.toString('latin1', 0, 400))}`)
    console.log(`  ${why.split('\n').slice(0, 12).join('\n  ')}`)
  }

  lines(seconds: number): string[] {
    const rows = [...this.#sums].map(([target, { inputs, bytes, milliseconds, slowest }]) =>
      [target.padEnd(26), grouped(inputs).padStart(9), grouped((1000 * inputs) / milliseconds).padStart(9), grouped(bytes / inputs).padStart(8), slowest.milliseconds.toFixed(1).padStart(9), `${slowest.index} (${grouped(slowest.bytes)} bytes)`].join(' '),
    )
    const all = [...this.#sums.values()].reduce((sum, { inputs }) => sum + inputs, 0)
    return [
      `${'target'.padEnd(26)} ${'inputs'.padStart(9)} ${'a second'.padStart(9)} ${'bytes'.padStart(8)} ${'slowest ms'.padStart(9)} its number`,
      ...rows,
      `${grouped(all)} inputs in ${seconds.toFixed(0)} s, ${grouped(all / seconds)} a second; largest resident memory ${grouped(this.maxResidentBytes / 1024 ** 2)} MiB; seed ${this.#seed}; ${this.crashes} crashes`,
    ]
  }
}

const grouped = (value: number): string => Math.round(value).toLocaleString('en')

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(usage)
    return 0
  }
  const options = fuzzOptions(args)
  return options.index === null ? await fuzz(options) : await again(options.chosen[0]!, options.seed, options.index)
}

async function fuzz(options: FuzzOptions): Promise<number> {
  const { inputs, seed, chosen, threads } = options
  const report = new Report(options)
  const started = performance.now()
  console.error(`seed ${seed}, ${threads} threads`)
  for await (const told of workAll(jobsOf(chosen, inputs, seed), { threads, hangMs, maxHeapMiB })) {
    if ('lost' in told) {
      report.crash(told.lost, await inputOf(chosen.find(({ name }) => name === told.lost.target)!, seed, told.lost.index))
      continue
    }
    report.add(told)
    console.error(`${told.target}: ${grouped(told.inputs)} inputs in ${(told.milliseconds / 1000).toFixed(1)} s`)
  }
  console.log(report.lines((performance.now() - started) / 1000).join('\n'))
  return report.crashes === 0 ? 0 : 1
}

/** Long jobs of slow targets first, so that no thread is left alone with one at the end. */
function jobsOf(chosen: readonly Target[], inputs: number, seed: number): Job[] {
  return chosen.flatMap((target) => {
    const count = chosen.length === 1 ? inputs : countOf(target, inputs)
    const jobs: Job[] = []
    for (let from = 0; from < count; from += jobInputs) jobs.push({ target: target.name, seed, from, count: Math.min(jobInputs, count - from) })
    return jobs
  })
}

async function again(target: Target, seed: number, index: number): Promise<number> {
  const { crashes, slowest } = await runInputs({ target, seed, from: index, count: 1 })
  const input = await inputOf(target, seed, index)
  console.log(`${target.name}, input ${index} of seed ${seed}, ${input.length} bytes, ${slowest.milliseconds.toFixed(1)} ms\n${JSON.stringify(input.toString('latin1'))}`)
  for (const { error } of crashes) console.log(error)
  return crashes.length === 0 ? 0 : 1
}

process.exitCode = await main(process.argv.slice(2))
