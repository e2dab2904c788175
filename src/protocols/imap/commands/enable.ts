/** ENABLE: RFC 5161, RFC 9051 §6.3.1. What is not known is passed over in silence. */
import { enableableName } from '../capabilities.ts'
import { command } from '../command.ts'
import { signedInStates } from '../state.ts'

/** More names than there are capabilities in the world's registry. */
const maxNames = 100

export const enable = command({
  name: 'ENABLE',
  states: signedInStates,
  parse(lexer) {
    const names: string[] = []
    do {
      lexer.space()
      names.push(lexer.word('a capability'))
    } while (!lexer.atEnd() && names.length < maxNames)
    lexer.end()
    return names
  },
  async *run({ enabled }, _state, names) {
    const fresh = [...new Set(names)].filter((name) => enableableName(name) !== null && enabled.turnOn(name))
    yield { type: 'enabled', names: fresh.map((name) => enableableName(name)!) }
    return {}
  },
})
