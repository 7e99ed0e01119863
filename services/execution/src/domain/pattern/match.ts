import { contains } from './character-set.ts'
import type { Pattern } from './pattern.ts'

/** What stands on both sides of a place; undefined: nothing (yet). */
type Around = { before: number | undefined; after: number | undefined }

/** Looks for a pattern in text that arrives in pieces. */
export type Matcher = {
  /** Reads on. Returns how much of this piece was read when the first match was complete, or undefined. */
  feed(piece: string): number | undefined
}

/**
 * Runs all alternatives at once, one step a character: time is at most text × pattern, however the two are chosen.
 * A match is complete as early as possible. `$` also holds at the end of what has arrived so far, which is what a
 * prompt looks like.
 */
export const matcherFor = (pattern: Pattern): Matcher => {
  let threads: readonly number[] = []
  let before: number | undefined
  return {
    feed(piece) {
      for (let index = 0; index < piece.length; index++) {
        const after = piece.charCodeAt(index)
        const places = reachable(pattern, [...threads, 0], { before, after })
        if (matched(pattern, places)) return index
        threads = step(pattern, places, after)
        before = after
      }
      const places = reachable(pattern, [...threads, 0], { before, after: undefined })
      return matched(pattern, places) ? piece.length : undefined
    },
  }
}

const reachable = ({ instructions }: Pattern, from: readonly number[], around: Around): Set<number> => {
  const places = new Set<number>()
  const open = [...from]
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    if (places.has(place)) continue
    places.add(place)
    const instruction = instructions[place]
    if (instruction?.kind === 'jump') open.push(instruction.target)
    if (instruction?.kind === 'fork') open.push(...instruction.targets)
    if (instruction?.kind === 'line-start' && isLineBreak(around.before)) open.push(place + 1)
    if (instruction?.kind === 'line-end' && isLineBreak(around.after)) open.push(place + 1)
  }
  return places
}

const isLineBreak = (character: number | undefined): boolean =>
  character === undefined || character === 0x0a || character === 0x0d

const matched = ({ instructions }: Pattern, places: ReadonlySet<number>): boolean =>
  places.has(instructions.length - 1)

const step = ({ instructions }: Pattern, places: ReadonlySet<number>, character: number): number[] => {
  const next: number[] = []
  for (const place of places) {
    const instruction = instructions[place]
    if (instruction?.kind === 'take' && contains(instruction.set, character)) next.push(place + 1)
  }
  return next
}
