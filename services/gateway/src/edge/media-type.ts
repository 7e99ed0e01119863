import type { IncomingHttpHeaders } from 'node:http'
import { SallyportError } from '@sallyport/errors/error'

/** One content type, in its two usual spellings. Lenient parsing of this header has passed validation by elsewhere. */
const accepted = /^application\/json(?:; ?charset=utf-8)?$/i

export const checkMediaType = (headers: IncomingHttpHeaders): void => {
  const type = headers['content-type']
  if (type !== undefined && !accepted.test(type)) throw new SallyportError('request.media_type')
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') throw new SallyportError('request.media_type')
}
