/**
 * What a client has turned on for the rest of its session: ENABLE (RFC 5161) and the commands that by themselves say that it
 * knows of CONDSTORE (RFC 7162 §3.1). Nothing is ever turned off again.
 */

export class Enabled {
  /** FETCH answers that nobody asked for name UID and MODSEQ (RFC 7162 §3.2.4). */
  condstore = false
  /** VANISHED in place of EXPUNGE (RFC 7162 §3.2.10). */
  qresync = false
  /** RFC 6855. */
  utf8Accept = false
  /** RFC 9051. */
  rev2 = false

  /** Mailbox names and strings may be UTF-8 in both directions. */
  get utf8(): boolean {
    return this.utf8Accept || this.rev2
  }

  /** By the name that ENABLE takes, in upper case; false when it was on already, or is not known. */
  turnOn(name: string): boolean {
    switch (name) {
      case 'CONDSTORE':
        return this.#set(this.condstore, () => (this.condstore = true))
      case 'QRESYNC':
        this.condstore = true
        return this.#set(this.qresync, () => (this.qresync = true))
      case 'UTF8=ACCEPT':
        return this.#set(this.utf8Accept, () => (this.utf8Accept = true))
      case 'IMAP4REV2':
        return this.#set(this.rev2, () => (this.rev2 = true))
      default:
        return false
    }
  }

  #set(before: boolean, set: () => void): boolean {
    set()
    return !before
  }
}
