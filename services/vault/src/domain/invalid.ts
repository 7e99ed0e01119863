import { SallyportError } from '@sallyport/errors/error'

/** The refusal of one field of a request. The message must not quote secret material. */
export const invalid = (field: string, problem: string): SallyportError =>
  new SallyportError('request.invalid', `${field} ${problem}`, { metadata: { field } })
