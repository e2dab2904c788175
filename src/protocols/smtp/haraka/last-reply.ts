/**
 * The moment of doubt in SMTP (RFC 1047): the other server has the whole message, its last reply has not come. Haraka tells a
 * connection that ended there from no other ("Tried all MXs"), so it is watched here.
 *
 *  - The wait for that reply is the 10 minutes of RFC 5321 §4.5.3.2.6: who gives up sooner sends twice what a slow server took.
 *  - When it does not come, the hosts that may have taken the message are known to the reports of that attempt.
 */
import { harakaOutbound } from './haraka.ts'
import type { HarakaQueuedMail } from './haraka-types.ts'

export const defaultLastReplyTimeoutMs = 10 * 60_000

const finalReply = /^[2-5]\d\d(?: |$)/
const doubts = new WeakMap<HarakaQueuedMail, Set<string>>()

/** Once, before anything is queued. */
export function watchLastReplies(timeoutMs: number): void {
  const attempt = harakaOutbound.HMailItem.prototype.try_deliver_host_on_socket
  harakaOutbound.HMailItem.prototype.try_deliver_host_on_socket = function (mx, host, port, socket) {
    attempt.call(this, mx, host, port, socket)
    const write = socket.write.bind(socket)
    // Haraka writes the closing dot by itself; the message is written as buffers.
    socket.write = (data, ...rest) => {
      if (data === '.\r\n') {
        doubtsOf(this).add(mx.exchange)
        socket.setTimeout(timeoutMs)
      }
      return write(data, ...rest)
    }
    // Before Haraka's own, which reports at once.
    socket.prependListener('line', (line) => {
      if (finalReply.test(line)) doubts.get(this)?.delete(mx.exchange)
    })
  }
}

function doubtsOf(mail: HarakaQueuedMail): Set<string> {
  const known = doubts.get(mail) ?? new Set<string>()
  doubts.set(mail, known)
  return known
}

/** Hosts that may have taken the message in the attempt that has just ended; asked once. */
export function takeDoubts(mail: HarakaQueuedMail): readonly string[] {
  const hosts = [...(doubts.get(mail) ?? [])]
  doubts.delete(mail)
  return hosts
}
