/** Prints what the IMAP server announces: capability, RFC, the states in which it does, and how many tests show it. */
import { capabilityTable } from '../src/protocols/imap/capabilities.ts'
import { shownCapabilities } from '../test/support/imap-shown.ts'

const shown = shownCapabilities()
const short = { 'not-authenticated': 'before', authenticated: 'signed in', selected: 'selected', logout: '' }
const rows = capabilityTable.map(({ name, rfc, states }) => [name, rfc, states.length === 3 ? 'all' : states.map((state) => short[state]).join(', '), String(shown.get(name) ?? 0)])
const head = ['capability', 'RFC', 'states', 'tests']
const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)))
for (const row of [head, ...rows]) process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()}\n`)
