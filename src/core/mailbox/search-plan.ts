/**
 * What SEARCH asks, made ready to be asked of one message after another (RFC 9051 §6.4.4; RFC 7162 §3.1.5, RFC 5032,
 * RFC 8474 §5.3). Pure.
 *
 * A test answers yes, no, or null: "not from these facts". Facts come dear and dearer: arrays in memory, rows, stored text, the
 * message itself; so every message is asked with the cheap ones first and most are decided there. Logic is Kleene's: an
 * unknown part only matters where the other parts leave the answer open.
 */
import { MailError } from '../errors.ts'
import { dayInUtc, dayInVietnam, dayOf, dayWritten } from './calendar-day.ts'
import { type Flags, systemFlags } from './flags.ts'
import type { StoredMessage } from './mailbox.ts'
import type { SearchKey } from './search-key.ts'
import { type SearchedText, needleOf } from './searched-text.ts'
import { holds, normalise } from './sequence-set.ts'
import { answerOf, headerValues, isFieldName } from './text-question.ts'
import { type TextQuestion, type Verdicts, verdicts } from '../ports/full-text.ts'

export interface Facts {
  /** Of the message in `answers`. */
  index: number
  /** What an index says, by question and message; null before it was asked, or where it can't help. */
  answers: readonly (Verdicts | null)[] | null
  /** What the message itself says, by question. */
  whole: Verdicts | null
  sequence: number
  uid: number
  modseq: number
  flags: Flags
  row: StoredMessage | null
  text: SearchedText | null
}

export type Verdict = boolean | null
export type Test = (facts: Facts) => Verdict

export interface SearchPlan {
  readonly test: Test
  /** Some test reads the row (dates, sizes, ids), some the text. */
  readonly needsRows: boolean
  readonly needsText: boolean
  /** What is asked about texts, each once. */
  readonly questions: readonly TextQuestion[]
  /** Nothing but `questions[0]` is asked: its answer is the verdict. */
  readonly isOneQuestion: boolean
  /** Tests in it: what asking one message costs at most. */
  readonly tests: number
}

/** Numbers that a key is read against. */
export interface SearchMoment {
  readonly lastSequence: number
  readonly lastUid: number
  readonly nowMs: number
}

interface Asked extends SearchMoment {
  /** Gathered while compiling. */
  readonly questions: TextQuestion[]
}

type Cost = 'arrays' | 'rows' | 'text'

interface Compiled {
  readonly test: Test
  readonly costs: ReadonlySet<Cost>
  readonly tests: number
}

/** Deeper than any client nests; bounds the stack. */
const maxDepth = 200

/** Zones in Date fields are at most `+9959`; so far may the written day be from the UTC day. */
const maxZoneDays = 5

/** Refuses `argument-invalid`: a date that does not exist, or too deep. */
export function planSearch(key: SearchKey, moment: SearchMoment): SearchPlan {
  const questions: TextQuestion[] = []
  const { test, costs, tests } = compile(key, { ...moment, questions }, 0)
  const isOneQuestion = questions.length === 1 && tests === 1
  return { test, needsRows: costs.has('rows'), needsText: costs.has('text'), questions, isOneQuestion, tests }
}

function leaf(cost: Cost, test: Test): Compiled {
  return { test, costs: new Set([cost]), tests: 1 }
}

function compile(key: SearchKey, moment: Asked, depth: number): Compiled {
  if (depth > maxDepth) throw new MailError('argument-invalid', 'the search is nested too deeply', { limit: maxDepth })
  switch (key.key) {
    case 'all':
      return leaf('arrays', () => true)
    case 'and':
      if (key.keys.length === 1) return compile(key.keys[0]!, moment, depth + 1)
      return all(key.keys.map((inner) => compile(inner, moment, depth + 1)))
    case 'or':
      return either(compile(key.left, moment, depth + 1), compile(key.right, moment, depth + 1))
    case 'not':
      return not(compile(key.inner, moment, depth + 1))
    case 'sequence': {
      const ranges = normalise(key.set, moment.lastSequence)
      return leaf('arrays', (facts) => holds(ranges, facts.sequence))
    }
    case 'uid': {
      const ranges = normalise(key.set, moment.lastUid)
      return leaf('arrays', (facts) => holds(ranges, facts.uid))
    }
    case 'flag':
      return leaf('arrays', flagTest(key.flag, key.set))
    case 'recent':
      return leaf('arrays', () => !key.set)
    case 'modseq':
      return leaf('arrays', (facts) => facts.modseq >= key.from)
    default:
      return compileStored(key, moment)
  }
}

/** Keys about what is stored with the message. */
function compileStored(key: SearchKey, moment: Asked): Compiled {
  switch (key.key) {
    case 'larger':
      return leaf('rows', row((message) => message.sizeBytes > key.bytes))
    case 'smaller':
      return leaf('rows', row((message) => message.sizeBytes < key.bytes))
    case 'email-id':
      return leaf('rows', row((message) => message.id === key.id))
    case 'thread-id':
      return leaf('rows', row((message) => message.threadId === key.id))
    case 'within': {
      const limitMs = moment.nowMs - key.seconds * 1000
      const { compare } = key
      return leaf('rows', row((message) => (compare === 'older' ? message.receivedAtMs <= limitMs : message.receivedAtMs >= limitMs)))
    }
    case 'date': {
      const day = dayOf(key.date)
      if (day === null) throw new MailError('argument-invalid', 'there is no such date', { date: key.date })
      const compare = dayTests[key.compare]
      if (key.of === 'received') return leaf('rows', row((message) => compare(dayInVietnam(message.receivedAtMs), day)))
      return { test: sentTest(day, compare), costs: new Set<Cost>(['rows', 'text']), tests: 1 }
    }
    case 'header': {
      const name = key.name.toLowerCase()
      if (!isFieldName(name)) return leaf('arrays', () => false)
      return textLeaf({ area: 'header', name, needle: needleOf(key.text) }, moment)
    }
    case 'body':
      return textLeaf({ area: 'body', needle: needleOf(key.text) }, moment)
    case 'text':
      return textLeaf({ area: 'text', needle: needleOf(key.text) }, moment)
    default:
      throw new Error(`a search key that nobody knows: ${key.key}`)
  }
}

function textLeaf(question: TextQuestion, { questions }: Asked): Compiled {
  const known = questions.findIndex((other) => isSame(other, question))
  const at = known === -1 ? questions.push(question) - 1 : known
  return leaf('text', ({ answers, whole, index, text }) => {
    const answer = whole === null ? (answers?.[at]?.[index] ?? verdicts.unknown) : whole[at]
    if (answer !== verdicts.unknown) return answer === verdicts.yes
    return text === null ? null : answerOf(question, text)
  })
}

function isSame(one: TextQuestion, other: TextQuestion): boolean {
  if (one.area !== other.area || one.needle !== other.needle) return false
  return one.area !== 'header' || other.area !== 'header' || one.name === other.name
}

/** Cheap ones first: what they refuse is not asked further. */
function all(parts: readonly Compiled[]): Compiled {
  const tests = [...parts].sort((a, b) => expense(a) - expense(b)).map((part) => part.test)
  return join(parts, (facts) => {
    let verdict: Verdict = true
    for (const test of tests) {
      const one = test(facts)
      if (one === false) return false
      if (one === null) verdict = null
    }
    return verdict
  })
}

function either(left: Compiled, right: Compiled): Compiled {
  const [first, second] = expense(left) <= expense(right) ? [left.test, right.test] : [right.test, left.test]
  return join([left, right], (facts) => {
    const one = first(facts)
    if (one === true) return true
    const other = second(facts)
    return other === true ? true : one === null ? null : other
  })
}

function not(inner: Compiled): Compiled {
  return join([inner], (facts) => {
    const verdict = inner.test(facts)
    return verdict === null ? null : !verdict
  })
}

function join(parts: readonly Compiled[], test: Test): Compiled {
  return {
    test,
    costs: new Set(parts.flatMap((part) => [...part.costs])),
    tests: parts.reduce((sum, part) => sum + part.tests, 1),
  }
}

function expense({ costs }: Compiled): number {
  return costs.has('text') ? 2 : costs.has('rows') ? 1 : 0
}

function row(test: (message: StoredMessage) => boolean): Test {
  return (facts) => (facts.row === null ? null : test(facts.row))
}

const bitOf = new Map<string, number>(Object.entries(systemFlags).map(([name, bit]) => [name.toLowerCase(), bit]))

/** Keywords compare without case (RFC 9051 §2.3.2). */
function flagTest(flag: string, set: boolean): Test {
  const name = flag.toLowerCase()
  const bit = bitOf.get(name)
  if (bit !== undefined) return (facts) => ((facts.flags.bits & bit) !== 0) === set
  // Equal flags are one object in a view, so each is looked at once.
  const answers = new WeakMap<Flags, boolean>()
  return ({ flags }) => {
    let has = answers.get(flags)
    if (has === undefined) {
      has = flags.keywords.some((keyword) => keyword.toLowerCase() === name)
      answers.set(flags, has)
    }
    return has === set
  }
}

const dayTests = {
  before: (day: number, wanted: number) => day < wanted,
  on: (day: number, wanted: number) => day === wanted,
  since: (day: number, wanted: number) => day >= wanted,
}

/** The day as written in the Date field; the stored instant decides when it is far enough away, or there is no date. */
function sentTest(day: number, compare: (day: number, wanted: number) => boolean): Test {
  return (facts) => {
    if (facts.row === null) return null
    const { sentAtMs } = facts.row
    if (sentAtMs === null) return false
    const utcDay = dayInUtc(sentAtMs)
    if (Math.abs(utcDay - day) > maxZoneDays) return compare(utcDay, day)
    if (facts.text === null) return null
    const [value] = headerValues(facts.text.header, 'date')
    if (value === undefined && !facts.text.headerWhole) return null
    return compare((value === undefined ? null : dayWritten(value)) ?? utcDay, day)
  }
}
