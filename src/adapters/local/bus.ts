/** The bell within one process (port `Bus`, design §5.4). */
import { createBells, type Bells } from '../../core/bells.ts'
import type { Bus } from '../../core/ports/world.ts'

export interface LocalBusOptions {
  readonly onError: (error: unknown) => void
  /** Where the listeners are, when others look at them too. */
  readonly bells?: Bells
}

export function createLocalBus({ onError, bells = createBells({ onError }) }: LocalBusOptions): Bus {
  return { ring: (bell) => bells.tell(bell), listen: (account, listener) => bells.listen(account, listener) }
}
