/** The day of an administration on one store: a province is loaded, people look things up, nights pass, the records are checked. */
import { Agent, get } from 'node:http'
import { percentile } from '../figures.ts'
import { loopback } from '../loopback.ts'
import { foreignPercent, snapshot } from '../quiet.ts'
import { searches, searchTexts, type SearchKind } from './people.ts'
import { administrationRows, type AdministrationFigures, type AdministrationRowId, type StoreName } from './rows.ts'
import type { Night, Opened } from './steps.ts'
import type { CoreUnderTest } from './target.ts'

export interface Bench {
  readonly figures: AdministrationFigures
  readonly tell: (text: string) => void
  /** The table of people. */
  readonly file: string
  /** Of each kind of request. */
  readonly requests: number
}

/** Of the busy night. */
const oneIn = 10
/** First requests load the API and fill caches: what nobody waits for every day. */
const warmUps = 10

export async function measureAdministration(store: StoreName, core: CoreUnderTest, bench: Bench): Promise<void> {
  const add = (row: AdministrationRowId, value: number, foreign = 0, more = ''): void => {
    bench.figures.add(store, row, { value, foreign })
    const { title, unit } = administrationRows[row]
    bench.tell(`  ${store}: ${title}: ${value.toFixed(value < 100 ? 2 : 0)} ${unit}${foreign > 0 ? ` (foreign CPU ${foreign} %)` : ''}${more}`)
  }
  const watched = async <T>(work: () => Promise<T>): Promise<readonly [T, number]> => {
    const before = snapshot(core.pids)
    const answer = await work()
    return [answer, foreignPercent(before, core.pids)]
  }

  const [loaded, whileLoading] = await watched(() => core.ask('load', { file: bench.file }))
  add('agencies', loaded.agenciesMs / 1000)
  add('preview', loaded.previewMs / 1000)
  add('import', (loaded.previewMs + loaded.runMs) / 1000, whileLoading, `; ${loaded.issued} issued, ${loaded.faulty} left to the Sở; peak so far ${Math.round(core.peakBytes() / 1e6)} MB`)

  const opened = await core.ask('open', {})
  for (const kind of Object.keys(searches) as SearchKind[]) {
    const paths = searchTexts(kind, bench.requests).map((text) => `/directory?limit=50&text=${encodeURIComponent(text)}`)
    const [times, foreign] = await watched(() => timesOf(opened, paths))
    add(kind, percentile(times, 0.95), foreign, `; p50 ${percentile(times, 0.5).toFixed(2)} ms`)
  }
  const step = Math.max(1, Math.floor(opened.accounts.length / bench.requests))
  const pages = opened.accounts.filter((_, at) => at % step === 0).map((id) => `/accounts/${id}/person`)
  const [times, whilePaging] = await watched(() => timesOf(opened, pages))
  add('page', percentile(times, 0.95), whilePaging, `; p50 ${percentile(times, 0.5).toFixed(2)} ms`)

  const toldOf = ({ accounts, acts, notices, failed }: Night): string => `; ${accounts} accounts, ${acts} acts, ${notices} notices${failed > 0 ? `, ${failed} FAILED` : ''}`
  const [quiet, whileQuiet] = await watched(() => core.ask('quietNight', {}))
  add('night-quiet', quiet.ms / 1000, whileQuiet, toldOf(quiet))
  const [busy, whileBusy] = await watched(() => core.ask('busyNight', { oneIn }))
  add('night-busy', busy.ms / 1000, whileBusy, toldOf(busy))

  const [verified, whileVerifying] = await watched(() => core.ask('verify', {}))
  add('verify', verified.records / (verified.ms / 1000), whileVerifying, `; ${verified.records} records`)
  add('memory', core.peakBytes() / 1e6)
}

/** Milliseconds of each request, to the last byte of its answer, one after the other over one connection. */
async function timesOf(opened: Opened, paths: readonly string[]): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    for (const path of paths.slice(0, warmUps)) await request(opened, path, agent)
    const times: number[] = []
    for (const path of paths) {
      const started = performance.now()
      await request(opened, path, agent)
      times.push(performance.now() - started)
    }
    return times
  } finally {
    agent.destroy()
  }
}

function request({ port, token }: Opened, path: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = get({ host: loopback, port, path: `/api/v1${path}`, agent, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${answer.statusCode} ${Buffer.concat(parts).toString()}`))))
      answer.once('error', reject)
    })
    asked.once('error', reject)
  })
}
