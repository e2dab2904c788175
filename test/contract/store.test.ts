/** The contract, on every store that can be reached here. */
import { test } from 'node:test'
import { blobsContract, storeContract } from './store-contract.ts'
import { stores } from './stores.ts'

for (const { name, unreachable, makePlace } of stores) {
  test(`contract of the store on: ${name}`, { skip: unreachable ?? false }, (t) => t.diagnostic(`checked: ${name}`))
  if (unreachable === null) {
    storeContract(name, makePlace)
    blobsContract(name, makePlace)
  }
}
