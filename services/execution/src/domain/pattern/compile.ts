import type { Instruction, Pattern } from './pattern.ts'
import { readPattern } from './read.ts'
import { single } from './character-set.ts'
import { type Node, PatternError } from './syntax.ts'

/** Repetitions are unrolled, so this bounds `(a{100}){100}` as well. */
const mostInstructions = 1000

/**
 * Compiles a regular expression: literals, `.`, `[…]`, `\d \w \s \n \r \t \e`, `( )`, `(?: )`, `|`, `* + ? {n,m}`,
 * `^` and `$` for lines. What needs more than a finite automaton (back-references, look-around) is refused, so that
 * no pattern of a tenant and no output of a target can keep the executor busy.
 */
export const compilePattern = (source: string): Pattern => {
  const instructions: Instruction[] = []
  emit(readPattern(source), instructions)
  add(instructions, { kind: 'match' })
  return { source, instructions }
}

/** A pattern that matches exactly this text. */
export const literalPattern = (text: string): Pattern => ({
  source: text,
  instructions: [
    ...Array.from(
      { length: text.length },
      (_, index): Instruction => ({ kind: 'take', set: single(text.charAt(index)) }),
    ),
    { kind: 'match' },
  ],
})

const add = (instructions: Instruction[], instruction: Instruction): number => {
  if (instructions.length >= mostInstructions) throw new PatternError(0, 'The pattern is too large')
  return instructions.push(instruction) - 1
}

const emit = (node: Node, out: Instruction[]): void => {
  switch (node.kind) {
    case 'set':
      add(out, { kind: 'take', set: node.set })
      return
    case 'line-start':
    case 'line-end':
      add(out, { kind: node.kind })
      return
    case 'sequence':
      for (const item of node.items) emit(item, out)
      return
    case 'choice':
      emitChoice(node.options, out)
      return
    case 'repeat':
      emitRepeat(node, out)
  }
}

const emitChoice = ([first, ...others]: readonly Node[], out: Instruction[]): void => {
  if (first === undefined) return
  if (others.length === 0) {
    emit(first, out)
    return
  }
  const fork = add(out, { kind: 'match' })
  emit(first, out)
  const jump = add(out, { kind: 'match' })
  out[fork] = { kind: 'fork', targets: [fork + 1, out.length] }
  emitChoice(others, out)
  out[jump] = { kind: 'jump', target: out.length }
}

const emitRepeat = ({ item, least, most }: Node & { kind: 'repeat' }, out: Instruction[]): void => {
  for (let count = 0; count < least; count++) emit(item, out)
  if (most === Number.POSITIVE_INFINITY) {
    const fork = add(out, { kind: 'match' })
    emit(item, out)
    add(out, { kind: 'jump', target: fork })
    out[fork] = { kind: 'fork', targets: [fork + 1, out.length] }
    return
  }
  for (let count = least; count < most; count++) {
    const fork = add(out, { kind: 'match' })
    emit(item, out)
    out[fork] = { kind: 'fork', targets: [fork + 1, out.length] }
  }
}
