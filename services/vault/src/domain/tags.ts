import { invalid } from './invalid.ts'
import { foldName } from '@sallyport/names/fold-name'
import { parseName } from './text.ts'

const MAX_TAGS = 50
const MAX_TAG_CHARACTERS = 64

/** Tags in normal form: folded, each once, sorted. No tag holds a comma, so comma lists of tags are unambiguous. */
export const parseTags = (field: string, tags: readonly string[]): string[] => {
  const parsed = new Set(tags.map(tag => foldName(parseName(field, tag, { max: MAX_TAG_CHARACTERS }))))
  if (parsed.size > MAX_TAGS) throw invalid(field, `must be at most ${MAX_TAGS}`)
  // Folding can turn a harmless look-alike, such as a full-width comma, into a reserved character.
  return [...parsed].map(tag => parseName(field, tag, { max: MAX_TAG_CHARACTERS * 4 })).toSorted()
}
