/** COMPRESS: RFC 4978. The session turns it on behind the tagged reply. */
import { SyntaxFault } from '../../shared/lexer.ts'
import { command } from '../command.ts'
import { signedInStates } from '../state.ts'

export const compress = command({
  name: 'COMPRESS',
  states: signedInStates,
  parse(lexer) {
    lexer.space()
    if (lexer.word('a compression') !== 'DEFLATE') throw new SyntaxFault('Unknown compression')
    lexer.end()
    return null
  },
  async run({ channel }) {
    if (channel.compressed) return { status: 'NO', code: 'COMPRESSIONACTIVE', text: 'DEFLATE is active already' }
    return { startDeflate: true, text: 'DEFLATE is active now' }
  },
})
