/** Bus, counters and locks, on every adapter that can be reached here. */
import { test } from 'node:test'
import { busContract } from './bus.ts'
import { countersContract } from './counters.ts'
import { locksContract } from './locks.ts'
import { sharedUnderTest } from './shared-nodes.ts'

for (const { name, unreachable, make } of sharedUnderTest) {
  test(`what nodes share, on: ${name}`, { skip: unreachable }, (t) => t.diagnostic(`checked: ${name}`))
  if (unreachable !== false) continue
  busContract(name, make)
  countersContract(name, make)
  locksContract(name, make)
}
