/**
 * The account documents that this node saw last, newest use last. A write is planned on what stands here and commits only when
 * nobody has changed the document since (`rev`); so an old one costs a second try, never a wrong write.
 */
import type { AccountDocument } from './documents.ts'

/** About 3 KB each. */
const maxKept = 10_000

export class AccountStates {
  readonly #kept = new Map<number, AccountDocument>()

  get(no: number): AccountDocument | null {
    const document = this.#kept.get(no)
    if (document === undefined) return null
    this.#kept.delete(no)
    this.#kept.set(no, document)
    return document
  }

  /** A document that was read or written; an older one than is known changes nothing. */
  offer(document: AccountDocument): void {
    const known = this.#kept.get(document._id)
    if (known !== undefined && known.rev >= document.rev) return
    this.#kept.delete(document._id)
    this.#kept.set(document._id, document)
    if (this.#kept.size <= maxKept) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }

  drop(no: number): void {
    this.#kept.delete(no)
  }
}
