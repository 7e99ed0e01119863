import type { CharacterSet } from './pattern.ts'

export type Node =
  | { kind: 'set'; set: CharacterSet }
  | { kind: 'sequence'; items: readonly Node[] }
  | { kind: 'choice'; options: readonly Node[] }
  | { kind: 'repeat'; item: Node; least: number; most: number }
  | { kind: 'line-start' }
  | { kind: 'line-end' }

/** `offset` counts from 0 in the pattern. */
export class PatternError extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/** A place in the pattern's text. */
export type Cursor = { readonly text: string; offset: number }

export const peek = (cursor: Cursor): string => cursor.text.charAt(cursor.offset)

export const take = (cursor: Cursor): string => cursor.text.charAt(cursor.offset++)
