import type { Part } from './ast.ts'
import { TemplateProblem } from './problem.ts'
import { isTag, tags } from './tags.ts'

const tagPattern = /\[#([^\]]*)\]?/g

/** Splits text into literals and tags. `column` is where the text begins in its line. */
export const parseText = (text: string, column: number): Part[] => {
  const parts: Part[] = []
  let end = 0
  for (const match of text.matchAll(tagPattern)) {
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) })
    parts.push({ kind: 'tag', tag: tagNamed(match[0], column + match.index), column: column + match.index })
    end = match.index + match[0].length
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) })
  return parts
}

const tagNamed = (written: string, column: number) => {
  if (!written.endsWith('#]')) throw new TemplateProblem(column, 'A tag ends with "#]"')
  const name = written.slice(2, -2)
  if (isTag(name)) return name
  throw new TemplateProblem(column, `Unknown tag "${name}"; expected one of ${Object.keys(tags).join(', ')}`)
}
