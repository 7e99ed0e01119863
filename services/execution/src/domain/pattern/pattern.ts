/** Which characters (UTF-16 code units) a step takes. */
export type CharacterSet = { ranges: readonly (readonly [number, number])[]; negated: boolean }

/** One instruction of a non-deterministic automaton (Thompson 1968, in Pike's form). */
export type Instruction =
  | { kind: 'take'; set: CharacterSet }
  | { kind: 'fork'; targets: readonly [number, number] }
  | { kind: 'jump'; target: number }
  | { kind: 'line-start' }
  | { kind: 'line-end' }
  | { kind: 'match' }

/** A compiled pattern. Matching takes time in proportion to the text, whatever the pattern is. */
export type Pattern = { source: string; instructions: readonly Instruction[] }
