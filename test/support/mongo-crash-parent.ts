/** Starts the process that dies (mongo-crash-child.ts) and hears what it tells. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { MongoCrashChild } from './mongo-crash-child.ts'
import type { LoadLine } from './store-load.ts'

export interface MongoDeath {
  readonly lines: readonly LoadLine[]
  readonly signal: NodeJS.Signals | null
  readonly errors: string
}

/** Runs until it is dead; with `killAfterLines`, killed by us when it has told so many. */
export async function runUntilDead(child: MongoCrashChild, killAfterLines?: number): Promise<MongoDeath> {
  const script = new URL('./mongo-crash-child.ts', import.meta.url).pathname
  const process_ = spawn(process.execPath, [script, JSON.stringify(child)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const died = once(process_, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const lines: LoadLine[] = []
  let errors = ''
  process_.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  for await (const text of createInterface({ input: process_.stdout })) {
    // The last line may be half a line: then it was not told.
    const line = parsed(text)
    if (line !== null) lines.push(line)
    if (lines.length === killAfterLines) process_.kill('SIGKILL')
  }
  const [, signal] = await died
  return { lines, signal, errors }
}

function parsed(text: string): LoadLine | null {
  try {
    return JSON.parse(text) as LoadLine
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
