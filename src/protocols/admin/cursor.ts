/**
 * Cursors of pages: opaque to clients, and only taken for the list that gave them. A checksum tells a mistyped one from a true
 * one; it keeps no secret, for what a cursor names is checked like everything else that comes in.
 */
import { createHash } from 'node:crypto'
import { ApiError } from './problems.ts'
import type { Position } from './route.ts'

const sumLength = 8
const maxLength = 800

const sum = (list: string, place: string): string => createHash('sha256').update(`${list}\n${place}`).digest('base64url').slice(0, sumLength)

/** `list`: the path of the route, and what the request filters by. */
export function cursorAt(list: string, position: Position): string {
  const place = Buffer.from(JSON.stringify(position)).toString('base64url')
  return `${place}.${sum(list, place)}`
}

/** Refuses `cursor-invalid`. */
export function positionOf(list: string, cursor: string): Position {
  const [place = '', given, ...more] = cursor.length > maxLength ? [] : cursor.split('.')
  if (given === undefined || more.length > 0 || given !== sum(list, place)) throw new ApiError('cursor-invalid')
  return JSON.parse(Buffer.from(place, 'base64url').toString('utf8')) as Position
}
