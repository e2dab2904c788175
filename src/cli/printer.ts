/** Writes the answer of a command: JSON, or lines with tabs that scripts and people can read. */
import type { Writable } from 'node:stream'
import type { Printer } from './commands/command.ts'
import { write } from './terminal.ts'

/** Replies of other servers may hold anything; a terminal must not be steered by them. */
const controls = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

function row(fields: readonly string[]): string {
  return `${fields.map((field) => field.replace(controls, ' ')).join('\t')}\n`
}

export function textPrinter(stdout: Writable): Printer {
  return {
    answer: async (_json, lines) => {
      for (const line of lines) await write(stdout, row(line))
    },
    item: (_json, line) => write(stdout, row(line)),
    end: async () => undefined,
  }
}

/** A list is one array with an item a line, written as the items come. */
export function jsonPrinter(stdout: Writable): Printer {
  let items = 0
  return {
    answer: (json) => write(stdout, `${JSON.stringify(json)}\n`),
    item: (json) => write(stdout, `${items++ === 0 ? '[' : ','}\n${JSON.stringify(json)}`),
    end: () => write(stdout, items === 0 ? '[]\n' : '\n]\n'),
  }
}
