/** Several nodes on one database, seen as one store: each call goes to the next node in turn, as behind a load balancer. */
import type { Store } from '../../src/core/ports/store.ts'
import type { OpenStore } from './store-place.ts'

/** `nodes` share their data. */
export function inTurns(nodes: readonly OpenStore[]): OpenStore {
  let calls = 0
  const next = (): OpenStore => nodes[calls++ % nodes.length]!
  const dispose = async (): Promise<void> => {
    for (const node of nodes) await node[Symbol.asyncDispose]()
  }
  const store = {
    ...partsInTurns((key) => next().store[key]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  return {
    store,
    blobs: methodsInTurns(() => next().blobs),
    [Symbol.asyncDispose]: dispose,
  }
}

type Parts = Omit<Store, typeof Symbol.asyncDispose>

function partsInTurns(part: <K extends keyof Parts>(key: K) => Parts[K]): Parts {
  return {
    agencies: methodsInTurns(() => part('agencies')),
    accounts: methodsInTurns(() => part('accounts')),
    mailboxes: methodsInTurns(() => part('mailboxes')),
    messages: methodsInTurns(() => part('messages')),
    changes: methodsInTurns(() => part('changes')),
    deliveries: methodsInTurns(() => part('deliveries')),
    outbox: methodsInTurns(() => part('outbox')),
    records: methodsInTurns(() => part('records')),
    registry: methodsInTurns(() => part('registry')),
    ready: () => part('ready')(),
    bodiesInUse: (bodies) => part('bodiesInUse')(bodies),
    setting: (key) => part('setting')(key),
    putSetting: (key, value) => part('putSetting')(key, value),
  }
}

/** Each method of the one that `next` gives when it is called. */
function methodsInTurns<T extends object>(next: () => T): T {
  return new Proxy({} as T, {
    get: (_, name) => {
      const target = next()
      const method: unknown = Reflect.get(target, name)
      return typeof method === 'function' ? method.bind(target) : method
    },
  })
}
