/** The thread that has the indexes open: one request after the other, each short, because what is much comes in pieces. */
import { parentPort, workerData } from 'node:worker_threads'
import { MailError } from '../../core/errors.ts'
import { wholeText } from '../../core/mailbox/searched-text.ts'
import { answerOf } from '../../core/mailbox/text-question.ts'
import { verdicts } from '../../core/ports/full-text.ts'
import { presentBoot } from './boot-mark.ts'
import { OpenIndexes } from './open-indexes.ts'
import type { Reply, Request, RequestName, Requests, ThreadData } from './requests.ts'
import { unpackTexts } from './requests.ts'

const port = parentPort!
const indexes = new OpenIndexes({ ...(workerData as ThreadData), boot: presentBoot() })

const answers: { readonly [K in RequestName]: (args: Requests[K]['args']) => Requests[K]['answer'] } = {
  state: ({ account }) => indexes.peek(account, (index) => index.state),
  begin: ({ account, nowMs }) =>
    indexes.make(account, nowMs, (index) => {
      index.begin()
      return index.state
    }),
  add: ({ account, incarnation, messages }) => {
    indexes.write(account, incarnation, (index) => index.add(unpackTexts(messages)))
    return null
  },
  place: ({ account, incarnation, places }) => indexes.write(account, incarnation, (index) => index.place(places)),
  remove: ({ account, incarnation, messages, nowMs }) => {
    indexes.write(account, incarnation, (index) => index.remove(messages, nowMs))
    return null
  },
  reach: ({ account, incarnation, modseq, nowMs }) => {
    indexes.write(account, incarnation, (index) => index.reach(modseq, nowMs))
    return null
  },
  find: ({ account, incarnation, query, nowMs }) => {
    if (!indexes.read(account, incarnation, (index) => index.askedToday(nowMs))) {
      indexes.write(account, incarnation, (index) => index.asked(nowMs))
    }
    return indexes.read(account, incarnation, (index) => {
      if (index.state.filling) throw new MailError('conflict', 'this index is being filled')
      return index.find(query)
    })
  },
  ask: ({ body, prefix, questions }) => {
    const text = wholeText(body, prefix)
    return Uint8Array.from(questions, (question) => (answerOf(question, text) === true ? verdicts.yes : verdicts.no))
  },
  tidy: ({ account, incarnation, nowMs }) => indexes.write(account, incarnation, (index) => index.tidy(nowMs)),
  askedMs: ({ account }) => indexes.peek(account, (index) => index.askedMs),
  drop: ({ account }) => {
    indexes.drop(account)
    return null
  },
}

port.on('message', (message: Request | 'close') => {
  if (message === 'close') {
    indexes[Symbol.dispose]()
    port.close()
  } else port.postMessage(replyTo(message))
})

function replyTo(request: Request): Reply {
  try {
    const answer = answers[request.ask] as (args: unknown) => unknown
    return { id: request.id, answer: answer(request.args) }
  } catch (error) {
    if (error instanceof MailError) return { id: request.id, refusal: { code: error.code, message: error.message, detail: error.detail } }
    const bug = error instanceof Error ? error : new Error(String(error))
    return { id: request.id, bug: { message: bug.message, stack: bug.stack ?? '' } }
  }
}
