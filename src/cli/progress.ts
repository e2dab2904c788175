/** How a long command tells how far it is: a bar on a terminal, else a line now and then, or with `--json` a JSON object a line. */
import type { Writable } from 'node:stream'

export interface Progress {
  readonly stage: string
  readonly part: string
  readonly done: number
  readonly total: number
}

export interface ProgressTeller {
  tell(progress: Progress): void
  /** Leaves the terminal's line. */
  end(): void
}

export interface TellerOptions {
  readonly stream: Writable & { readonly isTTY?: boolean; readonly columns?: number }
  readonly json: boolean
  readonly nowMs: () => number
  /** Of a stage, for people. */
  readonly label: (stage: string) => string
}

const barEveryMs = 100
const lineEveryMs = 2_000
const maxBarWidth = 40
const usualColumns = 80

/** A part's beginning and end are always told, what lies between at most so often. */
export function progressTeller({ stream, json, nowMs, label }: TellerOptions): ProgressTeller {
  const isBar = stream.isTTY === true && !json
  const everyMs = isBar ? barEveryMs : lineEveryMs
  let told: Progress | null = null
  let toldAtMs = -Infinity
  return {
    tell(progress) {
      const isNew = told === null || told.part !== progress.part || told.stage !== progress.stage
      const isEnd = progress.done >= progress.total
      if (!isNew && !isEnd && nowMs() - toldAtMs < everyMs) return
      if (!isNew && told?.done === progress.done) return
      told = progress
      toldAtMs = nowMs()
      if (json) stream.write(`${JSON.stringify({ progress })}\n`)
      else if (isBar) stream.write(`\r\u001b[K${barOf(progress, label(progress.stage), stream.columns ?? usualColumns)}`)
      else stream.write(`${label(progress.stage)}: ${progress.part} ${progress.done}/${progress.total}\n`)
    },
    end() {
      if (isBar && told !== null) stream.write('\r\u001b[K')
    },
  }
}

/** No wider than the terminal. */
export function barOf({ part, done, total }: Progress, label: string, columns: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total)
  const text = ` ${String(Math.floor(share * 100)).padStart(3)}%  ${label}: ${part} ${done}/${total}`
  const width = Math.max(0, Math.min(maxBarWidth, columns - text.length - 3))
  const filled = Math.round(share * width)
  return width < 4 ? text.trimStart().slice(0, columns - 1) : `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]${text}`
}
