/**
 * A route of the REST API as data: what it takes and gives (TypeBox), who may call it, by which clause, and one function that
 * asks the administration. server.ts does everything else alike for all: signing in, CSRF, scopes, validation, pages,
 * versions, idempotency, problems; openapi.ts describes them.
 *
 * A new resource: one file that exports `readonly Route[]`, one line in routes.ts.
 */
import type { Static, TObject, TSchema } from 'typebox'
import type { Caller, Stage } from '../../core/administration/access.ts'
import type { Actor } from '../../core/administration/actor.ts'
import type { Administration } from '../../core/administration/administration.ts'
import type { ScopeArea } from '../../core/administration/scopes.ts'
import type { Action } from '../../core/account/lifecycle/roles.ts'
import type { Text } from '../../core/text/errors.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Areas that tokens have scopes for, and `session`: one's own sign-in, only from the console. */
export type Tag = ScopeArea | 'session'

export interface RouteShape {
  readonly method: Method
  /** Below /api/v1, parameters in braces: `/accounts/{id}`. */
  readonly path: string
  readonly tag: Tag
  readonly summary: Text
  readonly clause: string | null
  /**
   * Rows of the role table that its use case asks for; empty where no role is asked for. The test of the role table takes
   * them from here.
   */
  readonly actions: readonly Action[]
  /** `public`: without signing in. Left out: a session or a token with the scope of the tag (`session`: a session only). */
  readonly access?: 'public'
  /** Stages of a session in which it may be called; left out: only when it has come all the way. */
  readonly stages?: readonly Stage[]
  readonly params?: TObject
  readonly query?: TObject
  /** JSON. */
  readonly body?: TSchema
  /** Instead of a JSON body: bytes of one of these media types. */
  readonly upload?: readonly string[]
  /** Largest body; left out: 1 MiB. */
  readonly maxBodyBytes?: number
  /** Of one item where `page` is true; null: no content (204). */
  readonly answer: TSchema | null
  /** Instead of JSON: bytes of one of these media types. */
  readonly download?: readonly string[]
  /** 200, or 201 of what creates, or 204 without an answer, unless it is said here. */
  readonly status?: 200 | 201 | 202 | 204
  /** Makes something each time: Idempotency-Key is honoured. */
  readonly creates?: boolean
  /** `gives`: the answer carries a version (ETag). `needs`: the request must name the present one (If-Match). */
  readonly version?: 'gives' | 'needs'
  /** A page of a list: takes `limit` and `cursor`, gives `items` and `next`. */
  readonly page?: boolean
}

export interface RequestFacts {
  readonly remoteIp: string
  /** The channel is encrypted, or never leaves the machine. */
  readonly secure: boolean
  readonly userAgent: string
  /** Secret of the session's cookie, where it came with one. */
  readonly sessionSecret: string | null
}

/** Where a page of a list begins: after what this names. */
export type Position = string | number

export interface Call<P, Q, B> {
  readonly caller: Caller
  /** The caller, and the number of the Sở's order when the request names one (X-Order-Number). */
  readonly actor: Actor
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Of If-Match, without quotes; '' where the route needs none. */
  readonly ifMatch: string
  readonly page: { readonly limit: number; readonly after: Position | null }
  readonly request: RequestFacts
  readonly administration: Administration
}

interface Headers {
  /** For ETag. */
  readonly version?: string | number
  /** Path below /api/v1 of what was made. */
  readonly location?: string
  /** A new cookie with the session's secret, or none any more. */
  readonly session?: { readonly secret: string } | 'ended'
}

export type Answer<A> = Headers & { readonly body: A }
export type EmptyAnswer = Headers
export interface PageAnswer<A> {
  readonly items: readonly A[]
  /** After which the next page begins; null: there is none. */
  readonly next: Position | null
}
export interface FileAnswer {
  readonly bytes: Uint8Array
  readonly type: string
  /** ASCII. */
  readonly filename: string
}

/** What core gives is read-only throughout. */
type Given<T> = T extends (infer E)[] ? readonly Given<E>[] : T extends object ? { readonly [K in keyof T]: Given<T[K]> } : T

type StaticOf<S> = S extends TSchema ? Static<S> : unknown
type AnswerOf<A, Page, Download> = Download extends readonly string[]
  ? FileAnswer
  : A extends TSchema
    ? Page extends true
      ? PageAnswer<Given<Static<A>>>
      : Answer<Given<Static<A>>>
    : EmptyAnswer
type CallOf<P, Q, B, Upload, Access> = Omit<
  Call<StaticOf<P>, StaticOf<Q>, Upload extends readonly string[] ? Uint8Array : StaticOf<B>>,
  Access extends 'public' ? 'caller' | 'actor' : never
>

export type AnyAnswer = Answer<unknown> | EmptyAnswer | PageAnswer<unknown> | FileAnswer

export interface Route extends RouteShape {
  readonly run: (call: Call<unknown, unknown, unknown>) => Promise<AnyAnswer>
}

type Particular = 'params' | 'query' | 'body' | 'answer' | 'page' | 'download' | 'upload' | 'access'

/** A route whose `run` is given what its schemas say, and gives what they say. */
export function route<
  A extends TSchema | null,
  P extends TObject | undefined = undefined,
  Q extends TObject | undefined = undefined,
  B extends TSchema | undefined = undefined,
  Page extends boolean = false,
  Download extends readonly string[] | undefined = undefined,
  Upload extends readonly string[] | undefined = undefined,
  Access extends 'public' | undefined = undefined,
>(
  shape: Omit<RouteShape, Particular> & {
    readonly answer: A
    readonly params?: P
    readonly query?: Q
    readonly body?: B
    readonly page?: Page
    readonly download?: Download
    readonly upload?: Upload
    readonly access?: Access
    readonly run: (call: CallOf<P, Q, B, Upload, Access>) => Promise<AnswerOf<A, Page, Download>>
  },
): Route {
  return shape as unknown as Route
}

export const isPublic = (one: RouteShape): boolean => one.access === 'public'

export function statusOf(one: RouteShape): number {
  if (one.status !== undefined) return one.status
  if (one.answer === null && one.download === undefined) return 204
  return one.creates === true ? 201 : 200
}

/** The items of a page from those that were read with `limit` + 1, and where the next one begins. */
export function pageOf<T>(read: readonly T[], limit: number, position: (one: T) => Position): PageAnswer<T> {
  const items = read.slice(0, limit)
  const last = items.at(-1)
  return { items, next: read.length > limit && last !== undefined ? position(last) : null }
}
