/**
 * Keys whose binary order is the Vietnamese dictionary order, for lists that a store keeps sorted: letters first (a ă â b … d đ
 * e ê … o ô ơ … u ư y), then tones (ngang, huyền, hỏi, ngã, sắc, nặng), as TCVN's dictionaries and Intl.Collator('vi') do.
 * Letters of the highland languages sort with the Latin letter that they are made of.
 */
import { fold } from './fold.ts'

/** Marks that make another letter, and those that are tones; the rest is ignored. */
const letterMarks: Readonly<Record<string, string>> = { '\u0306': '1', '\u0302': '2', '\u031b': '3' }
const tones: Readonly<Record<string, string>> = { '\u0300': '1', '\u0309': '2', '\u0303': '3', '\u0301': '4', '\u0323': '5' }
/** Where two marks make letters of one vowel: ă before â, ô before ơ. */
const nothing = '0'

/** ASCII: per word its letters, then after all of them the tones. Words are kept apart by one space. */
export function sortKey(text: string): string {
  const words = text.normalize('NFD').toLowerCase().split(/ /)
  const letters: string[] = []
  let toneOrder = ''
  for (const word of words) {
    let key = ''
    let base = ''
    let mark = nothing
    let tone = nothing
    const flush = (): void => {
      if (base === '') return
      key += base + mark
      toneOrder += tone
      base = ''
      mark = nothing
      tone = nothing
    }
    for (const character of word) {
      if (character === 'đ') {
        flush()
        base = 'd'
        mark = '1'
      } else if (Object.hasOwn(letterMarks, character)) mark = letterMarks[character]!
      else if (Object.hasOwn(tones, character)) tone = tones[character]!
      else {
        const folded = fold(character).replace(/[^a-z0-9]/g, '')
        if (folded === '') continue
        flush()
        base = folded
      }
    }
    flush()
    letters.push(key)
  }
  return `${letters.join(' ')}  ${toneOrder}`
}
